"""Cells of models that think before they answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.measure.warm_up import WARMUP_TOKENS
from tests.unit.builders import (
    a_task,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Request
from tests.unit.measure.test_cell import SAMPLES, marks, measured

pytestmark = pytest.mark.slow


def test_greedy_repeats_measure_the_clock_again() -> None:
    """They are told as greedy, and without a seed that would have decided."""
    told = measured({"": "4"}, SAMPLES[:1], repeats=2)

    assert [(r.round, r.temperature, r.seed) for r in told.records] == [
        (0, 0.0, None),
        (1, 0.0, None),
    ]
    assert told.facts[0].planned == 2


THOUGHT = {"": "<think> is it 4 or 5 ? </think> Answer: 4"}


def test_a_thought_is_no_answer() -> None:
    """It has tokens and seconds of its own, and nothing is read out of it."""
    (record,) = measured(
        THOUGHT, SAMPLES[:1], task=replace(a_task(), max_new_tokens=20)
    ).records

    assert (record.answer, record.thoughts) == ("Answer: 4", "is it 4 or 5 ?")
    assert (record.output_tokens, record.thought_tokens) == (10, 8)
    assert record.timing is not None
    assert (record.timing.ttfr_s, record.timing.thinking_s) == (0.75, 1.75)
    assert record.grade.correct is True


def test_an_answer_cut_in_thought_is_wrong_and_marked() -> None:
    """The number that stands in the thought is not its answer."""
    (record,) = measured(
        THOUGHT, SAMPLES[:1], task=replace(a_task(), max_new_tokens=5)
    ).records

    assert record.cut_in_thought
    assert marks(record) == {"unparsed", "empty", "truncated"}
    assert (record.answer, record.extracted, record.thoughts) == (
        "",
        None,
        "is it 4 or",
    )
    assert record.grade.correct is False
    assert record.timing is not None
    assert (record.timing.ttft_s, record.timing.e2e_s) == (None, 1.5)


def test_a_budget_of_the_entry_is_stronger_than_the_tasks() -> None:
    """So it can be varied; room for it is made beside the tokens of the answer."""
    task = replace(replace(a_task(), max_new_tokens=5), thinking_tokens=100)

    (whole,) = measured(THOUGHT, SAMPLES[:1], task=task).records
    (short,) = measured(
        THOUGHT, SAMPLES[:1], task=task, options={"thinking_tokens": 2}
    ).records
    (none,) = measured(
        THOUGHT, SAMPLES[:1], task=task, options={"thinking": False}
    ).records

    assert (whole.thoughts, whole.answer) == ("is it 4 or 5 ?", "Answer: 4")
    assert (short.thoughts, short.answer) == ("is", "Answer: 4")
    assert none.answer == THOUGHT[""]


def test_a_warm_up_does_not_think_at_length() -> None:
    """A budget that would come on top is left out; no thought at all stays none."""
    for budget, expected in ((100, None), (0, 0), (None, None)):
        asked: list[Request] = []

        def answer(request: Request, asked: list[Request] = asked) -> str:
            asked.append(request)
            return "Answer: 4"

        measured(answer, SAMPLES[:1], task=replace(a_task(), thinking_tokens=budget))

        assert [r.thinking_tokens for r in asked] == [expected, budget]
        assert asked[0].most_tokens == WARMUP_TOKENS
