"""The second look at a cell that looks slower than stored runs, before it is judged.

A passing disturbance, such as a neighbour, is gone at the second time. Both times count
together: their mean is judged as if each cell were always measured twice. So the second
look can only take alarms away: a cell that did not look slower is no regression without
it, and one that did must be one by both. To take the better of two, or the second
alone, would be another test with every look.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

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
) -> None:
    """Measure a cell a second time where its first time looks suspicious.

    Args:
        plan: by which it was measured.
        recorder: what has its records, and takes more.
        ask: measures by a plan.
        gate: what it is compared with.
        environment: this machine's fingerprint.
    """
    if plan.scenario != SINGLE:
        return
    told = recorder.of(plan.cell)
    slower = gate.suspicious(told.facts, told.records, environment)
    before = told.facts.planned
    if not slower or before is None:
        return
    _LOG.info("%s: measured again: %s", plan.cell.id, ", ".join(slower))
    ask(replace(plan, before=before))
    recorder.on_facts(_both(told.facts, recorder.of(plan.cell).facts, slower))


def _both(first: CellFacts, second: CellFacts, slower: tuple[str, ...]) -> CellFacts:
    """Return the facts of a cell that was measured twice."""
    more = (second.planned or 0) - (first.planned or 0)
    cost = "" if second.wall_s is None else f", {second.wall_s:.1f} s more"
    note = (
        f"measured again, for {' and '.join(slower)} looked slower: both times count"
        f" ({more} requests{cost})"
    )
    # The first time was not disturbed, or it would not have been suspicious.
    calm = second.contention is None or second.contention.contended is None
    return replace(
        second,
        load_s=first.load_s,
        warmup_s=first.warmup_s,
        peak_rss_bytes=_most(first.peak_rss_bytes, second.peak_rss_bytes),
        peak_device_bytes=_most(first.peak_device_bytes, second.peak_device_bytes),
        wall_s=None
        if first.wall_s is None or second.wall_s is None
        else first.wall_s + second.wall_s,
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
        contention=first.contention if calm else second.contention,
        constraint_compile_s=first.constraint_compile_s,
        measured_again=note,
    )


def _most(first: int | None, second: int | None) -> int | None:
    known = [value for value in (first, second) if value is not None]
    return max(known, default=None)
