"""Whom a scoreboard ranks, and whom it calls better; run by hand.

    python tests/perf/ranks.py guessers [SIMULATIONS]   # who is called above guessing
    python tests/perf/ranks.py better [SIMULATIONS]     # who is called better than whom
    python tests/perf/ranks.py equal [SIMULATIONS]      # what is said of equal models

Answers are simulated; everything else is the code that a run has. Processes share the
work; tables are printed in per cent.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.above_guessing import above_in_families
from pytest_llmlat.analysis.scoreboard import scoreboard_of
from pytest_llmlat.values.row_comparison import WhyBetter
from tests.perf.intervals import Answers
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

WORKERS = 2
SIZES = (8, 15, 24, 40, 100)
CHANCE = 0.5
GAINS = (0.0, 0.1, 0.2, 0.3, 0.4)
"""By how much answers are more often right than those of a guesser."""
FAMILIES = (1, 2, 6)


def _seen(gain: float, families: int, size: int, seed: int) -> bool:
    """Simulate a row of one task of two choices in each family."""
    source = np.random.default_rng([seed, size, families, round(100 * gain)])
    found = []
    for _ in range(families):
        right = (source.random((size, 1)) < CHANCE + gain).astype(float)
        answers = Answers(right=right, e2e_s=np.ones((size, 1)))
        found.append([answers.estimates(CHANCE)])
    return above_in_families(found)


def guessers(simulations: int) -> None:
    """Print how often rows are called above guessing, by how far they are above it."""
    print(f"| families | items | {' | '.join(f'+{gain}' for gain in GAINS)} |")
    print(f"|---|---|{'---|' * len(GAINS)}")
    with ProcessPoolExecutor(WORKERS) as pool:
        for families in FAMILIES:
            for size in SIZES:
                shares = []
                for gain in GAINS:
                    work = partial(_seen, gain, families, size)
                    seen = pool.map(work, range(simulations), chunksize=100)
                    shares.append(f"{100 * np.mean(list(seen)):.1f}")
                print(f"| {families} | {size} | {' | '.join(shares)} |")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Several models that are asked the same; only the last one is another."""

    models: int = 2
    families: int = 1
    items: int = 24
    spent: float = 0.1
    """The median time of the others, in budgets."""
    alike: float = 1.0
    """The share of items on which two models are right or wrong for the same reason."""
    slower: float = 0.0
    """By how much the last one takes longer."""
    worse: float = 0.0
    """By how much it is less often right."""


ACCURACY = 0.6
ITEM, OWN = 0.5, 0.15
"""Standard deviation of log times: what an item needs, and what each answer adds."""


def _cells(session: Session, seed: int) -> list[tuple[CellFacts, list[Record]]]:
    source = np.random.default_rng([seed, 7])
    cells = []
    for family in range(session.families):
        shape = (session.models, session.items)
        base = source.random(session.items)
        luck = np.where(
            source.random(session.items) < session.alike, base, source.random(shape)
        )
        accuracy = np.full((session.models, 1), ACCURACY)
        accuracy[-1] -= session.worse
        logs = source.normal(0, ITEM, session.items) + source.normal(0, OWN, shape)
        logs[-1] += math.log1p(session.slower)
        for number in range(session.models):
            cell = a_cell(f"m{number}", task=f"f{family}/t")
            records = [
                a_record(
                    f"s{item:03}",
                    cell=cell,
                    value=float(luck[number, item] < accuracy[number, 0]),
                    timing=a_timing(session.spent * math.exp(logs[number, item])),
                )
                for item in range(session.items)
            ]
            cells.append((some_facts(cell, planned=session.items), records))
    return cells


def _said(session: Session, seed: int) -> tuple[bool, ...]:
    """Return what is said, in the order of ``SAID``."""
    board = scoreboard_of(_cells(session, seed), balance="geometric", seed=seed)
    last = f"m{session.models - 1}|cpu|single"
    about = [c for c in board.contrasts if c.other == last]
    return (
        any(c.certain for c in about),
        any(WhyBetter.BALANCE in c.why for c in about),
        any(c.pace == "faster" for c in about),
        any(c.answers == "better" for c in about),
        any(c.certain or c.pace or c.answers for c in board.contrasts),
    )


SAID = ("better", "by the score", "faster", "better answers", "anything of any")


def better(simulations: int) -> None:
    """Print how often something is said of a model that is slower, or worse."""
    print(f"| families | answers | last one | {' | '.join(SAID)} |")
    print(f"|---|---|---|{'---|' * len(SAID)}")
    changes = {
        "50 % slower": Session(slower=0.5),
        "20 % slower": Session(slower=0.2),
        "0.2 worse": Session(worse=0.2),
    }
    with ProcessPoolExecutor(WORKERS) as pool:
        for families, alike in product((1, 6), (1.0, 0.6)):
            for words, change in changes.items():
                session = replace(change, families=families, alike=alike)
                work = partial(_said, session)
                seen = np.mean(list(pool.map(work, range(simulations))), axis=0)
                told = " | ".join(f"{100 * share:.1f}" for share in seen)
                print(f"| {families} | {alike:.0%} alike | {words} | {told} |")


def equal(simulations: int) -> None:
    """Print how often anything is said of models that are equal."""
    print(f"| families | items | models | {' | '.join(SAID)} |")
    print(f"|---|---|---|{'---|' * len(SAID)}")
    with ProcessPoolExecutor(WORKERS) as pool:
        for families, items, models in (
            (1, 24, 2),
            (1, 100, 2),
            (6, 24, 2),
            (6, 24, 4),
        ):
            session = Session(models=models, families=families, items=items, alike=0.6)
            work = partial(_said, session)
            seen = np.mean(list(pool.map(work, range(simulations))), axis=0)
            told = " | ".join(f"{100 * share:.1f}" for share in seen)
            print(f"| {families} | {items} | {models} | {told} |", flush=True)


if __name__ == "__main__":
    {"guessers": guessers, "better": better, "equal": equal}[sys.argv[1]](
        int((sys.argv[2:] or ["1000"])[0])
    )
