"""How often 95 % intervals hold the truth; run by hand.

    python tests/perf/intervals.py cells [SIMULATIONS]      # by accuracy and size
    python tests/perf/intervals.py clusters [SIMULATIONS]   # 4 questions to a text
    python tests/perf/intervals.py corpus [SIMULATIONS]     # corpus BLEU and chrF++
    python tests/perf/intervals.py rows [SIMULATIONS]       # a mean over six families
    python tests/perf/intervals.py limits [SIMULATIONS]     # limits that fail wrongly
    python tests/perf/intervals.py bias [SIMULATIONS]       # of the score itself

Answers and log-normal times are simulated; everything else is the code that a run has.
Processes share the work; a table is printed at the end, in per cent.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.cell_estimates import CellEstimates
from pytest_llmlat.analysis.intervals import (
    averaged,
    jackknife_figure,
    known,
    mean_figure,
)
from pytest_llmlat.analysis.percentile_intervals import percentile_interval
from pytest_llmlat.gate.limits import judged
from pytest_llmlat.gate.tolerances import parse_limits
from pytest_llmlat.grading.metrics.chrf import (
    BLEU_ORDERS,
    CHRF_COUNTS,
    CHRF_ORDERS,
    corpus_bleu_draws,
    corpus_draws,
)

if TYPE_CHECKING:
    from numpy.random import Generator

    from pytest_llmlat.values.results import Estimate

WORKERS = 2
SIZES = (8, 15, 24, 40, 100)
ACCURACIES = (0.07, 0.3, 0.6, 0.93)
SPREAD = 0.6
"""Of the times of different samples of one task, on the log scale."""
MEDIAN_S, BUDGET_S = 1.0, 1.0
TEXT = 4
"""Questions to each text, where there are clusters."""
ALIKE = 0.3
"""The correlation of two answers about one text, and of the logarithms of times."""
FIGURES = ("quality", "speed", "balanced", "e2e p50")
_NODES = np.linspace(-8, 8, 4001)
_DENSITY = np.exp(-(_NODES**2) / 2)
SPEED = float(
    (_DENSITY / (1 + MEDIAN_S / BUDGET_S * np.exp(SPREAD * _NODES))).sum()
    / _DENSITY.sum()
)
"""The true mean of the speed score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was simulated of one cell: (units, answers of each)."""

    right: np.ndarray
    e2e_s: np.ndarray

    def estimates(self, chance: float = 0.0) -> CellEstimates:
        """Return the figures of the cell, as a run has them."""
        units, each = self.right.shape
        asked = np.full(units, float(each))
        speeds = 1 / (1 + self.e2e_s / BUDGET_S)
        return CellEstimates(
            value=mean_figure(self.right.sum(axis=1), asked),
            chance=known(chance, units),
            speed=mean_figure(speeds.sum(axis=1), asked),
            details=(),
            units=units,
        )


def answers(source: Generator, units: int, accuracy: float, each: int = 1) -> Answers:
    """Simulate a cell; answers of one unit are alike where there are several."""
    shape = (units, each)
    if each == 1:
        right = source.random(shape) < accuracy
        logs = source.normal(0, SPREAD, shape)
    else:
        rest = 1 / ALIKE - 1
        own = source.beta(accuracy * rest, (1 - accuracy) * rest, (units, 1))
        right = source.random(shape) < own
        logs = source.normal(0, SPREAD * math.sqrt(ALIKE), (units, 1))
        logs = logs + source.normal(0, SPREAD * math.sqrt(1 - ALIKE), shape)
    return Answers(right=right.astype(float), e2e_s=MEDIAN_S * np.exp(logs))


def holds(estimate: Estimate, truth: float) -> bool:
    """Whether there is an interval and the truth lies in it."""
    if estimate.low is None or estimate.high is None:
        return False
    return estimate.low <= truth <= estimate.high


def of_cell(units: int, accuracy: float, each: int, seed: int) -> list[bool]:
    """Tell for each of ``FIGURES`` whether the interval of one cell holds the truth."""
    source = np.random.default_rng([seed, units, each, round(100 * accuracy)])
    found = answers(source, units, accuracy, each)
    estimates = found.estimates()
    middle = percentile_interval([tuple(row) for row in found.e2e_s.tolist()], 50)
    return [
        holds(estimates.value.estimate, accuracy),
        holds(estimates.speed.estimate, SPEED),
        holds(estimates.balanced("geometric"), math.sqrt(accuracy * SPEED)),
        middle is not None and middle[0] <= MEDIAN_S <= middle[1],
    ]


def of_corpus(units: int, level: float, seed: int) -> list[bool]:
    """Tell whether the intervals of corpus BLEU and chrF++ hold the truth."""
    counts = sentences(np.random.default_rng([seed, units, 1]), units, level)
    return [
        holds(
            jackknife_figure(
                float(figure(counts.sum(axis=0)[None])[0]), counts, figure
            ).estimate,
            truth,
        )
        for figure, truth in zip(_CORPUS, _truths(level), strict=True)
    ]


_CORPUS = (corpus_bleu_draws, corpus_draws)


@lru_cache
def _truths(level: float) -> tuple[float, ...]:
    """Return the figures of very many sentences."""
    whole = sentences(np.random.default_rng(0), 200_000, level).sum(axis=0)[None]
    return tuple(float(figure(whole)[0]) for figure in _CORPUS)


def sentences(source: Generator, count: int, level: float) -> np.ndarray:
    """Simulate n-gram counts of sentences of 8 to 29 words, each of its own quality."""
    words = source.integers(8, 30, count)
    own = source.beta(6 * level, 6 * (1 - level), count)
    columns = np.zeros((count, CHRF_COUNTS + 2 + 2 * BLEU_ORDERS))
    for order in range(CHRF_ORDERS):
        grams = np.maximum(words - order, 1)
        columns[:, 3 * order] = columns[:, 3 * order + 1] = grams
        columns[:, 3 * order + 2] = source.binomial(grams, own ** (1 + 0.3 * order))
    bleu = columns[:, CHRF_COUNTS:]
    bleu[:, 0] = words
    bleu[:, 1] = words + source.integers(-3, 4, count)
    most = words
    for order in range(BLEU_ORDERS):
        grams = words - order
        most = np.minimum(most, source.binomial(grams, own ** (1 + 0.7 * order)))
        bleu[:, 2 + order], bleu[:, 2 + BLEU_ORDERS + order] = most, grams
    return columns


def of_row(units: int, accuracy: float, seed: int) -> list[bool]:
    """Tell whether the intervals of a row of six families hold the truth."""
    source = np.random.default_rng([seed, units, 6, round(100 * accuracy)])
    cells = [answers(source, units, accuracy).estimates().to_average for _ in range(6)]
    weights = [1 / 6] * 6
    truths = (accuracy, SPEED, math.sqrt(accuracy * SPEED))
    told = zip(
        *(
            (cell.value.estimate, cell.speed.estimate, cell.balanced("geometric"))
            for cell in cells
        ),
        strict=True,
    )
    return [
        holds(averaged(own, weights), truth)
        for own, truth in zip(told, truths, strict=True)
    ]


def of_limit(units: int, accuracy: float, seed: int) -> list[bool]:
    """Tell what becomes of a limit of 0.1 and of one at the accuracy itself."""
    source = np.random.default_rng([seed, units, 7, round(100 * accuracy)])
    quality = answers(source, units, accuracy).estimates().value.estimate
    outcomes = []
    for bound in (0.1, accuracy):
        (limit,) = parse_limits([f"quality>={bound}"], where="limit")
        outcomes.append(judged(quality, limit)[0])
    return [outcome == "failed" for outcome in outcomes]


def biased(units: int, accuracy: float, chance: float, seed: int) -> list[float]:
    """Return score and quality above chance of one cell."""
    source = np.random.default_rng([seed, units, 8, round(100 * accuracy)])
    found = answers(source, units, accuracy).estimates(chance)
    return [found.balanced("geometric").value or 0.0, found.quality]


def shares(told: partial[list[bool]] | partial[list[float]], count: int) -> list[float]:
    """Return the mean of each figure over so many simulations."""
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(told, range(count), chunksize=max(1, count // 20)))
    return [float(np.mean(column)) for column in zip(*found, strict=True)]


def coverage(kind: str, count: int) -> None:
    """Print the coverage of each figure, by accuracy and number of items."""
    names: dict[str, tuple[str, ...]] = {"rows": FIGURES[:3]}
    names |= {"corpus": ("BLEU", "chrF++"), "limits": (">=0.1", ">=accuracy")}
    heads = names.get(kind, FIGURES)
    print(f"{'':14}" + "".join(f"{name:>12}" for name in heads))
    for accuracy in ACCURACIES if kind != "corpus" else (0.25, 0.5, 0.8):
        for units in SIZES:
            told = {
                "cells": partial(of_cell, units, accuracy, 1),
                "clusters": partial(of_cell, units, accuracy, TEXT),
                "corpus": partial(of_corpus, units, accuracy),
                "rows": partial(of_row, units, accuracy),
                "limits": partial(of_limit, units, accuracy),
            }[kind]
            row = shares(told, count)
            print(
                f"{accuracy:6} {units:6} " + "".join(f"{100 * v:12.1f}" for v in row),
                flush=True,
            )


def bias(count: int) -> None:
    """Print how far the score of few items is off, of a guesser too."""
    print(f"{'chance':>6} {'accuracy':>8} {'n':>4} {'true':>6} {'told':>6} {'off':>7}")
    for chance, accuracy in ((0, 0.05), (0, 0.07), (0, 0.3), (0, 0.6), (0.5, 0.5)):
        for units in SIZES:
            told, _ = shares(partial(biased, units, accuracy, chance), count)
            truth = math.sqrt(score.normalize(accuracy, chance) * SPEED)
            off = f"{100 * (told / truth - 1):6.1f}%" if truth else ""
            print(f"{chance:6} {accuracy:8} {units:4} {truth:6.3f} {told:6.3f} {off}")


def main(kind: str, simulations: str = "2000") -> None:
    """Run one of the studies."""
    if kind == "bias":
        bias(int(simulations))
    else:
        coverage(kind, int(simulations))


if __name__ == "__main__":
    main(*sys.argv[1:])
