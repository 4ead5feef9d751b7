"""The program that stands between us and an engine, and lets it outlive nobody.

It is run as a process of its own (``python -I -S watchdog.py``), knows nothing but the
standard library, and is told what to start by one line of JSON on its standard input.
It ends the engine, and all that the engine started, when

- it reads ``stop``, or its input is closed;
- the process that started it is gone, even by ``kill -9``;
- the engine itself has ended and left others behind.

SIGTERM comes first, and SIGKILL when time is up. It tells on its standard output, one
JSON object a line, that the engine was started, and how it ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_PDEATHSIG, _SUBREAPER = 1, 36
"""Of prctl(2): a signal when the parent dies, and orphans become our children."""
_IGNORED = (signal.SIGINT, signal.SIGHUP)
"""Ctrl-C and a closed terminal are for our parent, which will say what to do."""
_TICK_S = 0.02
_LOOK_S = 0.5
"""How often the parent is looked at where its end cannot be waited for."""


class ProcessFamily:
    """An engine and all that descends from it."""

    def __init__(self, leader: int) -> None:
        """Begin with the process that was started, the leader of a group."""
        self.leader = leader
        self.status: int | None = None
        """How the leader ended, as ``subprocess`` tells it."""

    def reap(self) -> None:
        """Take note of all that ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.leader:
                self.status = os.waitstatus_to_exitcode(status)

    def signal(self, number: int) -> None:
        """Send a signal to the group, and to descendants that left it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.leader, number)
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    @property
    def alive(self) -> bool:
        """Whether any of it still runs."""
        self.reap()
        if descendants(os.getpid()):
            return True
        try:
            os.killpg(self.leader, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            # On macOS a group of zombies says so too.
            return self.status is None
        return True

    def end(self, patience_s: float) -> None:
        """End all of it: by SIGTERM, and by SIGKILL what has not ended by then."""
        for number, limit_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            until = time.monotonic() + limit_s
            if self.alive:
                self.signal(number)
            while self.alive and time.monotonic() < until:
                time.sleep(_TICK_S)


def descendants(pid: int) -> list[int]:
    """Return the processes below one; none where the system does not tell."""
    found, open_ones = [], [pid]
    while open_ones:
        tasks = Path("/proc", str(open_ones.pop()), "task")
        with suppress(OSError):
            for task in tasks.iterdir():
                children = (task / "children").read_text("ascii").split()
                below = [int(child) for child in children]
                found += below
                open_ones += below
    return [each for each in found if not _is_zombie(each)]


def _is_zombie(pid: int) -> bool:
    try:
        text = Path("/proc", str(pid), "stat").read_text("ascii", "replace")
    except OSError:
        return True
    return text.rpartition(")")[2].split()[:1] == ["Z"]


def _libc() -> Any:  # noqa: ANN401 - a library without types
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _tell(**words: object) -> None:
    with suppress(OSError):
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()


def _start(order: dict[str, Any], libc: Any) -> ProcessFamily | None:  # noqa: ANN401 - a library without types
    """Start what was ordered; tells what came of it."""

    def before() -> None:
        for number in _IGNORED:
            signal.signal(number, signal.SIG_DFL)
        # Of the child alone: where this process is killed itself, the engine goes too.
        if libc is not None:
            libc.prctl(_PDEATHSIG, int(signal.SIGKILL))

    try:
        child = subprocess.Popen(  # noqa: S603 - what the user's catalogue says
            order["command"],
            env=order["variables"],
            stdin=subprocess.DEVNULL,
            stdout=order["log"],
            stderr=order["log"],
            start_new_session=True,
            preexec_fn=before,  # noqa: PLW1509 - there is one thread here
        )
    except (OSError, ValueError) as error:
        _tell(failed=f"{type(error).__name__}: {error}")
        return None
    _tell(started=child.pid)
    family = ProcessFamily(child.pid)
    child.returncode = 0  # it is waited for here, not there
    return family


def _watch(family: ProcessFamily, parent: int) -> None:
    """Wait until the engine ended, or is to end."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    ends = []
    with suppress(AttributeError, OSError):
        ends.append(os.pidfd_open(parent))
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        family.reap()
        if stopped or family.status is not None or os.getppid() != parent:
            return
        ready, _, _ = select.select(
            [0, woken, *ends], [], [], None if ends else _LOOK_S
        )
        if 0 in ready or set(ends) & set(ready):
            return
        if woken in ready:
            os.read(woken, 4096)


def main() -> None:
    """Start, watch and end one engine."""
    parent = os.getppid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    libc = _libc()
    if libc is not None:
        libc.prctl(_SUBREAPER, 1)
    line = b""
    while b"\n" not in line:
        piece = os.read(0, 1 << 16)
        if not piece:
            return
        line += piece
    first, _, behind = line.partition(b"\n")
    order = json.loads(first)
    family = _start(order, libc)
    if family is None:
        return
    try:
        if not behind:
            _watch(family, parent)
    finally:
        family.end(float(order["patience_s"]))
        family.reap()
        _tell(ended=family.status)


if __name__ == "__main__":
    main()
