"""The word error rate: how many words must be changed to make the answer right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import Corpus, Metric
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pytest_llmlat.values.entities import Sample, Task


def grade_wer(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give the errors per word of the reference, at most 1.

    ``counts`` are the errors and the words of the reference.
    """
    given, reference = value or "", sample.reference
    if task.option("fold_case", default=False):
        given, reference = given.casefold(), reference.casefold()
    right = reference.split()
    errors = min(distance(given.split(), right), len(right))
    return Grade(value=errors / max(len(right), 1), counts=(errors, len(right)))


def distance(given: Sequence[str], right: Sequence[str]) -> int:
    """Return how many words are missing, too many or wrong (Levenshtein 1966)."""
    row = list(range(len(right) + 1))
    for number, word in enumerate(given, start=1):
        before, row[0] = row[0], number
        for place, wanted in enumerate(right, start=1):
            changed = before + (word != wanted)
            before = row[place]
            row[place] = min(changed, before + 1, row[place - 1] + 1)
    return row[-1]


def of_corpus(rows: Sequence[Sequence[float]]) -> float:
    """Return all errors per word of all references."""
    errors, words = map(sum, zip(*rows, strict=True))
    return errors / max(words, 1)


def of_draws(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same of many resamples: (draws, 2) to (draws,)."""
    rates: NDArray[np.float64] = sums[:, 0] / sums[:, 1].clip(1)
    return rates


FOLD_CASE = EntryOption(
    name="fold_case",
    kind="boolean",
    meaning="take capital and small letters for the same; else they differ",
)
METRIC = Metric(
    grade=grade_wer,
    binary=False,
    direction="lower",
    counts=2,
    corpus=Corpus(figure=of_corpus, draws=of_draws),
    options=(FOLD_CASE,),
)
