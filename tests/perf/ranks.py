"""Whom a scoreboard ranks, and whom it calls better; run by hand.

    python tests/perf/ranks.py guessers [SIMULATIONS]   # who is called above guessing

Answers are simulated; everything else is the code that a run has. Processes share the
work; tables are printed in per cent.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.above_guessing import above_in_families
from tests.perf.intervals import Answers

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


if __name__ == "__main__":
    {"guessers": guessers}[sys.argv[1]](int((sys.argv[2:] or ["1000"])[0]))
