"""Quality and speed of one cell, and of ten thousand resamples of its items.

What is drawn is the sample, not the request: where a load went round the samples, all
requests about one of them are drawn together, since their answers are no news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat import score
from pytest_llmlat.metrics import (
    METRICS,
    corpus_bleu,
    corpus_bleu_draws,
    label_counts,
    macro_f1,
    macro_f1_draws,
)
from pytest_llmlat.results import Estimate
from pytest_llmlat.statistics import Array, interval, resampled_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.records import Record

Rows: TypeAlias = Sequence[Sequence[float]]

LABELLED = "sentiment"
"""The family whose answers are labels, so that macro-F1 is told beside accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """Quality and speed of one cell, and the same of every resample of its items."""

    value: float
    """The metric of the cell, chance included."""
    quality: float
    speed: float
    value_draws: Array
    quality_draws: Array
    speed_draws: Array
    details: tuple[tuple[str, Estimate], ...]
    """Further figures of the metric, sorted by name."""


def halve(records: Sequence[Record], seed: int) -> Halves:
    """Compute both halves of a cell from its records, of which there is at least one.

    Args:
        records: of one cell.
        seed: of the resampling; with the same seed, cells of the same task and
            number of samples are resampled alike.
    """
    first = records[0]
    metric = METRICS[first.metric]
    values = [r.grade.value for r in records]
    speeds = [score.speed(answer_time(r), r.budget_s) for r in records]
    counts = [r.grade.counts for r in records]
    details = _details(records)
    drawn = _draw(
        records,
        {
            "value": [(value,) for value in values],
            "speed": [(speed, 1.0) for speed in speeds],
            "counts": counts,
            **{name: detail.rows for name, detail in details.items()},
        },
        seed=f"{seed}|{first.cell.task}",
    )
    requests = drawn["speed"][:, 1]
    if metric.corpus and metric.draws:
        value, draws = metric.corpus(counts), metric.draws(drawn["counts"])
    else:
        value, draws = fmean(values), drawn["value"][:, 0] / requests
    return Halves(
        value=value,
        quality=score.normalize(value, first.chance),
        speed=fmean(speeds),
        value_draws=draws,
        quality_draws=score.normalize(draws, first.chance),
        speed_draws=drawn["speed"][:, 0] / requests,
        details=tuple(
            (name, estimate(detail.value, detail.draws(drawn[name])))
            for name, detail in sorted(details.items())
        ),
    )


def answer_time(record: Record) -> float | None:
    """Return the e2e of a request that was answered; a failure has none, in seconds."""
    if record.finish in ("error", "timeout") or record.timing is None:
        return None
    return record.timing.e2e_s


def estimate(value: float, draws: Array) -> Estimate:
    """Join a figure and the interval of its resamples."""
    low, high = interval(draws)
    return Estimate(value=value, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detail:
    """A further figure of a cell, and how it follows from sums over its answers."""

    value: float
    rows: Rows
    """For each answer what adds up."""
    draws: Callable[[Array], Array]
    """(draws, columns) of sums to (draws,) of the figure."""


def _draw(
    records: Sequence[Record], blocks: Mapping[str, Rows], *, seed: str
) -> dict[str, Array]:
    """Return for each block the sums of its columns over each resample.

    All blocks are drawn at once, so that they belong together draw by draw.
    """
    import numpy as np

    # By name and not as they were answered, so that two models stay in step.
    names = sorted({record.sample for record in records})
    place = {name: number for number, name in enumerate(names)}
    rows = np.column_stack([np.array(block, dtype=float) for block in blocks.values()])
    columns = np.zeros((len(names), rows.shape[1]))
    np.add.at(columns, [place[record.sample] for record in records], rows)
    sums = resampled_sums(columns, seed=seed)
    widths = [len(block[0]) for block in blocks.values()]
    parts = np.split(sums, np.cumsum(widths)[:-1], axis=1)
    return dict(zip(blocks, parts, strict=True))


def _details(records: Sequence[Record]) -> dict[str, _Detail]:
    """Average each detail over the answers that have it; add what only a cell has."""
    columns: dict[str, list[float | None]] = defaultdict(lambda: [None] * len(records))
    for place, record in enumerate(records):
        for name, value in record.grade.details:
            columns[name][place] = value
    found = {name: _average(values) for name, values in columns.items()}
    counts = [record.grade.counts for record in records]
    if counts[0]:
        found["corpus_bleu"] = _Detail(
            value=corpus_bleu(counts), rows=counts, draws=corpus_bleu_draws
        )
    if records[0].cell.family == LABELLED:
        # Records of a baseline have no texts, and so no macro-F1.
        labels = sorted({record.reference for record in records} - {""})
        pairs = [(record.extracted, record.reference) for record in records]
        average = macro_f1(pairs, labels)
        if average is not None:
            found["macro_f1"] = _Detail(
                value=average,
                rows=[label_counts(pair, labels) for pair in pairs],
                draws=macro_f1_draws,
            )
    return found


def _average(values: Sequence[float | None]) -> _Detail:
    """Average the values that are there; one that is missing weighs nothing."""

    def means(sums: Array) -> Array:
        totals, weights = sums.T
        # A resample without any of them has no mean.
        return totals[weights > 0] / weights[weights > 0]

    return _Detail(
        value=fmean(value for value in values if value is not None),
        rows=[(0.0, 0.0) if value is None else (value, 1.0) for value in values],
        draws=means,
    )
