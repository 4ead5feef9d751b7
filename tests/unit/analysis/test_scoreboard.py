"""Rows of models on devices, against figures worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.values.balance import BALANCES
from pytest_llmlat.values.results import Distribution, Estimate
from pytest_llmlat.values.stopping import Stopping
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
    some_facts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.results import Scoreboard, Standing


def answers(cell: Cell, right: int, wrong: int, seconds: float = 1.0) -> list[Record]:
    """Return so many right and wrong answers, each after these seconds."""
    return [
        a_record(
            f"s{number}",
            cell=cell,
            value=float(number < right),
            timing=a_timing(seconds / 2, seconds),
        )
        for number in range(right + wrong)
    ]


def board(records: Sequence[Record], *, balance: Balance = "geometric") -> Scoreboard:
    """Return the scoreboard of records whose cells were finished."""
    cells = dict.fromkeys(record.cell for record in records)
    facts = [
        some_facts(cell, planned=sum(record.cell == cell for record in records))
        for cell in cells
    ]
    return scoreboard(facts, records, balance=balance, seed=0)


def rows(records: Sequence[Record]) -> dict[str, Standing]:
    """Return the rows by model."""
    return {standing.model: standing for standing in board(records).standings}


def a_model(
    name: str, right: int, wrong: int, seconds: float, task: str = "reasoning/sums"
) -> list[Record]:
    """Return the answers of a model in one cell."""
    return answers(a_cell(name, task=task), right, wrong, seconds)


def test_families_weigh_the_same() -> None:
    """A family of two cells counts as much as a family of one."""
    records = [
        *answers(a_cell(task="reasoning/a"), 4, 0),
        *answers(a_cell(task="reasoning/b"), 0, 4),
        *answers(a_cell(task="sentiment/a"), 3, 1, seconds=3.0),
    ]

    (row,) = board(records).standings

    assert row.quality.value == pytest.approx((0.5 + 0.75) / 2)
    assert row.speed.value == pytest.approx((0.5 + 0.25) / 2)
    reasoning = (math.sqrt(0.5) + 0.0) / 2
    sentiment = math.sqrt(0.75 * 0.25)
    assert row.balanced.value == pytest.approx((reasoning + sentiment) / 2)
    assert row.families == ("reasoning", "sentiment")
    assert row.samples == 12


def test_samples_of_a_large_cell_weigh_no_more() -> None:
    """A family is the mean of its cells, not of its samples."""
    records = [
        *answers(a_cell(task="reasoning/a"), 10, 0),
        *answers(a_cell(task="reasoning/b"), 0, 2),
    ]

    assert board(records).standings[0].quality.value == pytest.approx(0.5)


def test_latencies_are_of_all_answers() -> None:
    """A row's distribution is over every sample that was answered."""
    records = [
        *answers(a_cell(task="reasoning/a"), 2, 0, seconds=1.0),
        *answers(a_cell(task="sentiment/a"), 1, 0, seconds=4.0),
        an_error(cell=a_cell(task="sentiment/a")),
    ]

    (row,) = board(records).standings

    assert row.errors == 1
    assert row.e2e_s == Distribution(mean=2.0, p50=1.0)
    assert row.ttft_s == Distribution(mean=1.0, p50=0.5)
    assert row.decode_tokens_per_s == pytest.approx(3 / 3.0)
    assert row.seconds_per_correct == pytest.approx((1 + 1 + 4 + 2) / 3)
    assert dict(row.averages)["correct_within_budget"].value == pytest.approx(2 / 4)


def test_each_device_has_a_row() -> None:
    """The same model on two devices is two rows."""
    records = [
        *answers(a_cell(device="cpu"), 1, 1),
        *answers(a_cell(device="cuda"), 1, 1, seconds=0.5),
    ]

    assert [row.device for row in board(records).standings] == ["cuda", "cpu"]


def test_the_best_balanced_score_comes_first() -> None:
    """Rows without a score come last; cells keep the order of their rows."""
    records = [*a_model("slow", 4, 0, 9.0), *a_model("fast", 4, 0, 0.5)]
    facts = [some_facts(a_cell(name), planned=4) for name in ("none", "slow", "fast")]

    found = scoreboard(facts, records, balance="geometric", seed=0)

    assert [row.model for row in found.standings] == ["fast", "slow", "none"]
    assert [s.cell.model for s in found.summaries] == ["none", "slow", "fast"]


