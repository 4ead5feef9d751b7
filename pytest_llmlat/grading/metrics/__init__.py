"""The metrics: how good one extracted answer is, and what many of them come to.

Each is a file here, or a user's own, and says everything about itself; ours are named
in ``pyproject.toml``, as a user's are in theirs. A metric's library is imported when
the metric is used, never before, because loading it costs tens to hundreds of
milliseconds that a run without it should not pay.
"""

from __future__ import annotations

from pytest_llmlat.grading.metrics.guessing import guess_answers, guess_texts
from pytest_llmlat.grading.metrics.metric import CellFigure, Corpus, Metric, as_metric
from pytest_llmlat.values.extensions import Table

__all__ = [
    "METRICS",
    "CellFigure",
    "Corpus",
    "Metric",
    "guess_answers",
    "guess_texts",
]

METRICS: Table[Metric] = Table("metrics", "metric", as_metric)
"""The metrics by the name that a task gives."""
