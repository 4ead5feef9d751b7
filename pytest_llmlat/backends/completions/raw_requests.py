"""Answers of a server as they are written down under a load, and read again.

What came is kept byte by byte with its stamps, but for a key that the server sends
back. It is read as after the load, without the server: what only that could tell, such
as how many tokens an answer has that names no usage, is unknown.
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions.complaints import Complaints
from pytest_llmlat.backends.completions.instants import by_instant
from pytest_llmlat.backends.completions.requests import sampling_asked
from pytest_llmlat.backends.completions.server_answers import respond
from pytest_llmlat.backends.transport.bodies import AnswerLimits
from pytest_llmlat.backends.transport.client import EndedRequest
from pytest_llmlat.backends.transport.connection import Attempt
from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.raw_answers import RawAnswer

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.sent_requests import SentRequest
    from pytest_llmlat.values.records import Request, Response

_ASKED = ("temperature", "top_p", "seed")
"""What is told of a request's body, whose text stands elsewhere."""
_OF_REQUEST = ("start_ns", "sent_ns", "end_ns", "timeout_s")
_OF_ATTEMPT = (
    *("reused", "dns_s", "connect_s", "tls_s", "status"),
    *("complete", "timed_out", "trouble", "too_large"),
)


def raw_answer(sent: SentRequest, secrets: Secrets) -> RawAnswer | None:
    """Return what came of a request; ``None`` where continuations were ranked."""
    if sent.earlier:
        return None
    outcome, last = sent.outcome, sent.outcome.last
    told: dict[str, Any] = {name: getattr(outcome, name) for name in _OF_REQUEST}
    told |= {name: getattr(last, name) for name in _OF_ATTEMPT}
    told["trouble"] = last.trouble and secrets.line(last.trouble)
    told["retried_for"] = outcome.retried_for
    told["limits"] = last.limits.head, last.limits.body
    told["asked"] = {name: sent.body.get(name) for name in _ASKED}
    return RawAnswer(
        told=told, blobs=(last.stamps, last.sizes, secrets.blacken(last.data))
    )


def read_raw(raw: RawAnswer, request: Request, place: str) -> Response:
    """Say what came of a request, by what was written down of it.

    Args:
        raw: as it was written.
        request: what was asked.
        place: the server's address, for complaints.

    Raises:
        ValueError: it is not as it was written.
        KeyError: a part of it is missing.
        TypeError: a part of it is something else.
    """
    stamps, sizes, data = raw.blobs
    head, body = raw.told["limits"]
    attempt = Attempt(
        limits=AnswerLimits(head=int(head), body=int(body)),
        stamps=_numbers("q", stamps),
        sizes=_numbers("I", sizes),
        data=bytearray(data),
        end_ns=int(raw.told["end_ns"]),
        **{name: raw.told[name] for name in _OF_ATTEMPT},
    )
    outcome = EndedRequest(
        last=attempt,
        retried_for=tuple(map(str, raw.told["retried_for"])),
        deadline=0.0,
        **{name: raw.told[name] for name in _OF_REQUEST},
    )
    complaints = Complaints(place=place, secrets=Secrets(), key=None, no_key="")
    response = respond(request, outcome, SystemClock(), complaints)
    if response.generation is not None:
        sampling = sampling_asked(raw.told["asked"])
        told = replace(response.generation, sampling=sampling)
        response = replace(response, generation=told)
    return replace(response, timing=by_instant(response.timing))


def _numbers(kind: str, content: object) -> array[int]:
    found = array(kind)
    found.frombytes(content)  # type: ignore[arg-type] # else it is none of ours
    return found
