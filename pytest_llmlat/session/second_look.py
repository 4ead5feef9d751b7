"""Further looks at a cell that looks slower than stored runs, before it is judged.

What was slow for a while, as beside a neighbour, is not so twice. All times count
together: their mean is judged as if each cell were always measured so often. So another
look can only take alarms away: a cell that did not look slower is no regression
without it, and one that did must be one by all. To take the better of two, or the
last alone, would be another test with every look.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.gate.suspicion import most_looks
from pytest_llmlat.values.known_values import most_known
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.gating import Gate
    from pytest_llmlat.session.recording import Recorder
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar

_LOG = logging.getLogger(__name__)


def look_again(
    plan: Plan,
    recorder: Recorder,
    ask: Callable[[Plan], None],
    gate: Gate,
    environment: Mapping[str, Scalar | None],
    *,
    among: int,
) -> None:
    """Measure a cell again as long as it looks suspicious, as often as it may be.

    Args:
        plan: by which it was measured.
        recorder: what has its records, and takes more.
        ask: measures by a plan.
        gate: what it is compared with.
        environment: this machine's fingerprint.
        among: how many cells there are to be in all, as far as is known.
    """
    if plan.scenario != SINGLE:
        return
    first: CellFacts | None = None
    for _ in range(1, most_looks(among)):
        told = recorder.of(plan.cell)
        slower = gate.suspicious(told.facts, told.records, environment)
        before = told.facts.planned
        if not slower or before is None:
            return
        first = first or told.facts
        _LOG.info("%s: measured again: %s", plan.cell.id, ", ".join(slower))
        ask(replace(plan, before=before))
        both = both_looks(told.facts, recorder.of(plan.cell).facts)
        recorder.on_facts(replace(both, measured_again=_note(first, both, slower)))


def _note(first: CellFacts, now: CellFacts, slower: tuple[str, ...]) -> str:
    """Say that a cell was measured again, why, and what it cost."""
    before = first.planned or 1
    more = (now.planned or 0) - before
    cost = ""
    if now.wall_s is not None and first.wall_s is not None:
        cost = f", {now.wall_s - first.wall_s:.1f} s more"
    looks = more // before
    times = "again" if looks == 1 else f"again {looks} times"
    which = "both times count" if looks == 1 else "all times count"
    return (
        f"measured {times}, for {' and '.join(slower)} looked slower: {which}"
        f" ({more} requests{cost})"
    )


def both_looks(first: CellFacts, second: CellFacts) -> CellFacts:
    """Return the facts of a cell that was measured once more."""
    # The first time was not disturbed, or it would not have been suspicious.
    calm = second.contention is None or second.contention.contended is None
    return replace(
        second,
        load_s=first.load_s,
        warmup_s=first.warmup_s,
        peak_rss_bytes=most_known((first.peak_rss_bytes, second.peak_rss_bytes)),
        peak_device_bytes=most_known(
            (first.peak_device_bytes, second.peak_device_bytes)
        ),
        steady_rss_bytes=most_known((first.steady_rss_bytes, second.steady_rss_bytes)),
        wall_s=None
        if first.wall_s is None or second.wall_s is None
        else first.wall_s + second.wall_s,
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
        contention=first.contention if calm else second.contention,
        constraint_compile_s=first.constraint_compile_s,
    )
