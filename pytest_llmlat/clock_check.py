"""The clock for servers, tried before a cell is measured with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends import open_backend
from pytest_llmlat.errors import LLMLatError
from pytest_llmlat.instrument.calibration import calibrate, pulse_server
from pytest_llmlat.protocols import Server
from pytest_llmlat.specs import Deployment, ModelSpec

if TYPE_CHECKING:
    from pytest_llmlat.clock import Clock
    from pytest_llmlat.records import Instrument

LEAST_REQUESTS = 20


def check_clock(streams: int, clock: Clock) -> Instrument | None:
    """Compare our stamps with those of a server of ours that logs its writes.

    Args:
        streams: requests in flight, as many as there will be in the cell.
        clock: the one that will be used.

    Returns:
        What was found; ``None`` where the server could not be started here.
    """
    requests = max(LEAST_REQUESTS, 2 * streams)
    try:
        with pulse_server() as pulse:
            server = open_pulse(pulse.url, clock)
            try:
                return calibrate(server, pulse, streams, requests, clock)
            finally:
                server.close()
    except (LLMLatError, OSError):
        return None


def open_pulse(url: str, clock: Clock) -> Server:
    """Open the same client that reaches the user's servers."""
    model = ModelSpec(
        name="pulse", backend="http", devices=("endpoint",), weights="pulse", url=url
    )
    backend = open_backend(Deployment(model=model, device="endpoint"), clock)
    if not isinstance(backend, Server):
        raise LLMLatError("the HTTP backend is no server")
    return backend
