"""The change of a quantity between two measurements, and how sure it is.

Samples are resampled in pairs: both sides of a draw answered the same ones. Intervals
are percentile intervals of 10,000 draws, expanded for small samples as Hesterberg
(2015, The American Statistician 69(4), section 4.3) describes; p-values are one-sided.
For right and wrong the p-value is that of McNemar's test, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate import mcnemar
from pytest_llmlat.gate.between_runs import NOTHING, Spread, summed
from pytest_llmlat.gate.labelled_pairs import as_people_count
from pytest_llmlat.gate.neighbours import SPEED
from pytest_llmlat.gate.pair_costs import COST_SCORE, COSTS, PairedCosts
from pytest_llmlat.gate.paired_sums import paired_sums, waiting_sums
from pytest_llmlat.gate.pairing import LATENCIES, log_ratios
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.gate.looks import Looks
    from pytest_llmlat.gate.pairing import Pairs, Side
    from pytest_llmlat.values.balance import Balance

QUALITY, BALANCED = "quality", "balanced"
RATIOS = (*LATENCIES, *COSTS)
QUANTITIES = (QUALITY, BALANCED, *RATIOS)
"""Quantities that can be gated between two measurements; a change is a ratio or not."""
FEWEST = 5
"""Pairs that are needed to know a spread well enough."""
_LEAST_DRAWS = 10
_EXACT = 1e-6
"""Standard error below which a change is rounding: draws are summed in single
precision."""
_STEP, _HALF, _LEAST_COST = 0.01, 0.5, 1e-300
_NORMAL = NormalDist()
_NOTHING: Mapping[str, float] = MappingProxyType({})
_NO_COSTS = PairedCosts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change in one quantity; positive is worse. Of a ratio it is its logarithm."""

    quantity: str
    samples: int
    baseline: float | None
    candidate: float | None
    """Figures of both sides: seconds (geometric mean of a sample), or a ratio."""
    estimate: float
    error: float
    """Standard error of the change."""
    p: float
    """Probability of such a change for the worse, or a larger one, if there is none."""
    draws: Array
    """Resampled changes, (draws,)."""
    equal: bool = False
    """Whether all pairs agree exactly, so that no resample could show a change."""
    whole: bool = False
    """Whether it is of answers that are right or wrong, with nothing between."""
    slope: float = 0.0
    """Growth of the change if all times grow by one on the log scale."""
    between: Spread = NOTHING
    """Variance of the change beyond that of its samples: what runs differ in."""
    by_t: bool = False
    """Whether its interval is at least Student's: few values do not reach as far."""
    looks: Looks | None = None
    """Evidence of looking after each pair; ``None`` for a fixed number of pairs."""

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the two-sided interval at level 1 - ``alpha``.

        What runs differ in is added to what samples differ in by the squares of both
        reaches (MOVER; Zou & Donner 2008, Statistics in Medicine 27(10)), each by the t
        of their sum (Welch 1947).
        """
        if self.looks is not None:
            return self.looks.interval(alpha, self._of_samples)
        low, high = self._of_samples(alpha)
        if not self.between.variance:
            return low, high
        bound = student.quantile(alpha / 2, self.total.degrees)
        reach = bound * math.sqrt(self.between.variance)
        scale = bound / student.quantile(alpha / 2, self.samples - 1)
        return (
            self.estimate - math.hypot(scale * (self.estimate - low), reach),
            self.estimate + math.hypot(scale * (high - self.estimate), reach),
        )

    def looked_at(self, looks: Looks) -> Change:
        """Return this change with an interval that holds at every look."""
        return replace(self, looks=looks, p=looks.p(self.p))

    @property
    def total(self) -> Spread:
        """Variance of the change, from samples and from runs."""
        return summed([Spread(self.error**2, self.samples - 1), self.between])

    def across_runs(self, between: Spread, *, beyond: float = 0.0) -> Change:
        """Return this change with the variance between runs added.

        Args:
            between: a variance of log times.
            beyond: what its p-value is to be of: a change by more than this.
        """
        if not self.slope:
            return self
        added = Spread(self.slope**2 * between.variance, between.degrees)
        wider = replace(self, between=added)
        whole, over = wider.total, self.estimate - beyond
        p = float(over <= 0)
        if whole.variance:
            p = student.cdf(-over / math.sqrt(whole.variance), whole.degrees)
        return replace(wider, p=p)

    def _of_samples(self, alpha: float) -> tuple[float, float]:
        # If none of n differs, at most this share would (rule of three, exactly).
        reach = 1 - (alpha / 2) ** (1 / self.samples)
        if self.equal and self.quantity != QUALITY:
            # A share bounds what lies between 0 and 1, and no latency.
            return self.estimate, self.estimate
        if self.equal:
            return self.estimate - reach, self.estimate + reach
        low, high = self._drawn(alpha)
        # No resample loses an answer if none was lost, however few there are.
        return low, max(high, self.estimate + reach) if self.whole else high

    def _drawn(self, alpha: float) -> tuple[float, float]:
        import numpy as np

        degrees = self.samples - 1
        bound = student.quantile(alpha / 2, degrees)
        tail = _NORMAL.cdf(bound * math.sqrt(self.samples / degrees))
        least = _LEAST_DRAWS / len(self.draws)
        inner = max(tail, least)
        low, high = map(float, np.quantile(self.draws, [inner, 1 - inner]))
        if tail >= least and not self.by_t:
            return low, high
        # So far out there are too few draws to tell, but not nearer than the last.
        reach = -bound * self.error
        return min(low, self.estimate - reach), max(high, self.estimate + reach)


def changes(
    pairs: Pairs,
    quantities: Sequence[str],
    *,
    balance: Balance,
    shared: Mapping[str, float] = _NOTHING,
    costs: PairedCosts = _NO_COSTS,
) -> dict[str, Change]:
    """Return the change of each quantity; those that no pair has are left out.

    Args:
        pairs: at least ``FEWEST``.
        quantities: of ``QUANTITIES``.
        balance: which mean is called balanced.
        shared: how much more each latency and the speed vary since requests under a
            load wait for each other.
        costs: of both sides, where they are gated or weighed.
    """
    latencies = [name for name in LATENCIES if name in quantities]
    ratios = {name: log_ratios(pairs, name) for name in latencies}
    quality = _Quality(pairs, balance, costs)
    drawn = paired_sums(
        {
            **{name: _deviations(ratios[name]) for name in latencies},
            "speeds": [(a.speed, b.speed) for a, b in _zipped(pairs)],
            "values": quality.rows,
            "chances": [(side.first.chance,) for side in pairs.candidate],
            **costs.rows,
        }
    )
    for name in latencies:
        count = sum(ratio is not None for ratio in ratios[name])
        drawn[name] = drawn[name] + waiting_sums(name, shared, count)
    drawn["speeds"][:, :1] += waiting_sums(SPEED, shared, len(pairs.candidate))
    found = {
        name: _latency(pairs, name, ratios[name], drawn[name]) for name in latencies
    }
    wanted = {QUALITY, BALANCED} & set(quantities)
    found |= {n: c for n, c in quality.changes(drawn).items() if n in wanted}
    found |= {
        name: _cost(name, costs, drawn[name]) for name in COSTS if name in costs.rows
    }
    kept = {name: change for name, change in found.items() if change is not None}
    return {name: kept[name] for name in QUANTITIES if name in kept}


def _deviations(ratios: Sequence[float | None]) -> list[tuple[float]]:
    """Return how far each is from the mean; one that is missing moves nothing."""
    known = [ratio for ratio in ratios if ratio is not None]
    middle = fmean(known) if known else 0.0
    return [(0.0,) if ratio is None else (ratio - middle,) for ratio in ratios]


def _latency(
    pairs: Pairs, name: str, ratios: Sequence[float | None], sums: Array
) -> Change | None:
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < FEWEST:
        return None
    column = LATENCIES.index(name)
    there = [place for place, ratio in enumerate(ratios) if ratio is not None]
    ours, theirs = (
        math.exp(fmean(sides[place].logs[column] or 0.0 for place in there))
        for sides in (pairs.candidate, pairs.baseline)
    )
    change = _change(
        name,
        estimate=fmean(known),
        draws=fmean(known) + sums[:, 0] / len(known),
        samples=len(known),
        candidate=ours,
        baseline=theirs,
    )
    return replace(change, slope=1.0)


def _cost(name: str, costs: PairedCosts, sums: Array) -> Change:
    """Return the change of what a right answer costs: a log ratio."""
    import numpy as np

    rows = costs.rows[name]
    whole = np.sum(rows, axis=0)
    # A resample without a right answer has half of one.
    least = np.array([_LEAST_COST, _HALF, _LEAST_COST, _HALF])
    ours, right, theirs, their_right = np.log(np.maximum(whole, least))
    drawn = np.log(np.maximum(sums, least))
    change = _change(
        name,
        estimate=float(ours - right - theirs + their_right),
        draws=drawn[:, 0] - drawn[:, 1] - drawn[:, 2] + drawn[:, 3],
        samples=len(rows),
        candidate=float(np.exp(ours - right)),
        baseline=float(np.exp(theirs - their_right)),
    )
    return replace(change, slope=float(name in costs.of_time))


class _Quality:
    """Quality on both sides, and the score that is made of it, of speed and of cost."""

    def __init__(self, pairs: Pairs, balance: Balance, costs: PairedCosts) -> None:
        self._pairs, self._balance, self._costs = pairs, balance, costs
        self._metric = METRICS[pairs.candidate[0].first.metric]
        rows: list[tuple[float, ...]] = [
            (*a.counts, *b.counts) if self._metric.corpus else (a.value, b.value)
            for a, b in _zipped(pairs)
        ]
        self.rows, self._certain = as_people_count(pairs, rows)

    def changes(self, drawn: Mapping[str, Array]) -> dict[str, Change]:
        """Return the change of quality and of the balanced score."""
        count = len(self.rows)
        ours, theirs = self._values()
        our_draws, their_draws = self._draws(drawn["values"].clip(0))
        speeds = [(a.speed, b.speed) for a, b in _zipped(self._pairs)]
        our_speeds, their_speeds = (drawn["speeds"] / count).clip(0, 1).T
        # The candidate's on both sides: an older baseline may have known another.
        chance = fmean(side.first.chance for side in self._pairs.candidate)
        chances = drawn["chances"][:, 0] / count
        quality = _change(
            QUALITY,
            estimate=theirs - ours,
            draws=their_draws - our_draws,
            samples=self._certain,
            candidate=ours,
            baseline=theirs,
            p=_mcnemar(self._pairs),
        )
        if weighed(self._balance).weighs_cost and COST_SCORE not in drawn:
            return {QUALITY: quality}
        ours_, theirs_ = (fmean(side) for side in zip(*speeds, strict=True))
        (our_cost, their_cost), (our_costs, their_costs) = self._of_cost(drawn)
        our_score = self._score(ours, chance, ours_, our_cost)
        their_score = self._score(theirs, chance, theirs_, their_cost)
        our_scores = self._score(our_draws, chances, our_speeds, our_costs)
        their_scores = self._score(their_draws, chances, their_speeds, their_costs)
        balanced = _change(
            BALANCED,
            estimate=their_score - our_score,
            draws=their_scores - our_scores,
            samples=self._certain,
            candidate=our_score,
            baseline=their_score,
        )
        slope = self._slope(ours, chance, ours_, our_cost)
        balanced = replace(balanced, slope=slope)
        return {QUALITY: quality, BALANCED: balanced}

    def _values(self) -> tuple[float, float]:
        """Return the cell's figure on both sides."""
        width = len(self.rows[0]) // 2
        if self._metric.corpus:
            ours = [row[:width] for row in self.rows]
            theirs = [row[width:] for row in self.rows]
            return self._metric.quality(ours), self._metric.quality(theirs)
        return fmean(row[0] for row in self.rows), fmean(row[1] for row in self.rows)

    def _draws(self, sums: Array) -> tuple[Array, Array]:
        """Return the cell's figure on both sides for each resample."""
        width = len(self.rows[0]) // 2
        if self._metric.corpus:
            quality = self._metric.quality_draws
            return quality(sums[:, :width]), quality(sums[:, width:])
        return sums[:, 0] / len(self.rows), sums[:, 1] / len(self.rows)

    def _of_cost(self, drawn: Mapping[str, Array]) -> tuple[Any, Any]:
        """Return the mean cost score of both sides, and its draws."""
        rows = self._costs.rows.get(COST_SCORE)
        if rows is None:
            return (None, None), (None, None)
        means = tuple(fmean(side) for side in zip(*rows, strict=True))
        return means, (drawn[COST_SCORE] / len(rows)).clip(0, 1).T

    def _slope(
        self, quality: float, chance: float, speed: float, cost: float | None
    ) -> float:
        """Return how much the score falls if all times grow by one on the log scale.

        A mean speed falls by no more than if all its samples were equally fast.
        """
        slower, dearer = speed - _STEP * speed * (1 - speed), cost
        if cost is not None and COST_SCORE in self._costs.of_time:
            dearer = cost - _STEP * cost * (1 - cost)
        before = self._score(quality, chance, speed, cost)
        after = self._score(quality, chance, slower, dearer)
        return float(before - after) / _STEP

    def _score(self, quality: Any, chance: Any, speed: Any, cost: Any) -> Any:  # noqa: ANN401 - floats or arrays of draws
        quality = score.normalize(quality, chance)
        return score.balance(quality, speed, self._balance, cost=cost)


