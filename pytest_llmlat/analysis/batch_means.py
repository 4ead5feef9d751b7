"""Error of a mean whose neighbouring values are alike, by batch means.

Under a load an answer waits for others: the one behind a slow answer is slow too.
Answers are then not independent, and intervals that resample them one by one cover the
mean of a queue at a load of 0.8 in only one case of three. Means of long stretches
(batches), in the order of sending, are nearly independent, and their spread tells the
error of the whole mean (Schmeiser 1982, Operations Research 30(3); Law 2015, ch. 9.5).

The length of a batch follows from the scenario and the number of requests alone. To
choose it by the dependence that is seen would give the narrowest interval to a short
run that has seen no queue yet. In an open loop nobody knows how long a queue takes to
forget, so several lengths are tried and the widest interval counts: the fewest batches
are three from 128 requests on, and one more for each four times as many. In a closed
loop an answer waits for those in flight with it, so a batch has twice as many.
``tests/perf/queues.py`` says how often such intervals cover.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.values.scenario import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.scenario import Scenario

FEWEST = 3
"""Batches that are needed before anything is told."""
_MOST = 20
"""Batches at most: more make an interval hardly narrower, and their means less
independent."""
_GROWTH = 4
_UPPER = (1 + CONFIDENCE) / 2
_SURE = NormalDist().inv_cdf(_UPPER)


def batch_counts(scenario: str, requests: int) -> tuple[int, ...] | None:
    """Return into how many batches so many requests are divided, each in its turn.

    Args:
        scenario: by its name, such as ``server:4``.
        requests: how many were measured.

    Returns:
        Empty where no request waits for another; ``None`` where there are too few.
    """
    offered = parse(scenario, where="scenario")[0]
    if offered.kind == "server":
        fewest = 0
        while 2 * _GROWTH ** (fewest + 1) <= requests:
            fewest += 1
        return (fewest, 2 * fewest, _MOST) if fewest >= FEWEST else None
    if offered.kind == "concurrent":
        count = min(_MOST, requests // (2 * _in_flight(offered)))
        return (count,) if count >= FEWEST else None
    return ()


def fewest_requests(scenario: str) -> int:
    """Return from how many requests on there is an interval; 1 for any number."""
    offered = parse(scenario, where="scenario")[0]
    if offered.kind == "server":
        return 2 * int(_GROWTH**FEWEST)
    return FEWEST * 2 * _in_flight(offered) if offered.kind == "concurrent" else 1


def shared_variance(values: Sequence[float], scenario: str) -> float | None:
    """Return the variance that likeness of neighbours adds to that of the mean.

    It comes on top of the variance that independent values have. It is enlarged by
    Student's t, so that 1.96 of its roots reach as far as t of so few batches does.

    Args:
        values: one for each request, in the order of sending; at least one.
        scenario: by its name.

    Returns:
        0.0 where they are no more alike than any others; ``None`` where there are too
        few of them to tell.
    """
    import numpy as np

    counts = batch_counts(scenario, len(values))
    if counts is None:
        return None
    if not counts:
        return 0.0
    row = np.array(values, dtype=float)
    alone = float(row.var(ddof=1)) / len(row)
    return max(0.0, *(_of_batches(row, count) - alone for count in counts))


def at_least_shared(values: Sequence[float], scenario: str) -> float:
    """Return :func:`shared_variance`, of few values too: then by the fewest batches.

    For what must be told of short runs too, such as whether a change is large.
    """
    import numpy as np

    found = shared_variance(values, scenario) if values else 0.0
    if found is not None:
        return found
    if len(values) < FEWEST:
        return 0.0
    row = np.array(values, dtype=float)
    alone = float(row.var(ddof=1)) / len(row)
    return max(0.0, _of_batches(row, FEWEST) - alone)


def effective_requests(values: Sequence[float], scenario: str) -> float | None:
    """Return how many independent values would tell as much of the mean.

    ``None`` where that cannot be told: too few values, or all of them alike.
    """
    import numpy as np

    shared = shared_variance(values, scenario)
    alone = float(np.var(values, ddof=1)) if len(values) > 1 else 0.0
    if shared is None or alone <= 0:
        return None
    return alone / (alone / len(values) + shared)


def alikeness(values: Sequence[float], scenario: str) -> float:
    """Return how many values, on average, tell as much of the mean as one alone.

    1.0 where neighbours are not alike, or that cannot be told.
    """
    import numpy as np

    alone = float(np.var(values, ddof=1)) / len(values) if len(values) > 1 else 0.0
    if alone <= 0:
        return 1.0
    return 1.0 + at_least_shared(values, scenario) / alone


def variance_by_batches(values: Sequence[float] | Array, count: int) -> float:
    """Return the variance of the mean by the means of so many batches.

    What is left over is left out at the beginning, where a queue may still be filling.

    Args:
        values: in the order in which they were measured.
        count: of the batches; at least two.
    """
    import numpy as np

    row = np.asarray(values, dtype=float)
    length = len(row) // count
    means = row[len(row) - count * length :].reshape(count, length).mean(axis=1)
    return float(means.var(ddof=1)) / count


def _of_batches(row: Array, count: int) -> float:
    """Return the variance by so many batches, enlarged since few tell it badly."""
    wider = student.quantile(_UPPER, count - 1) / _SURE
    return variance_by_batches(row, count) * wider**2


def _in_flight(scenario: Scenario) -> int:
    return max(1, int(scenario.level or 1))
