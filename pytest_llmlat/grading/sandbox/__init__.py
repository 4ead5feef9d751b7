"""Runs generated code, and says whether it does what its tests ask.

The code of a language model is hostile until proven otherwise. It runs in a process
that the kernel confines (no file to write, none to read but the standard library, no
network, no other program), and it is judged from another process, so that it can
neither do harm nor claim a success that it has not earned::

    sandbox = open_sandbox("auto")
    program = Program(source=..., tests=..., entry_point="add")
    outcome = sandbox.run(program, ProgramLimits())
    outcome.kind == "pass"
    sandbox.close()

Left open, and to be known: with Landlock a program can ask whether a path exists and
how long its file is; it can use its share of the processor and some hundred threads;
and it meets the kernel itself, whose faults no filter mends.

Importing this package starts nothing and loads nothing heavy.
"""

from __future__ import annotations

from pytest_llmlat.grading.sandbox.chain import SANDBOXES, choices, open_chain
from pytest_llmlat.grading.sandbox.program import (
    OutcomeKind,
    Program,
    ProgramOutcome,
    Sandbox,
    SandboxKind,
)
from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits

__all__ = [
    "SANDBOXES",
    "OutcomeKind",
    "Program",
    "ProgramLimits",
    "ProgramOutcome",
    "Sandbox",
    "SandboxKind",
    "choices",
    "open_sandbox",
]


def open_sandbox(choice: str = "auto") -> Sandbox:
    """Open the sandbox that was asked for, after it has shown that it holds.

    Args:
        choice: one of ``choices()``; ``auto`` is the first that holds here.

    Raises:
        UnknownName: there is no such sandbox.
        BadExtension: there is, and it is broken.
        SandboxUnavailable: it does not hold here; says why and what to do.
    """
    return open_chain(choice)
