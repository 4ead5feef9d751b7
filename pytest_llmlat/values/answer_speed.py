"""The time of an answer, and the speed score that it earns beside its task's budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def answer_time(record: Record) -> float | None:
    """Return the e2e of an answered request in seconds; ``None`` for a failure."""
    if not record.answered or record.timing is None:
        return None
    return record.timing.e2e_s


def speed_score(e2e_s: float | None, budget_s: float) -> float:
    """Return the speed score of one sample; 0 for an error or a time-out (``None``)."""
    return 0.0 if e2e_s is None else 1 / (1 + e2e_s / budget_s)


def answer_speed(record: Record) -> float:
    """Return the speed score of a request."""
    return speed_score(answer_time(record), record.budget_s)
