"""Whether an answer declines to answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OPENING_CHARACTERS = 400
"""A model declines at the start; later on, the words belong to its text."""

CANNOT = (
    r"\bi(?:'m| am)? ?(?:can(?:not|'t| not)|won't|will not|(?:not able|unable) to"
    r"|(?:do not|don't|would not) feel comfortable)"
)
DEED = (
    r"(?:help|assist|answer|provide|fulfil+|comply|complete|do|generate|create|write"
    r"|translat\w{1,5}|summari[sz]\w{1,5}|classif\w{1,5}|determin\w{1,5}|process|respond"
    r"|engage|discuss|continue|support|offer|give|express|perform|access|execute)"
)
TASK = (
    r"(?:you|your|this|that|these|requests?|questions?|tasks?|texts?|translations?"
    r"|summar(?:y|ies)|content|prompts?|code|information|articles?|reviews?|sentiment"
    r"|opinions?|instructions?|assistance)"
)
REFUSED_DEED = rf"{CANNOT}(?: \w{{1,12}}){{0,3}}? {DEED}\b[^.!?\n]{{0,40}}?\b{TASK}\b"
REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|assistant)\b"
    rf".{{0,80}}?(?:{CANNOT}|\bi (?:do not|don't) have)\b"
    r"|\b(?:sorry|apologi[sz]e|afraid|unfortunately|apologies)\b"
    rf".{{0,60}}?(?:{REFUSED_DEED}|{CANNOT} (?:help|assist|comply)\b)"
    rf"|^\W{{0,5}}{REFUSED_DEED}"
    r"|^\W{0,5}i must (?:respectfully )?decline\b"
)


def is_refusal(answer: str, references: Iterable[str]) -> bool:
    """Say whether a model declined the task in the opening of its answer.

    It must name what it will not do ("I can't help with that"): somebody in a text
    to be translated may well say that he is sorry but cannot come. Where a right
    answer reads like a refusal itself, the same words decline nothing.
    """
    return _declines(answer) and not any(map(_declines, references))


def _declines(text: str) -> bool:
    """Look for a refusal in the first few hundred characters."""
    opening = text.lstrip()[:OPENING_CHARACTERS].casefold()
    opening = opening.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return REFUSAL.search(" ".join(opening.split())) is not None
