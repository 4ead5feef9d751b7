"""Processes on the nodes of a Ray cluster, each talked to through an actor beside it.

The process is one of its own and knows nothing of Ray: no thread of Ray's takes its
interpreter while it stamps. The actor only carries messages, a millisecond each way.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.piped_process import PipedProcess
from pytest_llmlat.spread.ray_nodes import look_at_nodes, on_node
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_END = b"\0"
"""Kind of the message that the process has ended; its content is ``status words``."""
_GROUPS = {"orders": 1, "told": 1}
_CLOSE_S = 10.0


class ProcessActor:
    """The actor: carries messages to a process of its node, and back."""

    def __init__(self, arguments: Sequence[str], end_s: float) -> None:
        """Start the process."""
        self._told: queue.SimpleQueue[tuple[bytes, bytes]] = queue.SimpleQueue()
        self._early: dict[int, tuple[bytes, bytes]] = {}
        self._next = 0
        self._process = PipedProcess(
            arguments,
            lambda *message: self._told.put(message),
            self._ended,
            end_s=end_s,
        )

    def send(self, number: int, kind: bytes, content: bytes) -> None:
        """Pass a message on, behind all with a lower number: Ray may swap them."""
        self._early[number] = kind, content
        while self._next in self._early:
            self._process.send(*self._early.pop(self._next))
            self._next += 1

    def hear(self) -> list[tuple[bytes, bytes]]:
        """Return what the process told since; waits for the first message."""
        found = [self._told.get()]
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._told.get_nowait())
        return found

    def end(self) -> None:
        """End the process."""
        self._process.end()

    def _ended(self, status: int, last_words: str) -> None:
        self._told.put((_END, f"{status} {last_words}".encode()))


class _RayProcess:
    """A process of another node, as this one sees it."""

    def __init__(
        self,
        ray: Any,  # noqa: ANN401 - a library
        actor: Any,  # noqa: ANN401 - Ray's
        heard: Callable[[bytes, bytes], None],
        ended: Callable[[int | None, str], None],
    ) -> None:
        self._ray, self._actor = ray, actor
        self._heard, self._ended = heard, ended
        self._sent = 0
        self._sending = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, kind: bytes, content: bytes) -> None:
        """Send a message; that its node was lost is told by the reader."""
        with self._sending, contextlib.suppress(self._ray.exceptions.RayError):
            self._actor.send.options(concurrency_group="orders").remote(
                self._sent, kind, content
            )
            self._sent += 1

    def end(self) -> None:
        """End it, and the actor beside it."""
        with contextlib.suppress(Exception):
            done = self._actor.end.options(concurrency_group="orders").remote()
            self._ray.get(done, timeout=_CLOSE_S)
        with contextlib.suppress(Exception):
            self._ray.kill(self._actor)
        self._reader.join(_CLOSE_S)

    def _read(self) -> None:
        """Pass on what it tells, until it ends or its node is lost."""
        while True:
            try:
                told = self._actor.hear.options(concurrency_group="told").remote()
                messages = self._ray.get(told)
            except Exception as error:  # noqa: BLE001 - whatever Ray raises, it is gone
                self._ended(None, str(error).strip().split("\n")[0][:200])
                return
            for kind, content in messages:
                if kind == _END:
                    status, _, words = content.decode("utf-8", "replace").partition(" ")
                    self._ended(int(status), words)
                    return
                self._heard(kind, content)


@dataclass(frozen=True, slots=True)
class RayPlace:
    """A node of the cluster."""

    ray: Any
    node: str
    """Ray's name of it."""
    host: str
    own: bool = False

    def start(
        self,
        arguments: Sequence[str],
        heard: Callable[[bytes, bytes], None],
        ended: Callable[[int | None, str], None],
        *,
        end_s: float,
    ) -> _RayProcess:
        """Start an actor there, and the process beside it."""
        made = self.ray.remote(concurrency_groups=_GROUPS)(ProcessActor).options(
            num_cpus=0,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=on_node(self.ray, self.node),
        )
        actor = made.remote([*arguments], end_s)
        return _RayProcess(self.ray, actor, heard, ended)


def ray_places() -> tuple[RayPlace, ...]:
    """Return the nodes of the cluster that this process is a part of.

    Raises:
        LLMLatError: none of them has this version and this Python.
    """
    import ray
    import ray.util.scheduling_strategies

    found, refused = look_at_nodes(ray)
    if not found:
        raise LLMLatError(
            "no node of the cluster can run a client process:"
            f" {'; '.join(refused) or 'there is none'}"
        )
    return tuple(RayPlace(ray, each.id, each.node.name) for each in found)
