"""The first of several places that says anything, also behind a correction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from pytest_llmlat.grading.extractors.doubt import Claim, Stance
from pytest_llmlat.grading.extractors.phrases import CORRECTED
from pytest_llmlat.grading.extractors.readable_answer import (
    UNREAD,
    Reading,
    sentences,
    without_run_on,
)

BRIEF = 2
"""Sentences of a correction that is nothing but the answer."""

EvidenceWay: TypeAlias = tuple[Iterable[Claim], bool]
"""A place where answers stand, and whether one found there is explicit."""


def in_order(
    answer: str,
    ways: Callable[[str], Iterable[EvidenceWay]],
    *,
    checked: Callable[[str, str], bool] | None = None,
) -> Reading:
    """Return what the first of several ways of looking finds, if it is no doubt.

    Run-on is left out; what follows a correction is looked at before the whole.

    Args:
        answer: the text, without thoughts.
        ways: the places of a text where answers stand, the surest first.
        checked: says whether a check (its text) starts from what was found before it.
            With it, working is full of what looks like an answer, as with numbers, so
            that only a statement or a result outweighs a statement before.
    """
    answer = without_run_on(answer)
    whole = _first_found(ways(answer)) or UNREAD
    corrections = list(CORRECTED.finditer(answer))
    if not corrections:
        return whole
    text = answer[corrections[-1].end() :]
    after = _first_found(ways(text))
    if after is None:
        return whole
    if after.explicit:
        return after
    check = corrections[-1]["check"] is not None
    if check:
        before = _first_found(ways(answer[: corrections[-1].start()])) or UNREAD
        if before.value and (checked is None or checked(text, before.value)):
            return before
    if not whole.explicit:
        return after
    result = "=" in text.rpartition("\n")[2]
    brief = len(sentences(text, BRIEF + 1)) <= BRIEF
    working = checked is not None
    return after if not check and (result or brief or not working) else whole


def _first_found(ways: Iterable[EvidenceWay]) -> Reading | None:
    """Return the first thing asserted, unread if it is left open, else ``None``."""
    for claims, explicit in ways:
        for found in claims:
            if found.stance is Stance.ASSERTED:
                return Reading(found.value, explicit=explicit)
            if found.stance is Stance.OPEN:
                return Reading(None, explicit=explicit)
    return None
