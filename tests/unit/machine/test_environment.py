"""What is said of the machine, and of what disturbs a measurement on it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine import environment
from pytest_llmlat.machine.devices import Inventory
from pytest_llmlat.machine.environment import (
    PeakMemory,
    commit_of,
    disturbances,
    fingerprint,
    usable_cores,
)

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def an_inventory(*gpus: str) -> Inventory:
    """Return a machine with these cards."""
    return Inventory(
        gpus=gpus, gpu_note="", platform="linux", machine="x86_64", hub_token=False
    )


def touch(size: int) -> int:
    """Take up memory, use every page of it and give it back."""
    block = bytearray(size)
    block[::1024] = b"x" * len(block[::1024])
    return len(block)


def traced() -> tuple[str, ...]:
    """Return the disturbances while a trace function is on."""
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        return disturbances({})
    finally:
        sys.settrace(before)


def profiled() -> tuple[str, ...]:
    """Return the disturbances while a profiler is on."""
    before = sys.getprofile()
    sys.setprofile(lambda *_: None)
    try:
        return disturbances({})
    finally:
        sys.setprofile(before)


def test_the_fingerprint_knows_python_and_the_machine() -> None:
    """What can always be told is never absent."""
    facts = fingerprint(an_inventory())

    for name in ("python", "system", "release", "machine", "cpu", "cores"):
        assert facts[name] is not None, name
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["pytest-llmlat"]
    assert facts["pytest"] == pytest.__version__


def test_the_fingerprint_names_the_cards() -> None:
    """Without a card it says so by ``None``, not by an empty text."""
    assert fingerprint(an_inventory("A", "B"))["gpus"] == "A, B"
    assert fingerprint(an_inventory())["gpus"] is None


def test_the_fingerprint_names_the_driver_of_cards_that_can_be_used() -> None:
    """One that drives hidden cards alone changes nothing."""
    driven = replace(an_inventory("A"), gpu_driver="580.1")

    assert fingerprint(driven)["gpu_driver"] == "580.1"
    assert fingerprint(replace(driven, gpus=()))["gpu_driver"] is None


def test_a_library_that_is_not_installed_has_no_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its absence is a fact, and no error."""
    monkeypatch.setattr(environment, "_LIBRARIES", ("no-such-library",))

    assert fingerprint(an_inventory())["no-such-library"] is None


def test_the_fingerprint_can_be_written() -> None:
    """Every fact is a plain value."""
    facts = fingerprint(an_inventory("A"))

    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_usable_cores_are_no_more_than_there_are() -> None:
    """A container may use fewer than the machine has, never none."""
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_a_tracer_is_a_disturbance() -> None:
    """Coverage and debuggers make every latency too long."""
    assert any("tracer" in line for line in traced())


def test_a_profiler_is_a_disturbance() -> None:
    """So does a profiler."""
    assert any("profiler" in line for line in profiled())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is of 3.12")
def test_a_monitoring_tool_is_a_disturbance() -> None:
    """Coverage on newer Pythons sets no trace function."""
    monitoring = vars(sys)["monitoring"]
    monitoring.use_tool_id(5, "a test")
    try:
        found = disturbances({})
    finally:
        monitoring.free_tool_id(5)

    assert any("tracer" in line for line in found)


@pytest.mark.parametrize(
    ("workers", "locks", "contended"),
    [("2", False, True), ("2", True, False), ("1", False, False)],
)
def test_workers_beside_are_a_disturbance(
    monkeypatch: pytest.MonkeyPatch, *, workers: str, locks: bool, contended: bool
) -> None:
    """But not where they take turns, and one alone has the machine to itself."""
    monkeypatch.setattr("pytest_llmlat.machine.environment.locks_work", lambda: locks)
    found = disturbances({"PYTEST_XDIST_WORKER_COUNT": workers})

    assert any("contended" in line for line in found) is contended


@LINUX
def test_peak_memory_sees_what_was_given_back() -> None:
    """The peak holds 50 MB that are free again when it is read."""
    memory = PeakMemory()
    before = memory.bytes()

    touch(50 * MEGABYTE)
    after = memory.bytes()

    assert before is not None
    assert after is not None
    assert 40 * MEGABYTE < after - before < 90 * MEGABYTE


@LINUX
def test_peak_memory_begins_anew() -> None:
    """What one cell took is not charged to the next."""
    first = PeakMemory()
    touch(50 * MEGABYTE)
    high = first.bytes()

    second = PeakMemory().bytes()

    assert high is not None
    assert second is not None
    assert second < high - 40 * MEGABYTE


@LINUX
def test_steady_memory_is_what_is_there_between_answers() -> None:
    """The median: neither what one answer took, nor one odd moment."""
    memory = PeakMemory()
    memory.note()
    touch(50 * MEGABYTE)
    memory.note()
    memory.note()
    steady, peak = memory.steady_bytes(), memory.bytes()

    assert steady is not None
    assert peak is not None
    assert 0 < steady < peak


def test_steady_memory_that_was_never_noted_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is it where the system does not tell it; least of all 0."""
    memory = PeakMemory()
    assert memory.steady_bytes() is None

    monkeypatch.setattr(environment, "_linux_status", lambda _: None)
    memory.note()

    assert memory.steady_bytes() is None


def test_a_peak_that_did_not_rise_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the counter is of the whole life, an old peak says nothing of a span."""
    peaks = iter([100, 100, 250])
    monkeypatch.setattr(environment, "_reset_peak", lambda: False)
    monkeypatch.setattr(environment, "_lifetime_peak", lambda: next(peaks))
    memory = PeakMemory()

    assert memory.bytes() is None
    assert memory.bytes() == 250


def test_a_peak_that_cannot_be_read_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without any counter there is no figure, least of all a 0."""
    monkeypatch.setattr(environment, "_reset_peak", lambda: False)
    monkeypatch.setattr(environment, "_lifetime_peak", lambda: None)

    assert PeakMemory().bytes() is None


def test_the_commit_is_read_without_git(tmp_path: Path) -> None:
    """From the branch's own file, from the packed ones, or as it is checked out."""
    folder = tmp_path / ".git"
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")

    assert commit_of(tmp_path, {}) is None
    (folder / "packed-refs").write_text("# x\nabc refs/heads/main\n", "utf-8")
    assert commit_of(tmp_path, {}) == "abc"
    (folder / "refs" / "heads" / "main").write_text("def\n", "utf-8")
    assert commit_of(tmp_path, {}) == "def"
    (folder / "HEAD").write_text("012\n", "utf-8")
    assert commit_of(tmp_path, {}) == "012"
    assert commit_of(tmp_path, {"GITHUB_SHA": "345"}) == "345"
    assert commit_of(tmp_path / "none", {}) is None
