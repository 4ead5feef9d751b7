"""The share of a cell's requests that were answered, and what becomes of too few.

A request that broke or timed out counts as a wrong answer. A server that is all but
dead would still pass what no limit is on, and be what later runs are compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.gate.tolerances import GateRules
    from pytest_llmlat.values.records import Cell, Record

ANSWERS = "answers"
"""Quantity of a verdict on how many requests were answered."""


def too_few_answers(
    cell: Cell, records: Sequence[Record], rules: GateRules
) -> tuple[Verdict, ...]:
    """Fail a cell of whose requests too few were answered; of none, whatever is asked.

    Args:
        cell: that was measured.
        records: of all its requests.
        rules: say which share is enough. It is counted, and has no interval: it is of
            these requests, and not of a server.
    """
    least = rules.least_answered(cell)
    if not records or not few_answered(records, least):
        return ()
    answered = sum(record.answered for record in records)
    late = sum(record.finish == "timeout" for record in records)
    if answered:
        note = (
            f"{answered} of {len(records)} requests were answered, and"
            f" {_shown(least)} are to be (--llm-answered)"
        )
    else:
        note = "no request was answered"
    broke = len(records) - answered - late
    return (
        Verdict(
            cell=cell.id,
            quantity=ANSWERS,
            outcome="failed",
            against=f"answers>={100 * least:g}%" if answered else "answers>=1",
            candidate=answered / len(records),
            samples=len(records),
            note=f"{note}: {late} timed out and {broke} broke; see that the model"
            " runs, or give it more time",
        ),
    )


def few_answered(records: Sequence[Record], least: float) -> bool:
    """Whether less than a share of requests was answered, or none at all."""
    answered = sum(record.answered for record in records)
    return not answered or answered < least * len(records)


def stored_with_losses(
    path: str, measured: Mapping[str, Sequence[Record]]
) -> tuple[Verdict, ...]:
    """Warn of a run that is stored although some requests were not answered.

    Args:
        path: of the baseline.
        measured: records by the ids of their cells.
    """
    lossy = {
        cell: told
        for cell, records in measured.items()
        if (told := _lost(records)) is not None
    }
    if not lossy:
        return ()
    cell, told = next(iter(lossy.items()))
    others = f", and so it is with {len(lossy) - 1} more" if len(lossy) > 1 else ""
    return (
        Verdict(
            cell="-",
            quantity=ANSWERS,
            outcome="warned",
            against=path,
            note=f"stored, but {told} of {cell} were not answered{others}; later runs"
            " may lose as many unnoticed: store a run without time-outs, or leave this"
            f" one out: llmlat baseline prune {path}",
        ),
    )


def _lost(records: Iterable[Record]) -> str | None:
    """Say how many requests were not answered; ``None`` if all were."""
    answered = [record.answered for record in records]
    lost = answered.count(False)
    return f"{lost} of {len(answered)} requests" if lost else None


def _shown(share: float) -> str:
    return f"{100 * share:g} %"
