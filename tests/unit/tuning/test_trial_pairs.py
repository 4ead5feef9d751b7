"""What pairs of answers tell of a setting beside today's."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean

import numpy as np  # noqa: TID253 - answers by chance
import pytest

from pytest_llmlat.analysis import score
from pytest_llmlat.tuning.trial_pairs import (
    TrialAnswer,
    TrialPair,
    contributions,
    fixed_interval,
    level,
)
from pytest_llmlat.values.balance import WeighedMean


def answer(
    quality: float, seconds: float | None, cost: float | None = None
) -> TrialAnswer:
    """Return an answer beside a budget of a second."""
    speed = 0.0 if seconds is None else 1 / (1 + seconds)
    return TrialAnswer(
        quality=quality, chance=0.25, speed=speed, seconds=seconds, cost=cost
    )


def pairs(
    count: int, seed: int, *, task: str = "t", family: str = "f"
) -> list[TrialPair]:
    """Return pairs by chance."""
    source = np.random.default_rng(seed)
    return [
        TrialPair(
            family=family,
            task=task,
            item=str(item),
            candidate=answer(float(source.random() < 0.8), float(source.random())),
            reference=answer(float(source.random() < 0.6), float(source.random())),
        )
        for item in range(count)
    ]


def test_contributions_add_up_to_the_gain_of_the_score() -> None:
    """As the scoreboard has it: of means, and each family weighs alike."""
    one, two = pairs(30, 1), pairs(10, 2, task="u", family="g")

    found = contributions([*one, *two], "balance")

    def balanced(answers: list[TrialAnswer]) -> float:
        quality = score.normalize(fmean(a.quality for a in answers), 0.25)
        return float(
            score.balance(quality, fmean(a.speed for a in answers), "geometric")
        )

    gains = [
        balanced([p.candidate for p in own]) - balanced([p.reference for p in own])
        for own in (one, two)
    ]
    assert fmean(found.values()) == pytest.approx(fmean(gains))
    today = [balanced([p.reference for p in own]) for own in (one, two)]
    assert level([*one, *two], "balance", balance="geometric") == pytest.approx(
        fmean(today)
    )


@pytest.mark.slow
def test_the_interval_of_a_balanced_gain_holds_it_as_often_as_it_says() -> None:
    """Of 300 runs of 40 items about 95 % hold the true gain."""
    truth = fmean(
        fmean(contributions(pairs(4000, seed), "balance").values()) for seed in range(5)
    )
    held = 0
    for seed in range(300):
        values = [*contributions(pairs(40, 100 + seed), "balance").values()]
        found = fixed_interval(values, 0.95)
        held += found.low <= truth <= found.high

    assert 0.91 <= held / 300 <= 0.99


def test_a_failed_answer_has_no_time() -> None:
    """It is left out of times, and counts in the balance."""
    own = pairs(5, 1)
    failed = TrialPair(
        family="f",
        task="t",
        item="x",
        candidate=answer(0.0, None),
        reference=answer(1.0, 0.5),
    )

    assert set(contributions([*own, failed], "time")) == {pair.key for pair in own}
    assert len(contributions([*own, failed], "balance")) == 6
    assert contributions([failed], "time") == {}


def test_costs_compare_as_ratios() -> None:
    """Half the cost is a gain of ln 2; where one side has none, nothing is known."""
    pair = TrialPair(
        family="f",
        task="t",
        item="x",
        candidate=answer(1.0, 0.5, cost=0.01),
        reference=answer(1.0, 0.5, cost=0.02),
    )

    assert contributions([pair], "cost")["t", "x"] == pytest.approx(np.log(2))
    assert contributions(pairs(3, 1), "cost") == {}


def test_one_item_tells_no_spread() -> None:
    """Nothing is certain of it."""
    found = fixed_interval([0.5], 0.95)

    assert found.mean == 0.5
    assert found.low == -float("inf")


def test_a_balance_that_weighs_cost_gains_by_a_cheaper_setting() -> None:
    """The same answers as fast, at less of the budget; an unknown cost is no gain."""
    even = WeighedMean(weights=(("quality", 1.0), ("speed", 1.0), ("cost", 1.0)))
    cheap = [
        replace(
            pair,
            candidate=replace(pair.reference, cost_score=0.8, joules=1.0),
            reference=replace(pair.reference, cost_score=0.2, joules=4.0),
        )
        for pair in pairs(20, 1)
    ]
    lacking = [replace(cheap[0], candidate=answer(1.0, 0.1)), *cheap[1:]]

    assert fmean(contributions(cheap, "balance", balance=even).values()) > 0
    assert fmean(contributions(cheap, "balance").values()) == pytest.approx(0.0)
    assert len(contributions(lacking, "balance", balance=even)) == 19
    assert contributions(pairs(5, 1), "balance", balance=even) == {}
    gains = contributions(cheap, "joules").values()
    assert list(gains) == pytest.approx([math.log(4.0)] * 20)
