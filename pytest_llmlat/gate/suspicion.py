"""Suspicion: cells that look slower than is tolerated, before that is certain."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import FEWEST
from pytest_llmlat.gate.hypotheses import as_change
from pytest_llmlat.gate.pairing import LATENCIES, log_ratios, pair

if TYPE_CHECKING:
    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.tolerances import GateRules


_MANY_CELLS = 4
_LOOKS_OF_MANY, _LOOKS_OF_FEW = 2, 4


def most_looks(cells: int) -> int:
    """Return how often a cell is measured at most that looks slower each time.

    The looks are rounds: what these differ in beyond their samples shows a machine that
    is another one from round to round. Among several cells a second look is enough,
    since the others tell that too. Up to three cells have too little else for that.

    Args:
        cells: how many there are in all.
    """
    return _LOOKS_OF_MANY if cells >= _MANY_CELLS else _LOOKS_OF_FEW


def suspicious(match: Match, rules: GateRules) -> tuple[str, ...]:
    """Return the latencies of a cell that grew by more than is tolerated.

    Only beside stored runs, and only the estimate: no cell can be a regression of time
    that is not among these, for that its interval must lie beyond the tolerance.

    Args:
        match: of the cell.
        rules: what is tolerated.
    """
    if match.only_quality is not None or not match.runs or match.reference is None:
        return ()
    pairs = pair(match.records, match.reference)
    found = []
    for name, tolerance in rules.tolerated(match.facts.cell).items():
        if name not in LATENCIES:
            continue
        ratios = [ratio for ratio in log_ratios(pairs, name) if ratio is not None]
        if len(ratios) >= FEWEST and fmean(ratios) > as_change(name, tolerance):
            found.append(name)
    return tuple(found)
