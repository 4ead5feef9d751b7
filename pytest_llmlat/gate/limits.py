"""Absolute limits: is a figure of a cell what it must at least, or at most, be?"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.batch_means import at_least_shared
from pytest_llmlat.analysis.cached_prompts import flattered
from pytest_llmlat.analysis.calibrated_quality import why_ungated
from pytest_llmlat.analysis.intervals import jackknife_figure
from pytest_llmlat.analysis.percentile_intervals import percentile_interval
from pytest_llmlat.gate.matching import disturbed
from pytest_llmlat.gate.tolerances import LIMITED
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.figure import FigureColumn
from pytest_llmlat.values.figure_columns import column_estimate, distribution_of
from pytest_llmlat.values.results import Estimate, Verdict
from pytest_llmlat.values.scenario import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.gate.tolerances import Limit, Unsure
    from pytest_llmlat.values.figure import FigureDefinition
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.results import Outcome, Summary

FEWEST_FOR = {"p95": 60, "p99": 300}
"""Answers that are needed to gate a tail: of fewer, too few lie beyond it."""
FEWEST_OF_QUEUE = 2_000
"""Below so many requests an interval of a tail is too narrow where requests of an open
loop wait for each other: a queue has few long waits in a short run."""
_QUEUE = 1.0
"""From so many requests under way on average on, they may wait for each other."""
_NOT_KEPT_UP = "did not keep up with its load: its times grow with the run's length"
_PERCENT = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}
_OF_QUALITY = ("quality", "balanced")
"""Figures that judges decide where they grade."""
_OF_SPEED = ("speed", "balanced")
_TAILED = 15
"""Units that are needed to tell whether a tail is heavy."""


def check_limits(
    summary: Summary,
    records: Sequence[Record],
    limits: Iterable[Limit],
    *,
    unsure: Unsure,
) -> tuple[Verdict, ...]:
    """Return the verdict on a cell for each limit that is meant for it.

    A limit is missed (``failed``) if the whole interval of the figure lies beyond it,
    or the figure does where it has no interval. Where the interval straddles it, a
    figure that keeps it is ``warned`` of, and one that misses it is ``inconclusive``,
    or ``failed`` where the user wants that of all that is. A figure that is not there
    misses every limit. One of time that misses it in a cell that was disturbed proves
    nothing: it is ``inconclusive`` too.
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
    outcome, why = judged(found, limit)
    if outcome == "inconclusive" and summary.errors + summary.timeouts == len(records):
        outcome, why = "failed", "no request was answered"
    timed = _timed(summary, limit)
    why_not = disturbed(summary) if timed else None
    kept = flattered(records, summary.backend) if timed else None
    if outcome in ("pass", "warned") and kept:
        outcome, why = "inconclusive", kept
    if timed and summary.untimed is not None:
        outcome, why = "inconclusive", summary.untimed
    told = why_ungated(records) if limit.quantity in _OF_QUALITY else None
    if told is not None and found.value is not None:
        outcome, why = "inconclusive", f"not gated: {told}"
    if outcome == "failed" and found.value is not None and why_not:
        outcome, why = "inconclusive", why_not
    if other := _other_currency(summary, limit):
        # On a quiet machine it would be no better: nothing can be said of it.
        outcome, why = "failed", other
    if outcome == "inconclusive" and unsure == "fail":
        outcome = "failed"
    if timed and _behind(summary):
        # A miss is one all the more: in a longer run it would be worse.
        note = "; ".join(filter(None, (note or why, _NOT_KEPT_UP)))
    if outcome == "pass" and note is not None:
        outcome = "warned"
    return Verdict(
        cell=summary.cell.id,
        quantity=limit.quantity,
        outcome=outcome,
        against=limit.text,
        candidate=found.value,
        samples=summary.samples,
        note=note or why,
    )


def _timed(summary: Summary, limit: Limit) -> bool:
    """Whether a figure is worse on a machine that is busy."""
    definition, _ = LIMITED[limit.quantity]
    price = summary.price
    by_the_hour = price is not None and not price.by_token
    return definition.timed or (definition.unit == "money" and by_the_hour)


def _other_currency(summary: Summary, limit: Limit) -> str | None:
    """Say that an amount is in another currency than its limit."""
    if limit.currency is None:
        return None
    if summary.price is None:
        return "its model has no price; write one into its entry"
    if summary.price.currency == limit.currency:
        return None
    return f"prices are in {summary.price.currency}, the limit in {limit.currency}"


def _behind(summary: Summary) -> bool:
    found = summary.steadiness
    return found is not None and found.keeps_up is False


def judged(found: Estimate, limit: Limit) -> tuple[Outcome, str | None]:
    """Return the verdict on a figure, and why its interval does not decide."""
    if found.value is None:
        if found.low is not None:
            return "failed", f"no end is known: {found.low:.3g} at least"
        return "failed", "was not measured"
    sign = 1 if limit.sign == "<=" else -1
    ends = (
        (found.value if found.low is None else found.low),
        (found.value if found.high is None else found.high),
    )
    missed, *beyond = [sign * end > sign * limit.bound for end in (found.value, *ends)]
    if missed and all(beyond):
        return "failed", None
    if missed or any(beyond):
        why = f"its interval {ends[0]:.3g} to {ends[1]:.3g} straddles it"
        return ("inconclusive" if missed else "warned"), why
    return "pass", None


