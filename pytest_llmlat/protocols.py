"""What the machines look like from above: the interfaces that rooms meet at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from pytest_llmlat.meter import Meter
    from pytest_llmlat.records import Generation, Request, Response
    from pytest_llmlat.specs import Scalar

T = TypeVar("T")


class Deployed(Protocol):
    """One loaded or reachable model on one device."""

    @property
    def chat(self) -> bool:
        """Whether prompts take the chat form."""
        ...

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """What identifies the model as it runs: digest, dtype, context, template."""
        ...

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        ...

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset; ``None`` where unknown."""
        ...

    def close(self) -> None:
        """Free the model and its memory, or the connections to it."""
        ...


class Backend(Deployed, Protocol):
    """A model in this process: it answers one request after the other."""

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer one request greedily, stamping each token on ``meter``.

        No state of an earlier request shortens this one: the whole prompt is
        processed every time. A prompt that leaves no room in the context is not
        cut: the answer is empty and its ``finish`` is ``context``.
        """
        ...


class Exchange(Protocol):
    """A request that has ended, its answer as raw as it came."""

    @property
    def end_ns(self) -> int:
        """When it ended."""
        ...

    @property
    def failed(self) -> bool:
        """Whether no whole answer came: an error or a time-out."""
        ...


@runtime_checkable
class Server(Deployed, Protocol):
    """A model behind a network: it takes many requests at once.

    Coroutines run only inside :meth:`run`. What an answer says is found out by
    :meth:`read`, after the load, so that no parsing delays another answer's clock.
    """

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run a coroutine to its end on this backend's own event loop.

        Args:
            main: what to run.
            alone: it has one request under way and nothing else to do.
        """
        ...

    async def connect(self, connections: int) -> None:
        """Open up to so many connections ahead; a failure shows up in an exchange."""
        ...

    async def exchange(self, request: Request, start_ns: int) -> Exchange:
        """Send one request and wait for its end. Raises nothing but cancellation.

        Args:
            request: what to ask.
            start_ns: from when its latency counts: now, or its scheduled arrival.
        """
        ...

    def read(self, request: Request, exchange: Exchange) -> Response:
        """Say what came of an exchange that this backend made."""
        ...
