"""The words of the sandbox: programs, their outcomes, and where they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits

OutcomeKind: TypeAlias = Literal[
    "pass", "wrong", "error", "timeout", "memory", "crash", "refused"
]


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

    kind: OutcomeKind
    note: str
    """One line that a person reads: printable, at most 300 characters."""
    calls: int
    """How many calls of the function the judge saw answered."""


class Sandbox(Protocol):
    """A place where generated code runs; good for many programs, one at a time."""

    name: str
    """Name under which it is registered."""
    isolated: bool
    """Whether the program is kept from files, network and other processes."""

    def run(self, program: Program, limits: ProgramLimits) -> ProgramOutcome:
        """Run ``program`` to its end or to its limits; hostile code raises nothing."""

    def close(self) -> None:
        """Leave no process behind; may be called twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxKind:
    """One way to keep generated code from doing harm, and where it may hold."""

    open: Callable[[], Sandbox]
    """Opens a sandbox that has shown that it holds; else ``SandboxUnavailable``."""
    systems: tuple[str, ...] | None = None
    """The values of ``sys.platform`` where it may hold; ``None`` for all."""
    automatic: int | None = None
    """Rank among those that ``auto`` tries on its systems, lowest first; ``None`` where
    it is used by name only. Ours are 10, 20 and 30."""
    isolated: bool = True
    """Whether it keeps a program from files, network and other processes."""

    def holds_on(self, platform: str) -> bool:
        """Whether it may hold on a system, by the name that ``sys.platform`` gives."""
        return self.systems is None or platform in self.systems


def as_sandbox_kind(name: str, value: object) -> SandboxKind:
    """Return what was registered, if it is a kind of sandbox that can be used.

    Raises:
        TypeError: it is not; says what is missing.
        ValueError: its name means something else, or programs would run unconfined
            without anybody having asked for it.
    """
    if not isinstance(value, SandboxKind):
        raise TypeError(f"must be a SandboxKind, not {value!r:.80}")
    if not callable(value.open):
        raise TypeError(f"'open' must be a function, not {value.open!r:.80}")
    if name == "auto":
        raise ValueError("'auto' is the first sandbox that holds; choose another name")
    if value.automatic is not None and not value.isolated:
        raise ValueError("what isolates nothing can be used by name only")
    return value
