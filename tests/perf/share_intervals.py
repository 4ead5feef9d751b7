"""Exact coverage of 95 % intervals of a share of right answers; run by hand.

    python -m tests.perf.share_intervals

Nothing is drawn: of so many items each number of right ones has its probability, and an
interval holds the truth or not. Beside each method stands whether any of them could
cover 93 to 97 of 100: what is covered are runs of neighbouring results, so that only
some coverages exist. It takes some seconds.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.intervals import counted_share

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.analysis.resampling import Array

    Low: TypeAlias = Callable[[int, int], float]
    """(right ones, items) to the lower limit; the upper one is that of the wrong."""

SIZES = (8, 15, 24, 40, 100)
ACCURACIES = (0.07, 0.3, 0.6)
"""0.93 is as 0.07."""
AROUND = np.arange(0.04, 0.1001, 0.001)
EVERY = np.arange(0.02, 0.5001, 0.001)
TAIL, SURE = 0.025, 1.959963984540054
BAND = (0.93, 0.97)
_HALVINGS = 40


def ours(right: int, items: int) -> float:
    """Return that of a run: Agresti & Coull's."""
    return counted_share(right, items).low or 0.0


def wilson(right: int, items: int) -> float:
    """Return Wilson's."""
    more = items + SURE**2
    root = math.sqrt(right * (items - right) / items + SURE**2 / 4)
    return max(0.0, (right + SURE**2 / 2 - SURE * root) / more)


def solved(tail: Callable[[float], float], right: int, items: int) -> float:
    """Return the share from which on so many and more are 2.5 % likely."""
    del items
    low, high = 0.0, 1.0
    if not right:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) < TAIL else (low, middle)
    return (low + high) / 2


def at_least(right: int, items: int, share: float) -> float:
    """Return the probability of so many right ones and more."""
    if right > items:
        return 0.0
    return student.incomplete_beta(right, items - right + 1, share)


def jeffreys(right: int, items: int) -> float:
    """Return Jeffreys': of Beta(right + 1/2, wrong + 1/2)."""
    a, b = right + 0.5, items - right + 0.5
    return solved(partial(student.incomplete_beta, a, b), right, items)


def mid_p(right: int, items: int) -> float:
    """Return that of the mid-P value: what was seen counts half."""

    def tail(share: float) -> float:
        more = at_least(right + 1, items, share)
        return (at_least(right, items, share) + more) / 2

    return solved(tail, right, items)


def exact(right: int, items: int) -> float:
    """Return Clopper and Pearson's."""
    return solved(partial(at_least, right, items), right, items)


METHODS: dict[str, Low] = {
    "Agresti-Coull (ours)": ours,
    "Wilson": wilson,
    "Jeffreys": jeffreys,
    "mid-P": mid_p,
    "exact": exact,
}


def probabilities(items: int, shares: Array) -> Array:
    """Return how likely each number of right ones is: (shares, numbers)."""
    right = np.arange(items + 1)
    ways = np.array([math.lgamma(n + 1) for n in range(items + 1)])
    found: Array = np.exp(
        ways[items]
        - ways
        - ways[::-1]
        + right * np.log(shares)[:, None]
        + (items - right) * np.log1p(-shares)[:, None]
    )
    return found


def possible(items: int, share: float) -> str:
    """Say which coverages there are in the band, or on both sides of it."""
    likely = probabilities(items, np.array([share]))[0]
    upto = np.concatenate([[0.0], np.cumsum(likely)])
    every = (upto[None, :] - upto[:, None]).ravel()
    within = every[(every >= BAND[0]) & (every <= BAND[1])]
    if len(within):
        return f"{100 * within.min():.1f} to {100 * within.max():.1f}"
    below, above = every[every < BAND[0]].max(), every[every > BAND[1]].min()
    return f"none: {100 * below:.1f} or {100 * above:.1f}"


def coverage(lows: Array, shares: Array) -> Array:
    """Return how often intervals with such lower limits hold each share, in per cent.

    Args:
        lows: by the number of right ones, from none on.
        shares: the truth.
    """
    within = (lows <= shares[:, None]) & (shares[:, None] <= 1 - lows[::-1])
    likely = probabilities(len(lows) - 1, shares)
    found: Array = 100 * (likely * within).sum(axis=1)
    return found


def widths(lows: Array) -> Array:
    """Return how wide the intervals are."""
    found: Array = 1 - lows[::-1] - lows
    return found


def main() -> None:
    """Print the tables."""
    points = np.array(ACCURACIES)
    for items in SIZES:
        told = ", ".join(f"{a}: {possible(items, a)}" for a in ACCURACIES)
        print(f"{items} items; coverages that there are, of right ones {told}")
        for name, low in METHODS.items():
            lows = np.array([low(right, items) for right in range(items + 1)])
            covered = partial(coverage, lows)
            own = " ".join(f"{one:5.1f}" for one in covered(points))
            near, every = covered(AROUND).mean(), covered(EVERY)
            wide = (probabilities(items, points) * widths(lows)).sum(axis=1)
            print(
                f"  {name:20} {own}; mean 0.04 to 0.1 {near:.1f}, 0.02 to 0.5"
                f" {every.mean():.1f}, least {every.min():.1f}; wide"
                f" {' '.join(f'{one:.2f}' for one in wide)}; 0 right up to"
                f" {1 - lows[-1]:.2f}"
            )


if __name__ == "__main__":
    main()
