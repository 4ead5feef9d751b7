"""Evidence of a setting beside today's: pairs of answers, and their differences.

A setting is measured in turn with the setting of today: one answer of each to the same
item, one right after the other. What slows the machine for a while is in both times,
so that differences may be compared that were measured at other minutes.

A balanced score is made of means over all items, so that it has no difference of one
item. Its jackknife pseudo-values are such (Efron & Stein 1981): their mean is the
difference, and their spread tells how sure it is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.balance import Balance

GainOf: TypeAlias = Literal["balance", "quality", "time", "cost", "joules"]
"""Quantity of which a gain is told. Gains are positive where a setting is better: of
times, costs and joules, they are logarithms of ratios."""
GAIN_OF: dict[str, GainOf] = {
    "balance": "balance",
    "fastest": "time",
    "cheapest": "cost",
    "least_energy": "joules",
}
"""What a setting is to gain, by the kind of goal."""
ItemKey: TypeAlias = tuple[str, str]
"""Task and item."""
FEWEST = 2
_RATIOS: tuple[GainOf, ...] = ("time", "cost", "joules")
_LEAST_TIME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswer:
    """The answer of one setting to one item, or the mean of several."""

    quality: float
    chance: float
    """Quality of guessing."""
    speed: float
    """Speed score beside the task's budget; 0 for a failure."""
    seconds: float | None
    """Time of the answer; ``None`` for a failure."""
    cost: float | None = None
    """Cost in money; ``None`` where no price is known."""
    joules: float | None = None
    """Measured energy, gross; ``None`` where no counter told it."""
    cost_score: float | None = None
    """Cost score beside the task's cost budget; ``None`` where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPair:
    """The answers of a setting and of today's to one item."""

    family: str
    task: str
    item: str
    candidate: TrialAnswer
    reference: TrialAnswer

    @property
    def key(self) -> ItemKey:
        """Task and item."""
        return self.task, self.item


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its bounds; infinite where too little is known."""

    mean: float
    low: float
    high: float


def contributions(
    pairs: Sequence[TrialPair], of: GainOf, *, balance: Balance = "geometric"
) -> dict[ItemKey, float]:
    """Return what each item tells of a gain; their mean is the gain.

    Families weigh alike, and so do the tasks of one, as in the scoreboard.

    Args:
        pairs: at least one.
        of: the quantity. Items that lack it are left out.
        balance: which mean is called balanced.
    """
    known = [pair for pair in pairs if _has(pair, of, balance)]
    if not known:
        return {}
    tasks: dict[tuple[str, str], list[TrialPair]] = defaultdict(list)
    for pair in known:
        tasks[pair.family, pair.task].append(pair)
    families: dict[str, int] = defaultdict(int)
    for family, _ in tasks:
        families[family] += 1
    parts = [
        (1 / (len(families) * families[family]), *_jackknife(own, of, balance), own)
        for (family, _), own in tasks.items()
    ]
    mean = math.fsum(weight * gain for weight, gain, _, _ in parts)
    found = {}
    for weight, _, pseudo, own in parts:
        scale, middle = weight * len(known) / len(own), float(pseudo.mean())
        for pair, value in zip(own, pseudo, strict=True):
            found[pair.key] = mean + scale * (float(value) - middle)
    return found


def level(pairs: Iterable[TrialPair], of: GainOf, *, balance: Balance) -> float:
    """Return the figure of today's setting that gains are counted from.

    Of times, costs and joules it is 1: gains are ratios.
    """
    if of in _RATIOS:
        return 1.0
    families: dict[str, dict[str, list[TrialPair]]] = defaultdict(dict)
    for pair in pairs:
        families[pair.family].setdefault(pair.task, []).append(pair)
    return fmean(
        fmean(
            _figure([p.reference for p in own], of, balance) for own in tasks.values()
        )
        for tasks in families.values()
    )


def fixed_interval(values: Sequence[float], confidence: float) -> Interval:
    """Return a mean with Student's interval, for a number of items fixed before."""
    mean = fmean(values)
    if len(values) < FEWEST:
        return Interval(mean, -math.inf, math.inf)
    squares = math.fsum((value - mean) ** 2 for value in values)
    error = math.sqrt(squares / (len(values) - 1) / len(values))
    reach = student.quantile((1 + confidence) / 2, len(values) - 1) * error
    return Interval(mean, mean - reach, mean + reach)


def within(gains: Mapping[ItemKey, float], keys: Iterable[ItemKey]) -> list[float]:
    """Return the contributions of some items, in their order."""
    return [gains[key] for key in keys if key in gains]


def _has(pair: TrialPair, of: GainOf, balance: Balance) -> bool:
    """Whether both answers of a pair have what a gain is made of."""
    sides = (pair.candidate, pair.reference)
    if of == "time":
        return all(side.seconds is not None for side in sides)
    if of in ("cost", "joules"):
        spent = [side.cost if of == "cost" else side.joules for side in sides]
        return all(each is not None and each > 0 for each in spent)
    if of == "balance" and weighed(balance).weighs_cost:
        return all(side.cost_score is not None for side in sides)
    return True


def _jackknife(
    pairs: Sequence[TrialPair], of: GainOf, balance: Balance
) -> tuple[float, Array]:
    """Return a task's gain, and its pseudo-value for each item."""
    import numpy as np

    candidate = _columns([pair.candidate for pair in pairs])
    reference = _columns([pair.reference for pair in pairs])
    if of != "balance":
        name = {"quality": 0, "time": 3, "cost": 4, "joules": 5}[of]
        gains = candidate[name] - reference[name]
        return float(gains.mean()), gains
    count = len(pairs)
    whole = _balanced(candidate.mean(axis=1), balance) - _balanced(
        reference.mean(axis=1), balance
    )
    if count < FEWEST:
        return float(whole), np.array([whole])
    left = [
        _balanced((side.sum(axis=1)[:, None] - side) / (count - 1), balance)
        for side in (candidate, reference)
    ]
    return float(whole), count * whole - (count - 1) * (left[0] - left[1])


def _columns(answers: Sequence[TrialAnswer]) -> Array:
    """Return quality, chance, speed, negative logs of what is spent, cost score."""
    import numpy as np

    return np.array(
        [
            [answer.quality for answer in answers],
            [answer.chance for answer in answers],
            [answer.speed for answer in answers],
            [-math.log(max(_LEAST_TIME, answer.seconds or 1.0)) for answer in answers],
            [-math.log(answer.cost or 1.0) for answer in answers],
            [-math.log(answer.joules or 1.0) for answer in answers],
            [answer.cost_score or 0.0 for answer in answers],
        ]
    )


def _balanced(means: Array, balance: Balance) -> Array:
    quality = score.normalize(means[0], means[1])
    # Only answers whose cost score is known are here, where it is weighed.
    found: Array = score.balance(quality, means[2], balance, cost=means[6])
    return found


def _figure(answers: Sequence[TrialAnswer], of: GainOf, balance: Balance) -> float:
    columns = _columns(answers).mean(axis=1)
    return float(columns[0] if of == "quality" else _balanced(columns, balance))
