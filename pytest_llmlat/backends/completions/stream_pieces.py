"""The pieces of text of a stream, and those of servers that say a text twice.

A message holds what is new, by OpenAI's definition. Some gateways send all text so far
in each message, or the whole text once more in the last one: taken for new, an answer
would be graded that no model gave.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST = 3
"""Pieces from which on it can be told that a text is sent anew."""
_LETTERS = 8
"""The letters that it has then; a model may say "no no" for itself."""


class Piece(NamedTuple):
    """One message of a stream that carries text, or a count of tokens."""

    stamp: int
    text: str
    reasoning: bool
    """Whether it is a part of a thought, and no content."""
    running: int | None
    """Tokens of the answer up to here, where the server counts along."""


def differences(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with what each adds, where each begins with all before it."""
    texts = [piece.text for piece in pieces if piece.text and not piece.reasoning]
    if len(texts) < _FEWEST or len(texts[-1].strip()) < _LETTERS:
        return list(pieces)
    if not all(b.startswith(a) for a, b in pairwise(texts)) or texts[0] == texts[-1]:
        return list(pieces)
    found, before = [], ""
    for piece in pieces:
        if piece.text and not piece.reasoning:
            found.append(piece._replace(text=piece.text.removeprefix(before)))
            before = piece.text
        else:
            found.append(piece)
    return found


def said_again(pieces: Sequence[Piece], content: str) -> bool:
    """Whether the content of the last message is all that was said before it.

    Args:
        pieces: that came before.
        content: of the message that says why the answer ends.
    """
    if len(content) < _LETTERS:
        return False
    texts = [piece.text for piece in pieces if piece.text and not piece.reasoning]
    return len(texts) >= _FEWEST and "".join(texts) == content


def add_text(holder: object, name: str, told: str, *, anew: bool = False) -> None:
    """Add what a message told to a text, which is one of a reading's fields.

    Held by nobody else meanwhile it grows in place: a long one is not copied each time.

    Args:
        holder: has the text.
        name: of its field.
        told: by the message.
        anew: it may be all of the text so far, with what is new behind it.
    """
    if told:
        whole: str = getattr(holder, name)
        setattr(holder, name, "")
        if anew and told.startswith(whole):
            whole = told
        else:
            whole += told
        setattr(holder, name, whole)
