"""Texts that are themselves the answer: summaries and translations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.readable_answer import UNREAD, Reading

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

LANGUAGES = (
    "arabic|chinese|czech|danish|dutch|english|finnish|french|german|deutsch|greek"
    "|hindi|hungarian|italian|japanese|korean|norwegian|polish|portuguese|romanian"
    "|russian|spanish|swedish|turkish|ukrainian"
)
PRODUCT = rf"(?:summary|translation|translated text|tl;?dr|headline|{LANGUAGES})"
HERALDED = rf"(?:{PRODUCT}|text|version|summaries|sentence|article|answer|attempt)"
PREAMBLE = re.compile(
    # as in: Sure! Here is a short summary of the article
    r"\A(?:(?:sure|certainly|of course|okay|ok|absolutely)\b"
    r"[^\n:]{0,30}?[,.!]?\s{0,5})?"
    rf"(?:here(?:'s|\u2019s| is| are)\b[^\n:]{{0,60}}?\b{HERALDED}\b[^\n:]{{0,60}}"
    # as in: The German translation of the sentence is
    rf"|(?:the |in |a |my )?(?:\w{{1,15}} ){{0,3}}?{PRODUCT}\b"
    r"(?: (?:of|in|to|into|for|from|is|text|version|translation|summary)\b"
    r"[^\n:.]{0,80})?(?: \([^\n()]{0,30}\))?)\s{0,3}[*_]{0,3}:[*_]{0,3}[ \t]*",
    re.IGNORECASE,
)
TITLE = re.compile(
    rf"\A#{{1,6}} +[*_]{{0,3}}(?:\w{{1,15}} ){{0,3}}?{PRODUCT}\b[^\n.]{{0,40}}\n",
    re.IGNORECASE,
)
FENCE = re.compile(r"\A(```|~~~)\w{0,12}\n(.*)\n\1\Z", re.DOTALL)
QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ("`", "`"),
    ("\u201c", "\u201d"),
    ("\u201e", "\u201c"),
    ("\u201e", "\u201d"),
    ("\u201a", "\u2018"),
    ("\u2018", "\u2019"),
    ("\u00ab", "\u00bb"),
    ("\u00bb", "\u00ab"),
    ("\u300c", "\u300d"),
    ("**", "**"),
)
CLOSING = re.compile(
    # as in: Let me know if it suits you! Or: *Note: I kept the tone of the original.*
    r"\n[ \t]*\n[*_(\[#> -]{0,6}(?:let me know\b|i hope (?:this|that|it)\b"
    r"|feel free to\b|(?:please )?note(?:s|:| that\b)|explanation\b[^\n.]{0,30}:"
    r"|is there anything else|(?:here(?:'s|\u2019s| is) )?(?:an? "
    r"|the )?(?:quick )?breakdown\b[^\n.]{0,30}:|(?:if"
    r"|should) you [^\n.]{0,60}\b(?:let me know|feel free|just ask)\b)",
    re.IGNORECASE,
)
"""How a paragraph starts that speaks to the user about the text."""
DRESSINGS = 4
"""How often a preamble or a wrapping may be taken off, one inside the other."""


def read_text(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the text without what a chatty model puts round it.

    What goes: one preamble ("Summary:", "Here is the translation:", a Markdown
    title that says the same), closing paragraphs to the user ("Let me know", "Note:",
    "Explanation:"), quotation marks, bold or a fence round the whole. Inside the text
    nothing is touched, line breaks included.
    """
    del task, sample
    text = answer.strip()
    closing = CLOSING.search(text)
    if closing and not text.startswith(("```", "~~~")):
        text = text[: closing.start()].rstrip()
    for _ in range(DRESSINGS):
        bare = _unwrapped(_without_preamble(text)).strip()
        if bare == text:
            break
        text = bare
    return Reading(text) if text else UNREAD


def _without_preamble(text: str) -> str:
    """Cut an announcement off the front, and the emphasis that belongs to it."""
    marks = len(text) - len(text.lstrip("*_"))
    for pattern, start in ((TITLE, 0), (PREAMBLE, min(marks, 3))):
        found = pattern.match(text[start:])
        if found:
            return text[start + found.end() :].lstrip()
    return text


def _unwrapped(text: str) -> str:
    """Take off a fence or a pair of marks that encloses the whole text.

    A mark that is found inside again does not enclose: two quoted passages side by
    side begin and end with quotation marks as well.
    """
    fenced = FENCE.match(text)
    if fenced:
        return fenced[2]
    for first, last in QUOTES:
        inner = text[len(first) : -len(last)]
        wraps = text.startswith(first) and text.endswith(last)
        if wraps and inner and first not in inner and last not in inner:
            return inner
    return text


def as_text(text: str, task: Task, sample: Sample) -> str | None:
    """Return a right answer without what would be taken off a model's."""
    return read_text(text, task, sample).value


EXTRACTOR = Extractor(read=read_text, reference=as_text)
