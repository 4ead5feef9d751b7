"""Distributions of very many durations, which numpy ranks."""

from __future__ import annotations

import random
from array import array
from dataclasses import astuple

from pytest_llmlat.values.percentiles import distribution, joined_distribution


def test_many_values_have_the_same_distribution_to_the_last_digit() -> None:
    """Whoever ranks them, and in however many arrays they lie."""
    source = random.Random(0)  # noqa: S311 - no secret
    values = [source.expovariate(1.0) for _ in range(30_000)]
    parts = [array("d", values[:7]), array("d"), array("d", values[7:])]

    found = joined_distribution(parts, censored=400)

    assert found == distribution(values, censored=400)
    assert joined_distribution(parts) == distribution(values)
    assert {type(value) for value in astuple(joined_distribution(parts))} == {float}


def test_few_values_are_ranked_as_ever() -> None:
    """None of them has no distribution."""
    assert joined_distribution([array("d", [2.0, 1.0])]) == distribution([1.0, 2.0])
    assert joined_distribution([]) == distribution([])
