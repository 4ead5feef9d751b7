"""What is said of a panel whose agreement cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.judge_lines import judge_lines
from pytest_llmlat.values.judging_figures import JudgeFigures, JudgingFigures
from pytest_llmlat.values.results import Estimate, Scoreboard
from tests.unit.boards import a_summary

UNKNOWN = Estimate(value=None)


def a_judge(name: str, read: int, lineage: str = "") -> JudgeFigures:
    """Return a judge of which so many of three verdicts could be read."""
    return JudgeFigures(
        judge=name,
        lineage=lineage or name,
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


def lines_of(*judges: JudgeFigures, labels: int = 0) -> list[str]:
    """Return what is told of a panel of which no figure is known."""
    judging = JudgingFigures(
        rubric="helpfulness",
        judges=judges,
        panel=UNKNOWN,
        labels=labels,
        trust=None,
        alpha=UNKNOWN,
        beside=(),
        ungated=None,
    )
    cell = replace(a_summary(), judging=judging)
    return judge_lines(Scoreboard(summaries=(cell,), standings=()))


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
    told = lines_of(a_judge("owl", read[0]), a_judge("fox", read[1]))

    assert f"  agreement of the judges cannot be told: {why}" in told


def test_judges_of_one_family_are_told() -> None:
    """They may be wrong together."""
    told = lines_of(
        a_judge("q7", 3, "qwen"), a_judge("fox", 3), a_judge("q32", 3, "qwen")
    )

    assert any("q7 and q32 are of one family (qwen)" in line for line in told)
    assert not any("fox are" in line or "fox and" in line for line in told)


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (0, "nobody has checked these judges against people"),
        (7, "people have labelled 7 of its answers, and 10 are needed"),
    ],
)
def test_why_a_quality_is_uncalibrated(labels: int, why: str) -> None:
    """A few labels are not nothing, and not enough."""
    told = lines_of(a_judge("owl", 3), labels=labels)

    assert "uncalibrated" in told[0]
    assert why in told[0]


@pytest.mark.parametrize(
    ("seconds", "tokens", "told"),
    [
        (None, None, "of its own nothing now"),
        (2.0, None, "of its own 2.0 s, tokens that nobody counted"),
        (2.0, 7, "of its own 2.0 s, 14 tokens"),
    ],
)
def test_what_a_judge_took_is_no_zero_where_nobody_knows(
    seconds: float | None, tokens: int | None, told: str
) -> None:
    """Votes from before cost nothing now; not every server counts tokens."""
    judge = a_judge("owl", 3)
    judge = replace(judge, seconds=seconds, prompt_tokens=tokens, output_tokens=tokens)

    assert told in lines_of(judge)[-1]
