"""One request after the other, each when the one before is done and graded."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.garbage import uncollected
from pytest_llmlat.values.protocols import Ranking
from pytest_llmlat.values.records import Response
from pytest_llmlat.values.timing import Timing
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Request


_FRESH = 1
"""Generation of garbage that is collected before each request: only what came up since
the last collection. All older objects have survived one, and the records of a long cell
are among them."""


def single(
    requests: Iterable[Request], backend: Backend | Server[Any], clock: Clock
) -> Iterator[Response]:
    """Yield the response to each request, asked only when the last was taken."""
    for request in requests:
        yield ask(request, backend, clock)


def ask(request: Request, backend: Backend | Server[Any], clock: Clock) -> Response:
    """Make one timed request. Between the two stamps nothing but the backend runs."""
    if backend.remote:
        with no_garbage(_FRESH):
            exchange = backend.run(
                backend.exchange(request, clock.now_ns()), alone=True
            )
        return backend.read(request, exchange)
    if request.continuations:
        return _rank(request, backend, clock)
    meter = Meter(clock, request.stop, request.thought_tags)
    generation, error = None, None
    with no_garbage(_FRESH):
        meter.start()
        try:
            generation = backend.generate(request, meter)
        # Whatever a model library raises concerns this sample; the others go on.
        except Exception as raised:  # noqa: BLE001
            error = f"{type(raised).__name__}: {raised}"
        timing = meter.timing()
    return Response(generation=generation, timing=timing, error=error)


def _rank(request: Request, backend: Backend, clock: Clock) -> Response:
    """Return the response of a ranking request: likelihoods, timed as one span.

    No token is generated, so there are no stamps: end to end is all there is.
    """
    if not isinstance(backend, Ranking):
        raise Unsupported("this backend cannot tell how likely a given text is")
    generation, error = None, None
    with no_garbage(_FRESH):
        start_ns = clock.now_ns()
        try:
            generation = backend.rank(request)
        # Whatever a model library raises concerns this sample; the others go on.
        except Exception as raised:  # noqa: BLE001
            error = f"{type(raised).__name__}: {raised}"
        end_ns = clock.now_ns()
    timing = Timing(start_ns=start_ns, end_ns=end_ns, stamps_ns=(), stamp_tokens=())
    return Response(generation=generation, timing=timing, error=error)


@contextmanager
def settled() -> Iterator[None]:
    """Exclude everything loaded so far from later garbage collections.

    A model library leaves hundreds of thousands of objects behind; to look through
    them before each sample would take longer than many an answer.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def no_garbage(generation: int = 2) -> Iterator[None]:
    """Collect garbage before the timed region and not in it.

    Args:
        generation: the oldest that is looked through, 2 for everything.
    """
    gc.collect(generation)
    with uncollected():
        yield
