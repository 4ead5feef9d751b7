"""Agreement of sittings: whether answers take as long as before a cell was cut off.

Some kept answers are measured again, each is a pair with itself, and the mean of the
log ratios has a Student interval. Two sittings agree where all of that interval is
within the bound: two one-sided tests of equivalence (Schuirmann 1987, Journal of
Pharmacokinetics and Biopharmaceutics 15(6)). That few pairs show no difference is not
taken for there being none.
"""

from __future__ import annotations

import math
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.student_t import quantile
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.sittings import Sitting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record

BOUND = 0.05
"""Change of the mean e2e up to which two sittings are of one machine: what a gate
tolerates by default."""
LEVEL = 0.05
"""Probability at most that sittings agree whose mean differs by more than the bound."""
FEWEST = 5
"""Pairs below which nothing is known."""
_TICK_S = 1e-9


def compare_sittings(
    number: int, kept: int, pairs: Sequence[tuple[Record, Record]]
) -> Sitting:
    """Return a sitting beside the ones before it.

    Args:
        number: of the sitting.
        kept: how many answers of earlier ones were kept.
        pairs: of those that were measured again, the earlier record first.
    """
    found = [ratio for before, again in pairs if (ratio := _ratio(before, again))]
    logs = [math.log(ratio) for ratio in found]
    if len(logs) < FEWEST:
        why = (
            f"sitting {number}: {len(logs)} of {len(pairs)} answers that were measured"
            f" again can be compared with those before (at least {FEWEST} must be), so"
            " that nobody knows whether the machine is as fast as it was"
        )
        return _sitting(number, kept, len(logs), None, why)
    mean, error = fmean(logs), stdev(logs) / math.sqrt(len(logs))
    reach = quantile(1 - LEVEL, len(logs) - 1) * error
    ends = (math.exp(mean), math.exp(mean - reach), math.exp(mean + reach))
    most = math.log1p(BOUND)
    agree = -most <= mean - reach and mean + reach <= most
    why = (
        f"sitting {number}: {len(logs)} answers that were measured again took"
        f" {ends[0]:.3f} ({ends[1]:.3f} to {ends[2]:.3f}) times as long as before, and"
        f" {1 / (1 + BOUND):.2f} to {1 + BOUND:.2f} is what counts as the same speed"
    )
    return _sitting(number, kept, len(logs), ends, None if agree else why)


def _sitting(
    number: int,
    kept: int,
    pairs: int,
    ends: tuple[float, float, float] | None,
    apart: str | None,
) -> Sitting:
    ratio, low, high = ends or (None, None, None)
    return Sitting(
        number=number,
        kept=kept,
        pairs=pairs,
        ratio=ratio,
        low=low,
        high=high,
        apart=apart,
    )


def _ratio(before: Record, again: Record) -> float | None:
    """Return how much longer an answer took; ``None`` where it is not the same work.

    Where another number of tokens came, or a server had kept more of the prompt, the
    two times are not of the same work.
    """
    then, now = answer_time(before), answer_time(again)
    if then is None or now is None:
        return None
    if before.output_tokens != again.output_tokens:
        return None
    if before.cached_tokens != again.cached_tokens:
        return None
    return max(now, _TICK_S) / max(then, _TICK_S)
