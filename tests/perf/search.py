"""How close a load search comes to a knee that is known.

    python -m tests.perf.search open [SEARCHES]      # Poisson arrivals, simulated
    python -m tests.perf.search closed [SEARCHES]    # so many in flight, simulated

The simulated servers have slots that serve in order of arrival; service times and
answers are noisy, and the knee, where 95 % of requests are within the objective, comes
from a long simulation. All that decides is the package's own code. Run by hand; figures
are quoted.
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.batch_means import alikeness
from pytest_llmlat.analysis.level_tests import LevelEvidence, judged
from pytest_llmlat.analysis.load_search import (
    certain,
    ended,
    knee,
    level_range,
    search,
)
from pytest_llmlat.analysis.queue_growth import growth_of
from pytest_llmlat.measure.arrivals import Arrivals
from pytest_llmlat.measure.load_warm_up import WarmUp
from pytest_llmlat.values.load_goal import LoadGoal
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.analysis.level_tests import JudgedLevel
    from pytest_llmlat.analysis.load_search import LevelVisit

LONG = 60_000
MOST_GROWTH = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server whose knee can be known."""

    slots: int
    service_s: float
    noise: float
    """Standard deviation of the logarithm of service times."""
    within_s: float
    """Objective: e2e below this."""
    changed: float = 0.01
    """Share of right answers that become wrong under a load."""

    def service(self, draw: random.Random) -> float:
        """Return how long one request is served, with the mean of ``service_s``."""
        spread = draw.gauss(-(self.noise**2) / 2, self.noise)
        return self.service_s * math.exp(spread)

    def opened(
        self, rate: float, count: int, draw: random.Random
    ) -> Iterator[tuple[float, float]]:
        """Yield (arrival, seconds under way) of the requests that count."""
        arrivals = Arrivals(rate, draw.randrange(2**31))
        warm_up = WarmUp(Scenario(kind="server", level=rate), count)
        free, ends = [0.0] * self.slots, list[tuple[float, float]]()
        sent = kept = 0
        while kept < count:
            due = arrivals.next_ns() / NS_PER_S
            while ends and ends[0][0] <= due:
                _, took = heapq.heappop(ends)
                warm_up.ended(round(took * NS_PER_S))
            counts = warm_up.over(sent)
            sent += 1
            end = max(heapq.heappop(free), due) + self.service(draw)
            heapq.heappush(free, end)
            heapq.heappush(ends, (end, end - due))
            if counts:
                kept += 1
                yield due, end - due

    def closed(
        self, level: int, count: int, draw: random.Random
    ) -> Iterator[tuple[float, float]]:
        """Yield (sending, seconds under way), behind one request of each place."""
        free = [0.0] * self.slots
        sendings = [self.service_s * n / level for n in range(level)]
        heapq.heapify(sendings)
        for number in range(count + 2 * level):
            sent = heapq.heappop(sendings)
            end = max(heapq.heappop(free), sent) + self.service(draw)
            heapq.heappush(free, end)
            heapq.heappush(sendings, end)
            if number >= 2 * level:
                yield sent, end - sent

    def times(
        self, kind: str, level: float, count: int, draw: random.Random
    ) -> list[tuple[float, float]]:
        """Return (start, seconds under way) of requests at a level."""
        if kind == "concurrent":
            return list(self.closed(int(level), count, draw))
        return list(self.opened(level, count, draw))

    def knee(self, kind: str, share: float) -> float:
        """Return the highest level at which a share of requests is in time."""
        low, high = 0.01 / self.service_s, 1.2 * self.slots / self.service_s
        if kind == "concurrent":
            low, high = 1.0, 4096.0
        while high - low > (1 if kind == "concurrent" else 0.002 * low):
            middle = (low + high) / 2
            if kind == "concurrent":
                middle = float(round(middle))
            own = self.times(kind, middle, LONG, random.Random(7))  # noqa: S311
            good = sum(took < self.within_s for _, took in own) / LONG
            low, high = (middle, high) if good >= share else (low, middle)
        return low


