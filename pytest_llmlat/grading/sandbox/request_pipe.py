"""A request on its way to the child that reads it as its standard input."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.inside.frames import framed

if TYPE_CHECKING:
    from collections.abc import Mapping


class RequestPipe:
    """A pipe to a child, and what of the request is still to be written.

    It never blocks: a pipe takes some 64 kB, and the child that empties it may not be
    there yet, or never come.
    """

    def __init__(self, request: Mapping[str, object]) -> None:
        """Open the pipe; ``theirs`` is the end for the child."""
        self._left = memoryview(framed(json.dumps(request).encode()))
        self.theirs, self._ours = os.pipe()
        os.set_blocking(self._ours, False)

    def fileno(self) -> int:
        """Return our end."""
        return self._ours

    def push(self) -> bool:
        """Write what the pipe takes; say whether there is nothing more to be done.

        A child that has gone is told by its server, and not here.
        """
        try:
            while self._left:
                self._left = self._left[os.write(self._ours, self._left) :]
        except BlockingIOError:
            return False
        except BrokenPipeError:
            pass
        return True

    def let_go(self) -> None:
        """Close the child's end, once it has been sent."""
        if self.theirs >= 0:
            os.close(self.theirs)
        self.theirs = -1

    def close(self) -> None:
        """Close both ends; a child that reads on is at the end of its input."""
        self.let_go()
        if self._ours >= 0:
            os.close(self._ours)
        self._ours = -1
