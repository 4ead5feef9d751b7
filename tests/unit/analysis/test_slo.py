"""Which answers count as good, and of which that cannot be told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.slo import QUANTITIES, Objective, good, parse
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_record, a_timing, an_error, an_overflow

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record

WHERE = "--llm-slo"
EVERY = "e2e<9 ttft<9 tpot<9 queue<9"


def is_good(record: Record, text: str) -> bool | None:
    """Judge a record by objectives as they are typed."""
    return good(record, parse(text, where=WHERE))


def queued(seconds: float) -> Record:
    """Return an answer after 4 s that was sent only after some of them."""
    timing = replace(a_timing(2.0, 4.0), sent_ns=round(seconds * NS_PER_S))
    return a_record(timing=timing)


def whole(seconds: float = 1.0) -> Record:
    """Return an answer that came in one piece, without any stamp."""
    return a_record(timing=a_timing(end_s=seconds))


def a_time_out(*stamps_s: float) -> Record:
    """Return a request that was given up after two seconds."""
    return replace(
        a_record(value=0.0, finish="timeout", timing=a_timing(*stamps_s, end_s=2.0)),
        answer=None,
    )


def test_objectives_are_read() -> None:
    """Each is a bound in seconds; their order is always the same."""
    assert parse("tpot<50ms, ttft<0.5", where=WHERE) == (
        Objective(quantity="ttft", below_s=0.5),
        Objective(quantity="tpot", below_s=0.05),
    )
    assert [o.quantity for o in parse(EVERY, where=WHERE)] == list(QUANTITIES)


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_nothing_typed_is_no_objective(text: str) -> None:
    """Then nothing is said of goodput."""
    assert parse(text, where=WHERE) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("itl<1", "--llm-slo: 'itl<1' is not understood; write NAME<VALUE"),
        ("ttft=1", "--llm-slo: 'ttft=1' is not understood; write NAME<VALUE"),
        ("ttft>1", "--llm-slo: 'ttft>1' is not understood; write NAME<VALUE"),
        ("ttft < 1", "--llm-slo: 'ttft' is not understood; write NAME<VALUE"),
        ("ttft<=1", "--llm-slo: ttft: '=1' is not understood; write 2, 2.5s"),
        ("ttft<soon", "--llm-slo: ttft: 'soon' is not understood; write 2, 2.5s"),
        ("ttft<0", "--llm-slo: ttft: '0' must be above 0 and finite"),
        ("ttft<1 ttft<2", "--llm-slo: 'ttft' stands there twice"),
    ],
)
def test_what_is_no_objective_says_where_and_why(text: str, message: str) -> None:
    """The option, the quantity and the grammar stand in the message."""
    with pytest.raises(UsageError) as caught:
        parse(text, where=WHERE)

    assert str(caught.value).startswith(message)


@given(st.text(alphabet="e2tfpoqu<=., 0123456789ms", max_size=20))
def test_objectives_are_read_or_refused(text: str) -> None:
    """Whatever was typed, every bound is above 0 and no quantity has two."""
    try:
        found = parse(text, where=WHERE)
    except UsageError:
        return
    assert all(o.below_s > 0 for o in found)
    assert len({o.quantity for o in found}) == len(found)


@pytest.mark.parametrize(
    ("bound", "record"),
    [
        ("e2e<{}", a_record(timing=a_timing(0.25, 2.0, end_s=3.0))),
        ("ttft<{}", a_record(timing=a_timing(2.0, 9.0))),
        ("tpot<{}", a_record(timing=a_timing(0.5, 2.5, 4.5))),
        ("queue<{}", queued(2.0)),
    ],
)
def test_each_quantity_is_held_below_its_bound(bound: str, record: Record) -> None:
    """Two seconds are below 2.001; they are not below 2, nor below 1.999."""
    judged = [is_good(record, bound.format(b)) for b in ("2.001", "2", "1.999")]

    assert judged == [True, False, False]


@pytest.mark.parametrize("text", ["e2e<3 ttft<1", "e2e<5 ttft<0.25", "e2e<1 ttft<0.1"])
def test_every_objective_has_to_be_met(text: str) -> None:
    """One that was missed is enough."""
    record = a_record(timing=a_timing(0.5, 4.0))

    assert is_good(record, "e2e<5 ttft<1") is True
    assert is_good(record, text) is False


@pytest.mark.parametrize("text", ["e2e<9", "ttft<9", "tpot<9", "queue<9", EVERY])
@pytest.mark.parametrize(
    "record",
    [
        an_error(seconds=0.1),
        an_overflow(),
        a_time_out(),
        a_time_out(0.1),
        a_time_out(0.1, 0.2),
        replace(a_record(finish="error"), timing=a_timing(0.1, 0.2)),
    ],
)
def test_what_failed_met_nothing(record: Record, text: str) -> None:
    """However fast it failed, and whether or not its first token had come."""
    assert is_good(record, text) is False


@pytest.mark.parametrize("text", ["ttft<9", "tpot<9", "e2e<9 ttft<9", EVERY])
def test_of_a_whole_answer_the_times_of_tokens_cannot_be_told(text: str) -> None:
    """It is neither good nor bad, even if another bound was missed."""
    assert is_good(whole(), text) is None


def test_a_whole_answer_has_an_end() -> None:
    """What can be told of it is told."""
    assert is_good(whole(2.0), "e2e<3") is True
    assert is_good(whole(2.0), "e2e<1") is False
    assert is_good(whole(2.0), "e2e<3 queue<1") is True


@pytest.mark.parametrize("text", ["ttft<9", EVERY])
def test_an_empty_answer_never_had_a_first_token(text: str) -> None:
    """A user who waits for the first word waits forever."""
    assert is_good(replace(whole(), answer=""), text) is False


def test_an_empty_answer_has_an_end() -> None:
    """Whether it was right is another question."""
    assert is_good(replace(whole(2.0), answer=""), "e2e<3") is True
    assert is_good(replace(whole(2.0), answer=""), "e2e<1") is False


def test_a_single_token_had_no_time_after_it() -> None:
    """No next token was late; its first one may have been."""
    record = a_record(timing=a_timing(5.0))

    assert is_good(record, "tpot<0.001") is True
    assert is_good(record, "tpot<0.001 ttft<1") is False


@pytest.mark.parametrize(
    "timing",
    [
        a_timing(5.0, tokens=(50,)),
        replace(a_timing(5.0), spread_tokens=50),
    ],
)
def test_of_one_piece_of_many_tokens_their_times_cannot_be_told(
    timing: object,
) -> None:
    """A server that streams all at once does not thereby decode without time."""
    record = replace(a_record(), timing=timing, output_tokens=50)  # type: ignore[arg-type]

    assert is_good(record, "tpot<50ms") is None


def test_without_a_queue_nobody_waited_in_it() -> None:
    """One after the other, a bound on the queue is met."""
    assert is_good(a_record(), "queue<0.001") is True


def test_without_objectives_what_was_answered_is_good() -> None:
    """There was nothing to miss, unless there was no answer."""
    assert good(a_record(), ()) is True
    assert good(an_error(), ()) is False
