"""The fork server (zygote): imports once, then forks a confined child per program.

It is started by exec, so that nothing of the test session is in it, and stays
single-threaded, so that forking is safe. It serves one child at a time. On its control
line it gets ``{"fork": MEMORY_BYTES}`` with descriptors, answers ``{"pid": …}``, and
when the child has ended ``{"exit": …}``. Any message in between kills the child; when
the line closes, the server kills the child and leaves, so that nothing outlives the
test session.

What a child is to do it reads for itself, from its standard input. So the server never
holds a byte of a program, a test or an answer: what it had freed would be in the
memory of every later child, whose program could find it there.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import confine
from .frames import Closed, read_whole, receive, receive_with_descriptors, send

USUAL_MODULES = (
    "abc array ast base64 binascii bisect calendar cmath collections collections.abc"
    " contextlib copy csv ctypes dataclasses datetime decimal difflib enum fractions"
    " functools hashlib heapq inspect io itertools json math numbers operator pathlib"
    " pprint queue random re secrets statistics string struct tempfile textwrap"
    " threading time traceback types typing unicodedata uuid warnings zlib"
    " encodings.ascii encodings.idna encodings.latin_1 encodings.utf_16"
    " encodings.utf_32 encodings.cp1252 encodings.hex_codec encodings.rot_13"
)
"""What programs usually import: once here, then free for every child."""
MORE_MODULES = (
    "asyncio bz2 lzma sqlite3 zoneinfo unittest unittest.async_case unittest.mock"
    " concurrent.futures.thread logging shutil argparse"
)
"""Imported too where children can open no path."""

MAX_CONTROL = 1 << 12
"""Bytes of a message to the server: a number, and no room for a program."""
WATCH_S = 0.02
"""How often the memory is looked at where the kernel does not bound it."""
REQUEST, LINE, SECOND = 0, 3, 4
"""Descriptors of a child."""


def main() -> None:
    """Serve until the control line closes."""
    given = int(sys.argv[1])
    # A busy session opens this line at any number; children close the low ones.
    control = socket.socket(fileno=fcntl.fcntl(given, fcntl.F_DUPFD_CLOEXEC, 0))
    os.close(given)
    try:
        settings = json.loads(receive(control, MAX_CONTROL))
        ZygoteServer(control, settings).serve()
    except Closed:
        return


class ZygoteServer:
    """One control line and at most one child."""

    def __init__(self, control: socket.socket, settings: dict[str, str]) -> None:
        """Make the confinement ready and say so, or say why not."""
        self._control = control
        self._mode = settings["confinement"]
        self._pid = os.getpid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._bell, ring = socket.socketpair()
        for end in (self._bell, ring):
            end.settimeout(0)
        self._ring = ring
        signal.set_wakeup_fd(ring.fileno(), warn_on_full_buffer=False)
        try:
            self._confinement = confine.prepare(self._mode)
            self._preload()
            self._confinement.enter_server()
        except (OSError, KeyError, ImportError) as wrong:
            self._tell({"failed": f"{type(wrong).__name__}: {wrong}"})
            raise Closed from wrong

    def serve(self) -> None:
        """Answer requests, one at a time.

        Raises:
            Closed: the control line has closed.
        """
        self._tell({"ready": True})
        while True:
            body, descriptors = receive_with_descriptors(self._control, MAX_CONTROL)
            asked = json.loads(body)
            if "fork" not in asked:
                continue  # a kill that came after the child had ended
            pid = os.fork()
            if pid == 0:
                self._become(descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            self._tell({"pid": pid})
            self._watch(pid, asked["fork"])

    def _preload(self) -> None:
        names = f"{USUAL_MODULES} inside.candidate inside.judge inside.probe"
        if self._mode == "seccomp":
            names = f"{names} {MORE_MODULES}"
        for name in names.split():
            with suppress(ImportError):
                importlib.import_module(name)
        if confine.LINUX:
            from . import kernel  # noqa: PLC0415 - where it is needed

            # Neither its memory nor its /proc entry is for other processes.
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        sys.path[:] = [entry for entry in sys.path if entry != sys.argv[2]]
        os.environ.clear()
        gc.collect()
        gc.freeze()

    def _tell(self, message: dict[str, object]) -> None:
        send(self._control, json.dumps(message).encode())

    def _watch(self, pid: int, memory_bytes: int) -> None:
        """Wait for the child's end, which a message or a closed line brings about."""
        over_memory = False
        pause = None if confine.LINUX else WATCH_S
        while True:
            ready, _, _ = select.select([self._control, self._bell], [], [], pause)
            if self._control in ready:
                try:
                    receive(self._control, MAX_CONTROL)
                except Closed:
                    self._end(pid)
                    raise
                _kill(pid)
            elif not ready:
                over_memory = over_memory or _over(pid, memory_bytes)
            if self._bell in ready:
                with suppress(BlockingIOError):
                    self._bell.recv(64)
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    self._clear_away(pid)
                    code = os.waitstatus_to_exitcode(status)
                    self._tell({"exit": code, "over_memory": over_memory})
                    return

    def _end(self, pid: int) -> None:
        _kill(pid)
        os.waitpid(pid, 0)
        self._clear_away(pid)

    def _clear_away(self, pid: int) -> None:
        """Kill what an unconfined child has left behind."""
        if self._mode != "none":
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        # As the subreaper, this process inherits what slipped out of the group.
        mine = Path(f"/proc/self/task/{os.getpid()}/children")
        with suppress(OSError):
            while left := mine.read_text().split():
                for child in map(int, left):
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)

    def _become(self, descriptors: list[int]) -> None:
        """Turn this forked child into its role; it never comes back."""
        status = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _arrange(descriptors)
            request = json.loads(read_whole(REQUEST))
            if request["role"] == "candidate":
                for stream in (1, 2):
                    os.dup2(SECOND, stream)
                os.close(SECOND)
            else:
                os.dup2(1, 2)  # what tests print, nobody reads
            if request["cwd"] != "/":
                os.chdir(request["cwd"])
            bounds = confine.Bounds(
                time_s=request["time_s"],
                memory_bytes=request["memory_bytes"],
                file_bytes=request["file_bytes"],
            )
            confine.enter(self._confinement, bounds, server=self._pid)
            # The same program gets the same verdict, whatever it draws.
            random.seed(0)
            ROLES[request["role"]](request)
            status = 0
        finally:
            os._exit(status)


