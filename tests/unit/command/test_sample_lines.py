"""A single sample, as ``llmlat show`` writes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.command.show import sample_lines
from tests.unit.builders import a_record


@pytest.mark.parametrize(
    ("temperature", "top_p", "seed", "told"),
    [
        (0.8, 1.0, 7, "; temperature 0.8, seed 7;"),
        (0.8, 0.95, None, "; temperature 0.8, top_p 0.95, seed -;"),
        (0.0, 1.0, None, None),
        (None, None, None, None),
    ],
)
def test_a_drawn_answer_says_how(
    temperature: float | None, top_p: float | None, seed: int | None, told: str | None
) -> None:
    """A greedy one needs no word, and of an unknown one there is none."""
    record = replace(a_record(), temperature=temperature, top_p=top_p, seed=seed)

    figures = list(sample_lines(record))[1]

    assert (told or "e2e") in figures
    assert ("temperature" in figures) == bool(told)
