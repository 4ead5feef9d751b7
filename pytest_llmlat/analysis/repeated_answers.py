"""Figures of repeated answers: pass@k, majorities, variances.

Every figure is one of items: it is resampled by them, so that its interval holds what
differs between items and what differs between the repeats of one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal, InvalidOperation
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import normalized
from pytest_llmlat.grading.metrics import CellFigure
from pytest_llmlat.grading.metrics.tests_pass import all_of_k, pass_at_k

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.grading.metrics import Metric
    from pytest_llmlat.values.records import Record

BETWEEN_ITEMS = "variance_between_items"
BETWEEN_REPEATS = "variance_between_repeats"
UNCLAMPED = f"{BETWEEN_ITEMS}_unclamped"
_ROUNDING = 1e-12


def repeated(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the answers to each sample, in the order of their rounds."""
    found: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.round):
        found[record.sample].append(record)
    return found


def fewest(records: Sequence[Record]) -> int:
    """Return how often each sample was answered, the fewest of all."""
    return min(Counter(record.sample for record in records).values(), default=0)


def repeat_figures(
    records: Sequence[Record], metric: Metric
) -> Mapping[str, CellFigure]:
    """Return what repeats tell of a cell; nothing where chance had no part in them.

    Args:
        records: of the cell, at least one.
        metric: by which they were graded.
    """
    items = repeated(records)
    most = min(map(len, items.values()))
    if most < 2 or not _drawn(items.values()):  # noqa: PLR2004 - one is no repeat
        return {}
    found: dict[str, CellFigure] = {}
    if metric.binary:
        counts = {
            sample: (len(own), sum(bool(r.grade.correct) for r in own))
            for sample, own in items.items()
        }
        for k in range(1, most + 1):
            of = {name: pass_at_k(n, c, k) for name, (n, c) in counts.items()}
            found[f"pass@{k}"] = _mean_of_items(records, of)
        for k in range(2, most + 1):
            of = {name: all_of_k(n, c, k) for name, (n, c) in counts.items()}
            found[f"pass^{k}"] = _mean_of_items(records, of)
    # Records of a baseline have no texts, and nothing in them votes.
    worded = not any(r.grade.correct and r.extracted is None for r in records)
    if metric.binary and metric.exact and worded:
        voted = {name: majority(own[:most]) for name, own in items.items()}
        found[f"majority@{most}"] = _mean_of_items(records, voted)
    return {**found, **_variances(records)}


def majority(answers: Sequence[Record]) -> float:
    """Return how far the answer that was given most often is right, from 0 to 1.

    Right answers are one answer, however they are spelled; numbers are told apart by
    their value. An answer that could not be read does not vote. Where several were
    given equally often, one of them is drawn: it is right with this chance.
    """
    votes = Counter(
        True if record.grade.correct else _vote(record.extracted)
        for record in answers
        if record.extracted is not None
    )
    if not votes:
        return 0.0
    most = max(votes.values())
    winners = [vote for vote, count in votes.items() if count == most]
    return (True in winners) / len(winners)


def _vote(answer: str) -> str:
    text = normalized(answer)
    try:
        # The sign keeps a number from being the word that it is spelled with.
        return f"={Decimal(text).normalize():f}"
    except InvalidOperation:
        return text


def _drawn(items: Collection[Sequence[Record]]) -> bool:
    """Whether chance had a part: known, or seen where it is not known."""
    told = [r.temperature for own in items for r in own]
    if any(temperature for temperature in told):
        return True
    if None not in told:
        return False
    return any(len({(r.answer, r.grade.value) for r in own}) > 1 for own in items)


def _mean_of_items(records: Sequence[Record], of: Mapping[str, float]) -> CellFigure:
    """Average a figure of items; it stands at the first answer to each."""
    seen: set[str] = set()
    rows = []
    for record in records:
        first = record.sample not in seen
        seen.add(record.sample)
        rows.append((of[record.sample], 1.0) if first else (0.0, 0.0))
    return CellFigure(value=fmean(of.values()), rows=rows, draws=_ratio)


def _ratio(sums: Array) -> Array:
    ratio: Array = sums[:, 0] / sums[:, 1]
    return ratio


def _variances(records: Sequence[Record]) -> dict[str, CellFigure]:
    """Split the variance of grades, by a one-way analysis with random effects.

    The components are unbiased (Searle, Casella & McCulloch 1992, section 3.6), so the
    one between items may come out below 0: it is told as 0, and beside it as it is.
    """
    import numpy as np

    items = repeated(records)
    of: dict[str, tuple[float, ...]] = {}
    for sample, own in items.items():
        values = [record.grade.value for record in own]
        count, mean = len(values), fmean(values)
        inner = sum((value - mean) ** 2 for value in values)
        of[sample] = (
            *(1.0, count, count * count),
            *(count * mean, count * mean * mean, inner),
        )
    seen: set[str] = set()
    rows = []
    for record in records:
        first = record.sample not in seen
        seen.add(record.sample)
        rows.append(of[record.sample] if first else (0.0,) * 6)
    whole = np.array([[sum(column) for column in zip(*of.values(), strict=True)]])
    between, within = _components(whole)
    if np.isnan(between[0]):
        return {}
    raw = float(between[0])
    found = {
        BETWEEN_REPEATS: CellFigure(
            value=float(within[0]),
            rows=rows,
            draws=lambda sums: _components(sums)[1],
            share=False,
        ),
        BETWEEN_ITEMS: CellFigure(
            value=max(0.0, raw), rows=rows, draws=_clamped_between, share=False
        ),
    }
    if raw < -_ROUNDING:
        found[UNCLAMPED] = CellFigure(
            value=raw,
            rows=rows,
            draws=lambda sums: _components(sums)[0],
            share=False,
        )
    return found


def _clamped_between(sums: Array) -> Array:
    clamped: Array = _components(sums)[0].clip(0)
    return clamped


def _components(sums: Array) -> tuple[Array, Array]:
    """Return the components between and within items, (draws,) each.

    Args:
        sums: (draws, 6): over items, their number, answers n, n squared, n times the
            mean, n times its square, and squares within.
    """
    import numpy as np

    items, answers, squares, totals, means, inner = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        within = inner / (answers - items)
        between = (means - totals**2 / answers) / (items - 1)
        repeats = (answers - squares / answers) / (items - 1)
        return (between - within) / repeats, within
