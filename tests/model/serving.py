"""Real servers, started for a test and stopped after it."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STOP_S = 30.0


@contextmanager
def serving(command: Sequence[str], *, ready: str) -> Iterator[None]:
    """Run a server until the block ends.

    Args:
        command: what starts it.
        ready: a part of the line that it prints when it can be asked.

    Raises:
        RuntimeError: it ended before; holds what it printed.
    """
    process = subprocess.Popen(  # noqa: S603 - our own interpreter's programs
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            if ready in line:
                break
        else:
            raise RuntimeError(f"{command[:3]}: {''.join(printed[-20:])}")
        yield
    finally:
        process.terminate()
        # Read on: a full pipe would keep it from ending.
        process.communicate(timeout=STOP_S)


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def script(name: str) -> str:
    """Return a console script of this environment."""
    return str(Path(sys.executable).with_name(name))
