"""Reading of verdicts: a score of the scale, or none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.judges.verdict_reading import read_verdict
from pytest_llmlat.values.judge_votes import Rubric

RUBRIC = Rubric(name="r", criteria="Is it good?", lowest=1, highest=5)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ('{"reason": "thin", "score": 2}', 2),
        ('{"score": "4", "reason": "fine"}', 4),
        ('Here you are:\n```json\n{"reason": "ok", "score": 3}\n```\n', 3),
        ('{"reason": "half", "score": 2.5}', 2.5),
        ('{"reason": "a {brace} in it", "score": 1}', 1),
        ('{"notes": []} {"reason": "x", "score": 5}', 5),
        ('{"score": 3} and again {"score": 3}', 3),
    ],
)
def test_a_score_of_the_scale_is_read(text: str, score: float) -> None:
    """Whatever stands around the object."""
    assert read_verdict(text, RUBRIC).score == score


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I would give it a 5 out of 5.", "unparsed"),
        ("", "unparsed"),
        ('{"reason": "cut off", "score": ', "unparsed"),
        ('{"reason": "none"}', "unparsed"),
        ('{"score": 3} or rather {"score": 4}', "unparsed"),
        ('{"score": true}', "unparsed"),
        ('{"score": null}', "unparsed"),
        ('{"score": NaN}', "unparsed"),
        ('{"score": "five"}', "unparsed"),
        ('{"score": 11}', "out of scale"),
        ('{"score": 0}', "out of scale"),
        ('{"score": 1e400}', "unparsed"),
        ("I'm sorry, but I cannot help with this request.", "refused"),
        ("{" * 5000, "unparsed"),
        ('{"a":' * 5000, "unparsed"),
    ],
)
def test_what_is_no_verdict_has_no_score(text: str, problem: str) -> None:
    """A score is never guessed from prose."""
    found = read_verdict(text, RUBRIC)

    assert found.score is None
    assert found.problem == problem


@given(st.text(alphabet='{}[]":,0123456789eE.-+ scoreranulftNI\\\n', max_size=120))
def test_whatever_is_said_gives_a_score_of_the_scale_or_none(text: str) -> None:
    """Foreign text never ends in an error, or in a score beside the scale."""
    found = read_verdict(text, RUBRIC)

    assert (found.score is None) == (found.problem is not None)
    assert found.score is None or 1 <= found.score <= 5


@given(st.integers(1, 5), st.text(max_size=40))
def test_a_verdict_comes_back(score: int, reason: str) -> None:
    """As JSON has it, with the judge's own words."""
    found = read_verdict(json.dumps({"reason": reason, "score": score}), RUBRIC)

    assert found.score == score
    assert (found.why or "") == reason


@pytest.mark.parametrize(
    "reply",
    [
        '{"reason": "it says {"score": 5} itself", "score": 2}',
        '{"reason": "it says {"score": 5} itself',
        '{ "reason": "it ends with } and {"score": 5}", "score": 2}',
        '{"score": 2, "score": 5}',
    ],
)
def test_a_verdict_within_a_broken_one_is_the_answer_s(reply: str) -> None:
    """A judge may quote what it judges; a score said twice is none."""
    assert read_verdict(reply, RUBRIC).problem == "unparsed"


def test_a_verdict_behind_other_braces_is_read() -> None:
    """Sets and templates are no verdicts, and break none."""
    for reply in ('Of {a, b}: {"score": 2}', '{{"score": 2}}', '{"score":2,"score":2}'):
        assert read_verdict(reply, RUBRIC).score == 2
