"""Places where a process of this interpreter can be started: this machine, or others.

Whoever talks to such a process need not know where it is.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.machine.piped_process import PipedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class TalkedTo(Protocol):
    """A process that was started, and is talked to in messages."""

    def send(self, kind: bytes, content: bytes) -> None:
        """Send a message; they arrive in the order of sending."""
        ...

    def end(self) -> None:
        """End it, in order if it heeds that, and wait until it has ended."""
        ...


class ProcessPlace(Protocol):
    """A place where a process can be started."""

    @property
    def host(self) -> str | None:
        """Name of its machine, by which a report tells it."""
        ...

    @property
    def own(self) -> bool:
        """Whether it is the machine of this process, with its files and its clock."""
        ...

    def start(
        self,
        arguments: Sequence[str],
        heard: Callable[[bytes, bytes], None],
        ended: Callable[[int | None, str], None],
        *,
        end_s: float,
    ) -> TalkedTo:
        """Start a process.

        Args:
            arguments: of the interpreter.
            heard: takes kind and content of each message, in a thread of its own.
            ended: takes the status with which it ended, as ``subprocess`` has it, and
                its last words; ``None`` and the reason where its machine was lost.
            end_s: how long it has to end in order.
        """
        ...


class ThisMachine:
    """The machine of this process."""

    own = True

    @property
    def host(self) -> str | None:
        """Its name."""
        return platform.node() or None

    def start(
        self,
        arguments: Sequence[str],
        heard: Callable[[bytes, bytes], None],
        ended: Callable[[int | None, str], None],
        *,
        end_s: float,
    ) -> PipedProcess:
        """Start a process, whose pipes we hold."""
        return PipedProcess(arguments, heard, ended, end_s=end_s)
