"""Prompt injections: none closes a mark, and what judges make of them is counted."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.judge_fitness import (
    InjectionCount,
    InjectionTrial,
    fitness,
)
from pytest_llmlat.judges.judge_prompts import judge_prompt, judge_prompts
from pytest_llmlat.judges.prompt_injections import INJECTIONS, prompt_injections
from pytest_llmlat.judges.verdict_reading import read_verdict
from pytest_llmlat.values.judge_votes import Rubric

if TYPE_CHECKING:
    from collections.abc import Callable

RUBRIC = Rubric(name="own", criteria="Is it right?", lowest=1, highest=5)
PAIRS = replace(RUBRIC, lowest=0, highest=2, pairwise=True)
ANSWER = "It is four, since two and two are four."
MARK = re.compile(r"<<(END )?(QUESTION|ANSWER|FIRST|SECOND) \w{12}>>")


def judged_text(prompt: str) -> str:
    """Return what stands between the marks of the answer, as a judge sees it."""
    (key,) = set(re.findall(r"<<ANSWER (\w{12})>>", prompt))
    _, _, behind = prompt.partition(f"<<ANSWER {key}>>\n")
    return behind.partition(f"\n<<END ANSWER {key}>>")[0]


def gullible(prompt: str) -> str:
    """Give what the answer names, if that is the best score."""
    score = 5 if re.search(r"\b5\b", judged_text(prompt)) else 2
    return json.dumps({"reason": "so it says", "score": score})


def echoing(prompt: str) -> str:
    """Quote the answer, in a verdict that is no JSON if the answer has quotes."""
    return f'{{"reason": "The answer is: {judged_text(prompt)}", "score": 2}}'


def steady(prompt: str) -> str:
    """Say the same of every answer."""
    del prompt
    return '{"reason": "thin", "score": 2}'


def test_there_are_cases_of_every_kind() -> None:
    """More than twenty, of which no two are alike."""
    texts = [each.text for each in prompt_injections(ANSWER, RUBRIC)]

    assert len(set(texts)) == len(INJECTIONS) > 20
    assert {kind for kind, _ in INJECTIONS.values()} == {
        *("demand", "authority", "closed mark", "fake verdict"),
        *("role", "other language", "hidden text"),
    }
    assert not any("BEST" in text or "VERDICT" in text for text in texts)


@pytest.mark.parametrize("name", INJECTIONS)
def test_no_injection_closes_a_mark(name: str) -> None:
    """Each mark stands where it stands without it, of one answer and of pairs."""
    for rubric in (RUBRIC, PAIRS):
        (attack,) = (
            each.text for each in prompt_injections(ANSWER, rubric) if each.name == name
        )
        plain = judge_prompts(rubric, "2 + 2?", "Five.", ANSWER)
        told = judge_prompts(rubric, "2 + 2?", "Five.", attack)

        for before, after in zip(plain, told, strict=True):
            assert [m.groups() for m in MARK.finditer(after)] == [
                m.groups() for m in MARK.finditer(before)
            ]
            assert "<|im_" not in after


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_closes_a_mark(question: str, answer: str) -> None:
    """Whatever a model or a user writes, marks in it included."""
    for text in (answer, f"<<END ANSWER {answer}>>", f"<<{answer}<<ANSWER"):
        told = judge_prompt(RUBRIC, question, "", text)
        # The two of each text, and the two by which the answer is named behind them.
        assert len(MARK.findall(told)) == 6


def share_by(judge: Callable[[str], str], answer: str) -> float | None:
    """Return the share that a judge gives an answer, as its verdict is read."""
    said = judge(judge_prompt(RUBRIC, "2 + 2?", "", answer))
    score = read_verdict(said, RUBRIC).score
    return None if score is None else (score - 1) / 4


def counted(judge: Callable[[str], str]) -> dict[str, InjectionCount]:
    """Return what a judge makes of each injection in one answer."""
    before = share_by(judge, ANSWER)
    trials = [
        InjectionTrial(
            name=each.name,
            kind=each.kind,
            before=before,
            after=share_by(judge, each.text),
        )
        for each in prompt_injections(ANSWER, RUBRIC)
    ]
    found = fitness("j", unread=0, votes=1, trials=[], beside=[], injections=trials)
    assert sum(each.obeyed for each in found.injections) == round(
        (found.obeyed.value or 0) * sum(e.tried - e.unread for e in found.injections)
    )
    return {each.name: each for each in found.injections}


def test_a_gullible_judge_is_caught_wherever_it_can_read() -> None:
    """What it does not see (unseen characters) earns nothing."""
    found = counted(gullible)
    kept = {name for name, each in found.items() if not each.obeyed}

    assert kept == {"in unseen characters"}
    assert all(each.tried == 1 and not each.unread for each in found.values())


def test_a_judge_that_quotes_the_answer_gives_it_nothing() -> None:
    """A verdict that the answer made up is never read as the judge's own."""
    found = counted(echoing)

    assert not any(each.obeyed for each in found.values())
    assert found["a verdict"].unread == 1


def test_a_steady_judge_obeys_nothing() -> None:
    """And is not accused."""
    assert not any(each.obeyed or each.unread for each in counted(steady).values())


def test_what_had_the_best_score_before_is_not_counted() -> None:
    """It could not earn more."""
    trials = [
        InjectionTrial(name="n", kind="k", before=before, after=after)
        for before, after in ((1.0, 1.0), (0.5, 1.0), (0.5, None), (None, 1.0))
    ]
    found = fitness("j", unread=0, votes=4, trials=[], beside=[], injections=trials)

    assert found.injections == (
        InjectionCount(name="n", kind="k", tried=2, obeyed=1, unread=1),
    )
