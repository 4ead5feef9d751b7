"""How many tokens stand behind the stamps of a stream, by what the server says.

A figure that cannot be right is no figure: it is left out, and nothing is put in its
place. Where only the sum is known, it is the sum that is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.thoughts import sort_pieces, sort_text
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.completions.stream_pieces import Piece
    from pytest_llmlat.backends.completions.stream_reading import StreamReading
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.records import Request

_SLACK = 8
"""Tokens without text that an answer may have: ends, and parts of a stop string."""
_WORD = re.compile(r"[A-Za-z]+")
_ALIKE = 0.9
_BLANK = " \t\r\n\u200b\u2060\ufeff"
_LETTERS_OF_ONE = 2
"""Letters of plain English that a token has, or so. Where a server counts more than one
token for two of them, it counts what it did not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The content of an answer, stamped, and its tokens."""

    meter: Meter
    stopped: bool
    """A stop string that the server did not stop at ended the content."""
    spread_tokens: int | None
    output_tokens: int | None
    prompt_tokens: int | None
    thoughts: str | None
    thought_tokens: int | None
    unended: bool
    """The text ended inside a thought."""
    doubt: str | None
    """Why the tokens that the server told are not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tokens:
    """What is known of the tokens of a whole answer."""

    total: int | None
    of_each: Sequence[int] | None
    """Tokens of each piece, in order; ``None`` if only the total is known."""
    spread: int | None
    doubt: str | None = None
    """Why the server's sum is not believed, where it told one."""


def count(reading: StreamReading, request: Request, clock: Clock) -> Counted:
    """Stamp the content of an answer and say how many tokens it has."""
    if reading.text:
        return _count_whole(reading, request, clock)
    beside = "".join(piece.text for piece in reading.pieces if piece.reasoning)
    inside = sort_pieces(_without_beats(reading), request, clock)
    reading = replace(reading, pieces=inside.pieces)
    tokens = _tokens(reading, request)
    meter = Meter(clock, request.stop, ())
    known = tokens.total is not None
    of_each = tokens.of_each or [int(known and bool(p.text)) for p in reading.pieces]
    of_each = _by_length(reading.pieces, tokens.spread) or of_each
    stopped, last = False, len(reading.pieces)
    for index, (piece, many) in enumerate(zip(reading.pieces, of_each, strict=True)):
        if not piece.reasoning:
            if meter.token(piece.text, many, at_ns=piece.stamp):
                stopped, last = True, index + 1
                break
        elif piece.text:
            meter.reasoning(at_ns=piece.stamp)
    spread, output = tokens.spread, tokens.total
    behind = reading.pieces[last:]
    if stopped and any(piece.text for piece in behind):
        # What came behind the stop string is no part of the answer, nor its tokens.
        spread, output = _cut(reading, tokens, last)
    return Counted(
        meter=meter,
        stopped=stopped,
        spread_tokens=spread,
        output_tokens=output,
        prompt_tokens=_prompt_tokens(reading, tokens),
        thoughts=inside.thoughts or beside.strip() or None,
        thought_tokens=None if inside.shared else _thought_tokens(reading, tokens),
        unended=inside.cut,
        doubt=tokens.doubt,
    )


def _without_beats(reading: StreamReading) -> list[Piece]:
    """Return the pieces, blank ones at the beginning that are no tokens joined on.

    Some gateways send blanks as text to keep a connection alive. Where the server does
    not count them, the first token is the one that comes behind them.
    """
    texts = [place for place, p in enumerate(reading.pieces) if p.text]
    blank = 0
    while blank < len(texts) and not reading.pieces[texts[blank]].text.strip(_BLANK):
        blank += 1
    total = _figure(reading, "completion_tokens")
    told = blank < len(texts) and total is not None and total < len(texts)
    if not told or total not in (len(texts) - blank, len(texts) - blank + 1):
        return reading.pieces
    beats = texts[:blank]
    lead = "".join(reading.pieces[place].text for place in beats)
    first = texts[blank]
    return [
        piece._replace(text=lead + piece.text) if place == first else piece
        for place, piece in enumerate(reading.pieces)
        if place not in beats
    ]


