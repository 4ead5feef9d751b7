"""A model of this process made slower on purpose, to try a gate before trusting it.

Any entry of the catalogue may have the option ``slower``: with 0.1 every piece of time
that the model takes until a token is followed by a tenth of it. What it answers is the
same, so a gate should report its latency and nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.meter import Meter
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation, Request

OPTION = "slower"


def slowed(backend: Backend, model: ModelSpec, clock: Clock) -> Backend:
    """Return the backend, slower if its entry says so.

    Raises:
        BadCatalogue: the option is no share above 0.
    """
    share = model.option(OPTION)
    if share is None:
        return backend
    number = isinstance(share, int | float) and not isinstance(share, bool)
    if not number or not 0 < float(share) < math.inf:
        raise BadCatalogue(
            f"model {model.name!r}: option {OPTION} = {share!r}: must be a number above"
            " 0, such as 0.1 for a tenth"
        )
    return Slowed(backend, share=float(share), clock=clock)


class Slowed:
    """A backend whose every token takes longer by a share."""

    def __init__(self, backend: Backend, *, share: float, clock: Clock) -> None:
        """Wrap a loaded model."""
        self._backend = backend
        self._share = share
        self._clock = clock
        self.chat = backend.chat
        self.kept_from: str | None = getattr(backend, "kept_from", None)
        self.facts: Mapping[str, Scalar | None] = {**backend.facts, OPTION: share}

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer as the model does, later."""
        slow = _SlowMeter(meter, share=self._share, clock=self._clock)
        return self._backend.generate(request, cast("Meter", slow))

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        self._backend.reset_device_peak()

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset."""
        return self._backend.device_peak_bytes()

    def close(self) -> None:
        """Free the model."""
        self._backend.close()


class _SlowMeter:
    """Waits before it hands a token on."""

    def __init__(self, meter: Meter, *, share: float, clock: Clock) -> None:
        self._meter = meter
        self._share = share
        self._clock = clock
        self._last = clock.now_ns()

    def token(self, text: str, tokens: int = 1, *, at_ns: int | None = None) -> bool:
        """Stamp a token, after a share of the time that it took."""
        del at_ns
        now = self._clock.now_ns()
        self._clock.wait_until(now + round((now - self._last) * self._share))
        self._last = self._clock.now_ns()
        return self._meter.token(text, tokens)

    def __getattr__(self, name: str) -> object:
        return getattr(self._meter, name)
