"""Pairs of blocks: loads that two cells offered in turn, block after block.

Answers of one block wait for each other, and what disturbs one disturbs many of them.
So times are compared by blocks: of each pair of blocks the mean of its samples' log
ratios is one value, and these are resampled. Whether an answer is right does not hang
on its neighbours, and is compared sample by sample, as without a load.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import accumulate
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import BALANCED
from pytest_llmlat.gate.pairing import LATENCIES, log_ratios, pair
from pytest_llmlat.grading.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.pairing import Pairs, Side
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

_ROUNDS = 2
"""Blocks of each side in a pair: A B B A."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPairs:
    """The blocks of two cells as what is paired."""

    match: Match
    """The cells, with blocks in the place of items."""
    pairs: Pairs
    """Each pair of blocks as one item."""
    requests: int
    """Requests of the shortest block."""

    def samples_each(self, pairs: Pairs) -> float:
        """Return how many samples there are for each pair of blocks."""
        return len(pairs.samples) / max(1, len(self.pairs.samples))

    def why_unbalanced(self, quantity: str) -> str | None:
        """Return why the balanced score is not gated; ``None`` where it is."""
        judged = METRICS[self.pairs.candidate[0].first.metric].later
        if quantity != BALANCED or not judged:
            return None
        return (
            "of a load in blocks, labels of people tell the quality of samples, and of"
            " no blocks"
        )

    @property
    def told(self) -> str:
        """What was compared, in words."""
        engine = self.match.facts.engine
        anew = engine is not None and engine.starts > len(self.pairs.samples)
        return (
            f"{len(self.pairs.samples)} pairs of blocks of {self.requests} requests or"
            " more, A B B A" + (", engines started anew for each" if anew else "")
        )


def block_pairs(match: Match) -> BlockPairs | None:
    """Return two cells' blocks in pairs; ``None`` where they were not so offered."""
    beside = match.beside
    if not match.in_turn or beside is None or not match.facts.visits:
        return None
    ours = _by_block(match.facts, match.records)
    theirs = _by_block(beside, match.reference or ())
    both = sorted(ours.keys() & theirs.keys())
    own = [record for n in both for record in _named(n, ours[n])]
    other = [record for n in both for record in _named(n, theirs[n])]
    whole = pair(own, other)
    timed = {_name(n): pair(ours[n], theirs[n]) for n in both}
    sides = [
        _timed(a, b, timed[name])
        for name, a, b in zip(
            whole.samples, whole.candidate, whole.baseline, strict=True
        )
    ]
    return BlockPairs(
        match=replace(match, records=tuple(own), reference=tuple(other)),
        pairs=replace(
            whole,
            candidate=tuple(a for a, _ in sides),
            baseline=tuple(b for _, b in sides),
        ),
        requests=min(match.facts.visits),
    )


def _by_block(
    facts: CellFacts, records: Sequence[Record]
) -> Mapping[int, list[Record]]:
    """Return the records of each pair of blocks of one side, by its number."""
    ends = list(accumulate(facts.visits))
    found: dict[int, list[Record]] = defaultdict(list)
    if not ends or ends[-1] != len(records):
        return found
    for number, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        found[number // _ROUNDS] += records[begin:end]
    return found


def _named(block: int, records: Sequence[Record]) -> list[Record]:
    """Return records with their block as what they have in common."""
    name = _name(block)
    return [
        replace(record, sample=f"{name}|{record.sample}", cluster=name)
        for record in records
    ]


def _name(block: int) -> str:
    return f"block {block:06}"


def _timed(ours: Side, theirs: Side, inner: Pairs) -> tuple[Side, Side]:
    """Return both sides of a pair of blocks with its mean log ratios as latencies.

    Of its samples those count that both sides have: they are as many as there are, and
    one that failed here has weighed on quality and speed.
    """
    logs = [_logs(inner, name) for name in LATENCIES]
    return (
        replace(ours, logs=tuple(own for own, _ in logs), cut=False),
        replace(theirs, logs=tuple(other for _, other in logs), cut=False),
    )


def _logs(inner: Pairs, name: str) -> tuple[float | None, float | None]:
    """Return the log times of both sides, as far apart as the mean log ratio is."""
    column = LATENCIES.index(name)
    known = [
        (ratio, side.logs[column])
        for ratio, side in zip(log_ratios(inner, name), inner.baseline, strict=True)
        if ratio is not None
    ]
    if not known:
        return None, None
    base = fmean(log or 0.0 for _, log in known)
    return base + fmean(ratio for ratio, _ in known), base
