"""Blocks: parts of a cell that two models are asked in turn, each as a whole.

Two loads cannot run side by side, since each would slow the other. One after the other,
whatever makes the machine slower for a while meets one of them. So a load is cut into
blocks, and each is offered four times, A B B A: the second time as another round of the
same samples. Two blocks of each side are a pair, and pairs are what is compared.

Where memory holds only one of two engines, single requests are asked in blocks too: to
start an engine takes longer than to ask it, so it is started for each.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pytest_llmlat.measure.arrivals import visits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.scenario import Scenario

    Block = Sequence[tuple[Sample, int]]
    """Samples of a block in the order of asking, each with the number of its round."""

FEWEST_BLOCKS = 6
"""Pairs of blocks that are needed to tell how much pairs differ."""
_MOST_BLOCKS = 24
"""Pairs of blocks at most: each block is warmed up, which counts for nothing."""
_MOST_STARTED = 8
"""Pairs of blocks at most where engines are started for each."""
_OPEN_REQUESTS = 16
"""Requests of the shortest block of an open loop."""


def shortest_block(scenario: Scenario) -> int | None:
    """Return the requests that a block has at least; ``None`` where there are none.

    In a closed loop an answer waits for those in flight with it, so that a block has
    twice as many. Requests that all arrive at once are one load, however many they are.
    """
    if scenario.kind == "concurrent":
        return 2 * int(scenario.level or 1)
    return _OPEN_REQUESTS if scenario.kind == "server" else None


def blocks_of(plan: Plan) -> tuple[tuple[Block, Block], ...]:
    """Return what each pair of blocks asks: the same samples in two rounds.

    Conversations stay whole.

    Args:
        plan: of either cell; of a load that has blocks.
    """
    least = shortest_block(plan.scenario)
    if least is None:
        least = 1 if plan.apart else plan.planned
    asked = visits(plan.samples, plan.planned_in_turn // 2)
    items = [list(own) for _, own in groupby(asked, key=lambda v: (v[0].item, v[1]))]
    most = _MOST_STARTED if plan.apart else _MOST_BLOCKS
    count = max(1, min(most, len(asked) // least))
    blocks: list[list[tuple[Sample, int]]] = [[] for _ in range(count)]
    begun = 0
    for own in items:
        # By its middle, so that blocks are as even as whole items let them be.
        middle = begun + (len(own) - 1) / 2
        blocks[int(middle * count / len(asked))] += own
        begun += len(own)
    return tuple(
        (
            [(sample, 2 * number) for sample, number in block],
            [(sample, 2 * number + 1) for sample, number in block],
        )
        for block in blocks
        if block
    )


def asked_in_blocks(plan: Plan) -> Sequence[tuple[Sample, int]]:
    """Return all that a cell asks, block after block."""
    return [one for pair in blocks_of(plan) for block in pair for one in block]


def places_of_blocks(plan: Plan) -> list[tuple[range, range]]:
    """Return of each pair of blocks the places of its requests in the cell."""
    found, begin = [], 0
    for first, second in blocks_of(plan):
        middle = begin + len(first)
        end = middle + len(second)
        found.append((range(begin, middle), range(middle, end)))
        begin = end
    return found
