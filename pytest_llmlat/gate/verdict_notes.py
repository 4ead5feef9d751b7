"""Notes on verdicts: what a comparison lacks, and what its figures are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.queue_growth import grows
from pytest_llmlat.gate.changes import QUALITY
from pytest_llmlat.gate.pairing import LATENCIES, known, log_ratios

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.pairing import Pairs

_SHOWN = 3


def lacking(match: Match, pairs: Pairs, name: str) -> Iterable[str]:
    """Say how many samples of the baseline have no counterpart."""
    if name in LATENCIES:
        theirs = known(pairs.baseline, name)
        both = sum(ratio is not None for ratio in log_ratios(pairs, name))
        if both < theirs:
            yield f"{theirs - both} of {theirs} that {match.against} has are missing"


def mixed(pairs: Pairs, name: str) -> Iterable[str]:
    """Say where right and wrong could not be tested sample by sample."""
    sides = (*pairs.candidate, *pairs.baseline)
    binary = all(side.first.grade.correct is not None for side in sides)
    if name == QUALITY and binary and any(side.correct is None for side in sides):
        yield (
            "repeats of a sample, or turns of a conversation, are right and wrong:"
            " tested by paired means, not by McNemar's test"
        )


def growing(match: Match, name: str) -> Iterable[str]:
    """Say of a figure of time that the load was not kept up, so that it grew."""
    if name == QUALITY:
        return
    sides = {"here": match.records, f"in {match.against}": match.reference or ()}
    behind = [where for where, records in sides.items() if grows(records)]
    if behind:
        yield (
            f"the load was not kept up {' and '.join(behind)}: times grow with the"
            " length of the run"
        )


def scaled(match: Match, name: str) -> Iterable[str]:
    """Say of a figure of time by how much stored times were scaled."""
    if name != QUALITY and match.slower is not None:
        yield f"by the yardstick, which took {match.slower:.2f} times as long here"


def _drawn_apart(match: Match) -> Iterable[str]:
    """Say how the two sides drew their answers differently."""
    ours = {(r.temperature, r.top_p) for r in match.records}
    theirs = {(r.temperature, r.top_p) for r in match.reference or ()}
    known = not any(None in how for how in ours | theirs)
    if known and len(ours) == len(theirs) == 1 and ours != theirs:
        (now,), (then,) = ours, theirs
        yield (
            f"drawn otherwise: temperature {now[0]:g}, top_p {now[1]:g} here,"
            f" temperature {then[0]:g}, top_p {then[1]:g} there"
        )


def remarks(match: Match, pairs: Pairs) -> Iterable[str]:
    """Return the notes on a comparison as a whole."""
    if pairs.missing:
        whole = pairs.compared + len(pairs.missing)
        shown = ", ".join(pairs.missing[:_SHOWN])
        yield (
            f"{len(pairs.missing)} of {whole} samples of {match.against} were not"
            f" measured ({shown}{', …' if len(pairs.missing) > _SHOWN else ''})"
        )
    if match.facts.stopping is not None:
        yield match.facts.stopping.told
    yield from _drawn_apart(match)
    yield from filter(None, [match.facts.measured_again, match.facts.anew])
    yield from (sitting.told for sitting in match.facts.sittings if not sitting.apart)
    late = sum(record.finish == "timeout" for record in match.records)
    if late:
        yield f"{late} time-outs counted by their limit"
