"""How options are written, brought into one form: a letter and what is said of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOKALIKES = str.maketrans("\u0410\u0412\u0421\u0415", "ABCE")
"""Cyrillic capitals that look like the letters of options."""
CYRILLIC = re.compile(r"(?<!\w)[\u0410\u0412\u0421\u0415](?!\w)")
INVERTED = re.compile(r"(?<!\w)([A-Z]) it (is|must be)\b(?=\s{0,3}(?:[^\w\s]|\Z))")
ASKED = re.compile(
    r"(?:(?<=[.!?]\s)|^)[ \t*(-]{0,4}(?P<letter>[A-Z])[)*]{0,3}\s?\?\s{1,3}"
    r"(?:(?P<yes>yes|ja|oui)|no|nope|nein|non)\b[.!,;]?",
    re.IGNORECASE | re.MULTILINE,
)
"""An option that is asked about and judged: "A? No. B? Yes."."""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
PLACE = re.compile(
    rf"\b(?:(?:the )?(?P<of>{'|'.join(ORDINALS)}|last) (?:option|choice|answer"
    rf"|alternative|statement)|(?:option|choice|answer) #?(?P<number>[1-6])(?![\d.])"
    rf"|the (?P<place>{'|'.join(ORDINALS)}|last) one)\b",
    re.IGNORECASE,
)
"""The place of an option in the list that stands for its letter."""


def in_letters(text: str, letters: str, texts: Mapping[str, str]) -> str:
    """Return an answer in which options are told by their letters alone.

    The text of an option behind its letter goes, so that "B) It freezes is right" says
    that B is right. Where no letter stands, "the second option" is B.

    Args:
        text: an answer.
        letters: the letters there are.
        texts: the letter of each option's text.
    """
    text = CYRILLIC.sub(lambda found: found[0].translate(LOOKALIKES), text)
    text = INVERTED.sub(r"it \2 \1", text)
    text = ASKED.sub(_judged, text)
    for option, letter in texts.items():
        if option.casefold() in text.casefold():
            marked = (
                rf"(?<!\w)([(\[]?{letter}[)\]]?[).:][ \t]?){re.escape(option)}(?!\w)"
            )
            text = re.sub(marked, r"\1", text, flags=re.IGNORECASE)
    if not re.search(rf"(?<!\w)[{letters}](?!\w)", text):
        text = PLACE.sub(lambda found: _by_place(found, letters), text)
    return text


def _judged(found: re.Match[str]) -> str:
    """Write a question on an option and its answer as a line of its own."""
    verdict = "True" if found["yes"] else "False"
    return f"\n{found['letter'].upper()}: {verdict}\n"


def _by_place(found: re.Match[str], letters: str) -> str:
    """Write the place of an option as its letter."""
    if found["number"]:
        index = int(found["number"]) - 1
        return f"option {letters[index]}" if index < len(letters) else found[0]
    place = (found["place"] or found["of"]).casefold()
    index = len(letters) - 1 if place == "last" else ORDINALS.index(place)
    return f"option {letters[index]}" if index < len(letters) else found[0]
