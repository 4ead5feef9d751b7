"""From what was seen of a program to its outcome: pure, and strict about success.

Exit codes and printed text prove nothing. A program passes only by one well-formed
verdict on the judge's own pipe that counts at least one call.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.grading.sandbox.program import ProgramOutcome
from pytest_llmlat.values.process_ends import signal_name

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox.program import OutcomeKind
    from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits

Role: TypeAlias = Literal["candidate", "judge"]

MAX_VERDICT = 1 << 16
MAX_NOTE = 300
JUDGED: dict[object, OutcomeKind] = {
    "pass": "pass",
    "wrong": "wrong",
    "error": "error",
    "memory": "memory",
    "refused": "refused",
}
"""What a judge may say; ``gone`` leaves the word to the candidate's exit."""


@dataclass(slots=True)
class Observation:
    """What was seen of one program while it ran."""

    verdict: bytearray = field(default_factory=bytearray)
    printed_bytes: int = 0
    exits: dict[Role, int] = field(default_factory=dict)
    """Exit status by role; negative is the signal that ended it."""
    over_memory: bool = False
    held_by_kernel: int = 0
    """Bytes that the kernel held for it where that was too much."""
    timed_out: bool = False


def decide(seen: Observation, limits: ProgramLimits) -> ProgramOutcome:
    """Return the outcome of a program that has ended."""
    kind, note, calls = _decide(seen, limits)
    return ProgramOutcome(kind=kind, note=one_line(note), calls=calls)


def one_line(text: str) -> str:
    """Return ``text`` as a line that is safe to print: hostile text is no markup."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(line.split())[:MAX_NOTE]


def _decide(seen: Observation, limits: ProgramLimits) -> tuple[OutcomeKind, str, int]:
    verdict = _parse(bytes(seen.verdict))
    limit = _limit_hit(seen, limits)
    if limit is not None:
        return *limit, verdict[2] if verdict else 0
    if verdict is None:
        return _judge_lost(seen.exits.get("judge"), limits)
    said, note, calls = verdict
    if said == "gone":
        return _candidate_lost(seen.exits.get("candidate"), calls, limits)
    if said == "pass" and calls < 1:
        return "error", "the tests made no call", 0
    return JUDGED[said], note, calls


def _limit_hit(
    seen: Observation, limits: ProgramLimits
) -> tuple[OutcomeKind, str] | None:
    if seen.timed_out:
        return "timeout", f"still running after {limits.time_s:g} s"
    if seen.printed_bytes > limits.output_bytes:
        return "refused", f"printed more than {limits.output_bytes} bytes"
    if seen.over_memory:
        return "memory", f"took more than {limits.memory_bytes} bytes"
    if seen.held_by_kernel:
        mib = seen.held_by_kernel >> 20
        return "memory", f"made the kernel hold {mib} MiB for its mappings and threads"
    return None


def _parse(body: bytes) -> tuple[str, str, int] | None:
    """Return kind, note and calls, or ``None`` for anything but one exact verdict."""
    try:
        verdict = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(verdict, dict) or verdict.keys() != {"kind", "note", "calls"}:
        return None
    kind, note, calls = verdict["kind"], verdict["note"], verdict["calls"]
    if not (isinstance(kind, str) and isinstance(note, str)) or type(calls) is not int:
        return None
    return (kind, note, calls) if kind in JUDGED or kind == "gone" else None


def _judge_lost(
    status: int | None, limits: ProgramLimits
) -> tuple[OutcomeKind, str, int]:
    if status == -signal.SIGXCPU:
        return "timeout", f"still being judged after {limits.time_s:g} s", 0
    return "crash", f"the judge ended without a verdict ({_ended(status)})", 0


def _candidate_lost(
    status: int | None, calls: int, limits: ProgramLimits
) -> tuple[OutcomeKind, str, int]:
    if status == -signal.SIGXCPU:
        return "timeout", f"used more than {limits.time_s:g} s of the processor", calls
    if status == -signal.SIGSYS:
        return "refused", "made a system call that no program here may make", calls
    return "crash", f"{_ended(status)} before it had answered", calls


def _ended(status: int | None) -> str:
    if status is None:
        return "it was lost"
    if status >= 0:
        return f"it left with status {status}"
    return f"it was ended by {signal_name(status)}"