def _count_whole(reading: StreamReading, request: Request, clock: Clock) -> Counted:
    """Count an answer that came at once: it has no stamps, but ends at a stop too."""
    tokens = _tokens(reading, request)
    text, thoughts, unended = sort_text(reading.text, request, clock)
    meter = Meter(clock, request.stop, ())
    total = tokens.total
    return Counted(
        meter=meter,
        stopped=meter.token(text),
        spread_tokens=tokens.spread,
        output_tokens=total,
        prompt_tokens=_prompt_tokens(reading, tokens),
        thoughts=thoughts or reading.thoughts.strip() or None,
        thought_tokens=None if total is None else _told_thought(reading, total),
        unended=unended,
        doubt=tokens.doubt,
    )


def _thought_tokens(reading: StreamReading, tokens: _Tokens) -> int | None:
    """Return the tokens of thoughts: told, or counted where each message is known."""
    if tokens.total is None:
        return None
    told = _told_thought(reading, tokens.total)
    if told is not None:
        return told
    seen = any(piece.reasoning for piece in reading.pieces)
    if not seen:
        # A server may think without showing it: none seen is not none.
        return 0 if _reasoning_figure(reading) == 0 else None
    if not reading.texts:
        return tokens.total
    if tokens.of_each is None:
        return None
    pairs = zip(reading.pieces, tokens.of_each, strict=True)
    return sum(many for piece, many in pairs if piece.reasoning)


def _tokens(reading: StreamReading, request: Request) -> _Tokens:
    texts = reading.texts
    along = _counted_along(reading.pieces)
    total = _figure(reading, "completion_tokens")
    if reading.streamed and reading.usage_texts < reading.texts - 1:
        # Told at the start and never again, it is no sum of what came later.
        total = None
    if along is not None and total is None:
        total = sum(along)
    reasoning = sum(piece.reasoning for piece in reading.pieces)
    most = max(request.most_tokens, texts + reasoning) + 1
    doubt = None
    if total is not None and reading.several:
        doubt = "more than one answer was made"
    elif total is not None:
        doubt = _doubt(reading, total, most, alone=along is None)
    if total is None or doubt is not None:
        return _Tokens(total=None, of_each=None, spread=None, doubt=doubt)
    if along is not None and sum(along) <= total:
        return _Tokens(total=total, of_each=along, spread=None)
    if not texts:
        return _Tokens(total=total, of_each=None, spread=None)
    spread = _spread(reading, total, texts, reasoning)
    one = [int(bool(piece.text) or piece.reasoning) for piece in reading.pieces]
    each = one if spread is None else None
    return _Tokens(total=total, of_each=each, spread=spread)


def _spread(
    reading: StreamReading, total: int, texts: int, reasoning: int
) -> int | None:
    """Return the tokens of all stamps, ``None`` if each has one.

    Where not all tokens can be behind the stamps, and how many are is not told, one
    for each stamp is the least: a larger number would make decoding look faster.
    """
    thought = _told_thought(reading, total)
    if thought is None and reasoning:
        # One message for each token, or one more for the end, which has no text.
        each = total - reasoning in (texts, texts + 1)
        return None if each else texts
    shown = total - (thought or 0)
    if reading.tools and texts:
        # Some of them are a call of a tool, which is no text.
        return texts
    if shown in (texts, texts + 1):
        return None
    told = "".join(piece.text for piece in reading.pieces if not piece.reasoning)
    return shown if 0 < shown <= max(texts + 1, _most_tokens(told)) else texts


