"""Asking a model of a server, in the tests' few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.backends.completions.complaints import Complaints
from pytest_llmlat.backends.completions.server_answers import respond
from pytest_llmlat.backends.transport.client import EndedRequest
from pytest_llmlat.backends.transport.connection import Attempt
from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.values.clock import ManualClock, SystemClock
from pytest_llmlat.values.records import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.entities import Scalar
    from tests.http.loopback import Loopback

CLOCK = SystemClock()
QUICK: dict[str, Scalar] = {"timeout_s": 20.0, "backoff_s": 0.001, "probe": False}
QUESTION = Request(prompt="What is 2 + 2?", chat=True, max_new_tokens=64)
PLACE = "http://here/v1"


class Opener(Protocol):
    """Opens a model at an address."""

    def __call__(
        self,
        url: str,
        *,
        weights: str | None = "tiny",
        chat: bool | None = None,
        api_key_env: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Scalar,
    ) -> Completions:
        """Open it; what is not named is ordinary."""
        ...


def url_of(server: Loopback, scheme: str = "http") -> str:
    """Return the address of a server."""
    return f"{scheme}://127.0.0.1:{server.port}/v1"


def ask(model: Completions, request: Request = QUESTION) -> Response:
    """Ask one thing and read what came of it."""
    exchange = model.run(model.exchange(request, CLOCK.now_ns()))
    return model.read(request, exchange)


def answered(model: Completions, request: Request = QUESTION) -> str:
    """Return the text of an answer that must have come."""
    response = ask(model, request)
    assert response.error is None
    assert response.generation is not None
    return response.generation.text


def error_of(response: Response) -> str:
    """Return the error of a response that must be one."""
    assert response.generation is None
    assert response.error is not None
    return response.error


def read(
    pieces: Iterable[tuple[int, bytes]],
    request: Request = QUESTION,
    *,
    complete: bool = True,
    timed_out: bool = False,
) -> Response:
    """Read an answer whose pieces came at the given instants, asked for at 0."""
    attempt = Attempt(complete=complete, timed_out=timed_out)
    for stamp, data in pieces:
        attempt.stamps.append(stamp)
        attempt.sizes.append(len(data))
        attempt.data += data
        attempt.end_ns = stamp
    outcome = EndedRequest(
        start_ns=0,
        sent_ns=1,
        end_ns=attempt.end_ns,
        last=attempt,
        retried_for=(),
        timeout_s=2.0,
        deadline=0.0,
    )
    complaints = Complaints(place=PLACE, secrets=Secrets(), key=None, no_key="")
    return respond(request, outcome, ManualClock(), complaints)
