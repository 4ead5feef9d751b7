"""What came of a request to an OpenAI-compatible server, put into our own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.cached_tokens import prompt_count
from pytest_llmlat.backends.completions.complaints import is_page
from pytest_llmlat.backends.completions.counting import count
from pytest_llmlat.backends.completions.finish_reasons import end_of
from pytest_llmlat.backends.completions.requests import (
    conversation,
    is_used_up,
    too_long,
)
from pytest_llmlat.backends.completions.server_words import said
from pytest_llmlat.backends.completions.stream_reading import (
    MOST_TOKENS,
    StreamReading,
    read_stream,
    read_whole,
)
from pytest_llmlat.backends.completions.thoughts import sort_pieces
from pytest_llmlat.backends.transport.client import SUCCESS
from pytest_llmlat.backends.transport.events import BOM
from pytest_llmlat.values.records import Generation, Response, Transport

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.complaints import Complaints
    from pytest_llmlat.backends.completions.counting import Counted
    from pytest_llmlat.backends.completions.finish_reasons import End
    from pytest_llmlat.backends.transport.bodies import HttpResponse
    from pytest_llmlat.backends.transport.client import EndedRequest
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.records import Finish, Request, TokenSource
    from pytest_llmlat.values.timing import Timing

_UNEXPLAINED = (
    "the server ended the answer with neither a finish_reason nor its usage, as if it"
    " had been interrupted, perhaps by another request"
)
_STREAM = (b"data:", b"event:", b"id:", b"retry:", b":")


def unpacked(outcome: EndedRequest) -> HttpResponse:
    """Take the last answer to a request apart."""
    return outcome.last.response()


def respond(
    request: Request, outcome: EndedRequest, clock: Clock, complaints: Complaints
) -> Response:
    """Say what came of a request.

    Args:
        request: what was asked.
        outcome: what came.
        clock: the one that stamped it.
        complaints: writes what went wrong.
    """
    answer = unpacked(outcome)
    reading = (
        StreamReading()
        if outcome.last.too_large
        else _reading(answer, request.most_tokens)
    )
    counted = count(reading, request, clock)
    last = outcome.last
    error = (
        complaints.broken(outcome, str(last.trouble))
        if last.too_large
        else _error(outcome, answer, reading, complaints, stopped=counted.stopped)
    )
    finish: Finish = "stop"
    if _out_of_context(outcome, answer, reading):
        error, finish = None, "context"
    elif _end(reading) == "cut" and not counted.stopped:
        finish = "length"
    source: TokenSource | None = None if counted.output_tokens is None else "usage"
    hide = complaints.secrets.hide_in_answer
    text, thoughts = counted.meter.text, counted.thoughts
    seen = thoughts is not None or counted.unended
    thought = seen or bool(counted.thought_tokens)
    # Without an answer behind it, it was cut: by the bound, or by a stop string.
    cut = finish == "length" or (bool(request.stop) and finish == "stop")
    prompt = prompt_count(reading, counted.prompt_tokens)
    generation = Generation(
        text=hide(text),
        finish=finish,
        prompt_tokens=prompt.tokens,
        cached_tokens=prompt.cached,
        output_tokens=counted.output_tokens,
        token_source=source,
        rendered=conversation(request),
        thoughts=None if thoughts is None else hide(thoughts),
        thought_tokens=counted.thought_tokens,
        cut_in_thought=cut and thought and not text.strip(),
        refusal=None if text.strip() else hide(reading.refusal) or None,
    )
    return Response(
        generation=None if error else generation,
        timing=_timing(outcome, reading, counted),
        error=error,
        note=None if error else _note(reading, counted),
        timed_out=bool(error) and outcome.last.timed_out,
        transport=_transport(outcome, answer, reading, complaints),
    )


def says_its_end(answer: HttpResponse) -> bool:
    """Whether an answer is whole by its own words, whatever its body still sends.

    The mark of a stream's end says so, and a reason to finish with the usage behind it.
    """
    reading = _reading(answer)
    if reading.error is not None or not reading.streamed:
        return False
    ended = reading.finish is not None and not reading.went_on
    return reading.done or (ended and reading.usage is not None)


def lasts(answer: HttpResponse) -> bool:
    """Whether a server's error is the same next time: a full context, no more money."""
    words = said(answer.body)
    return too_long(answer.status, words) or is_used_up(words)


def first_text(request: Request, outcome: EndedRequest, clock: Clock) -> str:
    """Return what was there of an answer at the instant of its first text."""
    pieces = _reading(unpacked(outcome), request.most_tokens).pieces
    found = sort_pieces(pieces, request, clock).pieces
    texts = [piece for piece in found if piece.text and not piece.reasoning]
    return "".join(p.text for p in texts if p.stamp == texts[0].stamp)


