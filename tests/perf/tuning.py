"""How often a race finds the best setting, and how often it names one of none.

    python -m tests.perf.tuning hilly [SEEDS]   # 64 settings of known truth
    python -m tests.perf.tuning flat [SEEDS]    # all settings are as today's
    python -m tests.perf.tuning tpe [SEEDS]     # the same 64, proposed by Optuna

Everything but the answers is the product's own code; run by hand.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from pytest_llmlat.tuning.goal import Goal
from pytest_llmlat.tuning.proposals import ListedSettings, ParzenSettings
from pytest_llmlat.tuning.race import Race
from pytest_llmlat.tuning.race_plan import TuningBudget, planned
from pytest_llmlat.tuning.trial_pairs import contributions, fixed_interval
from tests.unit.tuning.landscape import (
    SETTINGS,
    SPACE,
    TODAY,
    Landscape,
    flat,
    hilly,
)

ITEMS = 400
WITHIN = 0.02
FULL = len(SETTINGS) * ITEMS
WORKERS = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What one race found."""

    end: str
    share: float
    """Score of what it says to take, of that of the best."""
    requests: int
    covered: bool
    """Whether the interval of the confirmed gain holds the true one."""


def one_race(name: str, seed: int) -> Found:
    """Run one race."""
    land = Landscape(truth=flat if name == "flat" else hilly, items=ITEMS, seed=seed)
    others = [each for each in SETTINGS if each != TODAY]
    budget = TuningBudget(requests=FULL // 4)
    plan = planned([1] * ITEMS, settings=len(others), budget=budget, where="budget")
    proposer = (
        ParzenSettings(SPACE, seed=seed, first=plan.settings // 2)
        if name == "tpe"
        else ListedSettings(others, seed=seed)
    )
    race = Race(
        land, proposer, goal=Goal(), plan=plan, seconds=lambda: 0.0, tell=lambda _: None
    )
    race.run()
    taken = TODAY
    if race.end == "winner" and race.chosen is not None:
        taken = race.chosen.setting
    best = max(map(land.score, SETTINGS))
    covered = True
    if race.confirmation and race.chosen is not None:
        values = [*contributions(race.confirmation, "balance").values()]
        found = fixed_interval(values, 0.95)
        gain = land.score(race.chosen.setting) - land.score(TODAY)
        covered = found.low <= gain <= found.high
    return Found(race.end, land.score(taken) / best, land.requests, covered)


def main(name: str, seeds: int) -> None:
    """Print how it went over all seeds."""
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(partial(one_race, name), range(seeds), chunksize=5))
    ends = Counter(each.end for each in found)
    good = sum(each.share >= 1 - WITHIN for each in found)
    most = max(each.requests for each in found)
    mean = fmean(each.requests for each in found)
    print(f"{name}: {seeds} seeds, {dict(ends)}")
    print(f"  within {WITHIN:.0%} of the best: {good} ({good / seeds:.1%})")
    print(f"  no winner: {seeds - ends['winner']} ({1 - ends['winner'] / seeds:.1%})")
    print(f"  requests: mean {mean:.0f}, most {most}, {most / FULL:.1%} of {FULL}")
    held = sum(each.covered for each in found)
    print(f"  confirmed interval holds the true gain: {held} ({held / seeds:.1%})")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200)
