"""Which changes a run could see: how the table follows from a baseline."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate.between_runs import CELL_SPREAD, CELL_WEIGHT, RUN_SPREAD
from pytest_llmlat.gate.power import SIZES, Visible, visible
from pytest_llmlat.gate.seen_loss import POWER, loss_of_answers, noncentral
from pytest_llmlat.gate.tolerances import GateRules, parse_tolerances
from pytest_llmlat.report.power_lines import power_lines
from pytest_llmlat.store.baselines import BaselineCell, BaselineRun
from pytest_llmlat.values.records import Grade
from tests.unit.builders import a_cell, a_record, a_timing, an_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record


def stored(records: Sequence[Record], model: str = "parrot") -> BaselineCell:
    """Return a cell of a baseline; each answer is the same in every run."""
    cell = a_cell(model)
    return BaselineCell(
        cell=cell,
        task_revision="abc",
        backend=(),
        contended=None,
        warnings=(),
        records=tuple(replace(record, cell=cell) for record in records),
        answers={(r.sample, r.round): str(r.grade.value) for r in records},
    )


def a_run(number: int, *cells: BaselineCell) -> BaselineRun:
    """Return a stored run."""
    return BaselineRun(id=f"r{number}", plugin="0", environment={}, cells=cells)


def drawn(
    samples: int,
    *,
    within: float,
    run: float = 0.0,
    rounds: int = 1,
    seed: int = 0,
) -> list[Record]:
    """Return half-right answers that vary so much from one time to the next."""
    usual = random.Random(3)  # noqa: S311 - no secret
    source = random.Random(seed)  # noqa: S311 - no secret
    found = []
    for number in range(samples):
        own = usual.gauss(0.0, 0.5) + run
        for place in range(rounds):
            seconds = math.exp(own + source.gauss(0.0, within))
            record = a_record(
                f"s{number}", value=float(number % 2), timing=a_timing(seconds)
            )
            found.append(replace(record, round=place))
    return found


def baseline(
    count: int = 3, *, within: float = 0.1, samples: int = 24, models: int = 1
) -> list[BaselineRun]:
    """Return stored runs that differ in nothing but noise."""
    return [
        a_run(
            number,
            *(
                stored(
                    drawn(samples, within=within, seed=10 * number + place),
                    f"parrot{place}",
                )
                for place in range(models)
            ),
        )
        for number in range(count)
    ]


def table(
    runs: Sequence[BaselineRun],
    *tolerances: str,
    samples: int | None = None,
    again: bool = False,
) -> dict[tuple[str, int], Visible]:
    """Return the rows by cell and by their number of samples."""
    rules = GateRules(tolerances=parse_tolerances(tolerances, where="here"))
    rows = visible(runs, tolerated=rules.tolerated, samples=samples, again=again)
    return {(row.cell, row.samples): row for row in rows}


def slower(
    runs: Sequence[BaselineRun], *tolerances: str, cell: str = "", samples: int = 60
) -> float:
    """Return which e2e a number of samples shows."""
    name = cell or runs[0].cells[0].cell.id
    found = table(runs, *tolerances)[name, samples].slower
    assert found is not None
    return found


@pytest.mark.slow
def test_more_samples_show_smaller_changes() -> None:
    """Each row of the table sees less than the one before."""
    rows = [row for row in table(baseline()).values() if row.cell != "all cells"]

    assert [row.samples for row in rows] == sorted({*SIZES, 24})
    shown = [row.slower for row in rows if row.slower is not None]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) == len(set(shown)) == len(rows)
    worse = [row.worse for row in rows if row.worse is not None]
    assert worse == sorted(worse, reverse=True)


@pytest.mark.slow
def test_what_is_tolerated_is_never_seen() -> None:
    """However many samples there are: a regression is beyond it."""
    for tolerance in (0.05, 0.2):
        told = slower(baseline(), f"e2e={tolerance:.0%}", samples=1000)
        assert tolerance < told < tolerance + 0.1


@pytest.mark.slow
def test_one_run_of_one_round_tells_no_change_of_time() -> None:
    """How much one sample varies is not the spread between samples."""
    row = table(baseline(1))[baseline(1)[0].cells[0].cell.id, 24]

    assert row.slower is None
    assert row.worse is not None
    assert any("several stored runs" in line for line in power_lines([row]))


@pytest.mark.slow
def test_rounds_tell_how_one_sample_varies_and_not_how_runs_do() -> None:
    """One run is taken to differ from others by as much as the prior says."""
    run = a_run(0, stored(drawn(24, within=0.02, rounds=2)))

    lone, three = slower([run]), slower(baseline(within=0.02))

    assert lone > three > 0.05


@pytest.mark.slow
def test_a_cell_that_is_measured_again_shows_more() -> None:
    """What is slower looks so, and has twice the samples; less than twice the runs."""
    runs = baseline(within=0.2, models=2)
    for name in (runs[0].cells[0].cell.id, "all cells"):
        once, twice = (table(runs, again=x)[name, 24].slower for x in (False, True))
        assert once is not None
        assert twice is not None
        assert 0.05 < twice < once - 0.01


@pytest.mark.slow
def test_runs_that_differ_show_less() -> None:
    """A change must be more than they do."""
    wild = [
        a_run(n, stored(drawn(24, within=0.1, run=up, seed=n), "parrot0"))
        for n, up in enumerate((0.0, 0.06, -0.06))
    ]

    assert slower(wild) > slower(baseline()) + 0.03


@pytest.mark.slow
def test_all_cells_together_show_smaller_changes_than_each() -> None:
    """One row for each number of samples, and none where there is one cell."""
    runs = baseline(models=4)
    rows = table(runs)

    assert ("all cells", 60) in rows
    assert slower(runs, cell="all cells") < slower(runs) - 0.02
    assert ("all cells", 60) not in table(baseline())


@pytest.mark.slow
def test_more_cells_show_less_of_each() -> None:
    """Holm's correction is for all quantities of all cells."""
    assert slower(baseline(models=1)) < slower(baseline(models=4))


