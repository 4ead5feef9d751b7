"""Latencies are gated only where both sides had kept as much of their prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.limits import check_limits
from pytest_llmlat.gate.tolerances import parse_limits
from pytest_llmlat.session.gating import Gate
from tests.unit.gate.test_limits import summed
from tests.unit.session.test_gating import answers, settings, stored, verdicts

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record


def kept(records: list[Record], cached: int | None) -> list[Record]:
    """Return answers to prompts of 1,000 tokens, so many of them kept."""
    return [
        replace(record, prompt_tokens=1000, cached_tokens=cached) for record in records
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (0, 0, None),
        (830, 830, None),
        (835, 830, None),
        (None, None, None),
        (None, 10, None),
        (0, 10, None),
        (850, 830, "85.0% here, 83.0% there"),
        (830, 0, "83.0% here, 0.0% there"),
        (0, 830, "0.0% here, 83.0% there"),
        (830, None, "83.0% here, unknown there"),
        (None, 11, "unknown here, 1.1% there"),
    ],
)
@pytest.mark.parametrize("in_turn", [False, True])
def test_unlike_shares_are_not_compared(
    tmp_path: Path,
    ours: int | None,
    theirs: int | None,
    told: str | None,
    *,
    in_turn: bool,
) -> None:
    """Beside a stored run and in turn; quality is gated all the same."""
    if in_turn:
        gate = Gate(settings(against="owl"))
        other = [kept(answers("owl", rounds=2), theirs)]
    else:
        gate = Gate(settings(baseline=stored(tmp_path, kept(answers(), theirs))))
        other = []

    found = verdicts(gate, kept(answers(seconds=2.0, rounds=1 + in_turn), ours), *other)

    assert found["quality"].outcome == "pass"
    assert found["e2e"].outcome == ("inconclusive" if told else "regression")
    if told:
        assert found["e2e"].note == f"not gated: cached share: {told}"


def test_turns_of_a_conversation_may_find_what_was_kept() -> None:
    """They are compared apart from those that begin one."""
    gate = Gate(settings(against="owl"))

    def half(model: str, later: int) -> list[Record]:
        whole = answers(model, rounds=2)
        first, second = kept(whole[::2], 0), kept(whole[1::2], later)
        return [*first, *(replace(record, continues=True) for record in second)]

    alike = verdicts(gate, half("parrot", 800), half("owl", 830))
    apart = verdicts(gate, half("parrot", 800), half("owl", 0))

    assert alike["e2e"].outcome == "pass"
    assert apart["e2e"].note == "not gated: cached share: 80.0% here, 0.0% there"


@pytest.mark.parametrize(
    ("cached", "cache", "outcome"),
    [(0, None, "pass"), (830, "warm", "pass"), (830, None, "inconclusive")],
)
def test_a_limit_of_time_is_not_kept_by_a_cache_that_nobody_asked_for(
    cached: int, cache: str | None, outcome: str
) -> None:
    """A latency that is within it may be that of prompts which were not read."""
    records = kept(answers(), cached)
    summary = replace(summed(records), backend=(("cache", cache),))
    limits = parse_limits(["e2e_p50<=1h", "quality>=0.5"], where="here")

    time, quality = check_limits(summary, records, limits, unsure="pass")
    strict, _ = check_limits(summary, records, limits, unsure="fail")

    assert quality.outcome == "pass"
    assert time.outcome == outcome
    assert strict.outcome == outcome.replace("inconclusive", "failed")
    if outcome != "pass":
        assert "cached share 83.0%" in str(time.note)


def test_limits_that_are_missed_stay_missed() -> None:
    """With cold prompts it would be worse."""
    records = kept(answers(), 830)

    (verdict,) = check_limits(
        summed(records),
        records,
        parse_limits(["e2e_p50<=1ms"], where="x"),
        unsure="pass",
    )

    assert verdict.outcome == "failed"
