"""The bootstrap of a cell: 10,000 resamples of its quality and its speed.

A resample draws what is alike together: all requests about one sample, and all samples
of a cluster. Cells that were asked the same are resampled alike, so that what makes an
item hard for two models cancels out in their difference. Under a load neighbouring
requests are alike too: what these have in common (``batch_means``) is added to the
draws of speed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.calibrated_quality import quality_values
from pytest_llmlat.analysis.cell_estimates import shared_by_neighbours, shared_costs
from pytest_llmlat.analysis.item_units import Units
from pytest_llmlat.analysis.product_threads import one_thread_each
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.analysis.resampling import resampled_sums_of
from pytest_llmlat.grading.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.analysis.cost_scores import CostScores
    from pytest_llmlat.analysis.request_times import RequestTimes
    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.records import Record

_WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBootstrap:
    """Resampled quality and speed of a cell, one value a draw: (draws,) each."""

    value_draws: Array
    """Draws of the metric, chance included."""
    quality_draws: Array
    log_time_draws: Array
    """Draws of the mean logarithm of e2e; NaN where a request failed, and as
    ``speed_draws``."""
    speed_draws: Array
    """Draws of the mean speed; NaN where a run under a load is too short to tell of its
    speed, or its queue grows."""
    cost_draws: Array | None = None
    """Draws of the mean cost score; ``None`` where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The resampled items of a cell: for each unit, columns that add up."""

    task: str
    corpus: Callable[[Array], Array] | None
    """How the value of a resample follows from its counts; ``None`` for a mean."""
    columns: Array
    """(units, k): units sorted by name, the blocks below side by side."""
    shared: float | None
    """Variance that waiting for each other adds to the mean speed; ``None`` where a run
    is too short to tell."""
    shared_log: float | None
    """Variance that it adds to the mean logarithm of e2e; ``None`` too where a request
    failed."""
    widths: Mapping[str, int]
    """How many columns each block has, in their order."""
    shared_cost: float | None = 0.0
    """Variance that it adds to the mean cost score, where time is paid."""


def items_of(
    records: Sequence[Record],
    costs: CostScores | None = None,
    times: RequestTimes | None = None,
) -> Items:
    """Return the resampled items of a cell, from its records, at least one.

    After this the records are not needed any more.

    Args:
        records: of the cell.
        costs: of the records; ``None`` where they are not known.
        times: of the records; ``None`` to have them computed.
    """
    import numpy as np

    first = records[0]
    metric = METRICS[first.metric]
    times = times or request_times(records)
    logs = times.logs
    units = Units(records)
    blocks = {
        "value": units.sums_of(
            [
                value if r.graded else 0.0
                for r, value in zip(records, quality_values(records), strict=True)
            ],
            [r.chance if r.graded else 0.0 for r in records],
            [1.0 if r.graded else 0.0 for r in records],
        ),
        "speed": units.sums_of(times.speeds, 1.0),
        "log_time": units.sums_of([log or 0.0 for log in logs], 1.0),
    }
    if metric.corpus:
        blocks["counts"] = units.sums([r.grade.counts for r in records])
    if costs is not None:
        blocks["cost"] = units.sums_of(costs.scores, 1.0)
    return Items(
        task=first.cell.task,
        corpus=metric.quality_draws if metric.corpus else None,
        # All blocks are drawn at once, so that they belong together draw by draw.
        columns=np.column_stack(list(blocks.values())),
        shared=shared_by_neighbours(records, times.speeds),
        shared_log=shared_by_neighbours(records, [log or 0.0 for log in logs])
        if None not in logs
        else None,
        widths={name: block.shape[1] for name, block in blocks.items()},
        shared_cost=0.0 if costs is None else shared_costs(records, costs),
    )


def bootstrap_cells(cells: Sequence[Items], seed: int) -> list[CellBootstrap]:
    """Bootstrap many cells; those with the same units are drawn once.

    Args:
        cells: what is drawn of each.
        seed: of the resampling; with the same seed, cells of the same task and number
            of units are resampled alike.
    """
    found: dict[int, CellBootstrap] = {}
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        alike[cell.task, len(cell.columns)].append(place)

    def drawn(places: Sequence[int]) -> list[CellBootstrap]:
        columns = [cells[place].columns for place in places]
        sums = resampled_sums_of(columns, seed=f"{seed}|{cells[places[0]].task}")
        return [
            _bootstrapped(cells[p], own) for p, own in zip(places, sums, strict=True)
        ]

    # numpy lets go of the interpreter while it draws and multiplies.
    rows = sum(len(cell.columns) for cell in cells)
    with one_thread_each(rows), ThreadPoolExecutor(_WORKERS) as pool:
        for places, resampled in zip(
            alike.values(), pool.map(drawn, alike.values()), strict=True
        ):
            found |= dict(zip(places, resampled, strict=True))
    return [found[place] for place in range(len(cells))]


def _bootstrapped(cell: Items, sums: Array) -> CellBootstrap:
    """Return quality and speed of the resamples of a cell.

    Args:
        cell: what was drawn.
        sums: (draws, k), its columns summed over each resample.
    """
    import numpy as np

    parts = np.split(sums, np.cumsum(list(cell.widths.values()))[:-1], axis=1)
    drawn = dict(zip(cell.widths, parts, strict=True))
    values, chances, graded = drawn["value"].T
    # A resample of ungraded turns alone has no quality to speak of.
    graded = np.maximum(graded, 1.0)
    # Items of two options and of six: which were drawn decides what guessing earns.
    chances = chances / graded
    draws = cell.corpus(drawn["counts"]) if cell.corpus else values / graded
    return CellBootstrap(
        value_draws=draws,
        quality_draws=score.normalize(draws, chances),
        log_time_draws=_spread(
            drawn["log_time"][:, 0] / drawn["log_time"][:, 1], cell, cell.shared_log
        ),
        speed_draws=_spread(
            drawn["speed"][:, 0] / drawn["speed"][:, 1], cell, cell.shared
        ).clip(0.0, 1.0),
        cost_draws=_spread(
            drawn["cost"][:, 0] / drawn["cost"][:, 1], cell, cell.shared_cost
        ).clip(0.0, 1.0)
        if "cost" in drawn
        else None,
    )


def _spread(draws: Array, cell: Items, shared: float | None) -> Array:
    """Return draws of a time with what neighbouring requests have in common."""
    import numpy as np

    if shared is None:
        return np.full_like(draws, np.nan)
    if shared == 0.0:
        return draws
    # Of its own for each cell: what one queue did, another did not do.
    made_of = repr((cell.task, shared)).encode() + cell.columns.tobytes()
    source = np.random.default_rng(list(blake2b(made_of).digest()))
    moved: Array = draws + source.normal(0.0, math.sqrt(shared), len(draws))
    return moved
