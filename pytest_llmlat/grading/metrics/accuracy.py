"""Accuracy: whether an answer is the right one; macro-F1 where answers are labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import TRUTH, normalized, numbers_equal
from pytest_llmlat.grading.metrics.guessing import guess_answers
from pytest_llmlat.grading.metrics.metric import CellFigure, Metric
from pytest_llmlat.values.families import FAMILIES
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.records import Record


def grade_accuracy(value: str | None, task: Task, sample: Sample) -> Grade:
    """Compare the answer with each reference; numbers by value, the rest by spelling.

    It is right if any of them is met. Spelling leaves case, blanks, the Unicode form of
    accents and brackets round a letter aside; "yes" is "true" and "no" is "false".
    """
    del task
    right = value is not None and any(
        _compared(value) == _compared(reference) or numbers_equal(value, reference)
        for reference in sample.references
    )
    return Grade(value=float(right), correct=right)


def _compared(text: str) -> str:
    """Return the one spelling of an answer that may be spelled in several ways."""
    bare = normalized(text)
    return TRUTH.get(bare, bare.strip("().") if len(bare) <= len("(b).") else bare)


def macro_f1(
    pairs: Sequence[tuple[str | None, str]], labels: Sequence[str]
) -> float | None:
    """Return the mean over the labels of each label's F1.

    A label that was neither given nor right in any pair has no F1 and is left out;
    where that leaves none, there is no mean.

    Args:
        pairs: (extracted answer or ``None``, right label) of every sample.
        labels: the labels of the task.
    """
    rows = [label_counts(pair, labels) for pair in pairs]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    both, one = sums[: len(labels)], sums[len(labels) :]
    measures = [2 * hits / seen for hits, seen in zip(both, one, strict=True) if seen]
    return sum(measures) / len(measures) if measures else None


def label_counts(pair: tuple[str | None, str], labels: Sequence[str]) -> list[float]:
    """Return what macro-F1 needs of one answer; it adds up over answers.

    First, for each label, whether it was given and right; then, for each, how often
    it occurs in the pair.
    """
    given = None if pair[0] is None else normalized(pair[0])
    right = normalized(pair[1])
    names = [normalized(label) for label in labels]
    hits = [float(given == right == name) for name in names]
    return hits + [float(given == name) + float(right == name) for name in names]


def macro_f1_draws(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return macro-F1 of many resamples.

    Args:
        sums: (draws, 2 x labels), ``label_counts`` summed over each resample.

    Returns:
        (draws,), what ``macro_f1`` gives for each resample written out.
    """
    import numpy as np

    hits, seen = np.split(sums, 2, axis=1)
    present = seen > 0
    measures = 2 * hits / np.where(present, seen, 1)
    averages: NDArray[np.float64] = measures.sum(axis=1) / np.maximum(
        present.sum(axis=1), 1
    )
    return averages


def label_figures(records: Sequence[Record]) -> Mapping[str, CellFigure]:
    """Return macro-F1 of a cell, if its answers are labels.

    They are where the task lists its labels; older records do not say so, and there
    the family does. Records of a baseline have no texts, and so no macro-F1.
    """
    first = records[0]
    family = FAMILIES.get(first.cell.family)
    if not first.labelled and (family is None or not family.labels):
        return {}
    labels = sorted({record.reference for record in records} - {""})
    pairs = [(record.extracted, record.reference) for record in records]
    average = macro_f1(pairs, labels)
    if average is None:
        return {}
    # Few pairs differ, and to spell labels alike takes its time.
    counts = {pair: label_counts(pair, labels) for pair in set(pairs)}
    rows = [counts[pair] for pair in pairs]
    return {"macro_f1": CellFigure(value=average, rows=rows, draws=macro_f1_draws)}


METRIC = Metric(
    grade=grade_accuracy,
    binary=True,
    exact=True,
    several=True,
    guess=guess_answers,
    cell_figures=label_figures,
)
