"""Steps of a cascade that are behind servers, asked as models of this process are.

A cascade waits for each answer, so one request is under way at a time. What is stamped
is what the server's own client stamped: when the bytes came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pytest_llmlat.backends.constraints import make_ready
from pytest_llmlat.values.errors import GenerationFailed
from pytest_llmlat.values.protocols import ManagedServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.protocols import Server
    from pytest_llmlat.values.records import Generation, Request
    from pytest_llmlat.values.token_meter import Meter


class ServedStep:
    """A server that answers one request after the other, like a model of ours."""

    remote: Literal[False] = False

    def __init__(self, name: str, server: Server[Any], clock: Clock) -> None:
        """Ask nothing yet."""
        self._name, self._server, self._clock = name, server, clock
        self.chat = server.chat

    @property
    def elsewhere(self) -> bool:
        """Whether nobody started it for this step: it may be on another machine."""
        return not isinstance(self._server, ManagedServer)

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """Facts of the model as it is served."""
        return self._server.facts

    def begin_cell(self) -> None:
        """Start an engine of ours anew, if it has ended.

        Raises:
            LLMLatError: it does not start.
        """
        if isinstance(self._server, ManagedServer):
            self._server.begin_cell()

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Send one request, and wait for its end.

        Raises:
            GenerationFailed: no whole answer came; says what came instead.
            LLMLatError: an engine of ours has ended; shows its last lines.
        """
        server = self._server
        sent = server.run(server.exchange(request, self._clock.now_ns()), alone=True)
        response = server.read(request, sent)
        if response.generation is None:
            if isinstance(server, ManagedServer):
                server.check()
            raise GenerationFailed(f"step {self._name!r}: {response.error}")
        meter.take_over(response.timing, response.generation)
        return response.generation

    def prepare_constraint(self, constraint: Constraint) -> None:
        """See that the server heeds such a schema or grammar.

        Raises:
            Unsupported: it does not.
        """
        make_ready(self._server, constraint)

    def reset_device_peak(self) -> None:
        """Leave the server's memory alone: it cannot be seen from here."""

    def device_peak_bytes(self) -> int | None:
        """Return ``None``: the server's memory cannot be seen from here."""
        return None

    def close(self) -> None:
        """Close the connections, and end an engine of ours."""
        self._server.close()
