"""The check of the clock for servers, before a cell is measured with it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends import open_backend
from pytest_llmlat.measure.instrument.calibration import calibrate, pulse_server
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import LLMLatError, ServerUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import Instrument
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Server

LEAST_REQUESTS = 20
ALONE = Schedule(tokens=4)
"""What one request at a time is answered with. Further tokens are late for nobody else,
and a session would wait for them 21 times."""


def check_clock(
    streams: int, clock: Clock, *, awake: bool = False
) -> Instrument | None:
    """Compare our stamps with those of a server of ours that logs its writes.

    Args:
        streams: requests in flight, as many as there will be in the cell.
        clock: the one that will be used.
        awake: whether the client will stay awake while it waits for a single answer.

    Returns:
        What was found; ``None`` where the server could not be started here.

    Raises:
        LLMLatError: a request failed or was lost; then no figure can be trusted.
    """
    requests = max(LEAST_REQUESTS, 2 * streams)
    with ExitStack() as opened:
        try:
            schedule = ALONE if streams == 1 else None
            pulse = opened.enter_context(pulse_server(schedule))
        except (ServerUnavailable, OSError):
            return None
        server = open_pulse(pulse.url, clock, awake=awake)
        opened.callback(server.close)
        return calibrate(server, pulse, streams, requests, clock)


def open_pulse(url: str, clock: Clock, *, awake: bool = False) -> Server[Any]:
    """Open the client that reaches the user's servers on the instrument's server."""
    model = ModelSpec(
        name="pulse",
        backend="http",
        devices=("endpoint",),
        weights="pulse",
        url=url,
        options=(("awake", awake), ("probe", False)),
    )
    backend = open_backend(Deployment(model=model, device="endpoint"), clock)
    if not backend.remote:
        raise LLMLatError("the HTTP backend is no server")
    return backend
