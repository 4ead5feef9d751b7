"""An interval that leaves out its own figure is never shown."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.values.balance import BALANCES, Balance
from pytest_llmlat.values.results import Estimate
from tests.unit.random_boards import a_random_run

if TYPE_CHECKING:
    from collections.abc import Iterator


def estimates(value: object, place: str = "") -> Iterator[tuple[str, Estimate]]:
    """Yield each estimate of a board, with where it stands."""
    if isinstance(value, Estimate):
        yield place, value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            yield from estimates(inner, f"{place}.{field.name}")
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from estimates(inner, f"{place}[{number}]")


@pytest.mark.slow
@pytest.mark.parametrize("balance", BALANCES)
@pytest.mark.parametrize("samples", [1, 2, 5, 24])
def test_an_interval_holds_its_figure(samples: int, balance: Balance) -> None:
    """Of every figure of cells, rows and contrasts, be there few answers or many."""
    facts, records = a_random_run(samples, models=2, samples=samples)

    board = scoreboard(facts, records, balance=balance, seed=samples)

    found = list(estimates(board))
    assert len(found) > 100
    wrong = [
        (place, each)
        for place, each in found
        if each.value is not None
        and each.low is not None
        and each.high is not None
        and not each.low <= each.value <= each.high
    ]
    assert wrong == []
