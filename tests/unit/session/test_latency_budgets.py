"""Latency budgets that a run has in place of those of its tasks."""

from __future__ import annotations

import pytest

from pytest_llmlat.session.latency_budgets import parse_budgets, with_budget
from pytest_llmlat.values.errors import UsageError
from tests.unit.builders import a_task


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), 1.0),
        (("2s",), 2.0),
        (("2s reasoning=500ms",), 0.5),
        (("reasoning=500ms", "reasoning/sums=3"), 3.0),
        (("reasoning/sums=3, 2s",), 3.0),
        (("sentiment=9s",), 1.0),
    ],
)
def test_a_task_comes_before_its_family_and_that_before_all(
    texts: tuple[str, ...], expected: float
) -> None:
    """And a task that none is about keeps its own."""
    budgets = parse_budgets(texts, where="--it")

    assert with_budget(a_task("reasoning/sums"), budgets).budget_s == expected


@pytest.mark.parametrize("text", ["2 parsecs", "a=1 a=2", "=3", "0s", "1s 2s", "a="])
def test_what_is_no_budget_is_refused(text: str) -> None:
    """The complaint names the option."""
    with pytest.raises(UsageError, match=r"^--it: "):
        parse_budgets([text], where="--it")
