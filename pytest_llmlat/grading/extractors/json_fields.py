"""Fields of JSON that hold an answer, in an answer that need not be sound JSON."""

from __future__ import annotations

import re

from pytest_llmlat.grading.extractors.phrases import JUDGING, PARTIAL, STRONG

FIELD = re.compile(
    r"[\"'](?P<key>[\w ]{1,30})[\"']\s{0,5}:\s{0,5}\[?\s{0,5}"
    r"(?:\"(?P<words>(?:[^\"\\\n]|\\.){1,300})\""
    r"|(?P<bare>[^\"\s,}\]][^\"\n,}\]]{0,80}))"
)
KEY = re.compile(
    rf"(?:\w{{1,12}}[_ ]?)?(?:{STRONG}|{JUDGING}|{PARTIAL}|response|solution|option)"
    r"(?:_?(?:label|letter|value|text|id))?",
    re.IGNORECASE,
)
"""The name of a JSON field that holds the answer."""
LESSER = re.compile(
    r"(?:second|other|alternative|wrong|runner|previous|next|in)", re.IGNORECASE
)
MOST = 50
"""Fields of an answer that are looked at, from its end."""


def fields(answer: str) -> list[str]:
    """Return the values of the JSON fields that hold an answer, the last one first.

    A field counts by its name, such as "answer" or "label", or where it is the only
    one. One whose name says "answer" outweighs the others.
    """
    found = list(FIELD.finditer(answer))[-MOST:]
    named = [m for m in found if KEY.fullmatch(m["key"]) and not LESSER.match(m["key"])]
    sure = [m for m in named if "answer" in m["key"].casefold()]
    chosen = sure or named or (found if len(found) == 1 and "{" in answer else [])
    return [field["words"] or field["bare"] for field in reversed(chosen)]
