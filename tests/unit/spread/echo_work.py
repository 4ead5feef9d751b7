"""Work of a worker, for tests: says back what it is told, or misbehaves."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Echo:
    """Does what an order says."""

    def __init__(self, setup: bytes, tell: Callable[[bytes], None]) -> None:
        """Take a file that is written when the work is closed."""
        self._closed, self._tell = setup.decode(), tell

    def measure(self, order: bytes) -> bytes:
        """Say it back; ``die``, ``fail`` and ``hang`` are done."""
        text = order.decode()
        sys.stdout.write("a library prints\n")
        sys.stdout.flush()
        self._tell(b"began " + order)
        if text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "fail":
            raise ValueError("it is broken")
        while text == "hang":
            time.sleep(60)
        card = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
        return f"{text} on {card}".encode()

    def close(self) -> None:
        """Leave a trace."""
        if self._closed:
            Path(self._closed).write_text("closed", "utf-8")