def test_a_row_without_records_has_no_figures() -> None:
    """What was not measured is absent everywhere, and is no rival."""
    facts = [some_facts(a_cell("none"), planned=2, finished=False), some_facts()]

    found = scoreboard(facts, [a_record()], balance="geometric", seed=0)

    alone, none = found.standings
    nothing = Estimate(value=None)
    assert none.quality == none.speed == none.balanced == nothing
    assert none.e2e_s == none.ttft_s == none.tpot_s == Distribution()
    assert (none.pareto, none.ranks, none.bis) == (None, None, None)
    assert (none.samples, none.partial) == (0, True)
    assert none.decode_tokens_per_s is None
    assert none.seconds_per_correct is None
    assert dict(none.averages)["correct_within_budget"].value is None
    assert (alone.pareto, alone.ranks, alone.bis) == (True, (1, 1), None)


def test_a_row_of_a_partial_cell_is_partial() -> None:
    """One cell that was cut off marks the whole row."""
    cells = [a_cell(task="reasoning/a"), a_cell(task="reasoning/b")]
    records = [a_record(cell=cell) for cell in cells]
    facts = [some_facts(cells[0]), some_facts(cells[1], planned=2)]

    found = scoreboard(facts, records, balance="geometric", seed=0)

    assert found.standings[0].partial
    assert [summary.partial for summary in found.summaries] == [False, True]


def test_a_run_without_cells_has_no_rows() -> None:
    """Nothing begun is nothing to show."""
    found = scoreboard([], [], balance="geometric", seed=0)

    assert (found.summaries, found.standings) == ((), ())


def test_the_front_and_the_integration_score_compare_rows() -> None:
    """Better and faster is on the front; the dominated row is off it."""
    found = rows(
        [
            *a_model("good", 4, 0, 4.0),
            *a_model("fast", 2, 2, 1.0),
            *a_model("poor", 1, 3, 4.0),
        ]
    )

    assert {name: row.pareto for name, row in found.items()} == {
        "good": True,
        "fast": True,
        "poor": False,
    }
    spread_q = math.sqrt(sum((q - 7 / 12) ** 2 for q in (1, 0.5, 0.25)) / 3)
    spread_t = math.sqrt((1 + 4 + 1) / 3)
    assert found["good"].bis == pytest.approx((1 - 7 / 12) / spread_q - 1 / spread_t)
    assert found["fast"].bis == pytest.approx((0.5 - 7 / 12) / spread_q + 2 / spread_t)


def test_ranks_are_over_all_weights() -> None:
    """A good and slow model changes places with a poor and fast one; the worst not."""
    found = rows(
        [
            *a_model("good", 4, 0, 3.0),
            *a_model("fast", 1, 3, 1e-6),
            *a_model("poor", 1, 3, 9.0),
        ]
    )

    assert found["good"].ranks == (1, 2)
    assert found["fast"].ranks == (1, 2)
    assert found["poor"].ranks == (3, 3)


@pytest.mark.parametrize("balance", BALANCES)
def test_adding_a_model_moves_no_other_score(balance: Balance) -> None:
    """Scores and their intervals are a model's own, whoever else is compared."""
    first = a_model("first", 5, 3, 0.7)
    rivals = [*a_model("better", 8, 0, 0.1), *a_model("worse", 0, 8, 5.0)]

    (alone,) = board(first, balance=balance).standings
    beside = next(
        row
        for row in board([*rivals, *first], balance=balance).standings
        if row.model == "first"
    )

    moved = replace(
        beside,
        pareto=alone.pareto,
        ranks=alone.ranks,
        budget_ranks=alone.budget_ranks,
        bis=alone.bis,
    )
    assert moved == alone


def test_one_cell_s_row_has_the_cell_s_scores() -> None:
    """The mean of one is that one, interval included."""
    found = board(a_model("m", 5, 3, 0.7))

    summary, row = found.summaries[0], found.standings[0]
    assert row.quality == summary.normalized
    assert row.speed == summary.speed
    assert row.balanced == summary.balanced
    assert row.quality.low is not None


