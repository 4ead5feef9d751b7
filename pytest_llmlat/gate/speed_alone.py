"""Cells without any grade, such as those that another tool only timed.

Pairs are made of answers that have a grade. Where no answer has one, on either side,
there is no quality to be judged, and latencies are paired as if all were graded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.values.records import Record


def ungraded(match: Match) -> bool:
    """Whether another tool timed both sides and graded no answer of them."""
    if match.facts.peer is None or not match.reference:
        return False
    return not any(record.graded for record in (*match.records, *match.reference))


def by_time(match: Match) -> Match:
    """Return a match in which every answer may be paired, for its time alone."""
    reference = match.reference
    return replace(
        match,
        records=_paired(match.records),
        reference=None if reference is None else _paired(reference),
        runs={run: _paired(own) for run, own in match.runs.items()},
    )


def _paired(records: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(replace(record, graded=True) for record in records)
