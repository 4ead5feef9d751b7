"""Matching: which stored cell a measured one is compared with, and in what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import geometric_mean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cached_prompts import cached_apart
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.yardsticks import rescaled
from pytest_llmlat.machine.device_table import find_device
from pytest_llmlat.store import baselines
from pytest_llmlat.values.cell_facts import YARDSTICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.gate.yardsticks import Rescaled
    from pytest_llmlat.store.baselines import Baseline, BaselineCell, BaselineRun
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.results import Summary

OF_ONE_MACHINE = frozenset({"release", "memory_limit"})
"""Facts in which machines of one kind may differ where a yardstick tells how fast each
is: the version of the kernel, and how much memory there is."""
_SHOWN = 3
_OF_SOME = ("gpu_driver", "other_gpus")
"""Facts of a machine that change a latency on some devices only."""


def after(
    facts: CellFacts,
    records: Sequence[Record],
    baseline: Baseline,
    environment: Mapping[str, Scalar | None],
    yardstick: Yardstick | None = None,
) -> Match:
    """Match a cell with the same one of the stored runs that can be compared with it.

    Args:
        facts: of the cell.
        records: of the cell.
        baseline: the stored runs.
        environment: the fingerprint of the machine that measured the cell.
        yardstick: what was measured in turn with it, if anything was; then stored runs
            that have the same one count before others.
    """
    if yardstick is not None:
        found = _by_yardstick(facts, records, baseline, environment, yardstick)
        if found is not None:
            return found
    stored = [
        (run, cell)
        for run in reversed(baseline.runs)
        for cell in run.cells
        if cell.cell.id == facts.cell.id
    ]
    if not stored:
        return Match(
            facts=facts, records=tuple(records), against=baseline.name, reference=None
        )
    apart = [
        _apart(facts, cell, run, environment) or cached_apart(records, cell.records)
        for run, cell in stored
    ]
    alike = [each for each, reason in zip(stored, apart, strict=True) if reason is None]
    # Of runs whose times prove nothing the newest stands for what is right.
    used = [cell for _, cell in alike or stored[:1]]
    return Match(
        facts=facts,
        records=tuple(records),
        against=baseline.name,
        reference=tuple(record for cell in used for record in cell.records),
        only_quality=None if alike else apart[0],
        same_answers=all(same(answers_of(records), cell.answers) for cell in used),
        runs={run.id: cell.records for run, cell in alike},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A yardstick, measured in turn with a cell: how fast was the machine?"""

    facts: CellFacts
    records: tuple[Record, ...]


def yardstick_of(
    fact: CellFacts,
    facts: Iterable[CellFacts],
    measured: Mapping[str, Sequence[Record]],
) -> Yardstick | None:
    """Return the yardstick that was measured in turn with a cell.

    Args:
        fact: of the cell.
        facts: of all cells of its run.
        measured: the records of each, by its id.
    """
    for other in facts:
        if other.role == YARDSTICK and other.beside == fact.cell.id:
            own = measured[other.cell.id]
            return Yardstick(facts=other, records=tuple(own)) if own else None
    return None


def _by_yardstick(
    facts: CellFacts,
    records: Sequence[Record],
    baseline: Baseline,
    environment: Mapping[str, Scalar | None],
    yardstick: Yardstick,
) -> Match | None:
    """Match a cell with stored runs in the time of this machine.

    Returns:
        ``None`` where no stored run has the cell and the same yardstick beside it.
    """
    here = {name: v for name, v in environment.items() if name not in OF_ONE_MACHINE}
    found: dict[str, tuple[BaselineCell, Rescaled]] = {}
    for run in reversed(baseline.runs):
        there = replace(
            run,
            environment={
                name: value
                for name, value in run.environment.items()
                if name not in OF_ONE_MACHINE
            },
        )
        cells = {cell.cell.id: cell for cell in run.cells}
        own = cells.get(facts.cell.id)
        beside = cells.get(yardstick.facts.cell.id)
        if own is None or beside is None:
            continue
        apart = (
            _apart(facts, own, there, here)
            or _apart(yardstick.facts, beside, there, here)
            or cached_apart(records, own.records)
        )
        if apart is not None:
            continue
        scaled = rescaled(own.records, there=beside.records, here=yardstick.records)
        if scaled is not None:
            found[run.id] = (own, scaled)
    if not found:
        return None
    runs = {run: scaled.records for run, (_, scaled) in found.items()}
    return Match(
        facts=facts,
        records=tuple(records),
        against=baseline.name,
        reference=tuple(record for own in runs.values() for record in own),
        same_answers=all(
            same(answers_of(records), cell.answers) for cell, _ in found.values()
        ),
        runs=runs,
        slower=geometric_mean([scaled.slower for _, scaled in found.values()]),
    )


def disturbed(facts: CellFacts | Summary) -> str | None:
    """Say what disturbed a cell's latencies; ``None`` if nothing did."""
    if facts.untimed is not None:
        return facts.untimed
    if facts.contention is not None and facts.contention.contended:
        return f"contended: {facts.contention.contended}"
    if facts.load is not None and facts.load.client_limited:
        return f"client-limited: {facts.load.client_limited}"
    return facts.warnings[0] if facts.warnings else None


def answers_of(records: Iterable[Record]) -> dict[tuple[str, int], str | None]:
    """Return the digest of each answer, by (sample, round)."""
    return {(r.sample, r.round): baselines.digest_of(r) for r in records}


def same(
    ours: Mapping[tuple[str, int], str | None],
    theirs: Mapping[tuple[str, int], str | None],
) -> bool:
    """Whether every answer that both sides gave is the same."""
    common = ours.keys() & theirs.keys()
    return bool(common) and all(
        ours[key] is not None and ours[key] == theirs[key] for key in common
    )


def _apart(
    facts: CellFacts,
    then: BaselineCell,
    run: BaselineRun,
    environment: Mapping[str, Scalar | None],
) -> str | None:
    """Say why latencies of two runs cannot be compared, ``None`` if they can."""
    if here := disturbed(facts):
        return here
    if then.disturbed is not None:
        return f"the baseline was disturbed: {then.disturbed}"
    if facts.task_revision != then.task_revision:
        return "the task has changed since the baseline"
    if facts.constraint != then.constraint:
        here, there = facts.constraint or "nothing", then.constraint or "nothing"
        return f"answers were held to {here} here, to {there} in the baseline"
    found = baselines.differences(
        _timed(run.environment, facts.cell),
        then.backend,
        _timed(environment, facts.cell),
        facts.backend,
    )
    if not found:
        return None
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"not the same machine or software: {'; '.join(found[:_SHOWN])}{more}"


def _timed(
    environment: Mapping[str, Scalar | None], cell: Cell
) -> dict[str, Scalar | None]:
    """Return the facts of an environment that may change a latency of a cell."""
    device = find_device(cell.device)
    counted = ("gpu_driver",) if device is None else device.fingerprint
    return {
        name: value
        for name, value in environment.items()
        if name not in _OF_SOME or name in counted
    }
