"""The energy of a Mac's chip by ``powermetrics``, which comes with macOS; root only.

It is a program that writes a property list for each interval, with the energy that
processor, graphics and neural engine used in it. It is left to write into a file, and
the file is read only when the counter is: nothing of it happens while an answer is
timed. Apple says that its figures are estimates.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import tempfile
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from pytest_llmlat.machine.energy_counters import FoundCounters
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROGRAM = "powermetrics"
INTERVAL_MS = 200
LEAST_S = 2.0
"""Shortest window: what is under way in the last interval is not told yet, and so a
window may lack, or have too much, of an interval at each end."""
ARGUMENTS = (
    *("--samplers", "cpu_power,gpu_power"),
    *("--format", "plist"),
    *("--sample-rate", str(INTERVAL_MS)),
    *("--sample-count", "0"),
    *("--buffer-size", "0"),
)
_ENERGIES = ("cpu_energy", "gpu_energy", "ane_energy")
"""Of ``processor``, in millijoules of the interval (Apple silicon)."""
_POWERS = ("cpu_power", "gpu_power", "ane_power")
"""Of ``processor``, in milliwatts of the interval (Apple silicon)."""
_PACKAGE_JOULES = "package_joules"
"""Of ``processor``, in joules of the interval (Intel)."""
_END = b"\0"
_UJ_PER_MJ = 1000
_UJ = 1e6
_WAIT_S = 5.0


class PowermetricsCounter:
    """The sum of all intervals that ``powermetrics`` has told of."""

    name = "powermetrics"
    part = "chip"
    contains: frozenset[str] = frozenset()
    least_s = LEAST_S
    range_uj: int | None = None
    most_w: float | None = None

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        """Read what a process writes into a file.

        Args:
            process: that runs.
            output: open for reading, at its beginning.
        """
        self._process, self._output = process, output
        self._rest = b""
        self._sum_uj = 0.0
        self._broken = False

    def read_uj(self) -> int | None:
        """Return the energy of all intervals so far; ``None`` where one is not told.

        That is so from then on: the sum would lack it.
        """
        if self._broken or self._process.poll() is not None:
            return None
        *whole, self._rest = (self._rest + self._output.read()).split(_END)
        for part in whole:
            if not part.strip():
                continue
            if (used := interval_uj(part)) is None:
                self._broken = True
                return None
            self._sum_uj += used
        return round(self._sum_uj)

    def close(self) -> None:
        """End the program."""
        with suppress(OSError):
            self._process.terminate()
        try:
            self._process.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()


def interval_uj(text: bytes) -> float | None:
    """Return the microjoules of an interval; ``None`` if they are not told.

    Args:
        text: one property list, as ``powermetrics --format plist`` writes it.
    """
    try:
        told = plistlib.loads(text.strip())
    # Whatever a parser of XML finds in text that is cut or none.
    except Exception:  # noqa: BLE001
        return None
    processor = told.get("processor") if isinstance(told, dict) else None
    if not isinstance(processor, dict):
        return None
    if (package := _number(processor, _PACKAGE_JOULES)) is not None:
        return package * _UJ
    energies = [_number(processor, each) for each in _ENERGIES]
    if energies[0] is not None:
        return sum(each or 0.0 for each in energies) * _UJ_PER_MJ
    powers = [_number(processor, each) for each in _POWERS]
    elapsed_ns = _number(told, "elapsed_ns")
    if powers[0] is None or elapsed_ns is None:
        return None
    return sum(each or 0.0 for each in powers) * elapsed_ns / NS_PER_S * _UJ_PER_MJ


def _number(told: Mapping[str, object], key: str) -> float | None:
    value = told.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < float("inf") else None


def _this_user() -> int:
    # Looked up when called: Windows has no such function.
    return os.geteuid()


def powermetrics_counters(
    *,
    find: Callable[[str], str | None] = shutil.which,
    user: Callable[[], int] = _this_user,
) -> FoundCounters:
    """Start ``powermetrics`` and return its counter, or say why there is none.

    Args:
        find: returns the path of a program.
        user: returns the number of the user that this process is.
    """
    program = find(PROGRAM)
    if program is None:
        return FoundCounters(sought=f"{PROGRAM}: there is no such program")
    if user() != 0:
        told = f"{PROGRAM}: only root may run it (sudo); zeus-apple-silicon needs none"
        return FoundCounters(sought=told)
    # A file, and no pipe: nobody has to read it while an answer is timed.
    written = tempfile.NamedTemporaryFile(prefix="llmlat-", suffix=".plist")  # noqa: SIM115 - read and closed by the counter
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of macOS, by its path
            [program, *ARGUMENTS],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.DEVNULL,
        )
        output = open(written.name, "rb")  # noqa: PTH123, SIM115 - as above
    except OSError as error:
        return FoundCounters(sought=f"{PROGRAM}: {error.strerror}")
    finally:
        written.close()
    return FoundCounters(
        counters=(PowermetricsCounter(process, output),),
        sought=f"{PROGRAM}: processor, graphics, neural engine",
    )
