"""How often the interval of a judged quality holds what people would say.

    python -m tests.perf.judged          # 2,000 simulations of each row: two minutes
    python -m tests.perf.judged 500

Three judges grade 400 items on a scale of 1 to 5, each with its own bias and noise;
people label 20, 40 or 100 of them, drawn at random. ``covers`` is the share of
intervals that hold the truth, ``width`` is the mean width by that of the labels alone,
``gate`` is how often one of two models that are alike is called worse, ``seen`` how
often one is that is worse by 0.1.
"""

from __future__ import annotations

import sys

import numpy as np  # noqa: TID253 - run by hand

from pytest_llmlat.analysis.intervals import mean_figure
from pytest_llmlat.analysis.prediction_powered import judged_difference, judged_mean

ITEMS = 400
BIASES = ((0.0, 0.1, -0.1), (0.3, 0.3, 0.3), (-0.2, 0.0, 0.4))
NOISES = {"good": 0.15, "middling": 0.5, "useless": 5.0}


def main(times: int = 2000) -> None:
    """Print one row for each kind of judges, truth and number of labels."""
    print("| judges | truth | labels | covers | width | gate | seen |")
    print("|---|---|---|---|---|---|---|")
    for name, noise in NOISES.items():
        for right in (0.3, 0.6, 0.93):
            for labels in (20, 40, 100):
                told = [
                    _one(np.random.default_rng([n, labels]), noise, right, labels)
                    for n in range(times)
                ]
                covers, width, gate, seen = np.array(told, dtype=float).mean(axis=0)
                print(
                    f"| {name} | {right} | {labels} | {covers:.1%} | {width:.2f} |"
                    f" {gate:.1%} | {seen:.0%} |"
                )
                sys.stdout.flush()


def _one(
    source: np.random.Generator, noise: float, right: float, labels: int
) -> tuple[bool, float, bool, bool]:
    hard = source.uniform(size=ITEMS)
    first = (hard < right).astype(float)
    # Each answer differs in a tenth of the items, for better or worse.
    other = np.where(source.uniform(size=ITEMS) < 0.1, source.permutation(first), first)
    worse = np.where(source.uniform(size=ITEMS) < 0.1 / right, 0.0, other)
    bias = BIASES[int(source.integers(len(BIASES)))]
    judged = [_votes(source, truth, noise, bias) for truth in (first, other, worse)]
    drawn = np.zeros(ITEMS, dtype=bool)
    drawn[source.choice(ITEMS, labels, replace=False)] = True
    said = [
        [float(v) if own else None for v, own in zip(truth, drawn, strict=True)]
        for truth in (first, other, worse)
    ]
    found = judged_mean(judged[0], said[0])
    assert found is not None
    low, high = found.estimate.low, found.estimate.high
    assert low is not None
    assert high is not None
    alone = mean_figure(first[drawn], np.ones(labels))
    assert alone.low is not None
    assert alone.high is not None
    return (
        low <= right <= high,
        (high - low) / (alone.high - alone.low),
        _apart((judged[0], judged[1]), (said[0], said[1])),
        _apart((judged[0], judged[2]), (said[0], said[2])),
    )


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


def _apart(
    judged: tuple[list[float], list[float]],
    said: tuple[list[float | None], list[float | None]],
) -> bool:
    found = judged_difference(judged, said)
    assert found is not None
    # The gate looks at one side: worse by more than nothing.
    return found.estimate.high is not None and found.estimate.high < 0


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
