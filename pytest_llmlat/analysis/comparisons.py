"""Comparisons of all pairs of rows: which is better, with one promise for all pairs.

Rows of one run answered the same samples and are resampled in step, so the draws of two
rows may be subtracted: what makes a sample hard for both cancels out. To pick the best
of many rows and compare it with the rest is to compare all pairs; so the bounds hold
for all pairs at once (max-t over the resamples, as in Romano & Wolf 2005), expanded for
small samples by Student's t.

Each pair is compared in three ways: by the mean logarithm of how much longer one took
for the same samples, by the difference of their qualities, and by that of their scores.
Bounds of scores and qualities, which mostly go together, hold at once; those of times
hold among themselves, and are widened as said below. A row is better if it is faster
and as good, if its answers are better and it is as fast, or if its score is higher; "as
good" and "as fast" are stated margins (``EQUAL_QUALITY``, ``EQUAL_TIME``), and must
hold for certain too.

Resampling knows how samples differ, and nothing of what a whole cell has in common: the
minute in which it was measured. So the bounds are widened by as much as times alone may
move a score from one cell to the next (``score.DRIFT``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.analysis.row_halves import quality_difference
from pytest_llmlat.analysis.score import DRIFT
from pytest_llmlat.values.results import Contrast, Estimate
from pytest_llmlat.values.row_comparison import EQUAL_QUALITY, EQUAL_TIME, WhyBetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.analysis.row_halves import RowHalves
    from pytest_llmlat.values.row_comparison import Answers, Pace

_NORMAL = NormalDist()
_ROUNDING = 1e-9
"""Standard error below which a difference is only rounding."""
_FEWEST = 2
_ALMOST_SURE = 1 - 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A row that can be compared: its score and its resamples."""

    name: str
    value: float
    """The balanced score."""
    draws: Array
    """Resampled scores, (draws,), in step with those of other rows."""
    samples: int
    """Number of samples of its smallest cell."""
    drift: float = 0.0
    """Amount by which its score may be lower at another minute, with nothing
    changed."""
    halves: RowHalves | None = None
    """Its quality and its time apart; ``None`` where only the score is compared."""
    by_score: bool = False
    """Whether its score alone makes it better: where cost is weighed, who is faster or
    has better answers may be dearer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Difference:
    """A difference of two rows in one quantity, with its draws."""

    value: float
    draws: Array
    error: float
    """Standard error of the difference, by its draws."""
    drift: float
    """Error of the difference that comes from the minute of measuring."""

    @property
    def told(self) -> bool:
        """Whether the draws vary, so that they have a standard error."""
        return not math.isnan(self.error) and self.error > _ROUNDING


def best_against_others(rows: Sequence[Scored]) -> tuple[Contrast, ...]:
    """Compare the best row with each other one.

    Intervals are widened for all pairs of rows, not for those of the best alone:
    which row is the best is read off the same figures.
    """
    if len(rows) < _FEWEST:
        return ()
    best = max(range(len(rows)), key=lambda place: rows[place].value)
    pairs = list(combinations(range(len(rows)), 2))
    # The best comes first in its pairs, so that a difference is how much better it is.
    pairs = [(best, a + b - best) if best in (a, b) else (a, b) for a, b in pairs]
    found = _contrasts(rows, pairs)
    return tuple(
        contrast for contrast, pair in zip(found, pairs, strict=True) if pair[0] == best
    )


def others_against(rows: Sequence[Scored], place: int) -> tuple[Contrast, ...]:
    """Compare each other row with the one at ``place``, such as the default."""
    others = [number for number in range(len(rows)) if number != place]
    return tuple(_contrasts(rows, [(number, place) for number in others]))


def _contrasts(
    rows: Sequence[Scored], pairs: Sequence[tuple[int, int]]
) -> Iterable[Contrast]:
    """Compare pairs of rows both ways, with bounds that hold for all at once."""
    if not pairs:
        return []
    compared = [_Pair(rows[a], rows[b]) for a, b in pairs]
    earned = _reach([one for pair in compared for one in pair.earned])
    times = _reach([one for pair in compared for one in pair.times])
    return [
        pair.contrast(earned=earned, times=times, among=len(pairs)) for pair in compared
    ]


def _reach(differences: Sequence[_Difference]) -> float:
    """Return the number of standard errors that holds for all differences (max-t)."""
    import numpy as np

    told = [one for one in differences if one.told]
    if not told:
        return 0.0
    drawn = np.stack([one.draws for one in told], axis=1)
    errors = np.array([one.error for one in told])
    widest = np.abs(drawn - drawn.mean(axis=0)) / errors
    return float(np.quantile(widest.max(axis=1), CONFIDENCE))


class _Pair:
    """A pair of rows and the differences between them."""

    def __init__(self, row: Scored, other: Scored) -> None:
        """Subtract one row from the other; draws are in step."""
        self._row, self._other = row, other
        self._samples = min(row.samples, other.samples)
        self.score = _difference(
            row.value - other.value,
            row.draws - other.draws,
            drift=max(row.drift, other.drift),
        )
        self._quality = self._longer = None
        own, its = row.halves, other.halves
        if own is None or its is None:
            return
        self._quality = _difference(
            own.quality - its.quality,
            quality_difference(own, its, seed=f"{row.name}|{other.name}"),
            drift=0.0,
        )
        if own.log_time is not None and its.log_time is not None:
            self._longer = _difference(
                its.log_time - own.log_time,
                its.log_time_draws - own.log_time_draws,
                drift=math.log1p(DRIFT),
            )

    @property
    def earned(self) -> list[_Difference]:
        """The differences of score and of quality, as far as they are known."""
        return [one for one in (self.score, self._quality) if one is not None]

    @property
    def times(self) -> list[_Difference]:
        """The difference of times, if it is known."""
        return [] if self._longer is None else [self._longer]

    def contrast(self, *, earned: float, times: float, among: int) -> Contrast:
        """Say what differs for certain.

        Args:
            earned: how many standard errors the bounds of scores and qualities reach,
                with many samples.
            times: the same of times.
            among: how many pairs are compared.
        """
        told, certain = self._of_scores(earned, among)
        longer = self._bounds(self._longer, times, among)
        quality = self._bounds(self._quality, earned, among).within(1.0)
        as_good = quality.low >= -EQUAL_QUALITY
        as_fast = longer.low >= -math.log1p(EQUAL_TIME)
        halves = not (self._row.by_score or self._other.by_score)
        ways = {
            WhyBetter.FASTER: halves and longer.low > 0 and as_good,
            WhyBetter.ANSWERS: halves and quality.low > 0 and as_fast,
            WhyBetter.BALANCE: bool(certain),
        }
        why = tuple(way for way, holds in ways.items() if holds)
        pace: Pace | None = "faster" if longer.low > 0 else None
        answers: Answers | None = "better" if quality.low > 0 else None
        return Contrast(
            row=self._row.name,
            other=self._other.name,
            difference=told,
            certain=True if why else certain,
            why=why,
            longer=longer.estimate(math.expm1),
            quality=quality.estimate(float),
            pace="slower" if longer.high < 0 else pace,
            answers="worse" if quality.high < 0 else answers,
        )

    def _bounds(
        self, found: _Difference | None, reach: float, among: int
    ) -> _HalfBounds:
        """Return the bounds of a half; there are none where it is not known."""
        if found is None or self._samples < _FEWEST or math.isnan(found.error):
            return _HalfBounds(value=None if found is None else found.value)
        if not found.told and not self._all_agree(among):
            return _HalfBounds(value=found.value)
        bound = self._reach(reach) * found.error + found.drift
        return _HalfBounds(
            value=found.value, low=found.value - bound, high=found.value + bound
        )

    def _reach(self, reach: float) -> float:
        """Return how many standard errors the bounds reach with so few samples."""
        within = min(_NORMAL.cdf(reach), _ALMOST_SURE)
        # A bootstrap's spread is too small by the square root of (n - 1)/n.
        widened = math.sqrt(self._samples / (self._samples - 1))
        return student.quantile(within, self._samples - 1) * widened

    def _of_scores(self, reach: float, among: int) -> tuple[Estimate, bool | None]:
        """Return how much higher the score is, and whether it is for certain."""
        import numpy as np

        found, estimate = self.score, self.score.value
        if math.isnan(found.error) or self._samples < _FEWEST:
            return Estimate(value=estimate), None
        if found.told:
            within = min(_NORMAL.cdf(reach), _ALMOST_SURE)
            bound = self._reach(reach) * found.error
            # A score ends at 0, and near there its resamples lie to one side.
            low, high = map(float, np.quantile(found.draws, [1 - within, within]))
            low = min(low, estimate - bound) - found.drift
            high = max(high, estimate + bound) + found.drift
            # Two scores between 0 and 1 are no further apart than that.
            told = Estimate(value=estimate, low=max(-1.0, low), high=min(1.0, high))
            return told, low > 0
        certain = estimate - found.drift > _ROUNDING and self._all_agree(among)
        return Estimate(value=estimate), certain

    def _all_agree(self, among: int) -> bool:
        """Whether there are enough samples to trust them where all agree.

        Each may as well have gone the other way.
        """
        return 2 * 0.5**self._samples * among <= 1 - CONFIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _HalfBounds:
    """A difference of one half with its bounds; unbounded if nothing is known."""

    value: float | None
    low: float = -math.inf
    high: float = math.inf

    def within(self, most: float) -> _HalfBounds:
        """Return it with bounds within the range that is possible."""
        if math.isinf(self.low):
            return self
        return replace(self, low=max(-most, self.low), high=min(most, self.high))

    def estimate(self, scale: Callable[[float], float]) -> Estimate:
        """Return it as an estimate, in the units that reports tell."""
        if self.value is None:
            return Estimate(value=None)
        if math.isinf(self.low):
            return Estimate(value=scale(self.value))
        low, high = scale(self.low), scale(self.high)
        return Estimate(value=scale(self.value), low=low, high=high)


def _difference(value: float, draws: Array, *, drift: float) -> _Difference:
    return _Difference(value=value, draws=draws, error=float(draws.std()), drift=drift)
