"""Quality and speed of one cell, and of ten thousand resamples of its items.

A resample draws samples, not requests: where repeats or a load asked each sample
several times, all requests about one sample are drawn together, since their answers
are not independent of each other. Under a load neighbouring requests are not either:
what these have in common (``batch_means``) is added to the draws of speed.
"""

from __future__ import annotations

import math
import pickle
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from os import SEEK_END
from statistics import fmean
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.batch_means import shared_variance
from pytest_llmlat.analysis.repeated_answers import repeat_figures
from pytest_llmlat.analysis.resampling import interval, resampled_sums_of
from pytest_llmlat.grading.metrics import METRICS, CellFigure
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.grading.metrics import Metric
    from pytest_llmlat.grading.metrics.metric import Rows
    from pytest_llmlat.values.records import Record

_WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBootstrap:
    """Quality and speed of one cell, and the same of every resample of its items."""

    value: float
    """The metric of the cell, chance included."""
    chance: float
    """The quality of guessing what was asked."""
    quality: float
    speed: float
    value_draws: Array
    quality_draws: Array
    speed_draws: Array
    """Not numbers where a run under a load is too short to tell of its speed."""
    details: tuple[tuple[str, Estimate], ...]
    """Further figures of the metric, sorted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a cell, and how it follows from sums over its answers."""

    value: float
    draws: Callable[[Array], Array]
    """(draws, columns) of sums to (draws,) of the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """What is drawn of one cell: for each of its samples, figures that add up."""

    task: str
    metric: str
    chance: float
    """The quality of guessing, averaged over what was asked."""
    value: float
    speed: float
    corpus: Callable[[Array], Array] | None
    """How the value of a resample follows from its counts; ``None`` for a mean."""
    details: Mapping[str, Figure]
    """Further figures of the metric, sorted by name."""
    columns: Array
    """(samples, k): samples sorted by name, the blocks below side by side."""
    shared: float | None
    """By how much more the mean speed varies, since requests wait for each other;
    ``None`` where a run is too short to tell."""
    widths: Mapping[str, int]
    """How many columns each block has, in their order."""


def items_of(records: Sequence[Record]) -> Items:
    """Return what is drawn of a cell, from its records, of which there is at least one.

    After this the records are not needed any more.
    """
    first = records[0]
    metric = METRICS[first.metric]
    values = [r.grade.value for r in records]
    speeds = [score.speed(answer_time(r), r.budget_s) for r in records]
    counts = [r.grade.counts for r in records]
    details = _details(records, metric)
    blocks: dict[str, Rows] = {
        "value": [(r.grade.value, r.chance) for r in records],
        "speed": [(speed, 1.0) for speed in speeds],
        "counts": counts,
        **{_block(name): detail.rows for name, detail in details.items()},
    }
    return Items(
        task=first.cell.task,
        metric=first.metric,
        chance=_middle([r.chance for r in records]),
        value=metric.quality(counts) if metric.corpus else fmean(values),
        speed=fmean(speeds),
        corpus=metric.quality_draws if metric.corpus else None,
        details={
            name: Figure(value=detail.value, draws=detail.draws)
            for name, detail in sorted(details.items())
        },
        columns=_by_sample(records, list(blocks.values())),
        shared=shared_variance(speeds, first.cell.scenario),
        widths={name: len(rows[0]) for name, rows in blocks.items()},
    )


def bootstrap_cells(
    cells: Sequence[Items], seed: int, kept: KeptBootstraps | None = None
) -> list[CellBootstrap]:
    """Bootstrap many cells; those that are resampled alike are drawn once.

    Args:
        cells: what is drawn of each.
        seed: of the resampling; with the same seed, cells of the same task and number
            of samples are resampled alike.
        kept: where those are that were made before, and the new ones go.
    """
    found: dict[int, CellBootstrap] = {}
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        known = None if kept is None else kept.get(cell, seed)
        if known is None:
            alike[cell.task, len(cell.columns)].append(place)
        else:
            found[place] = known

    def drawn(places: Sequence[int]) -> list[CellBootstrap]:
        columns = [cells[place].columns for place in places]
        sums = resampled_sums_of(columns, seed=f"{seed}|{cells[places[0]].task}")
        return [
            _bootstrapped(cells[p], own) for p, own in zip(places, sums, strict=True)
        ]

    # numpy lets go of the interpreter while it draws and multiplies.
    with ThreadPoolExecutor(_WORKERS) as pool:
        for places, resampled in zip(
            alike.values(), pool.map(drawn, alike.values()), strict=True
        ):
            found |= dict(zip(places, resampled, strict=True))
            if kept is not None:
                for place in places:
                    kept.keep(cells[place], seed, found[place])
    return [found[place] for place in range(len(cells))]


class KeptBootstraps:
    """The bootstraps of cells that are done, until the figures of all are made.

    They lie in a file without a name and not in memory: what a session holds would
    count in the memory that its later cells are found to need.
    """

    def __init__(self) -> None:
        """Begin with none; a file is opened for the first."""
        self._places: dict[bytes, int] = {}
        self._file: IO[bytes] | None = None

    def get(self, cell: Items, seed: int) -> CellBootstrap | None:
        """Return the bootstrap of these very items; ``None`` if it was not made."""
        place = self._places.get(_digest(cell, seed))
        if place is None or self._file is None:
            return None
        self._file.seek(place)
        found: CellBootstrap = pickle.load(self._file)  # noqa: S301 - written below
        return found

    def keep(self, cell: Items, seed: int, bootstrap: CellBootstrap) -> None:
        """Keep the bootstrap of a cell; where there is no room, it is made again."""
        try:
            if self._file is None:
                self._file = TemporaryFile()  # noqa: SIM115 - closed by ``close``
            place = self._file.seek(0, SEEK_END)
            pickle.dump(bootstrap, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        except OSError:
            return
        self._places[_digest(cell, seed)] = place

    def close(self) -> None:
        """Forget all, and give the file back."""
        self._places.clear()
        if self._file is not None:
            self._file.close()
            self._file = None


def _digest(cell: Items, seed: int) -> bytes:
    """Return what tells a cell's bootstrap from all others."""
    said = (seed, cell.task, cell.metric, cell.chance, cell.value, cell.speed)
    said = (*said, cell.shared)
    made_of = (*said, *cell.widths.items(), cell.columns.shape)
    return blake2b(repr(made_of).encode() + cell.columns.tobytes()).digest()