def figure(
    summary: Summary, records: Sequence[Record], quantity: str
) -> tuple[Estimate, str | None]:
    """Return a figure of a cell with its interval, and why it may not be trusted."""
    definition, which = LIMITED[quantity]
    if which is None:
        alone = FigureColumn(title=quantity, views=())
        return column_estimate(summary, definition, alone), _forgets(summary, quantity)
    each = _values(records, definition)
    fewest = FEWEST_FOR.get(which, 0)
    if len(each) < fewest:
        few = f"{len(each)} answers; {which} is gated from {fewest} on"
        return Estimate(value=None), few
    units = _together(each)
    value: float | None = getattr(distribution_of(summary, definition), which)
    if value is None:
        late = any(math.inf in values for _, values in each)
        note = "is not known: it lies among the time-outs" if late else None
        return Estimate(value=None), note
    stopping = summary.stopping
    if stopping is not None and stopping.early:
        told = f"{stopping.told}: no interval of a fixed number of samples holds for it"
        return Estimate(value=value, low=-math.inf, high=math.inf), told
    if which != "mean":
        ends = percentile_interval(
            units, _PERCENT[which], shared=lambda point: _shared(each, summary, point)
        )
        low, high = ends or (None, None)
        return Estimate(value=value, low=low, high=high), _few_waits(summary, which)
    return _mean(units, value, definition.short, _shared(each, summary, None))


def _few_waits(summary: Summary, which: str) -> str | None:
    """Say of the tail of a busy queue that a run was too short for its interval."""
    load, mean = summary.load, summary.e2e_s.mean
    open_loop = parse(summary.cell.scenario, where="scenario")[0].kind == "server"
    if which not in FEWEST_FOR or load is None or not open_loop:
        return None
    # By Little's law; times that are known only to be longer leave it open.
    under_way = math.inf
    if mean is not None and load.window_s > 0:
        under_way = mean * load.ended / load.window_s
    if summary.samples >= FEWEST_OF_QUEUE or under_way < _QUEUE:
        return None
    many = "many" if math.isinf(under_way) else f"{under_way:.1f}"
    return (
        f"{which} of {summary.samples} requests of a queue ({many} under way on"
        f" average) is not to be believed: its interval is too narrow below"
        f" {FEWEST_OF_QUEUE:,} (--llm-requests)"
    )


def _forgets(summary: Summary, quantity: str) -> str | None:
    """Say of a speed that a busy queue was watched for too short a time."""
    found = summary.steadiness
    if quantity not in _OF_SPEED or found is None or found.forgets_after is None:
        return None
    return (
        f"its interval may be too narrow: so busy a queue takes"
        f" {found.forgets_after:,} requests (--llm-requests)"
    )


def _shared(
    each: Sequence[tuple[str, Sequence[float]]], summary: Summary, point: float | None
) -> float:
    """Return the variance that waiting for each other adds to a figure.

    Args:
        each: the values of each request, in the order of sending.
        summary: of the cell, which may be a load.
        point: the figure is the share of values up to this; ``None`` for their mean.
    """
    # Of a queue that grows no figure is of any other run: a miss is one all the more.
    if summary.load is None or _behind(summary):
        return 0.0
    own = [
        math.fsum(values if point is None else [value <= point for value in values])
        / len(values)
        for _, values in each
    ]
    return at_least_shared(own, summary.cell.scenario)


def _mean(
    units: Sequence[Sequence[float]], value: float, name: str, shared: float
) -> tuple[Estimate, str | None]:
    """Return a mean with its interval, and whether its tail is too heavy for one.

    Under a heavy tail the longest times are rarer than the sample is large: the mean of
    what was seen is most often too short. It may miss a limit for certain, but never
    keeps one for certain.
    """
    import numpy as np

    sums = np.array([(math.fsum(own), len(own)) for own in units])
    found = jackknife_figure(
        value, sums, lambda s: s[:, 0] / s[:, 1], share=False, shared=shared
    )
    squares = found.influence**2
    if len(units) < _TAILED or squares.max() <= squares.sum() / 2:
        return found.estimate, None
    heavy = (
        f"one of {len(units)} makes up more than half of its spread: under so heavy a"
        f" tail a mean tells little; limit {name}_p50 or {name}_p95"
    )
    return found.estimate, heavy


def _values(
    records: Sequence[Record], definition: FigureDefinition
) -> list[tuple[str, Sequence[float]]]:
    """Return a distribution's values for each request; infinity for one without end.

    Beside it stands what it is alike with.
    """
    if definition.read is None:
        return _latencies(records, definition.short)
    found = [(record.item, definition.read(record)) for record in records]
    told = [(name, (*p.values, *[math.inf] * p.censored)) for name, p in found]
    return [(name, values) for name, values in told if values]


def _together(each: Sequence[tuple[str, Sequence[float]]]) -> list[list[float]]:
    """Return values grouped by what is alike: a sample, or a cluster."""
    found: dict[str, list[float]] = defaultdict(list)
    for name, values in each:
        found[name].extend(values)
    return list(found.values())


def _latencies(
    records: Sequence[Record], kind: str
) -> list[tuple[str, Sequence[float]]]:
    """Return the latencies of a cell; infinity for a time-out.

    Its first token may have come all the same, and then it is known when.
    """
    found: list[tuple[str, Sequence[float]]] = []
    for record in records:
        if record.finish == "timeout":
            first = record.timing.ttft_s if record.timing else None
            late = math.inf if first is None or kind != "ttft" else first
            found.append((record.item, (late,)))
        elif answer_time(record) is not None and record.timing is not None:
            value = getattr(record.timing, f"{kind}_s")
            if value is not None:
                found.append((record.item, (value,)))
    return found