def _reading(answer: HttpResponse, most_tokens: int = MOST_TOKENS) -> StreamReading:
    if answer.status not in SUCCESS:
        return StreamReading()
    # By what it is, not by what it is called: gateways take either for the other.
    body = answer.body.removeprefix(BOM).lstrip()
    if body.startswith(_STREAM):
        return read_stream(answer.parts, most_tokens)
    kind = answer.headers.get("content-type", "").lower()
    if "event-stream" in kind and not body.startswith(b"{"):
        return read_stream(answer.parts, most_tokens)
    return read_whole(_before_done(body))


def _before_done(body: bytes) -> bytes:
    """Return a whole answer without the end of a stream that some put behind it."""
    answer, _, end = body.rstrip().rpartition(b"\n")
    return answer if end in (b"data: [DONE]", b"data:[DONE]") else body


def _end(reading: StreamReading) -> End | None:
    return None if reading.finish is None else end_of(reading.finish)


def _note(reading: StreamReading, counted: Counted) -> str | None:
    """Return what is odd about an answer that counts as whole."""
    told = []
    if _end(reading) == "unknown":
        reason = f"{reading.finish!r:.60}"
        told.append(f"finish_reason {reason} is not known and taken for an end")
    if reading.tools:
        told.append("it calls a tool, or speaks, which is no text")
    if counted.doubt is not None:
        told.append(f"its tokens are not known: {counted.doubt}")
    return "; ".join(told) or None


def _timing(outcome: EndedRequest, reading: StreamReading, counted: Counted) -> Timing:
    timing = replace(
        counted.meter.timing(),
        start_ns=outcome.start_ns,
        end_ns=outcome.end_ns,
        sent_ns=outcome.sent_ns,
        spread_tokens=counted.spread_tokens,
    )
    if reading.text or reading.unread:
        # It did not come as a stream: when its tokens were there is not known.
        timing = replace(timing, stamps_ns=(), stamp_tokens=())
    return timing


def _out_of_context(
    outcome: EndedRequest, answer: HttpResponse, reading: StreamReading
) -> bool:
    if outcome.last.timed_out:
        return False
    if answer.status in SUCCESS:
        return reading.reported and too_long(None, reading.error or "")
    return too_long(answer.status, said(answer.body))


def _error(
    outcome: EndedRequest,
    answer: HttpResponse,
    reading: StreamReading,
    complaints: Complaints,
    *,
    stopped: bool,
) -> str | None:
    """Return what went wrong, ``None`` if the answer is whole."""
    if reading.done or reading.reported:
        trouble = reading.error and complaints.secrets.brief(reading.error)
        ended = reading.finish or reading.usage or reading.text
        if trouble is None and not ended and reading.streamed:
            # llama-cpp-python ends an answer so when another request comes.
            trouble = None if stopped else _unexplained(reading)
    elif outcome.last.timed_out:
        return complaints.timed_out(outcome, reading.texts)
    elif answer.status is None or answer.trouble:
        trouble = outcome.last.trouble or answer.trouble or "nothing was answered"
    elif answer.status not in SUCCESS:
        return complaints.status(outcome, answer)
    elif is_page(answer):
        return complaints.page(answer)
    elif reading.error and outcome.last.complete:
        trouble = complaints.secrets.brief(reading.error)
    elif reading.finish and not (reading.went_on and not outcome.last.complete):
        trouble = None
    else:
        trouble = _unended(reading, complete=outcome.last.complete)
    if trouble is None and _end(reading) == "failed" and not stopped:
        trouble = f"the server gave the answer up: {reading.finish}"
    return None if trouble is None else complaints.broken(outcome, trouble)


def _unexplained(reading: StreamReading) -> str:
    """Say what is wrong with an answer that ended without anything that it needs."""
    if reading.foreign and not reading.pieces:
        return f"no message of the stream has choices; the first: {reading.foreign}"
    return _UNEXPLAINED


def _unended(reading: StreamReading, *, complete: bool) -> str:
    """Say what is wrong with an answer whose end nobody told."""
    if complete and not reading.pieces and reading.foreign:
        return _unexplained(reading)
    return (
        f"the answer was cut off after {reading.texts} pieces of text, before the"
        " server said that it was at its end"
    )


def _transport(
    outcome: EndedRequest,
    answer: HttpResponse,
    reading: StreamReading,
    complaints: Complaints,
) -> Transport:
    last = outcome.last
    name = answer.headers.get("x-request-id") or reading.id
    return Transport(
        request_id=complaints.secrets.brief(name) if name else None,
        status=answer.status,
        reused=last.reused,
        dns_s=last.dns_s,
        connect_s=last.connect_s,
        tls_s=last.tls_s,
        retries=len(outcome.retried_for),
        retried_for=outcome.retried_for,
    )