def _bootstrapped(cell: Items, sums: Array) -> CellBootstrap:
    """Return quality, speed and details of a cell, with their resamples.

    Args:
        cell: what was drawn.
        sums: (draws, k), its columns summed over each resample.
    """
    import numpy as np

    parts = np.split(sums, np.cumsum(list(cell.widths.values()))[:-1], axis=1)
    drawn = dict(zip(cell.widths, parts, strict=True))
    requests = drawn["speed"][:, 1]
    # Items of two options and of six: which were drawn decides what guessing earns.
    chances = drawn["value"][:, 1] / requests
    draws = (
        cell.corpus(drawn["counts"]) if cell.corpus else drawn["value"][:, 0] / requests
    )
    return CellBootstrap(
        value=cell.value,
        chance=cell.chance,
        quality=score.normalize(cell.value, cell.chance),
        speed=cell.speed,
        value_draws=draws,
        quality_draws=score.normalize(draws, chances),
        speed_draws=_spread(drawn["speed"][:, 0] / requests, cell),
        details=tuple(
            (name, estimate(figure.value, figure.draws(drawn[_block(name)])))
            for name, figure in cell.details.items()
        ),
    )


def _spread(draws: Array, cell: Items) -> Array:
    """Return the draws of speed with what neighbouring requests have in common."""
    import numpy as np

    if cell.shared is None:
        return np.full_like(draws, np.nan)
    if cell.shared == 0.0:
        return draws
    # Of its own for each cell: what one queue did, another did not do.
    source = np.random.default_rng(list(_digest(cell, 0)))
    moved = draws + source.normal(0.0, math.sqrt(cell.shared), len(draws))
    return moved.clip(0.0, 1.0)


def _middle(values: Sequence[float]) -> float:
    """Return the mean; of equal values that value itself, without rounding."""
    return values[0] if len(set(values)) == 1 else fmean(values)


def answer_time(record: Record) -> float | None:
    """Return the e2e of a request that was answered; a failure has none, in seconds."""
    if record.finish in ("error", "timeout") or record.timing is None:
        return None
    return record.timing.e2e_s


def estimate(value: float, draws: Array) -> Estimate:
    """Join a figure and the interval of its resamples."""
    low, high = interval(draws)
    return Estimate(value=value, low=low, high=high)


def _block(detail: str) -> str:
    """Name the columns of a detail, which may itself be called ``value``."""
    return f"detail {detail}"


def _by_sample(records: Sequence[Record], blocks: Sequence[Rows]) -> Array:
    """Return the sums of all blocks' columns over the requests about each sample.

    All blocks are drawn at once, so that they belong together draw by draw.
    """
    import numpy as np

    # By name and not as they were answered, so that two models stay in step.
    names = sorted({record.sample for record in records})
    place = {name: number for number, name in enumerate(names)}
    rows = np.column_stack([np.array(block, dtype=float) for block in blocks])
    columns = np.zeros((len(names), rows.shape[1]))
    np.add.at(columns, [place[record.sample] for record in records], rows)
    return columns


def _details(records: Sequence[Record], metric: Metric) -> dict[str, CellFigure]:
    """Average each detail over the answers that have it; add what only a cell has."""
    columns: dict[str, list[float | None]] = defaultdict(lambda: [None] * len(records))
    for place, record in enumerate(records):
        for name, value in record.grade.details:
            columns[name][place] = value
    found = {name: _average(values) for name, values in columns.items()}
    if metric.corpus is not None and metric.direction == "lower":
        # What is told beside the quality is of the whole too, and no mean.
        counts = [record.grade.counts for record in records]
        found[records[0].metric] = CellFigure(
            value=metric.corpus.figure(counts), rows=counts, draws=metric.corpus.draws
        )
    if metric.cell_figures is not None:
        found |= metric.cell_figures(records)
    return {**found, **repeat_figures(records, metric)}


def _average(values: Sequence[float | None]) -> CellFigure:
    """Average the values that are there; one that is missing weighs nothing."""
    mean = fmean(value for value in values if value is not None)
    return CellFigure(
        value=mean,
        draws=_mean_draws,
        rows=[(0.0, 0.0) if value is None else (value, 1.0) for value in values],
    )


def _mean_draws(sums: Array) -> Array:
    totals, weights = sums.T
    # A resample without any of them has no mean.
    means: Array = totals[weights > 0] / weights[weights > 0]
    return means
