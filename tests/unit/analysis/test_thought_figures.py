"""What thinking takes and costs, in a cell's statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.command.show import sample_lines
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.results import Distribution, Summary
from pytest_llmlat.values.timing import NS_PER_S, Timing
from tests.unit.builders import a_record, an_error, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def thought(sample: str, *, thinking_s: int, tokens: int, value: float = 1.0) -> Record:
    """Return an answer of 2 tokens that began to think after a second."""
    first = (1 + thinking_s) * NS_PER_S
    timing = Timing(
        start_ns=0,
        end_ns=first + NS_PER_S,
        stamps_ns=(first, first + NS_PER_S),
        stamp_tokens=(1, 1),
        reasoning_ns=NS_PER_S,
        thought_end_ns=first - 1,
    )
    return replace(
        a_record(sample, value=value),
        timing=timing,
        thoughts="hm",
        thought_tokens=tokens,
        output_tokens=tokens + 2,
    )


def cut(sample: str) -> Record:
    """Return an answer that was cut in its thoughts after 20 tokens."""
    timing = Timing(
        start_ns=0,
        end_ns=9 * NS_PER_S,
        stamps_ns=(),
        stamp_tokens=(),
        reasoning_ns=NS_PER_S,
        thought_end_ns=8 * NS_PER_S,
    )
    return replace(
        a_record(sample, value=0.0),
        timing=timing,
        answer="",
        extracted=None,
        unparsed=True,
        truncated=True,
        empty=True,
        finish="length",
        thoughts="so and so",
        thought_tokens=20,
        output_tokens=20,
        cut_in_thought=True,
    )


def summed(records: list[Record]) -> Summary:
    """Return the statistics of a cell."""
    return summarise(some_facts(), records, balance="geometric")


def test_thinking_and_answering_are_told_apart() -> None:
    """In seconds and in tokens, of the answers that were thought about."""
    records = [thought("a", thinking_s=3, tokens=10), a_record("b")]

    figures = dict(summed(records).figures)

    assert figures["ttfr_s"].p50 == 1.0
    assert figures["thinking_s"].p50 == 3.0
    assert figures["answering_s"].p50 == 1.0
    assert figures["thought_tokens"].p50 == 10
    assert figures["answer_tokens"].p50 == 2


def test_a_model_that_does_not_think_has_none_of_these_figures() -> None:
    """They are absent, not 0."""
    figures = dict(summed([replace(a_record(), thought_tokens=0)]).figures)

    for name in (
        "ttfr_s",
        "thinking_s",
        "answering_s",
        "thought_tokens",
        "answer_tokens",
    ):
        assert figures[name] == Distribution()


def test_a_thought_that_was_cut_would_have_been_longer() -> None:
    """It makes a median no smaller, and a mean unknown; it is counted."""
    records = [thought("a", thinking_s=3, tokens=10), cut("b"), cut("c")]

    summary = summed(records)
    figures = dict(summary.figures)

    assert summary.cut_in_thought == 2
    assert (figures["thinking_s"].p50, figures["thinking_s"].mean) == (None, None)
    assert figures["thought_tokens"].p50 is None
    assert figures["answer_tokens"].p50 == 2
    assert summary.e2e_s.p50 == 8.0


def test_tokens_for_each_right_answer() -> None:
    """Of all judged requests, wrong ones included; unknown where one is not known."""
    right = thought("a", thinking_s=3, tokens=10)
    wrong = thought("b", thinking_s=3, tokens=30, value=0.0)

    assert summed([right, wrong]).tokens_per_correct == 12 + 32
    assert summed([wrong]).tokens_per_correct is None
    failed = replace(an_error("c", cell=right.cell), grade=wrong.grade)
    assert summed([right, failed]).tokens_per_correct is None


def test_what_was_cut_in_thought_is_shown() -> None:
    """Beside what was unparsed, in the table and of the sample itself."""
    board = scoreboard([some_facts()], [cut("a")], balance="geometric", seed=0)
    table = scoreboard_lines(board, most=200)
    lines = list(sample_lines(replace(cut("a"), rendered="<user>2 + 2?")))

    assert any("1 cut in thought" in line for line in table)
    assert "cut in thought" in lines[1]
    assert "20 tokens, 20 of them thoughts" in lines[1]
    assert any("rendered  | <user>2 + 2?" in line for line in lines)
    assert any("thoughts  | so and so" in line for line in lines)
