"""What the machines look like from above: the interfaces that rooms meet at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.meter import Meter
    from pytest_llmlat.records import Generation, Request, Scalar


class Backend(Protocol):
    """One loaded model on one device."""

    @property
    def chat(self) -> bool:
        """Whether prompts take the chat form."""
        ...

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """What identifies the model as it runs: digest, dtype, context, template."""
        ...

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer one request greedily, stamping each token on ``meter``.

        No state of an earlier request shortens this one: the whole prompt is
        processed every time. A prompt that leaves no room in the context is not
        cut: the answer is empty and its ``finish`` is ``context``.
        """
        ...

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        ...

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset; ``None`` where unknown."""
        ...

    def close(self) -> None:
        """Free the model and its memory."""
        ...
