"""Starts a fork server and talks to it.

The server is a fresh interpreter with the ``inside`` folder and the standard library:
no site-packages, no user folder, no environment of ours, a fixed hash seed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.inside.frames import Closed, TooLong, receive, send
from pytest_llmlat.grading.sandbox.kernel_memory import kernel_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

START_S = 30.0
"""How long an interpreter may take to start, on a machine that is very busy."""
STOP_S = 5.0
MAX_MESSAGE = 1 << 16
MAX_REASON = 200

FLAGS = ("-P", "-s", "-S", "-B")
"""Isolated as by ``-I``, but for the environment, which is ours and sets the seed."""
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
BOOTSTRAP = (
    "import sys; sys.path.insert(0, sys.argv[2]);"
    " from inside.fork_server import main; main()"
)
HOME = Path(__file__).parent


class ZygoteDied(Exception):
    """The fork server has gone."""


class Zygote:
    """One fork server: a process, the line to it, and the child that it watches."""

    def __init__(self, confinement: str, prefix: Sequence[str] = ()) -> None:
        """Start the process; ``wait_until_ready`` must follow.

        Args:
            confinement: what its children put on, see ``inside.confine.prepare``.
            prefix: a command that runs the interpreter inside something.

        Raises:
            ZygoteDied: the command could not be started.
        """
        self.control, theirs = socket.socketpair()
        self.control.settimeout(START_S)
        self.child: int | None = None
        self._confinement = confinement
        interpreter = getattr(sys, "_base_executable", "") or sys.executable
        number = theirs.fileno()
        command = [*prefix, interpreter, *FLAGS, "-c", BOOTSTRAP]
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                    [*command, str(number), str(HOME)],
                    env=ENVIRONMENT,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    pass_fds=(number,),
                    start_new_session=True,
                )
        except OSError as wrong:
            self.control.close()
            raise ZygoteDied(str(wrong)) from wrong

    def wait_until_ready(self) -> None:
        """Return when it serves.

        Raises:
            ZygoteDied: it does not; says why.
        """
        try:
            self._send({"confinement": self._confinement})
            answer = self.read()
        except ZygoteDied:
            raise ZygoteDied(self._last_words()) from None
        if "failed" in answer:
            raise ZygoteDied(str(answer["failed"]))

    def fork(self, memory_bytes: int, descriptors: Sequence[int]) -> None:
        """Have a child forked, which gets ``descriptors``: its request comes first.

        Does not wait for it: ``read`` gives its process id, and then its exit.

        Raises:
            ZygoteDied: it has gone.
        """
        self._send({"fork": memory_bytes}, descriptors)

    def kill_child(self) -> None:
        """Ask for the child's end; ``read`` then gives its exit.

        Raises:
            ZygoteDied: it has gone.
        """
        self._send({})

    def held_by_kernel(self) -> int:
        """Return the bytes of the child's that no limit counts, 0 where unknown.

        Inside other namespaces its number means nothing here.
        """
        if self.child is None or sys.platform != "linux":
            return 0
        return kernel_bytes(self.child, self._process.pid)

    def read(self) -> dict[str, object]:
        """Return its next message.

        Raises:
            ZygoteDied: it has gone, or says nothing for too long.
        """
        try:
            message = json.loads(receive(self.control, MAX_MESSAGE))
        except (Closed, TooLong, OSError, ValueError) as wrong:
            raise ZygoteDied(
                f"the fork server has gone ({type(wrong).__name__})"
            ) from wrong
        if not isinstance(message, dict):
            raise ZygoteDied("the fork server sent what is no message")
        if "pid" in message:
            self.child = int(message["pid"])
        elif "exit" in message:
            self.child = None
        return message

    def close(self) -> None:
        """End the process and its child, the hard way if need be."""
        self.control.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        if self.child is not None and sys.platform != "linux":
            # Where its parent was killed; on Linux the kernel ends it then.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child, signal.SIGKILL)
        self.child = None

    def _send(
        self, message: dict[str, object], descriptors: Sequence[int] = ()
    ) -> None:
        try:
            send(self.control, json.dumps(message).encode(), descriptors)
        except (Closed, OSError) as wrong:
            reason = f"the fork server has gone ({type(wrong).__name__})"
            raise ZygoteDied(reason) from wrong

    def _last_words(self) -> str:
        self._process.kill()
        self._process.wait()
        if self._process.stderr is None:
            return "it did not start"
        text = self._process.stderr.read(1 << 16).decode(errors="replace").strip()
        line = text.splitlines()[-1] if text else "no message"
        return f"exit status {self._process.returncode}, {line[:MAX_REASON]}"
