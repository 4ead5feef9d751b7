"""Runs generated code, and says whether it does what its tests ask.

The code of a language model is hostile until proven otherwise. It runs in a process
that the kernel confines (no file to write, none to read but the standard library, no
network, no other program), and it is judged from another process, so that it can
neither do harm nor claim a success that it has not earned::

    sandbox = open_sandbox("auto")
    outcome = sandbox.run(Program(source=..., tests=..., entry_point="add"), Limits())
    outcome.kind == "pass"
    sandbox.close()

Left open, and to be known: with Landlock a program can ask whether a path exists and
how long its file is; it can use its share of the processor and some twenty threads;
and it meets the kernel itself, whose faults no filter mends.

Importing this package starts nothing and loads nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pytest_llmlat.settings import SANDBOXES

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
class Outcome:
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

    def run(self, program: Program, limits: Limits) -> Outcome:
        """Run ``program`` to its end or to its limits; hostile code raises nothing."""

    def close(self) -> None:
        """Leave no process behind; may be called twice."""


def open_sandbox(choice: str = "auto") -> Sandbox:
    """Open the sandbox that was asked for, after it has shown that it holds.

    Args:
        choice: one of ``CHOICES``.

    Raises:
        UnknownName: there is no such sandbox.
        SandboxUnavailable: it does not hold here; says why and what to do.
    """
    from pytest_llmlat.sandbox.chain import open_chain  # noqa: PLC0415 - on use

    return open_chain(choice)
