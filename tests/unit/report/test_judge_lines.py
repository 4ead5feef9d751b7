"""What is said of a panel whose agreement cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.judge_lines import judge_lines
from pytest_llmlat.values.judging_figures import JudgeFigures, JudgingFigures
from pytest_llmlat.values.results import Estimate, Scoreboard
from tests.unit.boards import a_summary

UNKNOWN = Estimate(value=None)


def a_judge(name: str, read: int) -> JudgeFigures:
    """Return a judge of which so many of three verdicts could be read."""
    return JudgeFigures(
        judge=name,
        lineage=name,
        votes=3,
        read=read,
        problems=(),
        left_out=0,
        known=0,
        seconds=None,
        prompt_tokens=None,
        output_tokens=None,
        cost=None,
        currency=None,
        fit=None,
        with_rest=None,
    )


@pytest.mark.parametrize(
    ("read", "why"),
    [
        ((3, 3), "their votes do not differ"),
        ((3, 0), "only one has any"),
        ((0, 0), "no verdict could be read"),
    ],
)
def test_why_agreement_cannot_be_told(read: tuple[int, int], why: str) -> None:
    """Votes that are all alike are something else than none."""
    judging = JudgingFigures(
        rubric="helpfulness",
        judges=(a_judge("owl", read[0]), a_judge("fox", read[1])),
        panel=UNKNOWN,
        labels=0,
        trust=None,
        alpha=UNKNOWN,
        beside=(),
        ungated=None,
    )
    cell = replace(a_summary(), judging=judging)
    told = judge_lines(Scoreboard(summaries=(cell,), standings=()))

    assert f"  agreement of the judges cannot be told: {why}" in told
