"""Rates of cells, and how much of them was good, against figures by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.throughput import throughput
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.records import Grade
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
    an_overflow,
    some_facts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record

RATES = ("requests_per_s", "output_tokens_per_s")
GOOD = ("slo", "good_share", "goodput_per_s", "good_and_correct_per_s", "unjudged")


def a_load(window_s: float = 2.0, ended: int = 8, failed: int = 0) -> LoadFacts:
    """Return what was measured of a load."""
    return LoadFacts(
        window_s=window_s,
        ended=ended,
        failed=failed,
        before=1,
        after=1,
        in_flight=4,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
    )


def rates(
    records: Sequence[Record], slo: str = "", load: LoadFacts | None = None
) -> dict[str, Any]:
    """Return the rates of a cell."""
    cell = a_cell(scenario="concurrent:4" if load else "single")
    return throughput(
        replace(some_facts(cell), load=load), records, parse(slo, where="slo")
    )


def after(seconds: float, *, value: float = 1.0, tokens: int | None = 1) -> Record:
    """Return an answer of some tokens."""
    record = a_record(value=value, timing=a_timing(seconds))
    return replace(record, output_tokens=tokens)


def a_time_out(seconds: float = 2.0) -> Record:
    """Return a request that was given up."""
    timing = a_timing(end_s=seconds)
    return replace(
        a_record(value=0.0, finish="timeout", timing=timing),
        answer=None,
        output_tokens=None,
    )


def unjudged(seconds: float) -> Record:
    """Return an answer that is neither right nor wrong."""
    return replace(after(seconds), grade=Grade(value=0.5))


def test_one_after_the_other_only_the_time_of_requests_counts() -> None:
    """Three answers of 10 tokens each in 1, 2 and 3 seconds."""
    found = rates([after(s, tokens=10) for s in (1.0, 2.0, 3.0)])

    assert found["requests_per_s"] == pytest.approx(3 / 6)
    assert found["output_tokens_per_s"] == pytest.approx(30 / 6)


def test_the_time_of_a_request_ends_when_control_comes_back() -> None:
    """What follows the last token keeps the next request waiting too."""
    found = rates([a_record(timing=a_timing(1.0, end_s=2.0))])

    assert found["requests_per_s"] == pytest.approx(1 / 2)


def test_under_a_load_all_that_ended_in_its_window_counts() -> None:
    """Eight requests ended in 2 s, of which these four were measured."""
    found = rates([after(1.0, tokens=n) for n in (1, 2, 3, 6)], load=a_load())

    assert found["requests_per_s"] == pytest.approx(4.0)
    assert found["output_tokens_per_s"] == pytest.approx(4.0 * 3)


def test_what_failed_took_its_time_and_was_no_answer() -> None:
    """An error and a time-out lower the rate of one after the other."""
    found = rates([after(1.0, tokens=4), an_error(seconds=2.0), a_time_out(5.0)])

    assert found["requests_per_s"] == pytest.approx(1 / 8)
    assert found["output_tokens_per_s"] == pytest.approx(4 / 8)


def test_what_failed_under_a_load_was_no_answer() -> None:
    """Of eight that ended in 2 s two failed: three a second were answered."""
    records = [*[after(1.0, tokens=4)] * 3, an_error()]

    found = rates(records, load=a_load(failed=2))

    assert found["requests_per_s"] == pytest.approx(3.0)
    assert found["output_tokens_per_s"] == pytest.approx(12.0)


def test_a_failure_that_only_the_answer_told_was_no_answer() -> None:
    """A server that reports its errors inside of its answers has no higher rate."""
    records = [after(1.0, tokens=4), an_error(), after(1.0, tokens=4), an_error()]

    found = rates(records, load=a_load(ended=4, failed=0))

    assert found["requests_per_s"] == pytest.approx(1.0)
    assert found["output_tokens_per_s"] == pytest.approx(4.0)


def test_what_was_turned_away_under_a_load_was_no_answer() -> None:
    """A prompt without room in the context ends fast, and adds to no rate."""
    records = [after(1.0, tokens=4), an_overflow(), after(1.0, tokens=4), an_overflow()]

    found = rates(records, load=a_load(ended=4, failed=0))

    assert found["requests_per_s"] == pytest.approx(1.0)
    assert found["output_tokens_per_s"] == pytest.approx(4.0)


@pytest.mark.parametrize("load", [None, a_load()])
def test_without_every_token_count_there_is_no_rate_of_tokens(
    load: LoadFacts | None,
) -> None:
    """A count that is missing is not 0; requests can be counted all the same."""
    some = rates([after(1.0, tokens=9), after(1.0, tokens=None)], load=load)
    none = rates([after(1.0, tokens=None)], load=load)

    for found in (some, none):
        assert found["output_tokens_per_s"] is None
        assert found["requests_per_s"] is not None


def test_a_failure_needs_no_token_count() -> None:
    """Errors and time-outs have none, and hide nobody else's."""
    found = rates([after(1.0, tokens=4), an_error(seconds=1.0)])

    assert found["output_tokens_per_s"] == pytest.approx(4 / 2)


