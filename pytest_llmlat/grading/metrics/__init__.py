"""How good one extracted answer is, and what many of them come to.

All figures lie between 0 and 1, BLEU and chrF++ included. An answer that could not
be extracted (``None``) is worth 0 and is wrong; it never raises and never drops out.

A metric's library is imported when the metric is used, never before, because loading
it costs tens to hundreds of milliseconds that a run without it should not pay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.grading.metrics.summaries import common_subsequence, grade_rouge
from pytest_llmlat.grading.metrics.translations import (
    corpus_bleu,
    corpus_bleu_draws,
    corpus_chrf,
    corpus_draws,
    grade_chrf,
)
from pytest_llmlat.grading.metrics.verdicts import (
    grade_accuracy,
    grade_tests_pass,
    label_counts,
    macro_f1,
    macro_f1_draws,
    pass_at_k,
)
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "METRICS",
    "Metric",
    "common_subsequence",
    "corpus_bleu",
    "corpus_bleu_draws",
    "corpus_chrf",
    "corpus_draws",
    "label_counts",
    "macro_f1",
    "macro_f1_draws",
    "pass_at_k",
]

GradeFunction: TypeAlias = Callable[[str | None, Task, Sample], Grade]
CorpusFunction: TypeAlias = Callable[[Sequence[Sequence[float]]], float]
DrawsFunction: TypeAlias = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One way to judge answers."""

    name: str
    grade: GradeFunction
    """(extracted answer, its task, its sample) to the grade of that one answer."""
    corpus: CorpusFunction | None = None
    """The figure of a cell from the rows of ``Grade.counts``; ``None``: the mean."""
    draws: DrawsFunction | None = None
    """``corpus`` for many resamples at once, as ``corpus_draws`` describes."""
    binary: bool
    """Whether every answer is right or wrong, with nothing between."""
    extra: str | None = None
    """The extra of this project that installs the metric's library."""


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="accuracy", grade=grade_accuracy, binary=True),
        Metric(name="tests_pass", grade=grade_tests_pass, binary=True),
        Metric(name="rouge", grade=grade_rouge, binary=False, extra="metrics"),
        Metric(
            name="chrf++",
            grade=grade_chrf,
            corpus=corpus_chrf,
            draws=corpus_draws,
            binary=False,
            extra="metrics",
        ),
    )
}
