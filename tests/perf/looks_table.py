"""Count the shares of ``analysis/planned_looks.py``; run by hand.

    python -m tests.perf.looks_table         # the table, about a minute
    python -m tests.perf.looks_table edge    # how often looks exclude the true mean

A wealth that is reached without an effect is reached as often as the mean of 1 / wealth
says on reaching it with effects that are drawn as the bets are mixed.
"""

from __future__ import annotations

import math
import sys
from functools import cache
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.planned_looks import log_share

if TYPE_CHECKING:
    from numpy.random import Generator

    from pytest_llmlat.analysis.resampling import Array

PRIOR = 2.0
"""That of ``NormalMean``."""
FIRST = 5
"""Number of values with the first look."""
PLANNED = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 640, 1280)
LEVELS = np.arange(2, 13)
SERIES = 4000
P_VALUES = (0.0133, 0.0067, 0.0011)
RATIOS = np.linspace(-12, 12, 481)


@cache
def chances(degrees: int) -> Array:
    """Return Student's distribution at ``RATIOS``."""
    return np.array([student.cdf(float(ratio), degrees) for ratio in RATIOS])


def log_wealths(values: Array) -> Array:
    """Return the wealth of ``NormalMean`` against 0 after each value: (series, n)."""
    n = np.arange(1, values.shape[1] + 1)
    mean = values.cumsum(axis=1) / n
    squares = (values**2).cumsum(axis=1) - n * mean**2
    share = PRIOR / (n + PRIOR)
    between = n * mean**2
    inside = squares + share * between
    logs: Array = (np.log(share) + n * (np.log(squares + between) - np.log(inside))) / 2
    ratio = n * mean / (n + PRIOR) / np.sqrt(inside / (n * (n + PRIOR)))
    above = [np.interp(ratio[:, k], RATIOS, chances(k + 1)) for k in range(len(n))]
    logs += np.log(np.maximum(2 * np.stack(above, axis=1), 1e-300))
    logs[:, : FIRST - 1] = -math.inf
    return logs


def shares(planned: int, source: Generator) -> Array:
    """Return the mean of exp(level - wealth) on reaching each level; 0 if never."""
    effects = np.abs(source.standard_normal((SERIES, 1))) / math.sqrt(PRIOR)
    logs = log_wealths(effects + source.standard_normal((SERIES, planned)))
    found = []
    for level in LEVELS:
        at = (logs >= level).argmax(axis=1)
        reached = logs[np.arange(SERIES), at]
        found.append(np.where(reached >= level, np.exp(level - reached), 0.0).mean())
    return np.array(found)


def table() -> None:
    """Print the table."""
    source = np.random.default_rng(1)
    for planned in PLANNED:
        found = np.mean([shares(planned, source) for _ in range(4)], axis=0)
        print(planned, " ".join(f"{share:.3f}" for share in found), flush=True)


def edge() -> None:
    """Print how often looks at values without an effect find one, at three levels."""
    source = np.random.default_rng(2)
    for planned in (20, 40, 100, 200):
        most = np.concatenate(
            [
                log_wealths(source.standard_normal((SERIES, planned))).max(axis=1)
                for _ in range(10)
            ]
        )
        p = np.array([math.exp(min(0.0, log_share(planned, w) - w)) for w in most])
        told = ", ".join(f"{each}: {(p <= each).mean():.4f}" for each in P_VALUES)
        print(f"{planned} looks: {told}", flush=True)


if __name__ == "__main__":
    edge() if sys.argv[1:] == ["edge"] else table()
