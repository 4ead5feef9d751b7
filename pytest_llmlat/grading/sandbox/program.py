"""The words of the sandbox: programs, their limits, outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pytest_llmlat.values.settings import SANDBOXES

Kind: TypeAlias = Literal[
    "pass", "wrong", "error", "timeout", "memory", "crash", "refused"
]

CHOICES: tuple[str, ...] = SANDBOXES
"""What ``open_sandbox`` takes: ``auto`` is the first that holds on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A candidate and the tests that decide about it."""

    source: str
    """The candidate's whole module."""
    tests: str
    """Asserts that call ``entry_point``, or ``def check(candidate)`` as HumanEval has
    it, with or without the call of ``check``."""
    entry_point: str
    """The function of the candidate that the tests call."""
    stub: str = ""
    """The task's prompt, run beside the tests for the helpers that it defines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use."""

    time_s: float = 5.0
    """Wall time of the whole program: import and all calls, in seconds."""
    memory_bytes: int = 1 << 30
    """Address space of the candidate's process; the judge's is held to the same."""
    output_bytes: int = 1 << 20
    """What it may print, and how long one of its answers may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOutcome:
    """What came of one program.

    ===========  ==============================================================
    ``pass``     every test ran, called the function at least once and held
    ``wrong``    an answer was not the one that the tests ask for
    ``error``    the program raised, left, does not compile or lacks the function
    ``timeout``  it was still running at the time limit
    ``memory``   it asked for more memory than the limit
    ``crash``    its process died without an answer
    ``refused``  it did what the sandbox forbids, or printed more than the limit
    ===========  ==============================================================
    """

    kind: Kind
    note: str
    """One line that a person reads: printable, at most 300 characters."""
    calls: int
    """How many calls of the function the judge saw answered."""


class Sandbox(Protocol):
    """A place where generated code runs; good for many programs, one at a time."""

    name: str
    """Which of ``CHOICES`` this is."""
    isolated: bool
    """Whether the program is kept from files, network and other processes."""

    def run(self, program: Program, limits: Limits) -> ProgramOutcome:
        """Run ``program`` to its end or to its limits; hostile code raises nothing."""

    def close(self) -> None:
        """Leave no process behind; may be called twice."""
