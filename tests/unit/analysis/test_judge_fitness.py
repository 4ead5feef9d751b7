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

    (told,) = found.faults
    assert told.startswith("no planted fault could tell anything of it")
    assert found.obeyed.value is None
    assert found.slope.value is None


def test_too_few_faults_that_tell_are_told_as_such() -> None:
    """Faults were planted, most in answers that had the lowest score already."""
    low = [JudgeTrial(kind="fault", before=0.0, after=0.0)] * 40
    telling = [JudgeTrial(kind="fault", before=0.5, after=0.0)] * 9

    found = fitness("judge", unread=0, votes=49, trials=[*low, *telling], beside=[])

    (told,) = found.faults
    assert told.startswith("9 planted faults could tell something of it, and 10 are")


@pytest.mark.parametrize(
    ("orders", "complaint"),
    [
        ([(1.0, 0.0)] * 30 + [(1.0, 1.0), (0.0, 0.0)] * 30, "stands first +0.17"),
        ([(0.0, 1.0)] * 30 + [(1.0, 1.0), (0.0, 0.0)] * 30, "stands second +0.17"),
        ([(1.0, 0.0)] * 20, "opposite of 100% of pairs"),
    ],
)
def test_a_place_that_earns_something_is_found(
    orders: list[tuple[float, float]], complaint: str
) -> None:
    """Whichever of the two it is."""
    found = fitness("judge", unread=0, votes=90, trials=[], beside=[], orders=orders)

    assert any(complaint in told for told in found.faults)


def test_a_judge_that_sees_the_answers_has_no_favourite_place() -> None:
    """The same answer is better in both orders; or there is none."""
    orders = [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5)] * 20

    found = fitness("judge", unread=0, votes=60, trials=[], beside=[], orders=orders)

    assert len(found.faults) == 1
    assert found.flips.value == 0
