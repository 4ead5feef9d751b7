"""Fitness of judges: planted biases are found, and clean judges are not accused."""

from __future__ import annotations

import random

import pytest

from pytest_llmlat.analysis.judge_fitness import Beside, Fitness, JudgeTrial, fitness


def a_judge(
    *,
    sees: float = 0.95,
    steady: float = 0.95,
    obeys: float = 0.0,
    length: float = 0.0,
    favour: float = 0.0,
    unread: int = 0,
    seed: int = 0,
) -> Fitness:
    """Return the measure of a judge with planted faults, after 100 trials of each."""
    source = random.Random(seed)  # noqa: S311 - not for secrets
    trials = [
        *(_trial(source, "fault", sees, 0.25) for _ in range(100)),
        *(_trial(source, "harmless", 1 - steady, 0.75) for _ in range(100)),
        *(_trial(source, "order", obeys, 1.0) for _ in range(100)),
        *(_trial(source, "repeat", 0.02, 0.25) for _ in range(100)),
    ]
    return fitness(
        "judge",
        unread=unread,
        votes=400,
        trials=trials,
        beside=[_beside(source, n, length, favour) for n in range(400)],
    )


def _trial(source: random.Random, kind: str, share: float, after: float) -> JudgeTrial:
    changed = source.random() < share
    return JudgeTrial(kind=kind, before=0.5, after=after if changed else 0.5)


def _beside(source: random.Random, number: int, length: float, favour: float) -> Beside:
    words, own = source.choice((8, 16, 32, 64)), number % 4 == 0
    rest = source.random()
    share = rest + length * (words.bit_length() - 5) + favour * own
    return Beside(share=share + source.gauss(0, 0.15), rest=rest, words=words, own=own)


def test_a_good_judge_is_fit() -> None:
    """It sees faults, and nothing else moves it."""
    found = a_judge()

    assert found.fit, found.faults
    assert found.sensitivity.low is not None
    assert found.sensitivity.low > 0.8


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ({"sees": 0.4}, "of planted faults"),
        ({"steady": 0.4}, "harmless"),
        ({"obeys": 0.6}, "orders"),
        ({"length": 0.1}, "doubling"),
        ({"favour": 0.15}, "own family"),
        ({"unread": 120}, "cannot be read"),
    ],
)
def test_what_is_planted_is_found(planted: dict[str, float], complaint: str) -> None:
    """Each fault by its name, and no other."""
    found = a_judge(**planted)  # type: ignore[arg-type]

    assert not found.fit
    assert [complaint in each for each in found.faults] == [True]


@pytest.mark.slow
def test_biases_are_found_and_clean_judges_are_not_accused() -> None:
    """In at least 95 of 100 each."""
    clean = [a_judge(seed=seed).fit for seed in range(100)]
    long = [a_judge(length=0.1, seed=seed).fit for seed in range(100)]
    own = [a_judge(favour=0.15, seed=seed).fit for seed in range(100)]

    assert sum(clean) >= 95
    assert sum(long) <= 5
    assert sum(own) <= 5


def test_what_was_never_tried_is_not_fit() -> None:
    """Without planted faults nobody knows what a judge sees."""
    found = fitness("judge", unread=0, votes=20, trials=[], beside=[])

    assert found.faults == ("no planted faults were tried on it",)
    assert found.obeyed.value is None
    assert found.slope.value is None
