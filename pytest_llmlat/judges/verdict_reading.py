"""Reading of a judge's verdict: one JSON object with a score of the scale, or nothing.

A score is never guessed from prose: "I would not give it a 5" has a 5 in it. Verdicts
that cannot be read are counted, and a judge that has many of them is unfit.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.grading.extractors.refusals import is_refusal
from pytest_llmlat.judges.judge_prompts import BETTER

if TYPE_CHECKING:
    from pytest_llmlat.values.judge_votes import Rubric, VoteProblem

_MOST_REASON = 2000
_MOST_OBJECTS = 50
_MEANT = re.compile(r"\{\s*[\"'\u201c]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadVerdict:
    """A verdict as it was read."""

    score: float | None
    why: str | None = None
    problem: VoteProblem | None = None


def read_verdict(text: str, rubric: Rubric) -> ReadVerdict:
    """Read the score and the reason in a judge's reply.

    Of several objects with a score, as of a judge that repeats itself, all must say
    the same.

    Args:
        text: the reply, without thoughts.
        rubric: tells the scale.
    """
    name = "better" if rubric.pairwise else "score"
    found = [each for each in _objects(text) if name in each]
    if not found:
        problem: VoteProblem = "refused" if is_refusal(text, ()) else "unparsed"
        return ReadVerdict(score=None, why=text[:_MOST_REASON] or None, problem=problem)
    reason = found[-1].get("reason")
    why = str(reason)[:_MOST_REASON] if reason not in (None, "") else None
    read = _better if rubric.pairwise else _number
    scores = {read(each[name]) for each in found}
    (score,) = scores if len(scores) == 1 else (None,)
    if score is None:
        return ReadVerdict(score=None, why=why, problem="unparsed")
    if not rubric.lowest <= score <= rubric.highest:
        return ReadVerdict(score=None, why=why, problem="out of scale")
    return ReadVerdict(score=score, why=why)


def _better(value: object) -> float | None:
    """Return the score of a word on a pair; ``None`` for any other word."""
    return BETTER.get(value.strip().casefold()) if isinstance(value, str) else None


def _number(value: object) -> float | None:
    """Return a score as a number; ``None`` for what is none, such as true or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the outermost JSON objects in a text, the first few of them.

    Behind the beginning of one that is broken nothing is a verdict: a judge may quote
    one that the answer holds (``{"reason": "it says {"score": 5}"``).
    """
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    found: list[dict[str, Any]] = []
    place = text.find("{")
    for _ in range(_MOST_OBJECTS):
        if place < 0:
            break
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            if _MEANT.match(text, place):
                break
            end = place + 1
        else:
            if isinstance(value, dict):
                found.append(value)
        place = text.find("{", end)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; what it says twice, in two ways, it does not say."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        made[name] = value if made.get(name, value) == value else None
    return made
