"""What a reader hands back, and what is done to every answer before it is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pytest_llmlat.values.entities import Sample, Task

TYPOGRAPHY = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{NO-BREAK SPACE}": " ",
        "\r": "\n",
    }
)
ANSWER_TAG = re.compile(
    r"<answer>|\\boxed\s{0,5}\{(?:\s{0,5}\\text\s{0,5}\{)?", re.IGNORECASE
)
TAG = re.compile(
    r"</?(?:answer|b|strong|i|em|u|p|br|code|span)\s{0,5}/?>", re.IGNORECASE
)
LINE_MARK = re.compile(r"^[ \t]{0,20}(?:(?:#{1,6}|>|[-+*\u2022])[ \t]+)+", re.MULTILINE)
EMPHASIS = re.compile(r"[*`$}]+|~~|(?<!\w)_+|(?<=[^\W_])_+(?!\w)")
SENTENCE_END = re.compile(r"[.!?][\"')\]]{0,3}(?=\s|$)|\n")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found in an answer."""

    value: str | None
    """The normalised answer, or ``None``."""
    explicit: bool = False
    """It was stated as the answer, so that it counts even beside a refusal."""


UNREAD = Reading(None)
Reader: TypeAlias = Callable[[str, Task, Sample], Reading]


def normalized(text: str) -> str:
    """Return the form in which answers are compared: NFC, casefolded, trimmed."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def without_thoughts(text: str) -> str:
    """Drop what a reasoning model thinks aloud in ``<think>`` before its answer.

    Some chat templates open the tag in the prompt, so that only its end is in the
    answer. A thought that was cut off is no answer at all.
    """
    answer = text.rpartition("</think>")[2]
    return "" if answer.lstrip().startswith("<think>") else answer


def plain(text: str) -> str:
    r"""Take Markdown, LaTeX and HTML dress off a short answer; keep its lines.

    ``\boxed{...}`` and ``<answer>`` say that the answer follows, and are turned into
    the word that says so in prose.
    """
    text = unicodedata.normalize("NFC", text.translate(TYPOGRAPHY))
    text = ANSWER_TAG.sub("\nAnswer: ", text)
    text = TAG.sub(" ", text)
    text = EMPHASIS.sub("", LINE_MARK.sub("", text))
    return text.strip()


def sentences(text: str, most: int) -> list[str]:
    """Return the first sentences or lines, ``most`` of them, without blank ones.

    A line that ends in a colon announces the next and is joined with it.
    """
    found: list[str] = []
    start, end = 0, len(text)
    while start < end and len(found) < most:
        stop = SENTENCE_END.search(text, start)
        piece = text[start : stop.end() if stop else end].strip()
        start = stop.end() if stop else end
        if not piece:
            continue
        if found and found[-1].endswith(":"):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found
