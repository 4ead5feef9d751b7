"""Chance: the quality of guessing on a task's items, which is taken off quality."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Sample, Task

_SHARE = 0.005
"""Rounding of a stated chance: one of two digits is no lower than it should be."""


def chances(task: Task, samples: Sequence[Sample]) -> tuple[float, ...]:
    """Return the quality of guessing each item, stated or computed.

    Args:
        task: its ``chance`` comes first, its metric says what guessing is.
        samples: all of the task, whichever of them are asked, so that a draw of few
            knows which answer is common.

    Raises:
        BadCatalogue: one answer is right for every item, and no number is given.
        BadExtension: the metric cannot be used.
        MissingExtra: the metric's library is not installed.
    """
    if task.chance is not None:
        return (task.chance,) * len(samples)
    own = _own(task, samples)
    graded = [s.reference for s in samples if s.graded]
    if graded and _mean(own, samples) >= 1:
        raise BadCatalogue(
            f"task {task.name!r}: the same answer is right for every sample,"
            f" {graded[0]!r:.80}: whoever always gives it has all of them"
            " right, and no quality above guessing can be told; add samples with other"
            " answers, or state 'chance = 0' if nobody can guess this one"
        )
    return own


def complaint(task: Task, samples: Sequence[Sample]) -> str | None:
    """Say what is wrong with a stated chance; ``None`` if nothing is."""
    if task.chance is None:
        return None
    own = _mean(_own(task, samples), samples)
    if own <= task.chance + _SHARE:
        return None
    return (
        f"task {task.name!r}: chance = {task.chance:.3g} is less than what guessing"
        f" earns on its samples, {own:.3f}: scores flatter; leave the key out"
    )


def _mean(own: Sequence[float], samples: Sequence[Sample]) -> float:
    """Return the mean over the samples that are graded, 0 if there are none."""
    return fmean([c for c, s in zip(own, samples, strict=True) if s.graded] or (0.0,))


def _own(task: Task, samples: Sequence[Sample]) -> tuple[float, ...]:
    """Return what the metric says of the set; one that says nothing means 0."""
    metric = METRICS[task.metric]
    graded = [sample for sample in samples if sample.graded]
    if metric.guess is None or not graded:
        return (0.0,) * len(samples)
    with METRICS.blamed(task.metric):
        found = iter(metric.guess(metric, task, graded))
    return tuple(next(found) if sample.graded else 0.0 for sample in samples)
