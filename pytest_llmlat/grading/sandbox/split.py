"""A sandbox of two fork servers: one for candidates, one for judges.

For every program each forks a child, which reads from a pipe of its own what it is to
do. A socket pair joins the two children; the judge alone holds the verdict's pipe. This
side watches the clock, the verdict and what is printed, and ends both children whatever
they do.
"""

from __future__ import annotations

import os
import selectors
import socket
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.kernel_memory import (
    LOOK_S,
    MOST_BYTES,
)
from pytest_llmlat.grading.sandbox.request_pipe import RequestPipe
from pytest_llmlat.grading.sandbox.verdict import MAX_VERDICT, Observation, decide
from pytest_llmlat.grading.sandbox.zygote import Zygote, ZygoteDied
from pytest_llmlat.values.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.grading.sandbox.program import Program, ProgramOutcome
    from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits
    from pytest_llmlat.grading.sandbox.verdict import Role

GRACE_S = 10.0
"""How long the end of a killed child may take to be told."""
CHUNK = 1 << 16
ROLES: tuple[Role, Role] = ("candidate", "judge")


class SplitSandbox:
    """Runs programs in one kind of confinement."""

    def __init__(
        self, name: str, *, isolated: bool, prefix: Sequence[str] = ()
    ) -> None:
        """Start nothing yet: the first program does, or ``start``."""
        self.name = name
        self.isolated = isolated
        self._prefix = tuple(prefix)
        self._zygotes: dict[Role, Zygote] = {}
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Start both servers, side by side.

        Raises:
            ZygoteDied: one of them does not serve; says why.
        """
        if self._zygotes:
            return
        try:
            for role in ROLES:
                self._zygotes[role] = Zygote(self.name, self._prefix)
            for zygote in self._zygotes.values():
                zygote.wait_until_ready()
        except BaseException:
            self._stop()
            raise

    def run(self, program: Program, limits: ProgramLimits) -> ProgramOutcome:
        """Run one program to its end or to its limits.

        A server that has died is started again and the program tried once more.

        Raises:
            SandboxUnavailable: the servers do not come back, or ``close`` was called.
        """
        with self._lock:
            if self._closed:
                raise SandboxUnavailable(
                    f"sandbox {self.name!r}: it has been closed; open another"
                )
            try:
                return self._run(program, limits)
            except ZygoteDied:
                self._stop()
            try:
                return self._run(program, limits)
            except ZygoteDied as died:
                self._stop()
                raise SandboxUnavailable(
                    f"sandbox {self.name!r}: {died}, twice with the same program;"
                    " look for what ends processes here (out of memory?)"
                ) from died

    def close(self) -> None:
        """End both servers and whatever they run."""
        with self._lock:
            self._closed = True
            self._stop()

    def probe(
        self, targets: dict[str, object], limits: ProgramLimits
    ) -> tuple[bytes, int]:
        """Let a confined child try to break out.

        Returns:
            What it reported, and its exit status.

        Raises:
            ZygoteDied: the server has gone.
        """
        self.start()
        zygote = self._zygotes["candidate"]
        inlet, outlet = os.pipe()
        with open(inlet, "rb", closefd=True) as report:  # noqa: PTH123 - a descriptor
            # Room for a file, so that the confinement alone forbids it.
            request = {**_bounds(limits, "/", CHUNK), "role": "probe"}
            with closing(RequestPipe({**request, "targets": targets})) as pipe:
                try:
                    zygote.fork(limits.memory_bytes, [pipe.theirs, outlet])
                finally:
                    os.close(outlet)
                pipe.push()
            zygote.read()
            told = zygote.read()
            return report.read(MAX_VERDICT), int(str(told["exit"]))

    def _stop(self) -> None:
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes = {}

    def _run(self, program: Program, limits: ProgramLimits) -> ProgramOutcome:
        try:
            self.start()
            with ExitStack() as opened:
                cwd, file_bytes = "/", 0
                if not self.isolated:
                    folder = tempfile.TemporaryDirectory(
                        prefix="llmlat-", ignore_cleanup_errors=True
                    )
                    cwd, file_bytes = opened.enter_context(folder), limits.output_bytes
                bounds = _bounds(limits, cwd, file_bytes)
                watch = opened.enter_context(closing(_Watch(self._zygotes, limits)))
                watch.spawn(program, bounds)
                return decide(watch.until_the_end(), limits)
        except ZygoteDied:
            raise
        except BaseException:
            # Ctrl-C between two messages: nobody knows what is under way, so all of
            # it ends here, and the next program starts afresh.
            self._stop()
            raise


class _Watch:
    """One program from its first process to the end of its last."""

    def __init__(self, zygotes: dict[Role, Zygote], limits: ProgramLimits) -> None:
        self._zygotes = zygotes
        self._limits = limits
        self._deadline = time.monotonic() + limits.time_s
        self._seen = Observation()
        self._running: set[Role] = set()
        self._killed: set[Role] = set()
        self._next_look = time.monotonic() + LOOK_S
        self._selector = selectors.DefaultSelector()
        self._verdict, self._verdict_end = os.pipe()
        self._printed, self._printed_end = os.pipe()
        self._lines = socket.socketpair()
        self._requests: list[RequestPipe] = []

    def close(self) -> None:
        self._selector.close()
        for pipe in self._requests:
            pipe.close()
        self._close_ends()
        os.close(self._verdict)
        os.close(self._printed)

    def spawn(self, program: Program, bounds: dict[str, object]) -> None:
        """Fork both children, then let go of what is theirs."""
        common = {
            **bounds,
            "entry_point": program.entry_point,
            "longest": self._limits.output_bytes,
        }
        asked, asking = self._lines
        self._spawn(
            "judge",
            {**common, "tests": program.tests, "stub": program.stub},
            [asking.fileno(), self._verdict_end],
        )
        self._spawn(
            "candidate",
            {**common, "source": program.source},
            [asked.fileno(), self._printed_end],
        )
        self._close_ends()

    def until_the_end(self) -> Observation:
        """Follow both children until each has ended."""
        self._follow(self._verdict, self._read_verdict)
        self._follow(self._printed, self._read_printed)
        for role in ROLES:
            control = self._zygotes[role].control
            self._follow(control.fileno(), partial(self._read_control, role))
        while self._running:
            for key, _ in self._wait():
                key.data()
        while self._read_verdict():
            pass
        return self._seen

    def _spawn(
        self, role: Role, request: dict[str, object], descriptors: list[int]
    ) -> None:
        pipe = RequestPipe({**request, "role": role})
        self._requests.append(pipe)
        memory = self._limits.memory_bytes
        self._zygotes[role].fork(memory, [pipe.theirs, *descriptors])
        self._running.add(role)
        pipe.let_go()
        if pipe.push():
            pipe.close()
        else:
            push = partial(self._push, pipe)
            self._selector.register(pipe.fileno(), selectors.EVENT_WRITE, push)

    def _push(self, pipe: RequestPipe) -> None:
        if pipe.push():
            self._forget(pipe.fileno())
            pipe.close()

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        now = time.monotonic()
        left_s = self._deadline - now
        if left_s > 0:
            if now >= self._next_look:
                self._next_look = now + LOOK_S
                self._look()
            return self._selector.select(min(left_s, LOOK_S))
        if len(self._killed) < len(ROLES):
            self._seen.timed_out = not self._killed
            self._kill(*ROLES)
            self._deadline = time.monotonic() + GRACE_S
            return []
        raise ZygoteDied("a killed child did not end")

    def _look(self) -> None:
        """End a program for which the kernel itself holds too much."""
        held = self._zygotes["candidate"].held_by_kernel()
        if held > MOST_BYTES and "candidate" not in self._killed:
            self._seen.held_by_kernel = held
            self._kill(*ROLES)

    def _kill(self, *roles: Role) -> None:
        for role in roles:
            if role in self._running and role not in self._killed:
                self._zygotes[role].kill_child()
            self._killed.add(role)

    def _follow(self, descriptor: int, react: Callable[[], object]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, react)

    def _read_verdict(self) -> bool:
        body = os.read(self._verdict, CHUNK)
        self._seen.verdict += body
        if not body or len(self._seen.verdict) > MAX_VERDICT:
            self._forget(self._verdict)
            self._kill("candidate")
            return False
        return True

    def _read_printed(self) -> None:
        text = os.read(self._printed, CHUNK)
        self._seen.printed_bytes += len(text)
        if not text:
            self._forget(self._printed)
        elif self._seen.printed_bytes > self._limits.output_bytes:
            self._forget(self._printed)
            self._kill(*ROLES)

    def _read_control(self, role: Role) -> None:
        message = self._zygotes[role].read()
        if "exit" not in message:
            return
        self._seen.exits[role] = int(str(message["exit"]))
        self._seen.over_memory |= bool(message["over_memory"])
        self._running.discard(role)
        self._forget(self._zygotes[role].control.fileno())
        if role == "judge":
            self._kill("candidate")

    def _forget(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _close_ends(self) -> None:
        for line in self._lines:
            line.close()
        for end in (self._verdict_end, self._printed_end):
            if end >= 0:
                os.close(end)
        self._verdict_end = self._printed_end = -1


def _bounds(limits: ProgramLimits, cwd: str, file_bytes: int) -> dict[str, object]:
    return {
        "time_s": limits.time_s,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": file_bytes,
        "cwd": cwd,
    }
