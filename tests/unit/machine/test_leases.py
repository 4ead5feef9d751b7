"""What is leased is one process's at a time, and a dead one keeps nobody out."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.leases import Wanted, first_free, leased

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("fcntl")
HOLDER = """
import sys
from pathlib import Path
from pytest_llmlat.machine.leases import first_free
print(first_free(Path(sys.argv[1]), sys.argv[2:])[0], flush=True)
sys.stdin.read()
"""


def holder(folder: Path, *names: str) -> subprocess.Popen[str]:
    """Start a process that takes the first free lease, and holds it."""
    return subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", HOLDER, str(folder), *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def taken(process: subprocess.Popen[str]) -> str:
    """Return which lease a process has taken."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def killed(process: subprocess.Popen[str]) -> None:
    """End a process as nobody can prepare for."""
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_the_lease_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """The system frees it; nobody has to look whether the holder lives."""
    first = holder(tmp_path, "a", "b")
    assert taken(first) == "a"

    name, descriptor = first_free(tmp_path, ["a", "b"])
    assert name == "b"
    assert descriptor is not None
    os.close(descriptor)
    killed(first)

    name, descriptor = first_free(tmp_path, ["a", "b"])
    assert name == "a"
    assert descriptor is not None
    assert (tmp_path / "a.lock").read_text("ascii") == f"{os.getpid()}\n"
    os.close(descriptor)


@pytest.mark.slow
def test_who_finds_none_free_waits(tmp_path: Path) -> None:
    """Until the holder has ended, however it does."""
    first = holder(tmp_path, "a")
    assert taken(first) == "a"
    second = holder(tmp_path, "a")

    killed(first)

    assert taken(second) == "a"
    killed(second)


def test_some_share_what_one_has_alone(tmp_path: Path) -> None:
    """Cells on cards run side by side, and none beside one on the processor."""
    shared = Wanted(name="processor", alone=False)

    with leased(tmp_path, [shared]), leased(tmp_path, [shared]):
        name, descriptor = first_free(tmp_path, ["processor", "other"])
        assert name == "other"
        assert descriptor is not None
        os.close(descriptor)


def test_where_nothing_can_be_written_nothing_is_held(tmp_path: Path) -> None:
    """A cell is measured all the same."""
    (tmp_path / "file").write_text("", "utf-8")

    with leased(tmp_path / "file" / "no", [Wanted(name="processor", alone=True)]):
        assert first_free(tmp_path / "file" / "no", ["a"]) == ("a", None)
