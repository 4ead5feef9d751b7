"""How tokens are drawn, and with which seed."""

from __future__ import annotations

import math

import pytest

from pytest_llmlat.values.sampling import (
    GREEDY,
    Sampling,
    is_temperature,
    is_top_p,
    seed_of,
)


def test_only_temperature_0_is_greedy() -> None:
    """However little chance there is, it is chance."""
    assert GREEDY.greedy
    assert not Sampling(temperature=1e-9).greedy


def test_a_seed_is_another_for_each_sample_and_repeat() -> None:
    """None of many is met twice, and each fits into 31 bits."""
    seeds = {
        seed_of(session, sample=f"s{sample}", number=number)
        for session in range(2)
        for sample in range(50)
        for number in range(20)
    }

    assert len(seeds) == 2000
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_seed_is_the_same_in_every_run() -> None:
    """A sample may have any name; the seed of a stored run can be made again."""
    assert seed_of(0, sample="arith-001", number=0) == 1934895950
    assert seed_of(0, sample="1|s", number=0) != seed_of(0, sample="s", number=1)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, True, "1", None])
def test_what_is_no_temperature(value: object) -> None:
    """A number, 0 or more, and finite."""
    assert not is_temperature(value)
    assert is_temperature(0)
    assert is_temperature(1.5)


@pytest.mark.parametrize("value", [0, 1.01, math.nan, True, "1", None])
def test_what_is_no_share_of_the_probability(value: object) -> None:
    """Above 0, and at most 1."""
    assert not is_top_p(value)
    assert is_top_p(1)
    assert is_top_p(0.01)
