"""What an OpenAI-compatible server answered, read without trusting a byte of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions.finish_reasons import end_of
from pytest_llmlat.backends.completions.message_parts import (
    MalformedMessage,
    calls_a_tool,
    mended,
    misplaced,
    refusal_of,
    shown,
    text_of,
    thought_of,
)
from pytest_llmlat.backends.completions.server_words import (
    MOST_JSON,
    Reported,
    complaint,
    refusal,
    said,
)
from pytest_llmlat.backends.completions.stream_choices import (
    choices_of,
    chosen,
    finish_of,
    number_of,
    others_say,
)
from pytest_llmlat.backends.completions.stream_pieces import (
    Piece,
    add_text,
    differences,
    said_again,
)
from pytest_llmlat.backends.completions.usage_figures import (
    figure,
    timed_usage,
    usage_of,
)
from pytest_llmlat.backends.transport.events import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llmlat.backends.transport.events import Event

_DONE = b"[DONE]"
_KEEP_ALIVE = ("ping", "keepalive", "keep-alive", "keep_alive", "heartbeat")
_SHOWN = 80
MOST_TOKENS = 50_000
"""Of an answer of which it is not known how many tokens were asked for."""
_MESSAGES, _MESSAGES_OF_A_TOKEN, _LINES_OF_A_MESSAGE = 10_000, 4, 8
_VALUES, _VALUES_OF_A_TOKEN = 1_000_000, 1000
"""Values in the JSON of all messages; beyond, they may take longer than any time limit,
and many times the memory of their text."""


@dataclass(slots=True)
class StreamReading:
    """An answer as its messages told it."""

    pieces: list[Piece] = field(default_factory=list)
    text: str = ""
    """The content of an answer that did not come as a stream."""
    thoughts: str = ""
    """What such an answer has beside its content."""
    refusal: str = ""
    """The words of a refusal that stand beside the content, in a field of their own."""
    finish: str | None = None
    went_on: bool = False
    """Whether there was more text behind a message that named a finish: such a server
    names one in each of its messages, and it is no sign of an end."""
    done: bool = False
    """The server said that nothing more comes."""
    streamed: bool = False
    """Whether it came as a stream of events."""
    usage: Mapping[str, Any] | None = None
    timings: Mapping[str, Any] | None = None
    """llama.cpp's own figures, beside its usage or without one."""
    usage_texts: int = 0
    """How many messages with content had come when the server last told its usage."""
    disputed: int | None = None
    """Messages with content at which it told two sums that do not agree."""
    id: str | None = None
    error: str | None = None
    """What the server or its JSON had wrong; what came before it is kept."""
    reported: bool = False
    """The error is the server's own word, not what we make of its messages."""
    unread: bool = False
    """There is so much of it that not all was read."""
    foreign: str | None = None
    """The beginning of the first message that is none of an OpenAI-compatible API."""
    misplaced: str | None = None
    """The first message that has something where no text belongs."""
    tools: bool = False
    """Whether it calls a tool, beside or instead of text."""
    several: bool = False
    """Whether there is text of other answers, which were not asked for."""
    speaker: str = ""
    """Name of the answer in the last message with text."""
    speakers: set[str] = field(default_factory=set)
    """Names before that one: some servers have a new one in each message."""
    index: object = None
    """The number of the choice that is read; the others were not asked for."""
    halves: str = ""
    """The first half of a character whose second half is in the next message."""
    told: int = 0
    """Messages with content up to here."""
    letters: int = 0
    """Letters of that content."""

    @property
    def texts(self) -> int:
        """How many messages carried content."""
        return sum(bool(piece.text) and not piece.reasoning for piece in self.pieces)


def read_stream(
    parts: Iterable[tuple[int, bytes]], most_tokens: int = MOST_TOKENS
) -> StreamReading:
    """Read a stream of events up to its end or to the first that is wrong.

    Args:
        parts: (instant of arrival, bytes), cut anywhere.
        most_tokens: how many tokens the answer may have. Of many times as many messages
            the rest is not read: to do so would take longer than any time limit.
    """
    reading = StreamReading(streamed=True)
    most = _MESSAGES + _MESSAGES_OF_A_TOKEN * most_tokens
    values = _VALUES + _VALUES_OF_A_TOKEN * most_tokens
    read = held = 0
    for event in events(parts, most=_LINES_OF_A_MESSAGE * most):
        if event.name in _KEEP_ALIVE:
            continue
        held += event.count(b"[{,")
        if held > values:
            return _unread(reading, f"{values:,} values", most_tokens)
        for stamp, data in _messages(event):
            read += 1
            if read > most:
                return _unread(reading, f"{most:,} messages", most_tokens)
            try:
                _take(reading, stamp, data, failed=event.name == "error")
            except MalformedMessage as wrong:
                reading.error = str(wrong)
                reading.reported = isinstance(wrong, Reported)
            if reading.done or reading.error:
                break
        if reading.done or reading.error:
            break
    if reading.halves and reading.pieces:
        # The other half of the character never came.
        last = reading.pieces[-1]
        reading.pieces[-1] = last._replace(text=last.text + mended(reading.halves))
    reading.pieces = differences(reading.pieces)
    _find_text(reading, any(piece.text for piece in reading.pieces))
    return reading


