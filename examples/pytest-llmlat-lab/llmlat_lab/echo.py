"""A backend that repeats: its model ``echo:WORD`` answers ``WORD`` to everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_llmlat.backends.backend_kind import BackendKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.records import Generation, Request
    from pytest_llmlat.values.token_meter import Meter


class Echo:
    """A model of this process that says what its address says."""

    remote: Literal[False] = False
    """It answers in this process, and not behind a network."""
    chat = False
    """Prompts take the completion form."""

    def __init__(self, text: str) -> None:
        """Learn the answer."""
        self._text = text
        self.facts: Mapping[str, Scalar | None] = {"text": text}

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Stamp each word on the meter when it is there."""
        for word in self._text.split()[: request.max_new_tokens]:
            if meter.token(f"{word} "):
                break  # a stop string of the task is complete
        return meter.generation("stop", len(request.prompt.split()))

    def reset_device_peak(self) -> None:
        """There is no device memory to count."""

    def device_peak_bytes(self) -> int | None:
        """There is no device memory to count."""
        return None

    def close(self) -> None:
        """There is nothing to free."""


def open_echo(deployment: Deployment, clock: Clock) -> Echo:
    """Load the model; a library would be imported here, and not at the top."""
    del clock
    return Echo(deployment.model.weights or "")


KIND = BackendKind(
    name="echo",
    open=open_echo,
    weights="none",
    devices=("cpu",),
    prefixes=("echo:",),
    form="echo:WORD",
)
