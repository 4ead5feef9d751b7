"""Progress of a run that is under way: what is done, and how it looks so far.

Whoever measures keeps a tally as records come; whoever only watches keeps one of what
it reads in the run's folder. Figures of half a cell are no result: they say whether
the run is worth waiting for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlat.values.percentiles import distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.records import Cell, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProgress:
    """Progress of one cell."""

    cell: Cell
    planned: int | None
    """Records that there are to be; ``None`` while unknown."""
    done: int
    """Records that there are."""
    finished: bool
    """Whether it is over, whole or not."""
    errors: int
    """Records that broke or timed out."""
    e2e_p50_s: float | None
    """Median duration so far; ``None`` where half of the requests did not end well."""
    tokens_per_s: float | None
    """Rate of decoding so far: tokens after the first over their time."""
    metric: str | None
    quality: float | None
    """Mean grade so far, an error counting as 0; ``None`` where none has a grade."""

    @property
    def share(self) -> float:
        """Share of it that is done, between 0 and 1."""
        if self.finished:
            return 1.0
        return min(1.0, self.done / self.planned) if self.planned else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """Progress of a run."""

    cells: tuple[CellProgress, ...]
    """Cells that were begun, in that order."""
    cells_planned: int | None
    """Number of cells of the whole run; ``None`` while unknown."""
    samples: int
    """Records of all cells."""
    left_s: float | None
    """Estimate of the seconds to come, taking cells to be alike; ``None`` while nothing
    is done, once all is, or where the number of cells is not known."""

    @property
    def cells_done(self) -> int:
        """Number of cells that are over."""
        return sum(cell.finished for cell in self.cells)

    @property
    def current(self) -> CellProgress | None:
        """The cell that was begun last and is not over, else the last one."""
        open_ = [cell for cell in self.cells if not cell.finished]
        return next(reversed(open_ or self.cells), None)


@dataclass(slots=True)
class _CellTally:
    planned: int | None = None
    finished: bool = False
    records: dict[tuple[str, int], Record] = field(default_factory=dict)
    told: CellProgress | None = None
    """Figures as they were counted last; ``None`` where a record has come since."""


class ProgressTally:
    """A tally of the cells of a run, kept while they are measured."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._cells: dict[Cell, _CellTally] = {}
        self.cells_planned: int | None = None
        """Number of cells of the whole run, where it is known."""

    def begin(self, cell: Cell, planned: int | None) -> None:
        """Begin a cell; again, it begins anew."""
        self._cells[cell] = _CellTally(planned)

    def add(self, record: Record) -> None:
        """Count a record of a cell that was begun; others are left aside."""
        tally = self._cells.get(record.cell)
        if tally is not None and not tally.finished:
            tally.records[record.sample, record.round] = record
            tally.told = None

    def end(self, cell: Cell) -> None:
        """Mark a cell as over. Its records are counted and let go of."""
        if (tally := self._cells.get(cell)) is not None and not tally.finished:
            tally.finished = True
            tally.told = _progress(cell, tally)
            tally.records.clear()

    def so_far(self, elapsed_s: float) -> RunProgress:
        """Return how far the run is.

        Args:
            elapsed_s: since it began.
        """
        cells = tuple(self._progresses())
        planned = self.cells_planned
        if planned is not None:
            planned = max(planned, len(cells))
        done = sum(cell.share for cell in cells)
        left = None
        if planned and 0 < done < planned:
            left = elapsed_s / done * (planned - done)
        return RunProgress(
            cells=cells,
            cells_planned=planned,
            samples=sum(cell.done for cell in cells),
            left_s=left,
        )

    def _progresses(self) -> Iterator[CellProgress]:
        for cell, tally in self._cells.items():
            # Whoever asks once a second is not to count thousands of records each time.
            if tally.told is None:
                tally.told = _progress(cell, tally)
            yield tally.told


def _progress(cell: Cell, tally: _CellTally) -> CellProgress:
    records = list(tally.records.values())
    answered = [r for r in records if r.answered]
    graded = [r for r in records if r.graded]
    timings = [r.timing for r in answered if r.timing is not None]
    spans = [
        (r.output_tokens - 1, r.timing.tpot_s * (r.output_tokens - 1))
        for r in answered
        if r.timing and r.timing.tpot_s and r.output_tokens and r.output_tokens > 1
    ]
    failed = len(records) - len(answered)
    seconds = math.fsum(span for _, span in spans)
    grades = math.fsum(r.grade.value for r in graded)
    return CellProgress(
        cell=cell,
        planned=tally.planned,
        done=len(records),
        finished=tally.finished,
        errors=failed,
        e2e_p50_s=distribution((t.e2e_s for t in timings), censored=failed).p50,
        tokens_per_s=sum(many for many, _ in spans) / seconds if seconds else None,
        metric=records[0].metric if records else None,
        quality=grades / len(graded) if graded else None,
    )
