"""A run as trackers of experiments take it: names, numbers and a few facts.

Each row of the scoreboard becomes a run of the tracker. What is missing has no number,
and no text of a prompt or an answer is handed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.values.extensions import Table
from pytest_llmlat.values.figure_columns import figure_value
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Distribution, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.results import FigureValue, Scoreboard, Summary

_STATISTICS = ("mean", "p50", "p90", "p95", "p99")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_./ -]")
"""Letters that a name of a metric may not have in MLflow, the stricter of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """A row of a scoreboard, as a run of a tracker."""

    name: str
    """Model, device and scenario."""
    facts: Mapping[str, str]
    """What it is a run of: model, device, run, who measured."""
    numbers: Mapping[str, float]
    """Figures by name: those of the row, and ``TASK/FIGURE`` of its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A run that is handed to a tracker."""

    run: str
    """Id of the run."""
    rows: Sequence[PublishedRow]
    files: Sequence[Path] = field(default=())
    """Files of the report, without records."""
    project: str = "pytest-llmlat"
    """Experiment or project that it goes to."""
    address: str | None = None
    """Where the tracker is; ``None`` for what its own settings say."""


PublishFunction: TypeAlias = Callable[[Publication], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A tracker of experiments that runs can be handed to."""

    meaning: str
    publish: PublishFunction
    """Hands a run over; returns where each row lies, as sentences. Imports the
    tracker's library when it is called, and raises ``MissingExtra`` without it."""


def as_publisher(name: str, value: object) -> Publisher:
    """Return what was registered, if it is a publisher.

    Raises:
        TypeError: it is none.
    """
    del name
    if not isinstance(value, Publisher) or not callable(value.publish):
        raise TypeError(f"must be a Publisher, not {value!r:.80}")
    return value


PUBLISHERS: Table[Publisher] = Table("publishers", "tracker", as_publisher)
"""The trackers by name."""


def published_rows(run: Mapping[str, Any], board: Scoreboard) -> list[PublishedRow]:
    """Return the rows of a board for a tracker."""
    found = []
    for row in board.standings:
        place = (row.model, row.device, row.scenario)
        cells = [s for s in board.summaries if s.cell.row == place]
        numbers = {
            "quality": row.quality.value,
            "speed": row.speed.value,
            "balanced": row.balanced.value,
            "e2e_s.p50": row.e2e_s.p50,
            "ttft_s.p50": row.ttft_s.p50,
            "decode_tokens_per_s": row.decode_tokens_per_s,
            **{name: value for cell in cells for name, value in _of_cell(cell)},
        }
        found.append(
            PublishedRow(
                name=" ".join(place),
                facts=_facts(run, place, cells),
                numbers={k: v for k, v in numbers.items() if v is not None},
            )
        )
    return found


def _facts(
    run: Mapping[str, Any], place: tuple[str, str, str], cells: Sequence[Summary]
) -> dict[str, str]:
    measurers = {s.peer.measurer for s in cells if s.peer is not None}
    told = dict(zip(("model", "device", "scenario"), place, strict=True))
    return {
        **told,
        "run": str(run.get("id", "")),
        "started": str(run.get("started") or ""),
        "commit": str(run.get("commit") or ""),
        "measured_by": ", ".join(sorted(measurers)) or "pytest-llmlat",
    }


def _of_cell(cell: Summary) -> Iterator[tuple[str, float | None]]:
    for figure in FIGURES.values():
        for which, value in _values(figure_value(cell, figure)):
            name = f"{cell.cell.task}/{figure.name}{which}"
            yield _NOT_IN_NAMES.sub("_", name), value


def _values(held: FigureValue) -> Iterator[tuple[str, float | None]]:
    """Yield the numbers of a figure, with the ending of each name."""
    if isinstance(held, Distribution):
        for name in _STATISTICS:
            yield f".{name}", getattr(held, name)
    elif isinstance(held, Estimate):
        yield "", held.value
        yield ".low", held.low
        yield ".high", held.high
    else:
        yield "", None if held is None else float(held)
