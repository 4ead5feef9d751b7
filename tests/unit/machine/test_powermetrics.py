"""The reader of powermetrics, against a stand-in that writes property lists."""

from __future__ import annotations

import plistlib
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.machine.powermetrics import (
    ARGUMENTS,
    PowermetricsCounter,
    interval_uj,
    powermetrics_counters,
)

if TYPE_CHECKING:
    from pathlib import Path


def interval(**processor: object) -> bytes:
    """Return an interval as the program writes it."""
    return plistlib.dumps(
        {
            "is_delta": True,
            "elapsed_ns": 200_000_000,
            "processor": {"clusters": [{"name": "E-Cluster"}], **processor},
            "gpu": {"idle_ratio": 0.5},
        }
    )


class Process:
    """A stand-in for a program that runs until it is told to end."""

    def __init__(self) -> None:
        """Run."""
        self.calls: list[str] = []
        self.status: int | None = None

    def poll(self) -> int | None:
        """Return its exit status."""
        return self.status

    def terminate(self) -> None:
        """Be asked to end."""
        self.calls.append("terminate")

    def wait(self, timeout: float | None = None) -> int:
        """Be waited for."""
        self.calls.append(f"wait {timeout}")
        return 0


def a_counter(path: Path) -> tuple[PowermetricsCounter, Any]:
    """Return a counter of a file, and the process that writes it."""
    path.touch()
    process: Any = Process()
    return PowermetricsCounter(process, path.open("rb")), process


@pytest.mark.parametrize(
    ("processor", "joules"),
    [
        ({"cpu_energy": 600, "gpu_energy": 300, "ane_energy": 100}, 1.0),
        ({"cpu_energy": 600}, 0.6),
        ({"cpu_power": 4000.0, "gpu_power": 1000.0, "combined_power": 5000.0}, 1.0),
        ({"package_joules": 2.5, "package_watts": 12.5}, 2.5),
    ],
)
def test_an_interval_has_the_joules_of_its_parts(
    processor: dict[str, object], joules: float
) -> None:
    """Millijoules, or milliwatts of its time, or the package's joules on Intel."""
    assert interval_uj(interval(**processor)) == pytest.approx(joules * 1e6)


@pytest.mark.parametrize(
    "processor", [{}, {"cpu_energy": "many"}, {"cpu_energy": -1}, {"cpu_energy": True}]
)
def test_what_an_interval_does_not_tell_is_unknown(processor: dict[str, Any]) -> None:
    """Not 0: graphics alone would be too little."""
    assert interval_uj(interval(gpu_energy=5, **processor)) is None


@given(st.binary(max_size=80))
def test_foreign_text_is_no_interval(text: bytes) -> None:
    """Whatever stands in the file."""
    assert interval_uj(text) is None


def test_intervals_add_up_and_a_cut_one_waits(tmp_path: Path) -> None:
    """The program may be writing while the file is read."""
    path = tmp_path / "written"
    counter, _ = a_counter(path)
    text = interval(cpu_energy=100) + b"\0\n" + interval(cpu_energy=50)
    seen = [counter.read_uj()]
    for piece in (text, b"\0\n"):
        with path.open("ab") as file:
            file.write(piece)
        seen.append(counter.read_uj())
    counter.close()

    assert seen == [0, 100_000, 150_000]


def test_a_sum_that_lacks_an_interval_is_no_sum(tmp_path: Path) -> None:
    """Also when later ones are whole; and so it is once the program has ended."""
    path = tmp_path / "written"
    counter, _ = a_counter(path)
    path.write_bytes(b"<plist>\0" + interval(cpu_energy=1) + b"\0")
    other, ended = a_counter(tmp_path / "other")
    ended.status = 1
    seen = [counter.read_uj(), counter.read_uj(), other.read_uj()]
    counter.close()
    other.close()

    assert seen == [None] * 3
    assert ended.calls == ["terminate", "wait 5.0"]


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the program is not started."""
    monkeypatch.setattr(subprocess, "Popen", None)
    found = powermetrics_counters(
        find=lambda name: f"/usr/bin/{name}", user=lambda: 501
    )
    absent = powermetrics_counters(find=lambda _: None, user=lambda: 0)

    assert (found.counters, absent.counters) == ((), ())
    assert "only root may run it" in found.sought
    assert absent.sought == "powermetrics: there is no such program"


def test_the_program_is_started_read_and_ended(tmp_path: Path) -> None:
    """A real process that writes three intervals and goes on until it is ended."""
    program = tmp_path / "powermetrics"
    given_to, ended = tmp_path / "given", tmp_path / "ended"
    program.write_text(
        f"#!{sys.executable}\n"
        "import signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        f"open({str(given_to)!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        "for _ in range(3):\n"
        f"    sys.stdout.buffer.write({interval(cpu_energy=200)!r} + bytes(1))\n"
        "sys.stdout.flush()\n"
        "signal.sigwait({signal.SIGTERM})\n"
        f"open({str(ended)!r}, 'w').write('by SIGTERM')\n",
        "utf-8",
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found = powermetrics_counters(find=lambda _: str(program), user=lambda: 0)
    (counter,) = found.counters
    # What is written at once may be read in parts.
    while (seen := counter.read_uj()) is not None and seen < 600_000:
        pass
    counter.close()

    assert seen == 600_000
    assert given_to.read_text("utf-8").split() == list(ARGUMENTS)
    assert ended.exists()