def test_tasks_are_resampled_apart() -> None:
    """Two cells whose figures moved together would make the interval too wide."""
    alike = [
        *answers(a_cell(task="reasoning/a"), 15, 15),
        *answers(a_cell(task="sentiment/b"), 15, 15),
    ]
    (one,) = board(alike[:30]).standings
    (two,) = board(alike).standings

    assert width(two.quality) < 0.9 * width(one.quality)


def width(estimate: Estimate) -> float:
    """Return how wide an interval is."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


def test_memory_is_the_largest_of_the_cells() -> None:
    """A peak is a peak; where no cell has one, neither has the row."""
    cells = [a_cell(task="reasoning/a"), a_cell(task="reasoning/b")]
    facts = [
        replace(some_facts(cell), peak_rss_bytes=size)
        for cell, size in zip(cells, (5, None), strict=True)
    ]

    found = scoreboard(facts, [], balance="geometric", seed=0)

    assert found.standings[0].peak_rss_bytes == 5
    assert found.standings[0].peak_device_bytes is None


def test_a_load_is_a_row_of_its_own() -> None:
    """Under another load a model is not as fast: their answers are not joined."""
    records = [
        *answers(a_cell(scenario="single"), 4, 0, seconds=1.0),
        *answers(a_cell(scenario="concurrent:8"), 4, 0, seconds=3.0),
    ]

    found = board(records).standings

    assert [(row.model, row.scenario) for row in found] == [
        ("parrot", "single"),
        ("parrot", "concurrent:8"),
    ]
    assert [row.e2e_s.p50 for row in found] == [1.0, 3.0]
    assert [row.samples for row in found] == [4, 4]


def test_a_row_tells_time_outs_and_ranks_them_last() -> None:
    """They are no errors, and the latency of the row is not of the lucky ones."""
    cell = a_cell(task="sentiment/a")
    cut = [
        replace(an_error(f"t{n}", cell=cell), finish="timeout", error=None)
        for n in range(3)
    ]
    records = [*answers(a_cell(task="reasoning/a"), 2, 0), *cut, an_error(cell=cell)]

    (row,) = board(records).standings

    assert (row.errors, row.timeouts) == (1, 3)
    assert row.e2e_s == row.ttft_s == Distribution()


def test_objectives_reach_every_summary() -> None:
    """Goodput of each cell is by the same bounds."""
    records = [
        *answers(a_cell("fast"), 2, 0, seconds=1.0),
        *answers(a_cell("slow"), 2, 0, seconds=3.0),
    ]
    facts = [some_facts(a_cell(name), planned=2) for name in ("fast", "slow")]

    found = scoreboard(
        facts, records, balance="geometric", seed=0, slo=parse("e2e<2", where="slo")
    )

    assert [s.good_share for s in found.summaries] == [1.0, 0.0]
    assert [s.slo for s in found.summaries] == ["e2e<2s", "e2e<2s"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "certain"), [(1.0, False), (1.04, False), (1.2, True)]
)
@pytest.mark.parametrize("right", [40, 25])
def test_the_minute_of_a_cell_makes_no_model_better(
    right: int, seconds: float, *, certain: bool
) -> None:
    """The same answers, all a little later: a machine does that without a reason."""
    records = [
        *a_model("parrot", right, 40 - right, 1.0),
        *a_model("owl", right, 40 - right, seconds),
    ]

    (contrast,) = board(records).contrasts

    assert bool(contrast.certain) is certain


@pytest.mark.slow
def test_rows_that_were_stopped_by_their_result_are_not_told_apart_by_resamples() -> (
    None
):
    """Those know nothing of how many samples there would have been; the gate does."""
    records = [*a_model("parrot", 40, 0, 0.1), *a_model("owl", 10, 30, 3.0)]
    early = Stopping(planned=90, used=40, why="regression of quality")
    facts = [
        replace(some_facts(a_cell(name), planned=40), stopping=early)
        for name in ("parrot", "owl")
    ]

    (told,) = board(records).contrasts
    whole = scoreboard(facts, records, balance="geometric", seed=0)
    (stopped,), (only,) = whole.contrasts, whole.comparisons

    assert told.certain is True
    assert (only.stopped, only.not_distinguishable) == (only.rows[1:], ())
    assert stopped.certain is None
    assert stopped.difference == Estimate(value=told.difference.value)
