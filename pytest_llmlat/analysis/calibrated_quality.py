"""Calibrated quality: what judges say of answers, corrected by labels of people.

This is the one door through which a judged quality reaches figures, rows and the gate.
Where people have labelled ten or more answers of a cell, its values are those of
prediction-powered inference; without labels they are the panel's alone, which is called
uncalibrated and gates nothing.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.prediction_powered import FEWEST_LABELS, judged_items
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.judge_votes import CALIBRATED, UNCALIBRATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.prediction_powered import JudgedItems
    from pytest_llmlat.values.records import Record


def is_judged(metric: str) -> bool:
    """Whether answers of a metric are graded by judges."""
    return METRICS[metric].later


def calibrated_items(records: Sequence[Record]) -> JudgedItems | None:
    """Return the items of a judged cell, sorted by name, as labels make them count.

    An item is everything that is alike, such as the repeats of one sample.

    Args:
        records: of one cell.

    Returns:
        ``None`` where nobody judges, or with fewer than ten labels.
    """
    if not records or not is_judged(records[0].metric):
        return None
    items: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.graded:
            items[record.item].append(record)
    own = [items[name] for name in sorted(items)]
    return judged_items(
        [fmean(record.grade.value for record in each) for each in own],
        [label_of(each) for each in own],
        [any(map(_answered, each)) for each in own],
    )


def label_of(records: Sequence[Record]) -> float | None:
    """Return what people said of an item; ``None`` if one answer has no label.

    An answer that broke or is empty is worth nothing without anybody's word.
    """
    said = [record.label if _answered(record) else 0.0 for record in records]
    known = [label for label in said if label is not None]
    return fmean(known) if known and len(known) == len(said) else None


def quality_values(records: Sequence[Record]) -> list[float]:
    """Return the value with which each record of a cell counts, 0 if it has none."""
    plain = [record.grade.value if record.graded else 0.0 for record in records]
    found = calibrated_items(records)
    if found is None:
        return plain
    names = sorted({record.item for record in records if record.graded})
    by_item = dict(zip(names, found.values.tolist(), strict=True))
    return [by_item[record.item] if record.graded else 0.0 for record in records]


def metric_name(records: Sequence[Record]) -> str | None:
    """Return how the metric of a cell is called; ``None`` without records.

    A judged quality is called calibrated only where labels make it so.
    """
    if not records:
        return None
    name = records[0].metric
    if not is_judged(name):
        return name
    if not any(record.graded and record.votes for record in records):
        return name
    return UNCALIBRATED if calibrated_items(records) is None else CALIBRATED


def why_ungated(*sides: Sequence[Record]) -> str | None:
    """Say why the quality of cells is shown and not gated; ``None`` if it may be.

    Args:
        sides: the records of a cell, or of both that are compared.
    """
    judged = [is_judged(records[0].metric) for records in sides if records]
    if not any(judged):
        return None
    if not all(judged):
        return "graded by judges on one side, and by another metric on the other"
    for records in sides:
        labels = sum(r.label is not None for r in records if r.graded)
        if calibrated_items(records) is None:
            return (
                f"quality is judged and uncalibrated: {labels} of its answers have"
                f" labels of people, and {FEWEST_LABELS} are needed (llmlat label)"
            )
    return _unfit(record for records in sides for record in records)


def _unfit(records: Iterable[Record]) -> str | None:
    """Say which judge is not fit, of those whose votes count."""
    unfit: dict[str, bool | None] = {}
    for record in records:
        for vote in record.votes:
            if vote.counted and vote.share is not None and not vote.fit:
                unfit[vote.judge] = vote.fit
    for judge, fit in unfit.items():
        if fit is None:
            return f"judge {judge} was never tried (llmlat judges)"
        return f"judge {judge} is unfit (llmlat judges says in what): leave it out"
    return None


def _answered(record: Record) -> bool:
    return record.answered and not record.empty