SERVERS = (
    Server(slots=1, service_s=0.5, noise=0.2, within_s=1.5),
    Server(slots=4, service_s=0.5, noise=0.3, within_s=1.0),
    Server(slots=8, service_s=0.2, noise=0.2, within_s=0.5),
    Server(slots=32, service_s=1.0, noise=0.3, within_s=2.5),
)


@dataclass(slots=True, kw_only=True)
class Visited:
    """What a search has seen of one level."""

    visits: int = 0
    good: list[bool] = field(default_factory=list)
    qualities: list[float] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    kept_up: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to."""

    level: float
    low: float
    high: float
    """The level that fails for certain."""
    end: str
    requests: int
    levels: int


def searched(server: Server, kind: str, goal: LoadGoal, draw: random.Random) -> Found:
    """Search once."""
    seen: dict[float, Visited] = {}

    def visit(step: LevelVisit) -> JudgedLevel:
        own = seen.setdefault(step.level, Visited())
        times = server.times(kind, step.level, step.requests, draw)
        own.visits += 1
        own.good += [took < server.within_s for _, took in times]
        for _ in times:
            right = draw.random() < 0.7
            worse = right and draw.random() < server.changed
            own.qualities.append(float(right and not worse))
            own.changes.append(-float(worse))
        own.kept_up = True if kind == "concurrent" else kept_up(times)
        told = LevelEvidence(
            level=step.level,
            visits=own.visits,
            good=tuple(own.good),
            qualities=tuple(own.qualities),
            changes=tuple(own.changes),
            kept_up=own.kept_up,
            alike=alikeness(own.good, f"{kind}:{step.level:g}"),
        )
        return judged(told, goal)

    limits = level_range(goal, kind, server.service_s)
    levels = search(goal, limits, visit)
    sure = certain(levels)
    return Found(
        level=knee(goal, limits, levels) or 0.0,
        low=0.0 if sure.held is None else sure.held.level,
        high=math.inf if sure.upper is None else sure.upper.level,
        end=ended(goal, limits, levels),
        requests=sum(len(own.good) for own in seen.values()),
        levels=len(levels),
    )


def kept_up(times: list[tuple[float, float]]) -> bool | None:
    """Say whether a server keeps up, as the package does."""
    found = growth_of(times)
    if found is None:
        return None
    if found.certain:
        return False
    return True if found.high <= MOST_GROWTH else None


def simulated(kind: str, count: int) -> None:
    """Print how many searches come within a tenth of the knee."""
    goal = LoadGoal()
    print(f"{kind}: {count} searches each, at least {goal.fewest} requests a level")
    for server in SERVERS:
        true = server.knee(kind, goal.share)
        found = [
            searched(server, kind, goal, random.Random(f"{number}"))  # noqa: S311
            for number in range(count)
        ]
        levels = [each.level for each in found]
        near = sum(abs(level - true) <= 0.1 * true for level in levels)
        inside = sum(each.low <= true * 1.005 <= each.high for each in found)
        ends = Counter(each.end for each in found)
        requests = sorted(each.requests for each in found)[count // 2]
        print(
            f"slots {server.slots:2d}, {server.service_s:g} s, knee {true:.4g}:"
            f" within 10 % {near}/{count}, certain bounds hold it {inside}/{count},"
            f" found {min(levels):.4g} to {max(levels):.4g}, median {requests} requests"
            f" in {sorted(each.levels for each in found)[count // 2]} levels,"
            f" {dict(ends)}",
            flush=True,
        )


def main() -> None:
    """Run what was named."""
    what, *more = sys.argv[1:] or ["open"]
    count = int(more[0]) if more else 40
    simulated({"open": "server", "closed": "concurrent"}[what], count)


if __name__ == "__main__":
    main()
