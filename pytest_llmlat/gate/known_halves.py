"""Cells of which another tool knows quality or speed alone.

Pairs are made of answers that have a grade. Where no answer has one, on either side,
there is no quality to be judged, and latencies are paired as if all were graded. Where
there are no times, neither a latency nor a balance is spoken of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import QUALITY, QUANTITIES
from pytest_llmlat.gate.pairing import LATENCIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.values.records import Record


def with_halves(match: Match) -> tuple[Match, tuple[str, ...]]:
    """Return a match as it can be paired, and the quantities that it tells of."""
    peer = match.facts.peer
    if peer is None or not match.reference:
        return match, QUANTITIES
    timed = peer.untimed is None
    if any(record.graded for record in (*match.records, *match.reference)):
        return match, QUANTITIES if timed else (QUALITY,)
    return _by_time(match, match.reference), LATENCIES if timed else ()


def _by_time(match: Match, reference: Iterable[Record]) -> Match:
    """Return a match in which every answer may be paired, for its time alone."""
    return replace(
        match,
        records=_paired(match.records),
        reference=_paired(reference),
        runs={run: _paired(own) for run, own in match.runs.items()},
    )


def _paired(records: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(replace(record, graded=True) for record in records)
