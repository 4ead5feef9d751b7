"""Student's t distribution, which small samples need. Standard library only."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_CLOSE = 1e-14
_NEAR = 1e-12
_HALF = 0.5
_MOST_TERMS = 500
_NORMAL_FROM = 1e6
"""Degrees of freedom from which on it is the normal distribution, to six digits."""


def cdf(t: float, degrees: float) -> float:
    """Return the probability of at most ``t`` with so many degrees of freedom."""
    if math.isinf(t):
        return float(t > 0)
    if degrees > _NORMAL_FROM:
        return NormalDist().cdf(t)
    tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))
    return 1 - tail if t > 0 else tail


@lru_cache(maxsize=4096)
def quantile(probability: float, degrees: float) -> float:
    """Return where the distribution function reaches ``probability`` (0 < p < 1)."""
    low, high = -1.0, 1.0
    while cdf(low, degrees) > probability:
        low *= 2
    while cdf(high, degrees) < probability:
        high *= 2
    found = (low + high) / 2
    while high - low > _NEAR * max(1.0, -low, high):
        beyond = cdf(found, degrees) - probability
        if beyond < 0:
            low = found
        else:
            high = found
        # Newton's step where it stays between the two, else the middle.
        step = beyond / density(found, degrees)
        found -= step
        if not low < found < high:
            found = (low + high) / 2
        elif abs(step) < _NEAR * max(1.0, abs(found)):
            break
    return found


def density(t: float, degrees: float) -> float:
    """Return the density at ``t`` with so many degrees of freedom."""
    if degrees > _NORMAL_FROM:
        return NormalDist().pdf(t)
    half = degrees / 2
    scale = math.lgamma(half + _HALF) - math.lgamma(half)
    return math.exp(scale - (half + _HALF) * math.log1p(t * t / degrees)) / math.sqrt(
        math.pi * degrees
    )


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function (DLMF 8.17)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
    )
    # The fraction converges fast on this side only (DLMF 8.17.22).
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the function, by Lentz's method."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    step = 0.0
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            step = c * d
            value *= step
        if abs(step - 1) < _CLOSE:
            break
    return value


def _away(value: float) -> float:
    """Keep a denominator away from 0."""
    return value if abs(value) > _TINY else _TINY
