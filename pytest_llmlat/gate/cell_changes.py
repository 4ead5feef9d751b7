"""Changes of one cell, by what is paired in it.

Without blocks that are samples. Of a load in blocks, quality is compared by samples,
and all that time is a part of by blocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import QUALITY, changes
from pytest_llmlat.gate.hypotheses import BALANCED_BY, looked_at
from pytest_llmlat.gate.neighbours import shared_changes
from pytest_llmlat.gate.pair_costs import paired_costs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.block_pairs import BlockPairs
    from pytest_llmlat.gate.changes import Change
    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.pair_costs import PairedCosts
    from pytest_llmlat.gate.pairing import Pairs
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.records import Record


def cell_changes(
    match: Match,
    pairs: Pairs,
    blocks: BlockPairs | None,
    tolerated: dict[str, float],
    balance: Balance,
) -> tuple[dict[str, Change], PairedCosts]:
    """Return the changes of a cell, and what its answers cost.

    Args:
        match: the cell and what it is compared with.
        pairs: their samples.
        blocks: their blocks; ``None`` where they have none.
        tolerated: what is gated.
        balance: which mean is called balanced.
    """
    # What balance depends on is known of every cell, gated or not.
    wanted = tuple(dict.fromkeys((*tolerated, BALANCED_BY)))
    if blocks is not None:
        costs = paired_costs(blocks.match, blocks.pairs, tolerated, balance)
        timed = [name for name in wanted if name != QUALITY]
        own = [name for name in wanted if name == QUALITY]
        by_blocks = changes(blocks.pairs, timed, balance=balance, costs=costs)
        return {
            **changes(pairs, own, balance=balance),
            **{name: replace(each, by_t=True) for name, each in by_blocks.items()},
        }, costs
    shared = shared_changes(match.records, _sides(match))
    costs = paired_costs(match, pairs, tolerated, balance)
    found = changes(pairs, wanted, balance=balance, shared=shared, costs=costs)
    return looked_at(found, pairs, match.facts.stopping, balance), costs


def units_of(
    blocks: BlockPairs | None, pairs: Pairs, name: str
) -> tuple[tuple[str, ...], float, str | None]:
    """Return notes on blocks, the samples of each unit, and why it is not gated."""
    if blocks is None or name == QUALITY:
        return (), 1.0, None
    why = blocks.why_unbalanced(name)
    return (blocks.told,), blocks.samples_each(pairs), why


def _sides(match: Match) -> Sequence[Sequence[Record]]:
    """Return what a cell is compared with, run by run."""
    return tuple(match.runs.values()) or (match.reference or (),)
