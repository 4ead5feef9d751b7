"""Limits on tails of loads whose requests wait for each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.gate.limits import check_limits
from pytest_llmlat.gate.tolerances import parse_limits
from pytest_llmlat.values.cell_facts import LoadFacts
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Verdict

LOAD = LoadFacts(
    window_s=10.0,
    ended=100,
    failed=0,
    before=10,
    after=0,
    in_flight=9,
    send_lag_p99_s=None,
    loop_lag_p99_s=None,
    cpu_share=None,
    client_limited=None,
)


def of_a_queue(
    text: str, *, count: int = 400, apart_s: float = 0.1, scenario: str = "server:10"
) -> Verdict:
    """Judge a load of so many answers of a second each by a limit."""
    cell = a_cell(scenario=scenario)
    records = [
        replace(
            a_record(f"s{n:04}", cell=cell),
            timing=a_timing(1.0, start_s=n * apart_s),
        )
        for n in range(count)
    ]
    load = replace(LOAD, window_s=count * apart_s, ended=count)
    facts = replace(some_facts(cell, planned=count), load=load)
    summary = summarise(facts, records, balance="geometric")
    (found,) = check_limits(
        summary, records, parse_limits([text], where="w"), unsure="pass"
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("which", ["p95", "p99"])
def test_the_tail_of_a_short_run_of_a_queue_is_not_believed(which: str) -> None:
    """A queue has few long waits in it, so that its interval is far too narrow."""
    kept, missed = of_a_queue(f"e2e_{which}<=60"), of_a_queue(f"e2e_{which}<=0.1")

    assert (kept.outcome, missed.outcome) == ("warned", "failed")
    assert kept.note == missed.note
    assert kept.note == (
        f"{which} of 400 requests of a queue (10.0 under way on average) is not to be"
        " believed: its interval is too narrow below 2,000 (--llm-requests)"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("e2e_p50<=60", {}),
        ("e2e_p95<=60", {"count": 2000}),
        ("e2e_p95<=60", {"apart_s": 2.0}),
        ("e2e_p95<=60", {"scenario": "concurrent:10"}),
    ],
)
def test_what_hardly_waits_or_is_long_enough_is_believed(
    text: str, asked: dict[str, Any]
) -> None:
    """And what is no tail, and what a closed loop keeps short."""
    found = of_a_queue(text, **asked)

    assert "not to be believed" not in (found.note or "")
