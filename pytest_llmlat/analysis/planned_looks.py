"""Looks at a normal mean up to a planned number of values, and not for ever.

The wealth of ``NormalMean`` reaches 1 / alpha at some time with probability alpha at
most if values never end and wealth grows in small steps. Where looks end with the
planned value, much of that probability would have come later, and wealth mostly jumps
beyond 1 / alpha. What is left of it is known: wealth is a ratio of likelihoods, of
effects as they are mixed and of no effect, so that the chance of reaching a wealth
without an effect is the mean of 1 / wealth on reaching it with such effects (Wald 1947;
Siegmund 1985, Sequential Analysis, chapter 2). ``python -m tests.perf.looks_table``
counts the shares by that (16,000 series each, 8,000 of 640 values and
more; what is below 0.05 is too rare to be told and stands as that).
"""

from __future__ import annotations

import math
from bisect import bisect_left

_LEAST = 2
"""Logarithm of the wealth in the first column; it grows by one to the next."""
_SHARES = {
    10: (0.28, 0.17, 0.09, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05),
    14: (0.35, 0.25, 0.17, 0.12, 0.07, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05),
    20: (0.42, 0.34, 0.26, 0.20, 0.15, 0.11, 0.08, 0.06, 0.05, 0.05, 0.05),
    28: (0.48, 0.40, 0.33, 0.28, 0.23, 0.19, 0.16, 0.13, 0.11, 0.08, 0.07),
    40: (0.53, 0.46, 0.40, 0.35, 0.31, 0.27, 0.24, 0.21, 0.19, 0.16, 0.14),
    56: (0.56, 0.51, 0.46, 0.41, 0.38, 0.34, 0.31, 0.29, 0.26, 0.24, 0.22),
    80: (0.60, 0.56, 0.51, 0.47, 0.44, 0.41, 0.38, 0.36, 0.34, 0.32, 0.30),
    112: (0.63, 0.59, 0.56, 0.52, 0.50, 0.47, 0.45, 0.43, 0.41, 0.39, 0.37),
    160: (0.66, 0.63, 0.60, 0.57, 0.54, 0.52, 0.51, 0.49, 0.47, 0.45, 0.44),
    224: (0.68, 0.66, 0.63, 0.60, 0.59, 0.57, 0.55, 0.54, 0.52, 0.51, 0.50),
    320: (0.70, 0.68, 0.66, 0.64, 0.62, 0.61, 0.59, 0.58, 0.57, 0.56, 0.54),
    640: (0.74, 0.72, 0.70, 0.69, 0.68, 0.66, 0.66, 0.64, 0.64, 0.63, 0.62),
    1280: (0.76, 0.75, 0.74, 0.73, 0.72, 0.71, 0.70, 0.69, 0.69, 0.68, 0.67),
}
"""By the planned number of values: share of 1 / wealth that is the chance of reaching
that wealth at one of the looks, from the fifth value on."""
_PLANNED = tuple(_SHARES)


def log_share(planned: int, log_wealth: float) -> float:
    """Return the log of the share of 1 / wealth that is the chance of reaching it.

    Never below what was counted: of more planned values and less wealth the share is
    larger, and those of the table are taken.

    Args:
        planned: number of values with the last look.
        log_wealth: what was reached, by ``NormalMean``.
    """
    row = bisect_left(_PLANNED, planned)
    if row == len(_PLANNED) or log_wealth <= 0:
        return 0.0
    shares = _SHARES[_PLANNED[row]]
    if log_wealth < _LEAST:
        return math.log(shares[0]) * log_wealth / _LEAST
    place = min(log_wealth - _LEAST, len(shares) - 1.0)
    below = int(place)
    before = math.log(shares[below])
    after = math.log(shares[min(below + 1, len(shares) - 1)])
    return before + (place - below) * (after - before)
