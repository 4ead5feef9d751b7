"""How often the interval of a judged quality holds what people would say.

    python -m tests.perf.judged              # 2,000 simulations of each row
    python -m tests.perf.judged 500
    python -m tests.perf.judged gate 500     # the gate on two models
    python -m tests.perf.judged alike 500 0  # false alarms alone, from seed 0 on
    python -m tests.perf.judged biases 500   # planted biases of judges

Three judges grade 400 items on a scale of 1 to 5, each with its own bias and noise;
people label 20, 40 or 100 of them, drawn at random. ``covers`` is the share of
intervals that hold the truth, ``width`` is the mean width by that of the labels alone.
``alike`` is how often the gate, as it is by default, calls the quality of one of two
models that are alike worse, ``seen`` how often that of one that is worse by 0.15. A
bias is planted in one of two judges, or in none.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - run by hand

from pytest_llmlat.analysis.intervals import mean_figure
from pytest_llmlat.analysis.judge_fitness import Beside, JudgeTrial, fitness
from pytest_llmlat.analysis.prediction_powered import judged_mean
from pytest_llmlat.gate.changes import QUALITY
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.values.judge_votes import UNCALIBRATED
from pytest_llmlat.values.records import Grade, Record
from tests.unit.builders import a_cell, a_record, some_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS = 400
BIASES = ((0.0, 0.1, -0.1), (0.3, 0.3, 0.3), (-0.2, 0.0, 0.4))
NOISES = {"good": 0.15, "middling": 0.5, "useless": 5.0}


def main(times: int = 2000) -> None:
    """Print one row for each kind of judges, truth and number of labels."""
    print("| judges | truth | labels | covers | width |")
    print("|---|---|---|---|---|")
    for name, noise in NOISES.items():
        for right in (0.3, 0.6, 0.93):
            for labels in (20, 40, 100):
                told = [
                    _one(np.random.default_rng([n, labels]), noise, right, labels)
                    for n in range(times)
                ]
                covers, width = np.array(told, dtype=float).mean(axis=0)
                print(
                    f"| {name} | {right} | {labels} | {covers:.1%} | {width:.2f} |",
                    flush=True,
                )


def gate(times: int = 500) -> None:
    """Print how often the gate sees a loss that is there, and one that is not."""
    print("| judges | truth | labels | alike | seen |")
    print("|---|---|---|---|---|")
    for name, noise in NOISES.items():
        for right in (0.6, 0.93):
            for labels in (20, 40):
                told = [
                    tuple(
                        _gated(np.random.default_rng([n, labels]), noise, right, labels)
                    )
                    for n in range(times)
                ]
                same, seen = np.array(told, dtype=float).mean(axis=0)
                print(
                    f"| {name} | {right} | {labels} | {same:.1%} | {seen:.0%} |",
                    flush=True,
                )


def alike(times: int = 2000, first: int = 0) -> None:
    """Print how often the gate sees a loss that is none, with 40 labels.

    Runs of one row may be done in parts, by the first seed of each.
    """
    print("| judges | truth | false alarms | runs |")
    print("|---|---|---|---|")
    for name, noise in NOISES.items():
        for right in (0.6, 0.93):
            told = [
                next(_gated(np.random.default_rng([n, 40]), noise, right, 40))
                for n in range(first, first + times)
            ]
            print(f"| {name} | {right} | {sum(told)} | {times} |", flush=True)


def biases(times: int = 2000) -> None:
    """Print how often each planted bias is found, and one in a clean judge."""
    print("| planted | found |")
    print("|---|---|")
    for number, name in enumerate(("nothing", "order", "length", "self")):
        found = sum(
            _biased(np.random.default_rng([n, number]), name) for n in range(times)
        )
        print(f"| {name} | {found / times:.1%} |", flush=True)


def _one(
    source: np.random.Generator, noise: float, right: float, labels: int
) -> tuple[bool, float]:
    truth, judged, drawn = _items(source, noise, right, labels)
    found = judged_mean(judged, _said(truth, drawn))
    assert found is not None
    low, high = found.estimate.low, found.estimate.high
    assert low is not None
    assert high is not None
    alone = mean_figure(truth[drawn], np.ones(labels))
    assert alone.low is not None
    assert alone.high is not None
    return low <= right <= high, (high - low) / (alone.high - alone.low)


def _items(
    source: np.random.Generator, noise: float, right: float, labels: int
) -> tuple[np.ndarray, list[float], np.ndarray]:
    truth = (source.uniform(size=ITEMS) < right).astype(float)
    bias = BIASES[int(source.integers(len(BIASES)))]
    drawn = np.zeros(ITEMS, dtype=bool)
    drawn[source.choice(ITEMS, labels, replace=False)] = True
    return truth, _votes(source, truth, noise, bias), drawn


def _said(truth: np.ndarray, drawn: np.ndarray) -> list[float | None]:
    both = zip(truth, drawn, strict=True)
    return [float(value) if own else None for value, own in both]


def _votes(
    source: np.random.Generator,
    truth: np.ndarray,
    noise: float,
    bias: tuple[float, ...],
) -> list[float]:
    panel = [
        np.clip(
            np.round(1 + 4 * (truth + shift + source.normal(0, noise, ITEMS))), 1, 5
        )
        for shift in bias
    ]
    mean: list[float] = ((np.mean(panel, axis=0) - 1) / 4).tolist()
    return mean


def _gated(
    source: np.random.Generator, noise: float, right: float, labels: int
) -> Iterator[bool]:
    """Yield whether the gate calls a model like the first worse, and a worse one."""
    first, judged, drawn = _items(source, noise, right, labels)
    # Each answer differs in a fifth of the items, for better or worse.
    again = (source.uniform(size=ITEMS) < right).astype(float)
    other = np.where(source.uniform(size=ITEMS) < 0.2, again, first)
    worse = np.where(source.uniform(size=ITEMS) < 0.15 / right, 0.0, other)
    bias = BIASES[int(source.integers(len(BIASES)))]
    reference = _records("old", judged, _said(first, drawn))
    for truth in (other, worse):
        votes = _votes(source, truth, noise, bias)
        ours = _records("new", votes, _said(truth, drawn))
        match = Match(
            facts=some_facts(ours[0].cell, planned=ITEMS),
            records=tuple(ours),
            against="old",
            reference=tuple(reference),
            in_turn=True,
        )
        found = judge([match], GateRules(), balance="geometric")
        quality = next(v for v in found if v.quantity == QUALITY)
        yield quality.outcome == "regression"


def _records(
    model: str, judged: list[float], labels: list[float | None]
) -> list[Record]:
    cell = a_cell(model)
    return [
        replace(
            a_record(f"s{n:03}", cell=cell),
            metric=UNCALIBRATED,
            chance=0.0,
            grade=Grade(value=value),
            label=label,
        )
        for n, (value, label) in enumerate(zip(judged, labels, strict=True))
    ]


def _biased(source: np.random.Generator, planted: str) -> bool:
    """Whether a judge of 400 answers that sees every fault is called unfit."""
    words = source.choice([8, 16, 32, 64], ITEMS)
    own = np.arange(ITEMS) % 4 == 0
    rest = source.uniform(size=ITEMS)
    share = rest + source.normal(0, 0.15, ITEMS)
    share += 0.08 * (np.log2(words) - 4.5) * (planted == "length")
    share += 0.12 * own * (planted == "self")
    better = source.normal(0, 1, ITEMS)
    place = 0.6 * (planted == "order")
    seen = [better + sign * place + source.normal(0, 0.4, ITEMS) for sign in (1, -1)]
    orders = np.digitize(np.array(seen), [-0.2, 0.2]) / 2
    told = fitness(
        "judge",
        unread=0,
        votes=ITEMS,
        trials=[JudgeTrial(kind="fault", before=0.5, after=0.25)] * 100,
        beside=[
            Beside(share=float(s), rest=float(r), words=int(w), own=bool(o))
            for s, r, w, o in zip(share, rest, words, own, strict=True)
        ],
        orders=[(float(a), float(b)) for a, b in orders.T],
    )
    return not told.fit


if __name__ == "__main__":
    KINDS = {"gate": gate, "alike": alike, "biases": biases}
    run = KINDS.get(sys.argv[1], main) if len(sys.argv) > 1 else main
    run(*(int(word) for word in sys.argv[1:] if word.isdecimal()))
