"""Statistics of cells with time-outs, queues and retries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.cell_counts import (
    count_cell,
    decode_rate,
)
from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.values.cell_facts import Instrument, LoadFacts
from pytest_llmlat.values.records import Transport
from pytest_llmlat.values.results import Distribution
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
    some_facts,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record
from tests.unit.analysis.test_summary import summed


def a_time_out(*stamps_s: float, seconds: float = 5.0) -> Record:
    """Return a request that was given up after some seconds."""
    return replace(
        a_record("cut", value=0.0, finish="timeout"),
        timing=a_timing(*stamps_s, end_s=seconds),
        answer=None,
        extracted=None,
        output_tokens=None,
        token_source=None,
    )


def in_seconds(*each: float) -> list[Record]:
    """Return answers of two tokens, the first after half of these seconds."""
    return [a_record(f"s{n}", timing=a_timing(s / 2, s)) for n, s in enumerate(each)]


def test_a_time_out_is_counted_apart_from_errors() -> None:
    """Either is a wrong answer without speed, and stays in the denominator."""
    summary = summed([*in_seconds(1.0), a_time_out(), a_time_out(), an_error()])

    assert (summary.samples, summary.errors, summary.timeouts) == (4, 1, 2)
    assert summary.quality.value == 1 / 4
    assert summary.speed.value == pytest.approx(0.5 / 4)


def test_a_time_out_took_longer_than_all_answers() -> None:
    """It ranks above them, and how long it would have taken nobody knows."""
    summary = summed([*in_seconds(1.0, 2.0, 3.0), a_time_out(), a_time_out()])

    assert summary.e2e_s == Distribution(p50=3.0)
    assert summary.tpot_s == Distribution(p50=1.5)
    assert summary.ttft_s == Distribution(p50=1.5)


def test_where_most_timed_out_the_median_is_unknown() -> None:
    """The median of the lucky ones is no median."""
    summary = summed([*in_seconds(1.0, 2.0), *[a_time_out()] * 3])

    assert summary.e2e_s == summary.ttft_s == summary.tpot_s == Distribution()


def test_an_error_takes_no_rank() -> None:
    """It is counted beside: that it failed after 99 s says nothing of answers."""
    summary = summed([*in_seconds(1.0, 2.0, 3.0), an_error(seconds=99.0)])

    assert summary.e2e_s == Distribution(mean=2.0, p50=2.0)


def test_of_a_time_out_the_first_token_may_have_come() -> None:
    """Then its time is known, and only that of the end is not."""
    records = [*in_seconds(1.0, 3.0), a_time_out(0.25), a_time_out(0.75, 4.0)]

    summary = summed(records)

    assert summary.ttft_s == Distribution(mean=0.75, p50=0.5)
    assert summary.e2e_s == Distribution(p50=3.0)


def test_some_time_outs_had_begun_and_others_had_not() -> None:
    """Of the latter is known that their first token took longer."""
    records = [*in_seconds(1.0, 3.0), a_time_out(0.25), a_time_out()]

    assert summed(records).ttft_s == Distribution(p50=0.5)


def test_where_no_answer_came_token_by_token_time_outs_are_no_first_tokens() -> None:
    """A whole answer has no first token that could be compared."""
    whole = a_record(timing=a_timing(end_s=1.0))

    assert summed([whole, a_time_out()]).ttft_s == Distribution()


def test_a_time_out_costs_its_time() -> None:
    """Seconds per right answer hold those of requests that were given up."""
    assert summed([*in_seconds(1.0), a_time_out()]).seconds_per_correct == 6.0


def test_the_queue_is_told_apart() -> None:
    """It is a part of every latency, and has a distribution of its own."""
    records = [
        replace(r, timing=r.timing and replace(r.timing, sent_ns=n * 10**8))
        for n, r in enumerate(in_seconds(1.0, 2.0, 3.0))
    ]
    summary = summed(records)

    assert summary.queue_s.p50 == pytest.approx(0.1)
    assert summary.queue_s.mean == pytest.approx(0.1)
    assert summary.e2e_s.p50 == 2.0
    assert summed(in_seconds(1.0)).queue_s == Distribution()


def test_a_request_that_was_given_up_had_waited_too() -> None:
    """Who waited longest in the queue is the likeliest to time out in it."""
    waited = [
        replace(r, timing=r.timing and replace(r.timing, sent_ns=seconds * NS_PER_S))
        for r, seconds in ((a_record(), 0), (a_time_out(), 4), (a_time_out(), 4))
    ]

    assert summed(waited).queue_s.p50 == 4.0


def test_retries_and_grouped_messages_are_counted() -> None:
    """All retries together, and the answers in which some message held several."""
    transport = Transport(
        request_id=None,
        status=200,
        reused=False,
        dns_s=None,
        connect_s=None,
        tls_s=None,
        retries=2,
        retried_for=("429", "connect"),
    )
    grouped = a_timing(0.5, 1.0, tokens=(1, 3))
    spread = replace(a_timing(0.5, 1.0), spread_tokens=9)
    records = [
        replace(a_record("a"), transport=transport),
        replace(a_record("b", timing=grouped), transport=transport),
        a_record("c", timing=spread),
        a_record("d", timing=a_timing(0.5, 1.0)),
    ]
    summary = summed(records)

    assert (summary.retries, summary.grouped) == (4, 2)


def test_a_sum_of_tokens_makes_decoding_no_faster() -> None:
    """Of twelve tokens in four messages nine came in the three seconds after."""
    timing = replace(a_timing(1.0, 2.0, 3.0, 4.0), spread_tokens=12)

    assert decode_rate([count_cell(None, [a_record(timing=timing)])]) == pytest.approx(
        9 / 3.0
    )


def test_a_count_that_some_answers_lack_has_no_sum() -> None:
    """What is told as the tokens of all answers is not that of a part of them."""
    records = in_seconds(1.0, 1.0)
    unknown = replace(records[1], output_tokens=None, prompt_tokens=None)

    summary = summed([records[0], unknown])

    assert (summary.prompt_tokens, summary.output_tokens) == (None, None)


def test_load_and_clock_are_handed_on() -> None:
    """What was measured of a load stands beside its statistics, goodput too."""
    load = LoadFacts(
        window_s=2.0,
        ended=4,
        failed=0,
        before=1,
        after=0,
        in_flight=2,
        send_lag_p99_s=None,
        loop_lag_p99_s=0.001,
        cpu_share=0.5,
        client_limited=None,
    )
    instrument = Instrument(streams=2, requests=20, bias_s=1e-4, jitter_p99_s=1e-3)
    facts = replace(
        some_facts(a_cell(scenario="concurrent:2"), planned=2),
        load=load,
        instrument=instrument,
    )

    summary = summarise(
        facts,
        in_seconds(1.0, 3.0),
        balance="geometric",
        slo=parse("e2e<2", where="slo"),
    )

    assert (summary.load, summary.instrument) == (load, instrument)
    assert summary.requests_per_s == 2.0
    assert (summary.slo, summary.good_share, summary.goodput_per_s) == (
        "e2e<2s",
        0.5,
        1.0,
    )
