"""What the page has of one cell: its drawing and its samples, of one pass over it.

Times of all answers are kept as numbers, and of the records those that are shown. Of
very many records the cells are gone through in several processes, which hand this over.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.page.calibration_plot import LabelledGrades
from pytest_llmlat.report.page.samples import ChosenSamples, Fewest, digest, rounded
from pytest_llmlat.values.answer_speed import answer_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.records import Cell, Record

STEPS = 200
"""Steps of a distribution that are drawn; of more answers, as many of their ranks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRoom:
    """How much of a cell the page has room for."""

    samples: int
    dots: int
    """Points in plots of single answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellContent:
    """What the page has of a cell; its other records may be forgotten."""

    cell: Cell
    drawing: CellDrawing
    samples: ChosenSamples


def cell_content(cell: Cell, records: Iterable[Record], room: CellRoom) -> CellContent:
    """Return what the page has of a cell, from its records, gone through once."""
    drawing = CellDrawing(Fewest(room.dots))
    samples = ChosenSamples(room.samples)
    for record in records:
        name = digest(record.sample)
        drawing.add(record, name)
        samples.add(record, name)
    return CellContent(cell=cell, drawing=drawing, samples=samples)


@dataclass(slots=True)
class _Parts:
    """Sums of the parts of the answers' time: waiting, first token, the rest."""

    split: int = 0
    """Answers whose first token is known."""
    whole: int = 0
    """Answers of which only the end is known."""
    queued: int = 0
    """Answers that are split and had a scheduled arrival."""
    queue_s: float = 0.0
    first_s: float = 0.0
    rest_s: float = 0.0
    whole_s: float = 0.0

    def add(self, record: Record) -> None:
        timing = record.timing
        if timing is None or answer_time(record) is None:
            return
        if timing.ttft_s is None:
            self.whole += 1
            self.whole_s += timing.e2e_s
            return
        waited = timing.queue_s
        self.split += 1
        self.queued += waited is not None
        self.queue_s += waited or 0.0
        self.first_s += timing.ttft_s - (waited or 0.0)
        self.rest_s += timing.e2e_s - timing.ttft_s


@dataclass(slots=True)
class CellDrawing:
    """The drawing of one cell while its records pass by."""

    dots: Fewest[tuple[float, float]]
    times: array[float] = field(default_factory=lambda: array("d"))
    timeouts: int = 0
    parts: _Parts = field(default_factory=_Parts)
    budget_s: float | None = None
    asked: int = 0
    chances: float = 0.0
    labelled: LabelledGrades = field(default_factory=LabelledGrades)

    def add(self, record: Record, name: int) -> None:
        """Take in a record; ``name`` is the digest of its sample's."""
        self.labelled.add(record)
        self.budget_s = record.budget_s
        self.asked += 1
        self.chances += record.chance
        e2e_s = answer_time(record)
        self.parts.add(record)
        if e2e_s is not None:
            self.times.append(e2e_s)
        elif record.finish == "timeout":
            self.timeouts += 1
        timing = record.timing
        if e2e_s is None or timing is None or timing.ttft_s is None:
            return
        if record.output_tokens is not None:
            dot = (float(record.output_tokens), rounded(timing.ttft_s))
            self.dots.add(name, dot)

    def content(self) -> dict[str, Any]:
        """Return what is drawn as JSON."""
        parts = self.parts
        return {
            "steps": steps(self.times, self.timeouts),
            "answered": len(self.times),
            "timeouts": self.timeouts,
            "dots": self.dots.values(),
            "dotted": self.dots.seen,
            "budget": self.budget_s,
            "chance": self.chances / self.asked if self.asked else None,
            "split": parts.split,
            "whole": parts.whole,
            "queued": parts.queued,
            "spent": [
                *map(rounded, (parts.queue_s, parts.first_s, parts.rest_s)),
                rounded(parts.whole_s),
            ],
        }


def steps(times: Sequence[float], timeouts: int) -> list[list[float]]:
    """Return the steps of the distribution: [seconds, share that had answered].

    A time-out counts in the share and has no step: all that is known of it is that
    it took longer. So the last step is below 1 where there was one.
    """
    ranked = sorted(times)
    count, total = len(ranked), len(ranked) + timeouts
    if count <= STEPS:
        ranks = list(range(1, count + 1))
    else:
        ranks = [1 + round(k * (count - 1) / (STEPS - 1)) for k in range(STEPS)]
    shown: dict[float, int] = {}
    for rank in ranks:
        value = ranked[rank - 1]
        shown[rounded(value)] = bisect_right(ranked, value)
    return [[value, rounded(rank / total)] for value, rank in shown.items()]
