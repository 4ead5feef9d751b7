"""Votes of judges on the page: beside each answer, and what they say does nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.values.judge_votes import UNCALIBRATED, Vote
from pytest_llmlat.values.records import Grade
from tests.browser.test_report_page import ATTACKS, a_run, samples_of
from tests.unit.builders import a_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Record


def a_vote(judge: str, share: float, why: str) -> Vote:
    """Return a vote on a scale of 0 to 4."""
    return Vote(
        judge=judge, lineage=judge, rubric="r 1", score=4 * share, share=share, why=why
    )


def judged(sample: str, *votes: Vote, label: float | None = None) -> Record:
    """Return an answer with votes, the mean of which is its grade."""
    shares = [vote.share or 0.0 for vote in votes]
    return replace(
        a_record(sample),
        metric=UNCALIBRATED,
        chance=0.0,
        grade=Grade(value=sum(shares) / len(shares)),
        votes=votes,
        label=label,
    )


def test_answers_on_which_judges_disagree_come_first(
    open_run: Callable[..., Any],
) -> None:
    """With what each said, and what people say."""
    same = [judged(f"s{n}", *[a_vote(j, 0.5, "so so") for j in "ab"]) for n in (1, 2)]
    apart = judged("s3", a_vote("a", 0.0, "bad"), a_vote("b", 1.0, "fine"), label=0.75)

    opened = open_run(*a_run(*same, apart))
    page = samples_of(opened.page)

    assert page.locator("#s-order").input_value() == "apart"
    assert page.locator("#s-list .id").all_inner_texts()[0] == "s3"
    votes = page.locator(".votes").inner_text()
    assert "a 0" in votes
    assert "b 4" in votes
    assert "never tried" in votes
    assert "judges' panel 0.500" in page.locator("#s-list").inner_text()
    assert "People: 0.75" in page.locator("#s-detail").inner_text()
    assert page.locator("svg.calibration circle").count() == 1
    assert opened.quiet()


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_a_reason_stays_text(open_run: Callable[..., Any], name: str) -> None:
    """A judge repeats what an answer told it, and so does its name."""
    text = ATTACKS[name]
    votes = [a_vote(f"judge {text}", 0.25, text), a_vote("b", 0.5, "fine")]

    opened = open_run(*a_run(judged("s1", *votes)))
    page = samples_of(opened.page)
    page.wait_for_selector(".votes .why")

    assert opened.quiet()
    assert page.locator(".votes script, .votes img, .votes a, .votes svg").count() == 0
