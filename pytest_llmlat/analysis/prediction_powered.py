"""Prediction-powered inference: judged quality that a few human labels make honest.

Judges grade all items, people some of them, drawn at random. The mean of the judges is
corrected by how far people differ from them on the labelled items, so that its interval
covers what people would say of all, however wrong the judges are; the better they are,
the narrower it is. Source: Angelopoulos, Duchi and Zrnic, PPI++ (2023), for a mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.intervals import around_share, mean_figure
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array

FEWEST_LABELS = 10
"""Number of labels below which nothing is estimated from them."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedItems:
    """Judged items as they count where people have labelled some of them."""

    mean: JudgedMean
    values: Array
    """(items,): their mean is the estimate, and its standard error is theirs. Those of
    two models tell how sure their difference is, item by item."""


def judged_mean(
    judged: Sequence[float], labels: Sequence[float | None]
) -> JudgedMean | None:
    """Return the mean of what people say, estimated with the help of judges.

    Args:
        judged: the judges' figure of each item, of any scale.
        labels: what people said of the same items, 0 to 1; ``None`` for no label. Those
            with a label have to be a random draw of all.

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
        estimate=_estimate(value, error, said),
        trust=trust,
        labels=count,
        items=len(figures),
        error=error,
    )


def judged_items(
    judged: Sequence[float],
    labels: Sequence[float | None],
    answered: Sequence[bool],
) -> JudgedItems | None:
    """Return judged items as they count with the help of labels.

    An answer that broke or is empty is worth nothing to a person too, and nobody labels
    it: those are known, and only the others are estimated. Leaving that out would
    flatter a model that answers seldom.

    Args:
        judged: the panel's figure of each item, 0 to 1.
        labels: what people said of the same items; ``None`` for no label. Those with a
            label have to be a random draw of all that were answered.
        answered: whether there was an answer to judge.

    Returns:
        ``None`` with fewer than ten labels.
    """
    import numpy as np

    there = np.array(answered, dtype=bool)
    own = [n for n, each in enumerate(answered) if each]
    told = [labels[n] for n in own]
    found = judged_mean([judged[n] for n in own], told)
    if found is None:
        return None
    figures = np.array([judged[n] for n in own], dtype=float)
    marked = np.array([label is not None for label in told])
    said = np.array([0.0 if label is None else label for label in told], dtype=float)
    counted = _counted(figures, said, marked, found.trust)
    values = np.zeros(len(there))
    values[there] = counted
    return JudgedItems(mean=_of_all(values, there, found), values=values)


def _counted(figures: Array, said: Array, marked: Any, trust: float) -> Array:  # noqa: ANN401 - an array of truth values
    """Return values whose mean is the estimate, and whose spread is its error.

    Each is the estimate and the influence of its item on it.
    """
    rest, count = said[marked] - trust * figures[marked], int(marked.sum())
    # λ was chosen by the same labels, which took a degree of freedom.
    more = math.sqrt((count - 1) / (count - 2)) if trust else 1.0
    others = figures[~marked]
    value = rest.mean() + (trust * others.mean() if trust else 0.0)
    values: Array = figures * 0.0 + value
    values[marked] += more * len(figures) / count * (rest - rest.mean())
    if trust:
        share = len(figures) / len(others)
        values[~marked] += share * trust * (others - others.mean())
    return values


def _of_all(values: Array, there: Array, answered: JudgedMean) -> JudgedMean:
    """Return the mean of all items, from that of those that were answered."""
    items = len(values)
    if there.all():
        return replace(answered, items=items)
    value = min(1.0, max(0.0, float(values.mean())))
    error = math.sqrt(float(values.var(ddof=1)) / items)
    low, high = around_share(value, error, answered.labels - 1)
    least, most = answered.estimate.low, answered.estimate.high
    share = float(there.mean())
    if low is not None and high is not None and None not in (least, most):
        # Of what people said the same of, labels alone tell how sure that is.
        low, high = min(low, share * (least or 0.0)), max(high, share * (most or 0.0))
    estimate = Estimate(value=value, low=low, high=high)
    return replace(answered, items=items, estimate=estimate, error=error)


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


def _estimate(value: float, error: float, said: Array) -> Estimate:
    import numpy as np

    count = len(said)
    if error <= _ROUNDING:
        # People said the same of all: their labels alone tell how sure that is.
        alone = mean_figure(said, np.ones(count))
        return Estimate(value=float(said.mean()), low=alone.low, high=alone.high)
    inside = min(1.0, max(0.0, value))
    found = around_share(inside, error, count - 1)
    return Estimate(value=inside, low=found[0], high=found[1])