def _arrange(descriptors: list[int]) -> None:
    """Put what came with the order to fork where a child looks for it.

    Its standard input is the request and no file of the server: two programs with one
    open file could leave word to each other in its flags.
    """
    places = (REQUEST, LINE, SECOND)
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 32) for descriptor in descriptors]
    for target, descriptor in zip(places, high, strict=False):
        os.dup2(descriptor, target)
    for target in places[len(high) :]:
        with suppress(OSError):
            os.close(target)


def _candidate(request: dict[str, Any]) -> None:
    from .candidate import serve  # noqa: PLC0415 - where it is needed

    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, LINE)
    longest = request["longest"]
    serve(line, request["source"], request["entry_point"], longest=longest)


def _judge(request: dict[str, Any]) -> None:
    from .asking import Asking  # noqa: PLC0415 - where it is needed
    from .judge import judge, report  # noqa: PLC0415 - where it is needed

    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, LINE)
    asking = Asking(line, request["longest"])
    texts = {key: request[key] for key in ("stub", "tests", "entry_point")}
    report(SECOND, judge(asking, **texts), asking.calls)


def _probe(request: dict[str, Any]) -> None:
    from .probe import attempt  # noqa: PLC0415 - where it is needed

    attempt(LINE, request["targets"])


ROLES = {"candidate": _candidate, "judge": _judge, "probe": _probe}


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _over(pid: int, memory_bytes: int) -> bool:
    """Kill the child where it has more memory than it may."""
    from .darwin import footprint_bytes  # noqa: PLC0415 - where it is needed

    if footprint_bytes(pid) <= memory_bytes:
        return False
    _kill(pid)
    return True