@pytest.mark.parametrize(
    "found",
    [
        rates([]),
        rates([], slo="e2e<1"),
        rates([an_overflow()]),
        rates([a_record(timing=a_timing(0.0))]),
        rates([after(1.0)], load=a_load(window_s=0.0)),
        rates([after(1.0)], load=a_load(ended=0)),
    ],
)
def test_without_time_or_requests_there_is_no_rate(found: dict[str, Any]) -> None:
    """Nothing by nothing is no figure."""
    assert {found[name] for name in RATES} == {None}
    assert found["goodput_per_s"] is None
    assert found["good_and_correct_per_s"] is None


def test_where_all_failed_the_rate_is_0() -> None:
    """That was measured: in two seconds no request was answered."""
    found = rates([an_error(seconds=2.0)], slo="e2e<1")

    assert found["requests_per_s"] == 0
    assert found["output_tokens_per_s"] is None
    assert found["good_share"] == found["goodput_per_s"] == 0


def test_without_objectives_there_is_no_goodput() -> None:
    """To be good is to have met something."""
    assert {rates([after(1.0)])[name] for name in GOOD} == {None}


def test_goodput_counts_what_met_its_objectives() -> None:
    """Of four requests in 8 s two were in time, and one of these is right."""
    records = [after(1.0), after(1.0, value=0.0), after(4.0), an_error(seconds=2.0)]

    found = rates(records, slo="e2e<2")

    assert found["slo"] == "e2e<2s"
    assert found["good_share"] == 2 / 4
    assert found["goodput_per_s"] == pytest.approx(2 / 8)
    assert found["good_and_correct_per_s"] == pytest.approx(1 / 8)


def test_goodput_under_a_load_is_a_share_of_what_ended() -> None:
    """Of four a second a half was good, and of all a quarter was right too."""
    records = [after(1.0), after(1.0, value=0.0), after(4.0), an_error()]

    found = rates(records, slo="e2e<2", load=a_load(failed=2))

    assert found["good_share"] == 2 / 4
    assert found["goodput_per_s"] == pytest.approx(2.0)
    assert found["good_and_correct_per_s"] == pytest.approx(1.0)


def test_where_all_answers_were_good_goodput_is_their_rate() -> None:
    """What was turned away took no time, and takes nothing off the others."""
    found = rates([after(1.0), after(1.0), an_overflow()], slo="e2e<2")

    assert found["good_share"] == pytest.approx(2 / 3)
    assert found["goodput_per_s"] == found["requests_per_s"] == pytest.approx(1.0)


def test_what_fails_lowers_goodput() -> None:
    """A failed request in place of a good one is a good one less."""
    before = rates([after(1.0)] * 4, slo="e2e<2", load=a_load())
    later = rates([*[after(1.0)] * 3, an_error()], slo="e2e<2", load=a_load(failed=2))

    assert later["goodput_per_s"] == pytest.approx(before["goodput_per_s"] * 3 / 4)


def test_one_answer_that_cannot_be_judged_leaves_goodput_unknown() -> None:
    """To leave it out would be to guess that it is like the others."""
    whole = a_record(timing=a_timing(end_s=1.0))

    found = rates([after(1.0), whole], slo="ttft<2")

    assert found["slo"] == "ttft<2s"
    assert (found["good_share"], found["goodput_per_s"]) == (None, None)
    assert found["good_and_correct_per_s"] is None
    assert found["requests_per_s"] == pytest.approx(1.0)


def test_a_metric_without_right_and_wrong_has_no_correct_goodput() -> None:
    """How many were in time is known all the same."""
    found = rates([unjudged(1.0), unjudged(3.0)], slo="e2e<2")

    assert found["goodput_per_s"] == pytest.approx(1 / 4)
    assert found["good_and_correct_per_s"] is None


def test_a_load_that_was_cut_off_has_no_rate() -> None:
    """Its requests overlapped: their times do not add up to the time that passed."""
    cell = a_cell(scenario="concurrent:4")
    facts = replace(some_facts(cell, planned=8, finished=False), load=None)
    records = [after(1.0)] * 4

    assert throughput(facts, records, ())["requests_per_s"] is None


KINDS = st.sampled_from(
    [
        after(0.5),
        after(0.5, value=0.0),
        after(1.5),
        after(1.5, value=0.0),
        an_error(seconds=0.25),
        a_time_out(),
        an_overflow(),
    ]
)


@given(st.lists(KINDS, min_size=1, max_size=12), st.booleans())
def test_good_and_correct_is_never_above_goodput(
    records: list[Record],
    under_load: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """Nor is goodput above what was answered, however the cell went."""
    failed = sum(r.finish in ("error", "timeout") for r in records)
    load = a_load(ended=len(records), failed=failed) if under_load else None

    found = rates(records, slo="e2e<1", load=load)

    rate, goodput = found["requests_per_s"], found["goodput_per_s"]
    if rate is None:
        assert goodput is None
        return
    assert 0 <= found["good_and_correct_per_s"] <= goodput * (1 + 1e-12)
    assert goodput <= rate * (1 + 1e-12)
