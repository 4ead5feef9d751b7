"""Prediction-powered inference: judged quality that a few human labels make honest.

Judges grade all items, people some of them, drawn at random. The mean of the judges is
corrected by how far people differ from them on the labelled items, so that its interval
covers what people would say of all, however wrong the judges are; the better they are,
the narrower it is. Source: Angelopoulos, Duchi and Zrnic, PPI++ (2023), for a mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.intervals import around_share, mean_figure
from pytest_llmlat.analysis.student_t import quantile
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array

FEWEST_LABELS = 10
"""Number of labels below which nothing is estimated from them."""
_UPPER = 0.975
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMean:
    """A mean that judges and human labels tell together."""

    estimate: Estimate
    trust: float
    """λ, how far the judges count: 0 where they add nothing to the labels."""
    labels: int
    items: int
    """Number of items in all, labelled or not."""
    error: float
    """Standard error of the mean."""


def judged_mean(
    judged: Sequence[float],
    labels: Sequence[float | None],
    *,
    lowest: float = 0.0,
) -> JudgedMean | None:
    """Return the mean of what people say, estimated with the help of judges.

    Args:
        judged: the judges' figure of each item, of any scale.
        labels: what people said of the same items, 0 to 1; ``None`` for no label. Those
            with a label have to be a random draw of all.
        lowest: the least that a label can be: 0, or -1 for differences of two models.

    Returns:
        ``None`` with fewer than ten labels.
    """
    import numpy as np

    own = np.array([label is not None for label in labels])
    count = int(own.sum())
    if count < FEWEST_LABELS:
        return None
    figures = np.asarray(judged, dtype=float)
    said = np.array([label for label in labels if label is not None], dtype=float)
    there, elsewhere = figures[own], figures[~own]
    trust = _trust(said, there, elsewhere)
    rest = said - trust * there
    value = float(rest.mean())
    variance = float(rest.var(ddof=1)) / count
    if trust:
        value += trust * float(elsewhere.mean())
        variance += trust**2 * float(elsewhere.var(ddof=1)) / len(elsewhere)
    error = math.sqrt(variance)
    return JudgedMean(
        estimate=_estimate(value, error, said, lowest),
        trust=trust,
        labels=count,
        items=len(figures),
        error=error,
    )


def judged_difference(
    judged: tuple[Sequence[float], Sequence[float]],
    labels: tuple[Sequence[float | None], Sequence[float | None]],
) -> JudgedMean | None:
    """Return by how much people find the second model better, over the same items.

    Args:
        judged: the judges' figures of the first and of the second model's answers.
        labels: what people said of each; an item counts as labelled where both have
            a label.

    Returns:
        A difference of means between -1 and 1; ``None`` with fewer than ten labels.
    """
    apart = [after - before for before, after in zip(*judged, strict=True)]
    said = [
        None if before is None or after is None else after - before
        for before, after in zip(*labels, strict=True)
    ]
    return judged_mean(apart, said, lowest=-1.0)


def _trust(said: Array, there: Array, elsewhere: Array) -> float:
    """Return λ, from the covariance of judges and people on labelled items.

    It is kept between 0 and 1: a judge that is against people is not used backwards.
    """
    import numpy as np

    if len(elsewhere) <= 1:
        return 0.0
    every = np.concatenate([there, elsewhere])
    spread = float(every.var(ddof=1))
    if spread <= _ROUNDING:
        return 0.0
    together = float(np.cov(said, there)[0, 1])
    found = together / (spread * (1 + len(said) / len(elsewhere)))
    return min(1.0, max(0.0, found))


def _estimate(value: float, error: float, said: Array, lowest: float) -> Estimate:
    import numpy as np

    count = len(said)
    if error <= _ROUNDING:
        # People said the same of all: their labels alone tell how sure that is.
        scaled = (said - lowest) / (1 - lowest)
        alone = mean_figure(scaled, np.ones(count))
        ends = [
            None if end is None else end * (1 - lowest) + lowest
            for end in (alone.low, alone.high)
        ]
        return Estimate(value=float(said.mean()), low=ends[0], high=ends[1])
    if lowest < 0:
        # One degree went into λ.
        reach = quantile(_UPPER, count - 2) * error
        low, high = max(lowest, value - reach), min(1.0, value + reach)
        return Estimate(value=value, low=low, high=high)
    inside = min(1.0, max(0.0, value))
    found = around_share(inside, error, count - 1)
    return Estimate(value=inside, low=found[0], high=found[1])