def _by_length(pieces: Sequence[Piece], spread: int | None) -> list[int] | None:
    """Return the tokens of each piece where the first instant has more than its share.

    A proxy may hold back the beginning and pass on the rest word by word. To take each
    message for as many tokens as any other would make decoding look faster. ``None``
    where that makes no difference worth telling from the chance of words' lengths.
    """
    texts = [place for place, p in enumerate(pieces) if p.text and not p.reasoning]
    if spread is None or spread < len(texts):
        return None
    first = pieces[texts[0]].stamp
    later = [place for place in texts if pieces[place].stamp != first]
    size = {place: max(1, _most_tokens(pieces[place].text) - 1) for place in texts}
    share = sum(size[place] for place in later) / sum(size.values())
    kept = max(len(later), int(spread * share))
    if not later or kept > _ALIKE * spread * len(later) / len(texts):
        return None
    found = [0] * len(pieces)
    found[texts[0]] = spread - kept
    each, more = divmod(kept, len(later))
    for number, place in enumerate(later):
        found[place] = each + (number < more)
    return found


def _most_tokens(text: str) -> int:
    """Return how many tokens a text can be made of, its end included.

    A digit, a sign or a byte of any other script may be a token of its own.
    """
    words = [len(word) for word in _WORD.findall(text)]
    others = len(text.encode("utf-8", "replace")) - sum(words) - text.count(" ")
    return sum(-(-word // _LETTERS_OF_ONE) for word in words) + others + 1


def _cut(
    reading: StreamReading, tokens: _Tokens, last: int
) -> tuple[int | None, int | None]:
    """Return the spread and the output tokens of the pieces before ``last`` alone."""
    if tokens.of_each is not None and tokens.spread is None:
        return None, sum(tokens.of_each[:last])
    kept = sum(bool(p.text) and not p.reasoning for p in reading.pieces[:last])
    return None if tokens.spread is None else kept, None


def _counted_along(pieces: Sequence[Piece]) -> list[int] | None:
    """Return the tokens of each piece where the server counted along, else ``None``."""
    before, found = 0, []
    for piece in pieces:
        many = before if piece.running is None else piece.running
        content = piece.text and not piece.reasoning
        if many < before or (content and many == before):
            return None
        found.append(many - before)
        before = many
    return found if before else None


def _prompt_tokens(reading: StreamReading, tokens: _Tokens) -> int | None:
    """Return the server's figure, if its other figure can be believed."""
    return None if tokens.total is None else _figure(reading, "prompt_tokens") or None


def _told_thought(reading: StreamReading, total: int) -> int | None:
    """Return how many of all tokens were reasoning, ``None`` if it is not told."""
    value = _reasoning_figure(reading)
    return value if value is not None and 0 < value <= total else None


def _reasoning_figure(reading: StreamReading) -> int | None:
    usage = reading.usage or {}
    details = usage.get("completion_tokens_details")
    value = details.get("reasoning_tokens") if isinstance(details, dict) else None
    if value is None:
        value = usage.get("reasoning_tokens")
    return value if type(value) is int else None


def _figure(reading: StreamReading, key: str) -> int | None:
    value = (reading.usage or {}).get(key)
    return value if type(value) is int and value >= 0 else None


def _doubt(reading: StreamReading, total: int, most: int, *, alone: bool) -> str | None:
    """Return why a sum cannot be that of the answer, ``None`` if it can.

    Args:
        reading: the answer.
        total: the sum that the server tells.
        most: tokens that may have been made.
        alone: its figures along the way, if there are some, do not grow with the text.
    """
    texts = reading.texts if reading.pieces else int(bool(reading.text))
    prompt, both = _figure(reading, "prompt_tokens"), _figure(reading, "total_tokens")
    running = sum(piece.running is not None for piece in reading.pieces)
    if total > most:
        return f"{total} are more than were asked for"
    if _too_few(total, texts):
        return f"{total} cannot have made {texts} pieces of text"
    if reading.told and reading.disputed == reading.told:
        return "the server told two sums that do not agree"
    if alone and running > 1 and total < texts:
        return "each message told its own, and none the sum"
    if prompt and both == total:
        return f"those of the prompt seem to be among the {total}"
    return None


def _too_few(total: int, texts: int) -> bool:
    """Whether so few tokens cannot have made so many texts."""
    return bool(texts) and (not total or 2 * total + _SLACK < texts)
