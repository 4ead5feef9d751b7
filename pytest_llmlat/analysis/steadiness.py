"""Steadiness of a load: whether a server keeps up with it, from its answers' times.

Where more arrives than is answered, answers take longer and longer (``queue_growth``)
or requests come to nothing.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.batch_means import (
    batch_counts,
    effective_requests,
    fewest_requests,
)
from pytest_llmlat.analysis.queue_growth import growth, is_open_loop
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.keeping_up import Steadiness, WhyBehind
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.queue_growth import Growth
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

_MOST_GROWTH = 0.1
"""Growth from which on a server is not known to keep up."""
_FAILED = 0.05
"""Share of requests that came to nothing from which on a load is not kept up."""
_FEWEST_FAILED = 2
_FORGOTTEN = 9
"""How often a queue should have forgotten its past before an interval is trusted."""


def steadiness(
    facts: CellFacts, records: Sequence[Record], own: Sequence[float]
) -> Steadiness | None:
    """Return the steadiness of a load; ``None`` without a load or an answer.

    Args:
        facts: of the cell.
        records: of the cell, in the order of sending.
        own: the speed of each.
    """
    scenario, load = facts.cell.scenario, facts.load
    if load is None or not records:
        return None
    # Between two visits of a load the server was idle.
    records = _longest_visit(facts, records)
    counts = batch_counts(scenario, len(own))
    loop_is_open = is_open_loop(scenario)
    found = growth(records) if loop_is_open else None
    behind = _behind(found, records) if loop_is_open else None
    return Steadiness(
        keeps_up=_keeps_up(found, behind, steady=load.steady),
        behind=behind,
        offered_per_s=_offered(records) if loop_is_open else None,
        growth=found.value if found else None,
        growth_low=found.low if found else None,
        growth_high=found.high if found else None,
        effective_requests=None
        if found and found.certain
        else effective_requests(own, scenario),
        short_of=fewest_requests(scenario) if counts is None else None,
        forgets_after=_forgets_after(records)
        if loop_is_open and counts and behind is None
        else None,
    )


def _longest_visit(facts: CellFacts, records: Sequence[Record]) -> Sequence[Record]:
    """Return the records of the longest visit of a load; all, if there was but one."""
    ends = list(accumulate(facts.visits))
    if len(ends) < 2 or ends[-1] != len(records):  # noqa: PLR2004 - one is all
        return records
    longest = max(range(len(ends)), key=lambda n: facts.visits[n])
    return records[ends[longest] - facts.visits[longest] : ends[longest]]


def _behind(found: Growth | None, records: Sequence[Record]) -> WhyBehind | None:
    """Say why a server does not keep up; ``None`` where nothing shows that."""
    if found is not None and found.certain:
        return WhyBehind.GROWING
    failed = sum(answer_time(record) is None for record in records)
    if failed >= max(_FEWEST_FAILED, _FAILED * len(records)):
        return WhyBehind.FAILED
    return None


def _keeps_up(
    found: Growth | None, behind: WhyBehind | None, *, steady: bool | None
) -> bool | None:
    """Say whether a server keeps up, where the run is long enough to tell.

    Args:
        found: how fast answers become slower, where that could be told.
        behind: why it does not keep up.
        steady: whether answers had become as slow as they were to be before any
            counted, where that was looked at.
    """
    if behind is not None:
        return False
    if found is None or steady is False or found.high > _MOST_GROWTH:
        return None
    return True


def _offered(records: Sequence[Record]) -> float | None:
    """Return the requests that arrived a second; ``None`` of fewer than two."""
    due = [record.timing.start_ns for record in records if record.timing]
    spent = (max(due) - min(due)) / NS_PER_S if due else 0.0
    return (len(due) - 1) / spent if spent > 0 else None


def _forgets_after(records: Sequence[Record]) -> int | None:
    """Return how many requests a queue as busy as this needs, if there were fewer.

    Waiting is the time of a first token beyond that of the quickest tenth; of a whole
    answer where no first token is known. By Little's law so many requests wait as
    arrive in its mean. If one is served after the other, that tells the load, and a
    queue with the load r forgets in r / (1 - sqrt(r))^2 requests (Cohen 1982, The
    Single Server Queue). Where several are served at once it is fewer: rather too many
    are asked for.
    """
    answered = [each for each in records if each.answered and each.timing]
    firsts = [each.timing.ttft_s for each in answered if each.timing]
    known = [first for first in firsts if first is not None]
    whole = [each.timing.e2e_s for each in answered if each.timing]
    took = sorted(known if len(known) == len(whole) else whole)
    offered = _offered(records)
    if offered is None or not took:
        return None
    waiting = offered * (sum(took) / len(took) - took[len(took) // 10])
    load = waiting / (1 + waiting)
    needed = math.ceil(_FORGOTTEN * load / (1 - math.sqrt(load)) ** 2)
    return needed if needed > len(records) else None
