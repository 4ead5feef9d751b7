"""What is called balanced: a mean of the scores of some axes, each with its weight.

``geometric`` alone is the mean of quality and speed that weigh the same; ``quality=1
speed=1 cost=1`` names the axes. Both may stand together: ``arithmetic quality=2
speed=1``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from pytest_llmlat.values.errors import UsageError

MeanName: TypeAlias = Literal["geometric", "arithmetic", "harmonic", "proportional"]
BALANCES: tuple[MeanName, ...] = get_args(MeanName)
"""The means, the usual one first."""
AxisName: TypeAlias = Literal["quality", "speed", "cost"]
AXIS_NAMES: tuple[AxisName, ...] = get_args(AxisName)
_USUAL: tuple[AxisName, ...] = ("quality", "speed")
_WEIGHT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?|\.[0-9]{1,6}")
_GRAMMAR = (
    f"must be a mean ({', '.join(BALANCES)}), weights such as"
    " 'quality=1 speed=1 cost=1', or both"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedMean:
    """A mean of the scores of named axes."""

    mean: MeanName = BALANCES[0]
    weights: tuple[tuple[AxisName, float], ...] = tuple((n, 1.0) for n in _USUAL)
    """Each axis that counts with its weight, in the order of ``AXIS_NAMES``; above
    0."""

    @property
    def shares(self) -> dict[AxisName, float]:
        """The weight of each axis that counts; their sum is 1."""
        whole = math.fsum(weight for _, weight in self.weights)
        return {name: weight / whole for name, weight in self.weights}

    @property
    def weighs_cost(self) -> bool:
        """Whether what an answer costs is one of its axes."""
        return "cost" in dict(self.weights)

    def with_quality(self, share: float) -> WeighedMean:
        """Return it with another share of quality; the other axes share the rest."""
        others = [(n, w) for n, w in self.shares.items() if n != "quality"]
        rest = math.fsum(weight for _, weight in others)
        if not rest:
            return self
        scaled = tuple((name, (1 - share) * w / rest) for name, w in others)
        return WeighedMean(mean=self.mean, weights=(("quality", share), *scaled))

    def __str__(self) -> str:
        """Write it as it is typed."""
        weights = (f"{name}={_plain(weight)}" for name, weight in self.weights)
        return " ".join((self.mean, *weights))


Balance: TypeAlias = MeanName | WeighedMean
"""What is called balanced. The name of a mean stands for that of quality and speed with
the same weight, and nothing else does: each balance is written in one way."""


def weighed(balance: Balance) -> WeighedMean:
    """Return a balance with its axes named."""
    return WeighedMean(mean=balance) if isinstance(balance, str) else balance


def parse_balance(text: str, *, where: str) -> Balance:
    """Return what is called balanced.

    Args:
        text: such as ``harmonic``, or ``quality=1 speed=1 cost=1``.
        where: the option, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    mean: MeanName | None = None
    weights: dict[AxisName, float] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        name, between, value = part.partition("=")
        if not between and name in BALANCES and mean is None:
            mean = cast("MeanName", name)
            continue
        if not between or name not in AXIS_NAMES or name in weights:
            raise UsageError(f"{where}: {_GRAMMAR}, not {text!r}")
        weights[cast("AxisName", name)] = _weight(value, f"{where}: {part!r}")
    if weights and "quality" not in weights:
        raise UsageError(
            f"{where}: must weigh quality, or who answers nonsense would be best:"
            f" {text!r}"
        )
    mean = mean or BALANCES[0]
    named = tuple((name, weights[name]) for name in AXIS_NAMES if name in weights)
    usual = tuple(dict(named)) == _USUAL and len(set(weights.values())) == 1
    return mean if usual or not named else WeighedMean(mean=mean, weights=named)


def _plain(weight: float) -> str:
    """Write a weight as it can be typed, without an exponent."""
    return f"{weight:.6f}".rstrip("0").rstrip(".")


def _weight(text: str, where: str) -> float:
    value = float(text) if _WEIGHT.fullmatch(text) else 0.0
    if not value:
        raise UsageError(
            f"{where}: a weight is a number above 0; leave out what is not to count"
        )
    return value
