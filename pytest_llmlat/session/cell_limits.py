"""Absolute limits of a cell, judged as soon as it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.gate.answered_share import too_few_answers
from pytest_llmlat.gate.limits import check_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.gating import Gate
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Summary, Verdict


def limited(
    gate: Gate,
    journal: Journal,
    summary: Summary,
    records: Sequence[Record],
    wanted: CellSpec,
) -> tuple[Verdict, ...]:
    """Return the verdicts on the limits of a cell, written down.

    Args:
        gate: has the limits of the whole run.
        journal: takes the verdicts.
        summary: of the cell.
        records: of the cell.
        wanted: has the limits of its test.
    """
    bounds = (*gate.limits, *wanted.limits)
    missed = (
        *too_few_answers(summary.cell, records, gate.rules),
        *check_limits(summary, records, bounds, unsure=gate.rules.unsure),
    )
    for verdict in (*missed, *gate.relimited(summary.cell, wanted)):
        journal.add(verdict)
    return missed
