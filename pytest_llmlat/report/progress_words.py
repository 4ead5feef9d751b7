"""How far a run is, in words: a line to be drawn again and again, or one of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, printable, rate, ratio, seconds
from pytest_llmlat.store.run_tail import seconds_in_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.analysis.run_progress import CellProgress, RunProgress
    from pytest_llmlat.analysis.watched_run import WatchedRun

_MINUTE_S = 60
_HOUR_MIN = 60
_GAP = "  "
LOADS = "counted when its load ends"
"""What is said of a cell under a load, whose answers come all at once."""


def span(value: float) -> str:
    """Write a time that is left, as a person says it."""
    if value < _MINUTE_S:
        return f"{value:.0f} s"
    minutes = round(value / _MINUTE_S)
    if minutes < _HOUR_MIN:
        return f"{minutes} min"
    return f"{minutes // _HOUR_MIN} h {minutes % _HOUR_MIN} min"


def progress_line(progress: RunProgress, *, most: int | None = None) -> str:
    """Return a line: how far the run is, then the cell under way and its figures.

    Args:
        progress: of the run.
        most: how many letters there is room for; what matters least is left out first,
            and a name that is too long is cut. ``None`` for any number.
    """
    current = progress.current
    parts = [*_whole(progress), *(_of_cell(current) if current else ())]
    # Of least weight last: the line is to say first when it is over.
    while most is not None and len(parts) > 1 and len(_GAP.join(parts)) > most:
        parts.pop()
    return _GAP.join(parts)[:most]


def judging_line(judge: str, done: int, planned: int) -> str:
    """Return a line on the judging at the end of a run."""
    return printable(f"judge {judge}: {done} of {planned} verdicts")


def _whole(progress: RunProgress) -> Iterator[str]:
    """Say how far the run is: where it is one cell, that says it itself."""
    if progress.cells_planned is not None and progress.cells_planned > 1:
        yield f"{progress.cells_done} of {progress.cells_planned} cells"
    if progress.left_s is not None:
        yield f"about {span(progress.left_s)} left"


def _of_cell(cell: CellProgress) -> Iterator[str]:
    yield f"sample {sample_count(cell)}"
    yield printable(cell.cell.id)
    if cell.done:
        yield f"{cell.metric} {ratio(cell.quality)}"
        yield f"e2e p50 {seconds(cell.e2e_p50_s)}"
    if cell.errors:
        yield f"{cell.errors} failed"
    if cell.tokens_per_s is not None:
        yield f"{rate(cell.tokens_per_s)} tok/s"


def sample_count(cell: CellProgress) -> str:
    """Write how many of a cell's samples are done."""
    planned = MISSING if cell.planned is None else f"{max(cell.planned, cell.done)}"
    return f"{cell.done} of {planned}"


def log_line(progress: RunProgress) -> str:
    """Return a line of a log, a whole sentence that says which tool speaks."""
    return f"llmlat: {progress_line(progress)}"


def cell_rows(progress: RunProgress) -> list[tuple[str, ...]]:
    """Return a row of texts for each cell that was begun, as ``CELL_TITLES`` names."""
    return [_row(cell) for cell in progress.cells]


CELL_TITLES: Sequence[str] = (
    *("task", "model", "place", "samples", "state", "metric", "quality so far"),
    *("e2e p50", "tok/s", "failed"),
)


def _row(cell: CellProgress) -> tuple[str, ...]:
    at = cell.cell
    place = at.device if at.scenario == "single" else f"{at.device} {at.scenario}"
    state = "done" if cell.finished else "under way"
    if not cell.finished and not cell.done and at.scenario != "single":
        state = LOADS
    return (
        *(at.task, at.model, place, sample_count(cell), state),
        *(cell.metric or MISSING, ratio(cell.quality)),
        *(seconds(cell.e2e_p50_s), rate(cell.tokens_per_s), str(cell.errors)),
    )


def run_sentence(name: str, seen: WatchedRun) -> str:
    """Say in a sentence how a run is: going on, ended, or cut off.

    Args:
        name: of the run.
        seen: what is known of it.
    """
    progress = seen.progress
    of = progress.cells_planned
    cells = f"{progress.cells_done}" + (f" of {of}" if of else "")
    done = f"{cells} cells, {progress.samples} samples"
    if seen.state == "running":
        left = progress.left_s
        ahead = "" if left is None else f", about {span(left)} left"
        return f"run {name} goes on: {done} after {span(seen.elapsed_s)}{ahead}"
    if seen.state == "ended":
        took = seconds_in_all(seen.told)
        after = "" if took is None else f" after {span(took)}"
        return f"run {name} has ended{after}: {done}"
    if seen.state == "cut off":
        return f"run {name} was cut off: nobody measures in it; {done} are there"
    return f"run {name} is measured by another machine, if at all: {done} so far"