def _unread(reading: StreamReading, many: str, most_tokens: int) -> StreamReading:
    reading.error = (
        f"more than {many} came for at most {most_tokens:,} tokens, and the rest is not"
        " read"
    )
    reading.unread = True
    return reading


def read_whole(body: bytes) -> StreamReading:
    """Read an answer that is one JSON object."""
    reading = StreamReading()
    if len(body) > MOST_JSON:
        reading.error = f"the answer has {len(body):,} bytes in one piece of JSON"
        reading.unread = True
        return reading
    try:
        message = _object(body, "the answer")
        _head(reading, message)
        choices = choices_of(message)
        choice = chosen(choices)
        if choice is None:
            raise refusal(message)
        reading.several = others_say(choices, number_of(choice))
        inner = choice.get("message", choice)
        content = inner.get("content") if inner is not choice else choice.get("text")
        reading.text = mended(text_of(content))
        if inner is not choice:
            reading.thoughts = mended(thought_of(inner))
            reading.refusal = mended(refusal_of(inner))
        reading.tools = calls_a_tool(inner)
        reading.misplaced = misplaced(inner, choice)
        reading.finish = finish_of(choice)
        reading.done = True
        _find_text(reading, bool(reading.thoughts))
    except MalformedMessage as wrong:
        reading.error = str(wrong)
        reading.reported = isinstance(wrong, Reported)
    except AttributeError:
        reading.error = "the answer's choice holds no message"
    return reading


def _messages(event: Event) -> Iterator[tuple[int, bytes]]:
    """Yield the messages of an event: one, but for servers that forget blank lines."""
    lines = event.data
    if len(lines) > 1 and not all(_alone(line) for _, line in lines):
        yield lines[-1][0], b"\n".join(line for _, line in lines)
        return
    yield from lines


def _alone(line: bytes) -> bool:
    if line.strip().upper() in (b"", _DONE):
        return True
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _take(reading: StreamReading, stamp: int, data: bytes, *, failed: bool) -> None:
    text = data.strip()
    if text in (b"", b"null"):
        return
    if text.strip(b'"').upper() == _DONE:
        reading.done = True
        return
    if failed:
        raise Reported(f"the server reports an error in its answer: {said(text)}")
    message = _object(text, "a message of the stream")
    _head(reading, message)
    choices = choices_of(message)
    if reading.index not in (None, 0) and any(not number_of(one) for one in choices):
        # Another answer came first: the one that was asked for has the number 0.
        _begin_anew(reading)
    choice = chosen(choices, reading.index)
    number = reading.index if choice is None else number_of(choice)
    reading.several |= others_say(choices, number)
    if choice is None:
        _end_with(reading, finish_of(message))
        if "usage" not in message and not message.get("choices"):
            if isinstance(told := refusal(message), Reported):
                raise told
            reading.foreign = reading.foreign or shown(message)
        return
    reading.index = number
    running = figure(usage_of(message), "completion_tokens")
    before = len(reading.pieces)
    _take_choice(reading, stamp, choice, running)
    if any(piece.text for piece in reading.pieces[before:]):
        _of_one_answer(reading, message.get("id"))


def _begin_anew(reading: StreamReading) -> None:
    """Forget the text of an answer that turns out to be another."""
    reading.several |= bool(reading.pieces)
    reading.pieces, reading.index, reading.finish = [], None, None
    reading.went_on, reading.halves = False, ""
    reading.told = reading.letters = reading.usage_texts = 0


def _of_one_answer(reading: StreamReading, name: object) -> None:
    """See that the texts of two answers are not mixed: then neither is one."""
    if not isinstance(name, str) or name == reading.speaker:
        return
    if name in reading.speakers:
        raise MalformedMessage(
            f"messages of two answers are mixed, named {name!r} and {reading.speaker!r}"
        )
    reading.speakers.add(reading.speaker)
    reading.speaker = name


