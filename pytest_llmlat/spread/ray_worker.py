"""A worker that is an actor of a Ray cluster."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pytest_llmlat.spread.worker_process import work_of

if TYPE_CHECKING:
    from pytest_llmlat.spread.worker_pool import Launch

_UNDER_WAY = 100


class RayWorker:
    """The actor: does one job after the other."""

    def __init__(self, number: int, launch: Launch, mail: Any) -> None:  # noqa: ANN401 - Ray's queue
        """Begin in the environment that the worker is to have.

        Args:
            number: tells the worker's messages from those of others.
            launch: how it is started.
            mail: the queue that everything is told through, also while a job runs.
        """
        import ray

        self._ray: Any = ray
        self._sent: deque[Any] = deque()
        self._number, self._mail = number, mail
        self._work = work_of(launch, self._tell)

    def measure(self, order: bytes) -> bytes:
        """Do a job; all that it told is in the queue when it ends."""
        result = self._work.measure(order)
        self._wait(most=0)
        return result

    def close(self) -> None:
        """Leave nothing behind."""
        self._work.close()

    def _tell(self, content: bytes) -> None:
        """Hand something over; Ray sends it, without a lock of this interpreter."""
        # To wait for the answer here would take some milliseconds after each request.
        self._sent.append(self._mail.actor.put_nowait.remote((self._number, content)))
        self._wait(most=_UNDER_WAY)

    def _wait(self, *, most: int) -> None:
        """Wait until no more than so many messages are under way."""
        while len(self._sent) > most:
            self._ray.get(self._sent.popleft())
