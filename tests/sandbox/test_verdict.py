"""From what was seen to the outcome."""

from __future__ import annotations

import json
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.sandbox import ProgramLimits
from pytest_llmlat.grading.sandbox.verdict import Observation, decide, one_line

PASS = b'{"kind": "pass", "note": "every test held", "calls": 3}'
GONE = b'{"kind": "gone", "note": "", "calls": 2}'


def seen(verdict: bytes, **facts: object) -> Observation:
    """Return what was seen of a program, mostly nothing."""
    return Observation(verdict=bytearray(verdict), **facts)  # type: ignore[arg-type]  # by name


def test_one_exact_verdict_is_a_pass() -> None:
    """A verdict that counts its calls is believed."""
    outcome = decide(seen(PASS), ProgramLimits())

    assert (outcome.kind, outcome.calls) == ("pass", 3)


@pytest.mark.parametrize(
    "verdict",
    [
        b"",
        b"pass",
        pytest.param(PASS + PASS, id="doubled"),
        pytest.param(PASS + b"\n" + PASS, id="two lines"),
        b'["pass"]',
        b'{"kind": "pass", "note": ""}',
        b'{"kind": "pass", "note": "", "calls": true}',
        b'{"kind": "pass", "note": "", "calls": "3"}',
        b'{"kind": "pass", "note": "", "calls": 0}',
        b'{"kind": "pass", "note": "", "calls": 1, "more": 1}',
        b'{"kind": "passed", "note": "", "calls": 1}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda verdict: verdict[:40].decode(errors="replace"),
)
def test_anything_but_one_exact_verdict_is_no_pass(verdict: bytes) -> None:
    """A verdict that is missing, doubled, malformed or empty proves nothing."""
    assert decide(seen(verdict), ProgramLimits()).kind != "pass"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading_of_a_verdict(verdict: bytes) -> None:
    """Whatever the pipe holds, there is an outcome, and no success by chance."""
    assert decide(seen(verdict), ProgramLimits()).kind == "crash"


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"timed_out": True}, "timeout"),
        ({"printed_bytes": (1 << 20) + 1}, "refused"),
        ({"over_memory": True}, "memory"),
        ({"held_by_kernel": 70 << 20}, "memory"),
    ],
    ids=["time", "output", "memory", "the kernel's memory"],
)
def test_a_limit_that_was_hit_beats_a_verdict(
    facts: dict[str, object], kind: str
) -> None:
    """A program that went over a limit has not passed, whatever its judge says."""
    assert decide(seen(PASS, **facts), ProgramLimits()).kind == kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0, "crash"),
        (-signal.SIGSEGV, "crash"),
        (-signal.SIGKILL, "crash"),
        (-signal.SIGXCPU, "timeout"),
        (-signal.SIGSYS, "refused"),
        (-64, "crash"),
        (None, "crash"),
    ],
)
def test_a_candidate_that_is_gone_is_told_by_its_exit(
    status: int | None, kind: str
) -> None:
    """Where no answer comes, how the process ended says why; 0 is no success."""
    exits = {} if status is None else {"candidate": status}

    outcome = decide(seen(GONE, exits=exits), ProgramLimits())

    assert (outcome.kind, outcome.calls) == (kind, 2)


def test_a_judge_out_of_processor_time_is_a_timeout() -> None:
    """The judge loops where an answer makes the tests loop."""
    lost = seen(b"", exits={"judge": -signal.SIGXCPU})

    assert decide(lost, ProgramLimits()).kind == "timeout"


@given(st.text())
def test_a_note_is_one_short_printable_line(text: str) -> None:
    """Hostile text reaches neither a terminal nor a report as anything but text."""
    verdict = json.dumps({"kind": "wrong", "note": text * 50, "calls": 1})

    note = decide(seen(verdict.encode()), ProgramLimits()).note

    assert note.isprintable()
    assert len(note) <= 300


def test_control_characters_leave_a_note() -> None:
    """An escape sequence becomes a space, and the words stay."""
    assert one_line("red \x1b[31m\r\nhere\u202e") == "red [31m here"