def _find_text(reading: StreamReading, others: bool) -> None:  # noqa: FBT001 - one of two places
    """Take an answer for none whose text stands where none belongs."""
    found = others or reading.text or reading.refusal or reading.tools
    if reading.misplaced and not found and reading.error is None:
        reading.error = f"no text is where it belongs in {reading.misplaced}"


def _take_choice(
    reading: StreamReading, stamp: int, choice: dict[str, Any], running: int | None
) -> None:
    """Take the text of a message, and what it says of the end.

    Args:
        reading: what came before.
        stamp: when the message was here.
        choice: of the message.
        running: tokens of the answer up to here, where the server counts along.
    """
    delta, whole = choice.get("delta") or {}, choice.get("message")
    if not isinstance(delta, dict):
        raise MalformedMessage(f"a message's delta is no object: {shown(delta)}")
    if not delta and isinstance(whole, dict) and not reading.told:
        # A gateway that puts a whole answer into one event: it has no stamps.
        add_text(reading, "text", mended(text_of(whole.get("content"))), anew=True)
        add_text(reading, "thoughts", mended(thought_of(whole)), anew=True)
        add_text(reading, "refusal", mended(refusal_of(whole)), anew=True)
    content = text_of(delta.get("content", choice.get("text")))
    reading.went_on |= bool(content) and reading.finish is not None
    reason = finish_of(choice)
    # By their lengths first: a server may name a reason in each of its messages.
    as_long = reason is not None and len(content) == reading.letters
    if as_long and said_again(reading.pieces, content):
        content = ""
    _end_with(reading, reason)
    add_text(reading, "refusal", mended(refusal_of(delta)))
    reading.tools |= calls_a_tool(delta)
    reading.misplaced = reading.misplaced or misplaced(delta, choice)
    thinking = thought_of(delta)
    if thinking:
        counted = None if content else running
        thought = mended(thinking)
        reading.pieces.append(Piece(stamp, thought, reasoning=True, running=counted))
    if content or reading.halves:
        content = reading.halves + content
        last = content[-1]
        reading.halves = last if "\ud800" <= last <= "\udbff" else ""
        content = mended(content.removesuffix(reading.halves))
        reading.told += bool(content)
        reading.letters += len(content)
    if content or (running is not None and not thinking):
        reading.pieces.append(Piece(stamp, content, reasoning=False, running=running))


def _end_with(reading: StreamReading, reason: str | None) -> None:
    """Take why it ends; who says that it was cut off or given up is not made whole."""
    if reading.finish is None or end_of(reading.finish) in ("whole", "unknown"):
        reading.finish = reason or reading.finish


def _head(reading: StreamReading, message: dict[str, Any]) -> None:
    """Take what is beside the choices; raise what the server has to complain of."""
    if message.get("error") or message.get("object") == "error":
        told = complaint(message)
        raise Reported(f"the server reports an error in its answer: {told}")
    name, usage = message.get("id"), usage_of(message)
    if isinstance(timings := message.get("timings"), dict):
        reading.timings = timings
    if reading.id is None and isinstance(name, str) and name:
        reading.id = name
    if usage is not None:
        _take_usage(reading, usage)
    elif reading.usage is None and isinstance(timings, dict):
        _take_usage(reading, timed_usage(timings))


def _take_usage(reading: StreamReading, usage: dict[str, Any]) -> None:
    """Take the server's figures; the end alone may count once more meanwhile."""
    before = figure(reading.usage, "completion_tokens")
    now = figure(usage, "completion_tokens")
    again = reading.told and reading.usage_texts == reading.told
    if again and before and now and abs(now - before) > 1:
        reading.disputed = reading.told
    reading.usage, reading.usage_texts = usage, reading.told


def _object(data: bytes, what: str) -> dict[str, Any]:
    if not data:
        raise MalformedMessage(f"{what} is empty")
    try:
        # Always UTF-8 by its standards: not guessed at, which would take longer too.
        message = json.loads(str(data, "utf-8"))
    except (ValueError, RecursionError):
        begin = data[:_SHOWN].decode("utf-8", "replace")
        lines = data.splitlines()
        if len(lines) > 1 and all(map(_alone, lines)):
            # Ollama's own form, among others.
            raise MalformedMessage(
                f"{what} is a stream of JSON lines and not of OpenAI's events"
                f" ({begin!r}); an address that ends in /v1 has these as a rule"
            ) from None
        raise MalformedMessage(f"{what} is not JSON: {begin!r}") from None
    if not isinstance(message, dict):
        raise MalformedMessage(f"{what} is no JSON object: {shown(message)}")
    return message
