"""What guessing earns on a set: the figure that counts as no quality at all.

Two who know nothing of an item are thought of, and the better one counts: one who picks
blindly among what is offered, and one who says the same to everything. The second one
knows the set and says what is best there, as ``neutral`` where most texts are neutral.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import normalized
from pytest_llmlat.grading.extractors.numerals import to_number

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from pytest_llmlat.grading.metrics.metric import Metric
    from pytest_llmlat.values.entities import Sample, Task

MOST = 64
"""How many texts of a set are tried as the answer to everything, on as many items."""
FEW = 8
"""Number of items on which all guesses are tried first, and number of guesses that go
on to the rest: a thousand pairs of texts take a tenth of a second."""


def guess_answers(
    metric: Metric, task: Task, samples: Sequence[Sample]
) -> tuple[float, ...]:
    """Return what a guess is worth at each item, where answers are right or wrong.

    Blindly picked, one of an item's ``options``, or of the task's labels, is right once
    in as many times as there are. An answer that is given to everything is right where
    it is right: the most common one counts, if it is right more than once. What is
    better over the whole set is what guessing is worth.
    """
    del metric
    blind = [_blind(task, sample) for sample in samples]
    rights = Counter(
        answer
        for sample in samples
        for answer in {_spelled(right) for right in sample.references}
    )
    often = max(rights.values(), default=0)
    same = often / len(samples) if often > 1 else 0.0
    return tuple(blind) if fmean(blind) >= same else (same,) * len(samples)


def guess_texts(
    metric: Metric, task: Task, samples: Sequence[Sample]
) -> tuple[float, ...]:
    """Return what one text for everything is worth, where texts are compared.

    Any sentence of the right language shares letters and words with the right one.
    References of the set are given as the answer to items that have others; the best
    one counts, for every item.
    """
    asked = _spaced(samples, MOST)
    texts = list(dict.fromkeys(sample.reference for sample in asked))
    first = _spaced(asked, FEW)
    texts.sort(key=lambda text: -_worth(metric, task, text, first))
    best = max(_worth(metric, task, text, asked) for text in texts[:FEW])
    return (best,) * len(samples)


def _worth(metric: Metric, task: Task, text: str, asked: Sequence[Sample]) -> float:
    """Return the quality of a text that is the answer to all items but its own."""
    others = [sample for sample in asked if text not in sample.references]
    if metric.grade is None or not others:
        return 0.0
    grades = [metric.grade(text, task, sample) for sample in others]
    if metric.corpus is not None:
        return metric.quality([grade.counts for grade in grades])
    mean = fmean(grade.value for grade in grades)
    return mean if metric.direction == "higher" else 1 - mean


def _blind(task: Task, sample: Sample) -> float:
    options = dict(sample.fields).get("options")
    if isinstance(options, list | tuple | Mapping) and options:
        return 1 / len({str(option) for option in options})
    return 1 / len(task.labels) if task.labels else 0.0


def _spelled(answer: str) -> Hashable:
    """Return what is the same for answers that accuracy takes for the same."""
    number = to_number(answer)
    return normalized(answer) if number is None else number


def _spaced(samples: Sequence[Sample], most: int) -> Sequence[Sample]:
    """Return up to so many, as far from each other as can be, in their order."""
    count = min(most, len(samples))
    return [samples[place * len(samples) // count] for place in range(count)]
