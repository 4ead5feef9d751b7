"""Questions whose options a server's model is to rank, from sending to response."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.echoed_likelihoods import (
    PATH,
    NoEcho,
    check_same,
    pairs_of,
    probe_of,
    prompt_usage,
    ranked_generation,
)
from pytest_llmlat.backends.completions.requests import encode
from pytest_llmlat.backends.completions.server_answers import respond
from pytest_llmlat.backends.transport.messages import JSON
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.backends.completions.complaints import Complaints
    from pytest_llmlat.backends.transport.client import Client, EndedRequest
    from pytest_llmlat.backends.transport.messages import Messages
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.confidential import ConfidentialTable
    from pytest_llmlat.values.ranking import Likelihood
    from pytest_llmlat.values.records import Request, Response


def ranking_bodies(
    request: Request, model: str, extra: Mapping[str, object]
) -> list[ConfidentialTable]:
    """Return the bodies of what is sent, one for each continuation.

    Args:
        request: with continuations.
        model: the name under which the server has the model.
        extra: what the entry adds.
    """
    return [pair.body(model, extra) for pair in pairs_of(request)]


async def in_turn(
    client: Client,
    messages: Messages,
    bodies: Sequence[dict[str, object]],
    start_ns: int,
) -> list[EndedRequest]:
    """Send bodies one after the other, as one request in flight; end at a failure.

    Args:
        client: sends them.
        messages: makes messages of them.
        bodies: at least one.
        start_ns: from when the latency of all of them together counts.
    """
    found: list[EndedRequest] = []
    for body in bodies:
        message = messages.post(PATH, encode(body), accept=JSON)
        found.append(await client.send(message, start_ns))
        if found[-1].failed:
            break
    return found


def ranked_response(
    request: Request,
    sent: Sequence[EndedRequest],
    clock: Clock,
    complaints: Complaints,
) -> Response:
    """Say what came of a request with continuations.

    No token of an answer is generated, so there are no stamps: it takes from the first
    sending to the last answer.

    Args:
        request: what was asked.
        sent: what came of each continuation, up to the first that failed.
        clock: the one that stamped it.
        complaints: writes what went wrong.
    """
    last = respond(request, sent[-1], clock, complaints)
    reasons = tuple(reason for outcome in sent for reason in outcome.retried_for)
    transport = last.transport
    if transport is not None:
        transport = replace(transport, retries=len(reasons), retried_for=reasons)
    timing = Timing(
        start_ns=sent[0].start_ns,
        end_ns=sent[-1].end_ns,
        stamps_ns=(),
        stamp_tokens=(),
        sent_ns=sent[0].sent_ns,
    )
    response = replace(last, timing=timing, transport=transport, note=None)
    if last.generation is None:
        return response
    if last.generation.finish == "context":
        empty = replace(last.generation, text="", output_tokens=None, token_source=None)
        return replace(response, generation=empty)
    answers = [outcome.last.response().body for outcome in sent]
    try:
        found = [
            pair.likelihood(answer)
            for pair, answer in zip(pairs_of(request), answers, strict=True)
        ]
    except NoEcho as error:
        told = complaints.broken(sent[-1], f"options cannot be ranked: {error}")
        return replace(response, generation=None, error=told)
    ranked = ranked_generation(found, prompt_usage(answers[-1]))
    return replace(response, generation=ranked)


def second_probe(written: EndedRequest, complaints: Complaints) -> Request:
    """Return the question how likely the token is that a server just wrote.

    Args:
        written: what came of the first probe.
        complaints: writes what went wrong.

    Raises:
        Unsupported: it wrote none, or does not say which.
    """
    try:
        return probe_of(_written(written, complaints))
    except NoEcho as error:
        raise _refusal(error) from error


def check_echo(written: EndedRequest, response: Response) -> None:
    """See that a server finds its own token as likely as when it wrote it.

    Args:
        written: what came of the first probe.
        response: what came of the second.

    Raises:
        Unsupported: it does not tell, or something else.
    """
    try:
        check_same(written.last.response().body, _found(response))
    except NoEcho as error:
        raise _refusal(error) from error


def _refusal(error: NoEcho) -> Unsupported:
    return Unsupported(
        f"{error}; ranking options needs a server whose /completions repeats a prompt"
        " with its log-probabilities (echo and logprobs), as vLLM's does"
    )


def _written(outcome: EndedRequest, complaints: Complaints) -> bytes:
    """Return an answer that must have come whole."""
    answer = outcome.last.response()
    if not outcome.failed:
        return answer.body
    if answer.status:
        raise NoEcho(complaints.status(outcome, answer))
    told = outcome.last.trouble or answer.trouble or "nothing was answered"
    raise NoEcho(complaints.broken(outcome, told))


def _found(response: Response) -> Likelihood:
    """Return what was found of a single continuation."""
    if response.generation is None or not response.generation.likelihoods:
        raise NoEcho(response.error or "the prompt is too long")
    return response.generation.likelihoods[0]
