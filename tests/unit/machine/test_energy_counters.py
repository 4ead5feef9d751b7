"""Counters that overlap, that are refused, and that others add."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_llmlat.machine.energy_counters import (
    ENERGY_SOURCES,
    EnergyPlace,
    EnergySource,
    FoundCounters,
    check_source,
    counted_once,
    find_counters,
)
from pytest_llmlat.machine.energy_meter import used

CPU = EnergyPlace(kind="cpu", environ={})


@dataclass(kw_only=True)
class SomeCounter:
    """A counter by hand."""

    name: str
    part: str
    contains: frozenset[str] = frozenset()
    least_s: float = 0.0
    range_uj: int | None = None
    most_w: float | None = None
    value: int | None = 0
    closed: bool = False

    def read_uj(self) -> int | None:
        """Return its value."""
        return self.value

    def close(self) -> None:
        """Note it."""
        self.closed = True


def names(*counters: SomeCounter) -> list[str]:
    """Return which of them are counted."""
    return [counter.name for counter in counted_once(counters).counters]


PACKAGE = SomeCounter(name="package", part="cpu 0")
DRAM = SomeCounter(name="dram", part="dram 0")
PSYS = SomeCounter(name="psys", part="psys", contains=frozenset({"cpu 0", "dram 0"}))
CARD = SomeCounter(name="card", part="gpu GPU-1")
WALL = SomeCounter(name="wall", part="wall", contains=frozenset({"*"}))


def test_counters_of_different_parts_are_all_counted() -> None:
    """Nothing overlaps."""
    assert names(PACKAGE, DRAM, CARD) == ["package", "dram", "card"]


def test_what_another_counter_contains_is_not_counted_again() -> None:
    """And what was left out is told with the reason."""
    found = counted_once([PACKAGE, DRAM, PSYS, CARD])

    assert [each.name for each in found.counters] == ["psys", "card"]
    assert found.left_out == (
        "package: psys contains it",
        "dram: psys contains it",
    )


def test_a_meter_at_the_wall_is_all() -> None:
    """Whatever else there is."""
    assert names(PACKAGE, PSYS, CARD, WALL) == ["wall"]


def test_two_handles_of_one_card_are_one_counter() -> None:
    """Two parts of one card (MIG) have the card's counter."""
    other = SomeCounter(name="card again", part=CARD.part)
    found = counted_once([CARD, other])

    assert [each.name for each in found.counters] == ["card"]
    assert found.left_out == ("card again: counts the same as card",)


def a_source(name: str, found: FoundCounters) -> EnergySource:
    """Return a source that finds always the same."""
    return EnergySource(name=name, find=lambda _: found)


def test_a_counter_that_is_refused_leaves_none() -> None:
    """The sum of the others would flatter; they are closed."""
    there = SomeCounter(name="package", part="cpu 0")
    sources = {
        "a": a_source("a", FoundCounters(counters=(there,), sought="a: one")),
        "b": a_source("b", FoundCounters(sought="b: locked", refused=True)),
    }
    found = find_counters(CPU, sources)

    assert found.counters == ()
    assert found.sought == "a: one; b: locked"
    assert there.closed


def test_ours_come_by_the_door_that_is_open_to_all() -> None:
    """As entry points, each a source."""
    assert {"rapl", "nvml", "amd", "apple"} <= set(ENERGY_SOURCES)
    assert all(isinstance(each, EnergySource) for each in ENERGY_SOURCES.values())


def test_what_is_no_source_is_refused() -> None:
    """With its name."""
    with pytest.raises(TypeError, match="'mine'"):
        check_source("mine", object())


@pytest.mark.parametrize(
    ("before", "after", "seconds", "expected"),
    [
        (0, 5_000_000, 1.0, 5.0),
        (5, 5, 1.0, 0.0),
        (9_000_000, 4_000_000, 1.0, None),
        (None, 4, 1.0, None),
        (4, None, 1.0, None),
        (0, 10**12, 1.0, None),
    ],
)
def test_what_a_counter_that_never_wraps_has_counted(
    before: int | None, after: int | None, seconds: float, expected: float | None
) -> None:
    """Backwards, unread and impossible readings are null."""
    joules, why = used(CARD, before, after, seconds)

    assert joules == expected
    assert (why is None) == (expected is not None)
