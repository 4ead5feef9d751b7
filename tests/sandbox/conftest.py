"""What the tests of the sandbox share: an open one, and a look at the processes."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import (
    Program,
    ProgramLimits,
    ProgramOutcome,
    Sandbox,
    open_sandbox,
)
from pytest_llmlat.grading.sandbox.split import SplitSandbox
from tests.sandbox.drill import NOBODY, lay_out, python_for_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Give the sandbox that holds on this machine; on Linux there must be one."""
    if sys.platform != "linux":
        pytest.skip("the confinement has been shown to hold on Linux only")
    opened = open_sandbox("auto")
    yield opened
    opened.close()


@pytest.fixture
def own_sandbox(sandbox: Sandbox) -> Iterator[SplitSandbox]:
    """Give a sandbox of the same kind that a test may break."""
    opened = SplitSandbox(sandbox.name, isolated=True)
    yield opened
    opened.close()


@pytest.fixture
def outcome(sandbox: Sandbox) -> Callable[..., ProgramOutcome]:
    """Give a function that runs a candidate against tests."""

    def run(
        source: str, tests: str = "assert f() == 1", stub: str = "", **limits: float
    ) -> ProgramOutcome:
        program = Program(source=source, tests=tests, entry_point="f", stub=stub)
        return sandbox.run(program, ProgramLimits(**limits))  # type: ignore[arg-type]  # by name

    return run


@pytest.fixture
def drill_place() -> Iterator[Path]:
    """Give a folder with copies of what is tried, which every user may read.

    Not one of pytest's own: each session that begins closes those to other users.
    """
    with tempfile.TemporaryDirectory() as name:
        lay_out(Path(name))
        yield Path(name)


@pytest.fixture
def as_nobody() -> tuple[str, ...]:
    """Give the command that runs Python as a user without any privilege."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can be another")
    python = python_for_all()
    if python is None:
        pytest.skip("no Python that every user may run")
    user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return ("setpriv", *user, python)


@pytest.fixture
def descendants() -> Callable[[int], set[int]]:
    """Give a function that finds all processes under one."""
    return _descendants


def _descendants(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue  # it has ended meanwhile
        state, parent = stat.rpartition(")")[2].split()[:2]
        # What init has inherited and not yet buried has ended.
        if not (state == "Z" and parent == "1"):
            parents[int(folder.name)] = int(parent)
    found = {pid}
    while more := {it for it, over in parents.items() if over in found} - found:
        found |= more
    return found - {pid}


@pytest.fixture
def shared() -> Path:
    """Give the folder of attacks and public data, where it is."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder of attacks and public data is not here")
    return SHARED
