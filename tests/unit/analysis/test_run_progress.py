"""How far a run is: counted as records come, and never better than it is."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmlat.analysis.run_progress import ProgressTally
from pytest_llmlat.report.progress_words import progress_line
from tests.unit.builders import a_cell, a_record, a_timing, an_error


def test_a_failure_is_in_the_quality_and_ranks_above_every_time() -> None:
    """One answer and two that broke have no median, and a third of the quality."""
    tally = ProgressTally()
    tally.begin(a_cell(), 4)
    for record in (a_record("s1"), an_error("s2"), an_error("s3")):
        tally.add(record)

    (cell,) = tally.so_far(1.0).cells

    assert cell.errors == 2
    assert cell.quality is not None
    assert abs(cell.quality - 1 / 3) < 1e-12
    assert cell.e2e_p50_s is None


def test_what_is_not_graded_is_in_no_quality() -> None:
    """Missing is no 0."""
    tally = ProgressTally()
    tally.begin(a_cell(), 1)
    tally.add(replace(a_record("s1", value=0.0), graded=False))

    assert tally.so_far(1.0).cells[0].quality is None


def test_time_left_takes_the_cells_to_come_to_be_as_those_done() -> None:
    """Half of the first of two cells in ten seconds: thirty are to come."""
    tally = ProgressTally()
    tally.cells_planned = 2
    tally.begin(a_cell(), 2)
    assert tally.so_far(5.0).left_s is None
    tally.add(a_record("s1"))

    assert tally.so_far(10.0).left_s == 30.0


def test_an_answer_that_was_measured_again_counts_once() -> None:
    """The last one."""
    tally = ProgressTally()
    tally.begin(a_cell(), 2)
    tally.add(a_record("s1", value=0.0))
    tally.add(a_record("s1"))

    (cell,) = tally.so_far(1.0).cells

    assert (cell.done, cell.quality) == (1, 1.0)


def test_a_cell_that_is_over_keeps_its_counts() -> None:
    """Its records are let go of, for a run may have very many."""
    tally = ProgressTally()
    tally.begin(a_cell("owl"), 1)
    tally.add(a_record("s1", cell=a_cell("owl"), timing=a_timing(0.1, 3.0)))
    tally.end(a_cell("owl"))
    tally.begin(a_cell("parrot"), 1)

    progress = tally.so_far(1.0)

    assert [cell.done for cell in progress.cells] == [1, 0]
    assert progress.cells[0].e2e_p50_s == 3.0
    assert progress.current is not None
    assert progress.current.cell == a_cell("parrot")


def test_a_narrow_line_loses_its_figures_first_and_is_never_too_long() -> None:
    """When it will be over is what is looked for."""
    tally = ProgressTally()
    tally.cells_planned = 10
    tally.begin(a_cell("m" * 200), 4)
    tally.add(a_record("s1", cell=a_cell("m" * 200)))

    line = progress_line(tally.so_far(60.0), most=60)

    assert line == "0 of 10 cells  about 39 min left  sample 1 of 4"
    assert progress_line(tally.so_far(60.0)).endswith("accuracy 1.000  e2e p50 1.00 s")