@pytest.mark.slow
def test_the_figure_is_that_of_a_textbook() -> None:
    """The tolerance, and so many standard errors of runs and samples."""
    runs = baseline(2, within=1e-6)
    variance = (RUN_SPREAD**2 + CELL_SPREAD**2) * CELL_WEIGHT / (CELL_WEIGHT + 1)
    # Time has the whole level: all answers are the same. The spread is what the stored
    # runs tell, now as then, so that the bound stands still.
    bound = NormalDist().inv_cdf(POWER) - student.quantile(0.05, CELL_WEIGHT + 1)
    reach = bound * math.sqrt(variance * 1.5)

    assert slower(runs, "quality=1") == pytest.approx(
        math.expm1(math.log1p(0.05) + reach), rel=0.02
    )


@pytest.mark.slow
def test_what_few_runs_may_hide_is_less_with_more_of_them() -> None:
    """A range, since a spread of runs is told badly by few."""
    room = []
    for runs in (baseline(2), baseline(6)):
        row = table(runs)[runs[0].cells[0].cell.id, 60]
        assert row.slower is not None
        assert row.slower_at_most is not None
        room.append(row.slower_at_most - row.slower)

    assert room[0] > room[1] > 0


@pytest.mark.parametrize("degrees", [5, 12, 100])
def test_a_change_of_that_size_is_seen_in_four_of_five(degrees: int) -> None:
    """The noncentral t by draws."""
    import numpy as np

    source = np.random.default_rng(1)
    reach = noncentral(0.01, degrees)
    errors = np.sqrt(source.chisquare(degrees, 60_000) / degrees)
    seen = source.normal(reach, 1, 60_000) / errors > -student.quantile(0.01, degrees)

    assert seen.mean() == pytest.approx(POWER, abs=0.015)


