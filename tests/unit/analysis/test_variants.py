"""Variants of a model, compared with the entry itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.scoreboard import scoreboard_of
from pytest_llmlat.values.varied import Varied
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Tuning

SAMPLES = 30


def measured(
    name: str, seconds: float, wrong: int = 0, *, samples: int = SAMPLES
) -> tuple[CellFacts, list[Record]]:
    """Return a cell whose first answers are wrong and whose times differ a little."""
    cell = a_cell(name)
    records = [
        a_record(
            f"s{place:02}",
            cell=cell,
            value=float(place >= wrong),
            timing=a_timing(seconds * (1 + place % 5 / 10)),
        )
        for place in range(samples)
    ]
    return some_facts(cell, planned=SAMPLES), records


def tuned(**cells: tuple[float, int]) -> tuple[Tuning, ...]:
    """Compare variants of ``owl``: their seconds, and how many they got wrong."""
    return compared({name: measured(name, *each) for name, each in cells.items()})


def compared(
    cells: Mapping[str, tuple[CellFacts, list[Record]]],
) -> tuple[Tuning, ...]:
    """Compare cells that are all of ``owl``."""
    varied = [Varied(name=name, of="owl", entry=f"[{name}]") for name in cells]
    board = scoreboard_of(cells.values(), balance="geometric", seed=0, varied=varied)
    return board.tunings


def test_the_best_setting_is_compared_with_the_entry() -> None:
    """Twice as fast on every sample is better for certain."""
    (found,) = tuned(owl=(1.0, 3), quick=(0.5, 3), slow=(2.0, 3))

    assert found.best == "quick"
    assert found.entry == "[quick]"
    assert found.gain is not None
    assert (found.gain.row, found.gain.other) == (
        "quick|cpu|single",
        "owl|cpu|single",
    )
    assert found.gain.certain
    assert found.front == ("quick",)


def test_speed_for_quality_is_on_the_front() -> None:
    """Neither beats the other in both."""
    (found,) = tuned(owl=(1.0, 3), rash=(0.2, 15), worse=(1.2, 5))

    assert set(found.front) == {"owl", "rash"}


def test_an_entry_that_is_best_gains_nothing() -> None:
    """There is nothing to paste."""
    (found,) = tuned(owl=(0.5, 0), slow=(1.0, 0))

    assert found.best == "owl"
    assert found.gain is None


def test_a_variant_that_lacks_answers_is_not_compared() -> None:
    """It may lack those that are slow or hard."""
    (found,) = compared(
        {
            "owl": measured("owl", 1.0),
            "broken": measured("broken", 0.1, samples=5),
        }
    )

    assert found.best == "owl"
    assert found.left_out == ("broken",)


def test_what_was_not_varied_is_not_told() -> None:
    """One model in one setting has no tuning."""
    assert tuned(owl=(1.0, 0)) == ()
    facts, records = measured("other", 0.1)
    varied = [Varied(name="owl", of="owl", entry="")]
    cells = [measured("owl", 1.0), (facts, records)]
    board = scoreboard_of(cells, balance="geometric", seed=0, varied=varied)
    assert board.tunings == ()
    assert [c.other for c in board.contrasts] == ["owl|cpu|single"]


def test_rows_that_answered_other_samples_are_not_contrasted() -> None:
    """A model that was asked less is no rival."""
    board = scoreboard_of(
        [measured("owl", 1.0), measured("lark", 0.1, samples=7)],
        balance="geometric",
        seed=0,
    )
    assert board.contrasts == ()


def test_an_empty_cell_is_no_row_to_compare() -> None:
    """A model that failed to load has no score."""
    facts, _ = measured("owl", 1.0)
    empty: tuple[CellFacts, list[Record]] = (replace(facts, finished=False), [])
    board = scoreboard_of([empty, measured("lark", 0.1)], balance="geometric", seed=0)
    assert board.contrasts == ()
