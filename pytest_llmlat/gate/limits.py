"""Absolute limits: is a figure of a cell what it must at least, or at most, be?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cell_bootstrap import answer_time
from pytest_llmlat.analysis.resampling import DRAWS, interval, resample_weights
from pytest_llmlat.gate.matching import disturbed
from pytest_llmlat.gate.tolerances import LIMITED
from pytest_llmlat.values.figure import FigureColumn
from pytest_llmlat.values.figure_columns import column_estimate, distribution_of
from pytest_llmlat.values.percentiles import percentile
from pytest_llmlat.values.results import Estimate, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.gate.tolerances import Limit, Unsure
    from pytest_llmlat.values.figure import FigureDefinition
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.results import Outcome, Summary

FEWEST_FOR = {"p95": 60, "p99": 300}
"""Below so many answers a tail is not gated: too few of them lie beyond it."""
_PERCENT = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}
_FEW_DRAWS = 1000
"""Where each draw looks at all gaps of a cell."""
_MOST_DRAWN = 2000
"""Above so many values the interval of a mean is that of its normal limit."""


def check_limits(
    summary: Summary,
    records: Sequence[Record],
    limits: Iterable[Limit],
    *,
    unsure: Unsure,
) -> tuple[Verdict, ...]:
    """Judge a cell by each limit that is meant for it.

    A limit is missed (``failed``) if the whole interval of the figure lies beyond it,
    or the figure does where it has no interval; it is ``warned`` of where the interval
    straddles it. A figure that is not there misses every limit. One of time that
    misses it in a cell that was disturbed proves nothing: it is ``inconclusive``, or
    ``failed`` where the user wants that of all that is.
    """
    return tuple(
        _check(summary, records, limit, unsure)
        for limit in limits
        if limit.scope.holds(summary.cell)
    )


def idle(limits: Iterable[Limit], cells: Iterable[Cell]) -> tuple[Verdict, ...]:
    """Warn of limits that no measured cell is held to, such as a typing error.

    Args:
        limits: as they were typed.
        cells: what was measured.
    """
    measured = tuple(cells)
    return tuple(
        Verdict(
            cell="-",
            quantity=limit.quantity,
            outcome="warned",
            against=limit.text,
            note=f"no cell of {limit.scope.task or ''}"
            f"{'@' + limit.scope.model if limit.scope.model else ''} was measured",
        )
        for limit in limits
        if not any(limit.scope.holds(cell) for cell in measured)
    )


def _check(
    summary: Summary, records: Sequence[Record], limit: Limit, unsure: Unsure
) -> Verdict:
    found, note = figure(summary, records, limit.quantity)
    outcome, why = _judged(found, limit)
    why_not = disturbed(summary) if LIMITED[limit.quantity][0].timed else None
    if outcome == "failed" and found.value is not None and why_not:
        outcome, why = ("failed" if unsure == "fail" else "inconclusive"), why_not
    return Verdict(
        cell=summary.cell.id,
        quantity=limit.quantity,
        outcome=outcome,
        against=limit.text,
        candidate=found.value,
        samples=summary.samples,
        note=note or why,
    )


def _judged(found: Estimate, limit: Limit) -> tuple[Outcome, str | None]:
    if found.value is None:
        return "failed", "was not measured"
    sign = 1 if limit.sign == "<=" else -1
    ends = (
        (found.value if found.low is None else found.low),
        (found.value if found.high is None else found.high),
    )
    beyond = [sign * end > sign * limit.bound for end in (found.value, *ends)]
    if all(beyond):
        return "failed", None
    if any(beyond):
        return "warned", f"its interval {ends[0]:.3g} to {ends[1]:.3g} straddles it"
    return "pass", None


def figure(
    summary: Summary, records: Sequence[Record], quantity: str
) -> tuple[Estimate, str | None]:
    """Return a figure of a cell with its interval, and why it has none."""
    definition, which = LIMITED[quantity]
    if which is None:
        alone = FigureColumn(title=quantity, views=())
        return column_estimate(summary, definition, alone), None
    each = _values(records, definition)
    fewest = FEWEST_FOR.get(which, 0)
    if len(each) < fewest:
        few = f"{len(each)} answers; {which} is gated from {fewest} on"
        return Estimate(value=None), few
    value: float | None = getattr(distribution_of(summary, definition), which)
    if value is None:
        late = any(math.inf in values for values in each)
        note = "is not known: it lies among the time-outs" if late else None
        return Estimate(value=None), note
    if definition.read is None:
        low, high = _ends(sorted(value for (value,) in each), which)
    else:
        low, high = _ends_of_whole(each, which)
    return Estimate(value=value, low=low, high=high), None


def _values(
    records: Sequence[Record], definition: FigureDefinition
) -> list[Sequence[float]]:
    """Return what each request has of a distribution; infinity is what never ended."""
    if definition.read is None:
        return [(value,) for value in _latencies(records, definition.short)]
    parts = map(definition.read, records)
    found = [(*part.values, *[math.inf] * part.censored) for part in parts]
    return [values for values in found if values]


def _latencies(records: Sequence[Record], kind: str) -> list[float]:
    """Return the latencies of a cell; of a time-out that it never ended.

    Its first token may have come all the same, and then it is known when.
    """
    found = []
    for record in records:
        if record.finish == "timeout":
            first = record.timing.ttft_s if record.timing else None
            found.append(math.inf if first is None or kind != "ttft" else first)
        elif answer_time(record) is not None and record.timing is not None:
            value = getattr(record.timing, f"{kind}_s")
            if value is not None:
                found.append(value)
    return found


def _ends_of_whole(
    each: Sequence[Sequence[float]], which: str
) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a figure of the values of whole requests.

    Gaps of one answer are alike, so that requests are drawn and not gaps: as many gaps
    as there are would seem to tell far more than they do.
    """
    import numpy as np

    count = len(each)
    if count < 2:  # noqa: PLR2004 - one request has no spread
        return None, None
    values = np.array([value for own in each for value in own])
    owners = np.repeat(np.arange(count), [len(own) for own in each])
    weights = resample_weights(count, seed=f"limit|{count}", draws=_FEW_DRAWS)
    if which == "mean":
        if not np.isfinite(values).all():
            return None, None
        sums = np.array([(sum(own), len(own)) for own in each]).T
        return interval((weights @ sums[0]) / (weights @ sums[1]))
    order = np.argsort(values)
    values, owners = values[order], owners[order]
    share = _PERCENT[which] / 100
    drawn = []
    for row in weights:
        below = row[owners].cumsum(dtype=float)
        drawn.append(values[np.searchsorted(below, share * below[-1])])
    # By ranks: between a value and one that never ended there is none.
    drawn.sort()
    low, high = drawn[_FEW_DRAWS // 40], drawn[-(_FEW_DRAWS // 40) - 1]
    return (None, None) if low == high else (float(low), float(high))


def _ends(ranked: list[float], which: str) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a figure of these values."""
    import numpy as np

    count = len(ranked)
    if count < 2:  # noqa: PLR2004 - one value has no spread
        return None, None
    values = np.array(ranked)
    if which == "mean":
        if not np.isfinite(values).all():
            return None, None
        if count > _MOST_DRAWN:
            reach = 1.96 * float(values.std(ddof=1)) / math.sqrt(count)
            return float(values.mean()) - reach, float(values.mean()) + reach
        weights = resample_weights(count, seed=f"limit|{count}")
        return interval((weights @ values) / count)
    share = _PERCENT[which] / 100
    if percentile(ranked, _PERCENT[which]) is None:
        return None, None
    # How many of a resample lie below a value is binomial: its ranks are the interval.
    source = np.random.default_rng(count)
    below = source.binomial(count, share, DRAWS)
    low, high = np.quantile(below, [0.025, 0.975])
    bottom, top = values[max(0, int(low) - 1)], values[min(count - 1, int(high))]
    return float(bottom), float(top)
