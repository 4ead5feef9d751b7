"""Looks at a change after each pair, so that measuring may stop at a result.

The chance of an error is shared out before anything is measured: the larger part goes
to a confidence sequence, which holds at every look, the rest to the test of the planned
number of pairs, which may be used only where all of them were measured. Either excludes
a value wrongly with its own part at most, so both together do with the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.confidence_sequences import BoundedMean, NormalMean
from pytest_llmlat.gate.pairing import LATENCIES, log_ratios
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmlat.analysis.confidence_sequences import ConfidenceSequence
    from pytest_llmlat.gate.pairing import Pairs
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.stopping import Stopping

    Interval = Callable[[float], tuple[float, float]]

AT_LOOKS = 0.8
"""Part of the level for the looks; the test of all pairs has the rest."""
FEWEST_RATIOS = 5
"""Pairs that are needed to know a spread well enough."""
_WORST = (-1.0, 1.0)
"""Range of a change in what lies between 0 and 1."""
_STEPS = 17
_HALVINGS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """The evidence of looking at a change after each pair."""

    sequence: ConfidenceSequence | None
    """Confidence sequence; ``None`` of a figure that is no mean, such as corpus BLEU:
    it is tested at the end alone."""
    early: bool
    """Whether measuring was stopped by a result, so that no test of a fixed number of
    pairs holds."""

    def interval(self, alpha: float, planned: Interval) -> tuple[float, float]:
        """Return the interval at 1 - ``alpha``.

        Args:
            alpha: of both sides.
            planned: the interval of a number of pairs that was fixed before, by its
                level.
        """
        low, high = _WORST
        if self.sequence is not None:
            low, high = self.sequence.interval(AT_LOOKS * alpha)
        if self.early:
            return low, high
        own = planned((1 - AT_LOOKS) * alpha)
        both = max(low, own[0]), min(high, own[1])
        # Apart they are only if one of them is wrong.
        return both if both[0] <= both[1] else (min(low, own[0]), max(high, own[1]))

    def p(self, planned: float) -> float:
        """Return the p-value of no change for the worse.

        Args:
            planned: that of a number of pairs that was fixed before.
        """
        found = 1.0
        if self.sequence is not None:
            found = self.sequence.p_above(0.0) / AT_LOOKS
        if not self.early:
            found = min(found, planned / (1 - AT_LOOKS))
        return min(1.0, found)


def unsuited(stopping: Stopping | None) -> str | None:
    """Say why a cell cannot be compared with what it was not measured beside."""
    if stopping is None or not stopping.early:
        return None
    return f"it was {stopping.told}: no test of a fixed number of samples holds for it"


def sequences(
    pairs: Pairs, quantities: Iterable[str], *, balance: Balance, planned: int
) -> dict[str, ConfidenceSequence]:
    """Return the confidence sequence of each change that has one; positive is worse.

    Args:
        pairs: at least one.
        quantities: names of them.
        balance: which mean is called balanced.
        planned: number of pairs with the last look.
    """
    found: dict[str, ConfidenceSequence] = {}
    for name in quantities:
        if name in LATENCIES:
            ratios = [ratio for ratio in log_ratios(pairs, name) if ratio is not None]
            if len(ratios) >= FEWEST_RATIOS:
                found[name] = NormalMean.of(ratios, planned=planned)
        elif name not in _scores(balance):
            continue
        elif METRICS[pairs.candidate[0].first.metric].corpus is None:
            halves = _Halves.of(pairs, balance)
            found[name] = halves.quality_loss if name == "quality" else halves
    return found


def _scores(balance: Balance) -> tuple[str, ...]:
    """Return the scores that are looked at on the way.

    What answers cost is tested at the end alone, and so is a score that weighs it.
    """
    return ("quality",) if weighed(balance).weighs_cost else ("quality", "balanced")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Halves:
    """Bounds of the loss of balanced score, from those of its halves on both sides.

    All four hold at once, so that the largest and the smallest loss that they allow
    bound it. That is wider than need be: it is there to call a loss tolerable. What is
    assumed of speeds is what is assumed of the latencies that they are made of.
    """

    quality: BoundedMean
    """Quality of the reference."""
    quality_loss: BoundedMean
    speed: BoundedMean
    speed_loss: NormalMean
    chance: float
    balance: Balance

    @classmethod
    def of(cls, pairs: Pairs, balance: Balance) -> _Halves:
        both = list(zip(pairs.candidate, pairs.baseline, strict=True))
        return cls(
            quality=BoundedMean(tuple(b.value for _, b in both)),
            quality_loss=BoundedMean(tuple(b.value - a.value for a, b in both), -1.0),
            speed=BoundedMean(tuple(b.speed for _, b in both)),
            speed_loss=NormalMean.of([b.speed - a.speed for a, b in both]),
            chance=fmean(a.first.chance for a, _ in both),
            balance=balance,
        )

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the interval at 1 - ``alpha``; each side fails with half of that.

        A side fails with one side of both losses, or with either side of a figure.
        """
        import numpy as np

        levels = [
            np.linspace(*each.interval(alpha / 8), _STEPS)
            for each in (self.quality, self.speed)
        ]
        quality, speed = np.meshgrid(*levels)
        ends = [
            each.interval(alpha / 4) for each in (self.quality_loss, self.speed_loss)
        ]
        before = self._score(quality, speed)
        losses = [
            before
            - self._score((quality - lost).clip(0, 1), (speed - slower).clip(0, 1))
            for lost, slower in zip(*ends, strict=True)
        ]
        return float(losses[0].min()), float(losses[1].max())

    def p_above(self, null: float) -> float:
        """Return the p-value of a loss of at most ``null``, valid at every look."""
        if self.interval(1.0)[0] <= null:
            return 1.0
        # The level at which the interval's lower end leaves it, on the log scale.
        least, most = -40.0, 0.0
        for _ in range(_HALVINGS):
            middle = (least + most) / 2
            if self.interval(2.0**middle)[0] > null:
                most = middle
            else:
                least = middle
        return float(2.0**most) / 2

    def _score(self, quality: Any, speed: Any) -> Any:  # noqa: ANN401 - arrays
        return score.balance(score.normalize(quality, self.chance), speed, self.balance)