@pytest.mark.slow
def test_the_number_that_will_be_measured_has_a_row() -> None:
    """That of the baseline, or a smaller one that was asked for."""
    runs = baseline(samples=42)
    name = runs[0].cells[0].cell.id

    assert (name, 42) in table(runs)
    assert (name, 20) in table(runs, samples=20)
    assert (name, 42) not in table(runs, samples=20)
    # All that a task has are paired with those that are stored.
    assert (name, 42) in table(runs, samples=2**63 - 1)


def lost(samples: int, **more: float) -> float | None:
    """Return which loss so many answers show, by default of a sure model."""
    told = {"right": 1.0, "differing": 0.0, "level": 0.05 / 3, "tolerance": 0.02}
    return loss_of_answers(samples, **{**told, **more})


def test_answers_that_never_differ_must_still_be_lost_in_some_number() -> None:
    """Five of sixty lost have a p below 0.05 / 3; five or more come in four of five."""
    found = lost(60)

    assert found is not None
    assert 5 / 60 < found < 0.15
    few, many = lost(15), lost(1000)
    assert few is not None
    assert many is not None
    assert few > 0.4
    assert 0.02 < many < 0.04


def test_what_no_loss_could_show_is_not_a_figure() -> None:
    """Of five answers even five lost ones may be chance, over all quantities."""
    assert lost(5) is None
    assert lost(60, right=0.05) is None
    assert lost(60, right=0.0) is None


def test_answers_that_differ_by_themselves_show_less() -> None:
    """Chance of a draw hides a loss."""
    calm, wild = lost(60, right=0.6), lost(60, right=0.6, differing=0.4)

    assert calm is not None
    assert wild is not None
    assert wild > calm + 0.05


def test_marks_that_are_no_right_or_wrong_show_by_their_spread() -> None:
    """Overlap with a reference varies less than right and wrong do."""

    def marked(low: float, high: float) -> BaselineRun:
        return a_run(
            0,
            stored(
                [
                    replace(
                        a_record(f"s{n}"), grade=Grade(value=low if n % 2 else high)
                    )
                    for n in range(60)
                ]
            ),
        )

    def worse(run: BaselineRun) -> float | None:
        return table([run])[run.cells[0].cell.id, 60].worse

    near, far = worse(marked(0.4, 0.5)), worse(marked(0.1, 0.8))

    assert near is not None
    assert far is not None
    assert 0 < near - 0.02 < (far - 0.02) / 5
    assert worse(marked(0.5, 0.5)) is None


def test_without_latencies_there_is_none_to_be_seen() -> None:
    """A baseline of errors has no e2e, and says so with a dash."""
    runs = [a_run(n, stored([an_error(f"s{k}") for k in range(20)])) for n in (0, 1)]
    rows = list(table(runs).values())

    assert {row.slower for row in rows} == {None}
    assert power_lines(rows)[1].split()[2] == "-"


@pytest.mark.slow
def test_the_lines_hold_every_row_and_what_they_rest_on() -> None:
    """Cell, samples, e2e and quality; how many runs there are."""
    lines = power_lines(list(table(baseline(models=2)).values()))

    assert lines[0].split()[:4] == ["seen", "with", "80", "%"]
    assert len([line for line in lines if line.startswith("reasoning/sums|")]) == 16
    assert len([line for line in lines if line.startswith("all cells")]) == 8
    assert any("+" in line and "%" in line and " -0." in line for line in lines[1:])
    assert any("beside 3 stored runs" in line for line in lines)
    assert not any("several stored runs" in line for line in lines)
    assert any("store 5 runs" in line and "--llm-against" in line for line in lines)


def test_a_table_without_rows_says_so() -> None:
    """There is no baseline without a cell, and nothing breaks on one."""
    assert power_lines([]) == ["llmlat power: the baseline holds no cells"]
