"""How a thousand cards would be used: the rules of seating, on simulated time.

    python -m tests.perf.spread_plan            # 250 nodes of 4 cards, 20 models
    python -m tests.perf.spread_plan 25 4 20    # nodes, cards of each, models

Run by hand. Which job begins where is decided by the code that decides it in a run;
only the time is simulated. A model takes 60 to 300 s to load, a cell of it 120 to
1200 s, and each is asked 150 cells. It prints how long all of it takes, which share of
that the cards measure, load and wait, and how long the decisions take, which are made
by one thread.
"""

from __future__ import annotations

import heapq
import random
import sys
import time

from pytest_llmlat.spread.jobs import Job, Placement
from pytest_llmlat.spread.seating import Seating
from pytest_llmlat.spread.worker_pool import Launch, Node
from tests.unit.spread.jobs import BARE

CELLS, SEED = 150, 1
LOAD_S, CELL_S = (60, 300), (120, 1200)
LAUNCH = Launch(work="", setup=b"", environ={})


def jobs_of(nodes: int, cards: int, models: int) -> tuple[list[Node], list[Job]]:
    """Return the nodes, and the cells of all models in the order of a run."""
    ways = tuple(
        Placement(
            resources=frozenset({f"card:{card}"}),
            launch=LAUNCH,
            shared=frozenset({"processor"}),
        )
        for card in range(cards)
    )
    there = [
        Node(
            name=f"node-{number}",
            inventory=BARE,
            cards=(),
            environment=(),
            shares_folder=False,
        )
        for number in range(nodes)
    ]
    everywhere = {node.name: ways for node in there}
    found = [
        Job(
            id=f"{model}-{cell}",
            group=f"model-{model}",
            order=b"",
            placements=everywhere,
        )
        for model in range(models)
        for cell in range(CELLS)
    ]
    return there, found


def main() -> None:
    """Print the figures of one plan."""
    sizes = [int(text) for text in sys.argv[1:]] or [250, 4, 20]
    nodes, jobs = jobs_of(*sizes)
    drawn = random.Random(SEED)  # noqa: S311 - times
    loads = {job.group: drawn.uniform(*LOAD_S) for job in jobs}
    takes = {job.id: drawn.uniform(*CELL_S) for job in jobs}
    seating, waiting = Seating(nodes), {job.id: job for job in jobs}
    ends: list[tuple[float, int, object]] = []
    now = measured = loaded = 0.0
    decisions: list[float] = []
    while waiting or ends:
        while True:
            begin_ns = time.perf_counter_ns()
            begin = seating.next_of(waiting.values())
            decisions.append((time.perf_counter_ns() - begin_ns) / 1e9)
            if begin is None:
                break
            has = seating.seats.get(begin.seat)
            new = has is None or has.group != begin.job.group
            for seat in begin.leave:
                del seating.seats[seat]
            seating.take(begin)
            del waiting[begin.job.id]
            load_s = loads[begin.job.group] if new else 0.0
            measured += takes[begin.job.id]
            loaded += load_s
            end = now + load_s + takes[begin.job.id]
            heapq.heappush(ends, (end, len(decisions), begin.seat))
        now, _, ended = heapq.heappop(ends)
        seating.seats[ended].job = None  # type: ignore[index] # a seat
    total = now * sizes[0] * sizes[1]
    print(
        f"{len(jobs)} cells of {sizes[2]} models on {sizes[0] * sizes[1]} cards:"
        f" {now / 3600:.2f} h; cards measure {measured / total:.0%}, load"
        f" {loaded / total:.0%}, wait {1 - (measured + loaded) / total:.0%} of it"
    )
    decisions.sort()
    print(
        f"{len(decisions)} decisions: median {decisions[len(decisions) // 2] * 1e3:.1f}"
        f" ms, longest {decisions[-1] * 1e3:.0f} ms, all {sum(decisions):.0f} s"
    )


if __name__ == "__main__":
    main()