def _change(
    quantity: str,
    *,
    estimate: float,
    draws: Array,
    samples: int,
    candidate: float,
    baseline: float,
    p: float | None = None,
) -> Change:
    """Return the change with the standard error and p that follow from its draws.

    For answers that are right or wrong p is given: that of McNemar's test.

    A bootstrap's spread is too small by the square root of (n - 1)/n. Where all pairs
    changed alike there is none: each may as well have changed the other way.
    """
    error = float(draws.std()) * math.sqrt(samples / (samples - 1))
    equal, whole = error <= _EXACT, p is not None
    if p is None and equal:
        p = 0.5**samples if estimate > _EXACT else 1.0
    elif p is None:
        p = student.cdf(-estimate / error, samples - 1)
    return Change(
        quantity=quantity,
        samples=samples,
        baseline=baseline,
        candidate=candidate,
        estimate=estimate,
        error=error,
        p=p,
        draws=draws,
        equal=equal,
        whole=whole,
    )


def _mcnemar(pairs: Pairs) -> float | None:
    """Return the exact one-sided p of right answers that became wrong ones.

    ``None`` where answers are not simply right or wrong.
    """
    lost = won = 0
    for ours, theirs in _zipped(pairs):
        if ours.correct is None or theirs.correct is None:
            return None
        lost += theirs.correct and not ours.correct
        won += ours.correct and not theirs.correct
    return mcnemar.loss(lost, won, len(pairs.candidate))


def _zipped(pairs: Pairs) -> list[tuple[Side, Side]]:
    return list(zip(pairs.candidate, pairs.baseline, strict=True))
