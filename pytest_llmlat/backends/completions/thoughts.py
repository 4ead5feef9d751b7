"""Thoughts that stand inside the text of a server's answer, told from the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.thought_tags import THOUGHT_TAGS, ThoughtTags
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_llmlat.backends.completions.stream_pieces import Piece
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.records import Request

_LONGEST_TAG = 200
"""Letters of a tag that a model may write behind a thought that its template opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedPieces:
    """The pieces of an answer, those of thoughts marked as such."""

    pieces: list[Piece]
    thoughts: str | None
    """What was thought inside the text."""
    cut: bool
    """The text ended inside a thought."""
    shared: bool
    """One piece holds the end of the thought and the beginning of the answer."""


def sort_pieces(
    pieces: Sequence[Piece], request: Request, clock: Clock
) -> SortedPieces:
    """Mark the pieces of text that are thoughts, the tags round them included.

    A piece that is only a tag or white space has no text: it takes no part in the time
    of the thought, but its tokens are the thought's.

    Args:
        pieces: of one answer, in order.
        request: its tags are looked for.
        clock: not read; every piece has its stamp.
    """
    texts = [piece.text for piece in pieces if not piece.reasoning]
    alone = {text.strip() for text in texts}
    scratch = Meter(clock, (), _tags("".join(texts), request, alone))
    found: list[Piece] = []
    shared = False
    thought = _ThoughtSeen(scratch)
    for place, piece in enumerate(pieces):
        if piece.reasoning or not piece.text:
            found.append(piece)
            continue
        before = scratch.thought_began
        scratch.token(piece.text, 0, at_ns=piece.stamp)
        if scratch.thought_began and not before:
            # What came before was the first half of the tag, or white space.
            found = [_silent(each) for each in found]
        if scratch.answering:
            last = piece
            if scratch.thought_began:
                other = max(0, len(piece.text) - len(scratch.text))
                shared = bool(piece.text[:other].strip())
                last = piece._replace(text=scratch.text)
            found += [last, *pieces[place + 1 :]]
            break
        if scratch.thought_began:
            kept = piece.text if thought.any_with(piece.text) else ""
            found.append(piece._replace(text=kept, reasoning=True))
        else:
            found.append(piece)
    if scratch.thought_began and not scratch.thoughts:
        # Two tags with nothing between them, in whatever pieces they came.
        inside = zip(found, pieces, strict=True)
        found = [
            new._replace(text="") if new.reasoning and not old.reasoning else new
            for new, old in inside
        ]
    return SortedPieces(
        pieces=found, thoughts=scratch.thoughts, cut=scratch.thinking, shared=shared
    )


class _ThoughtSeen:
    """Whether a thought has any text yet, told without putting it together each time.

    A model may write the tag once more that its template has opened it with.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._letters = 0
        self._any = False

    def any_with(self, text: str) -> bool:
        """Say it when a piece was added; one of white space changes nothing."""
        letters = len(text.strip())
        if letters and self._letters <= _LONGEST_TAG:
            self._letters += letters
            self._any = bool(self._meter.thoughts)
        return self._any


def sort_text(
    text: str, request: Request, clock: Clock
) -> tuple[str, str | None, bool]:
    """Return answer and thoughts of a text that came at once, and whether it was cut.

    Cut is what ended inside a thought.
    """
    scratch = Meter(clock, (), _tags(text, request))
    scratch.token(text, 0, at_ns=0)
    return scratch.text, scratch.thoughts, scratch.thinking


def _silent(piece: Piece) -> Piece:
    return piece if piece.reasoning else piece._replace(text="", reasoning=True)


def _tags(
    text: str, request: Request, alone: Collection[str] = ()
) -> tuple[ThoughtTags, ...]:
    """Return the tags to look for.

    Behind a server it cannot be seen whether its template opened a thought. A closing
    tag that begins a line or is a message of its own, as a token that a model was
    taught for it is, tells it where there is no opening one.

    Args:
        text: of the answer.
        request: whose tags are known.
        alone: texts that are messages of their own.
    """
    known = request.thought_tags
    if request.thinking_tokens == 0:
        # It was told not to think, so that it does not begin inside a thought.
        return tuple([tags for tags in known if tags.opening])
    begun = text.lstrip()
    opened = any(begun.startswith(tags.opening) for tags in known)
    if known != THOUGHT_TAGS or not request.chat or opened:
        return known
    for tags in known:
        if not tags.closing or tags.closing not in text or tags.opening in text:
            continue
        # Not across lines: of a text of line ends that would try them all from each.
        closed = rf"^[^\S\n]*{re.escape(tags.closing)}"
        told = tags.closing in alone or re.search(closed, text, re.MULTILINE)
        if told and not tags.leftover:
            return (ThoughtTags(opening="", closing=tags.closing),)
    return known
