"""Races in a run's folder are read as they were written, or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from pytest_llmlat.store.race_reader import last_of_each, race_of
from tests.unit.tuning.races import A_RACE

FIGURE = asdict(A_RACE.raced[0].gain)


def test_a_race_is_read_as_it_was_written() -> None:
    """With all its parts, and without."""
    for race in (A_RACE, replace(A_RACE, confirmed=None, raced=())):
        assert race_of(json.loads(json.dumps(asdict(race)))) == race


@pytest.mark.parametrize(
    "change",
    [
        {"model": 1},
        {"end": "won"},
        {"requests": "many"},
        {"raced": [{}]},
        {"confirmed": {"items": 1}},
        {"keys": [{"key": "a", "share": None}]},
        {"seconds": 1e300},
        {"seconds": -1.0},
        {"goal_kind": "slowest"},
        {"full": -1},
        {"raced": [{**asdict(A_RACE.raced[0]), "items": -1}]},
        {"raced": [{**asdict(A_RACE.raced[0]), "gain": {**FIGURE, "low": 9.0}}]},
        {"keys": [{"key": "a", "share": 7.0}]},
    ],
)
def test_what_was_edited_is_refused(change: dict[str, object]) -> None:
    """A figure of it would be wrong."""
    with pytest.raises(ValueError, match="no race of settings"):
        race_of(json.loads(json.dumps({**asdict(A_RACE), **change})))


@pytest.mark.parametrize("content", [None, 3, [], "x", {}])
def test_what_is_none_is_refused(content: object) -> None:
    """Whatever stands in the line."""
    with pytest.raises(ValueError, match="no race"):
        race_of(content)


def test_the_last_line_of_a_race_counts() -> None:
    """Each model on each device has its own."""
    early = replace(A_RACE, end="interrupted")
    other = replace(A_RACE, device="cuda")

    assert last_of_each([early, other, A_RACE]) == (A_RACE, other)
