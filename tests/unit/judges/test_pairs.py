"""Rubrics for pairs: two orders of one question, and one vote of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.judges.judge_prompts import judge_prompts, verdict_constraint
from pytest_llmlat.judges.panel_votes import in_both_orders
from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.judges.verdict_reading import read_verdict
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.judges.test_panel_votes import a_vote

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.judge_votes import Vote

PAIRS = """
[rubrics.better]
criteria = "Which answer helps more?"
pairwise = true
"""


@pytest.fixture
def rubric_file(tmp_path: Path) -> Path:
    """Give a file with a rubric for pairs."""
    path = tmp_path / "pairs.toml"
    path.write_text(PAIRS, "utf-8")
    return path


def placed(share: float | None) -> Vote:
    """Return a vote on a pair, for whoever stands first."""
    vote = a_vote("owl", share)
    return replace(vote, seconds=0.5, cost=0.01, prompt_tokens=9, output_tokens=3)


def test_a_pair_is_asked_about_in_both_orders(rubric_file: Path) -> None:
    """The second question is the first one with both answers exchanged."""
    rubric = find_rubric(str(rubric_file), where="tests")

    one, other = judge_prompts(rubric, "Why?", "Because of B.", "Because of A.")

    assert one.index("Because of A.") < one.index("Because of B.")
    assert other.index("Because of B.") < other.index("Because of A.")
    assert "first" in str(verdict_constraint(rubric))


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        (1.0, 0.0, 1.0),
        (0.0, 1.0, 0.0),
        (0.5, 0.5, 0.5),
        (1.0, 1.0, 0.5),
        (0.0, 0.0, 0.5),
        (1.0, 0.5, 0.75),
    ],
)
def test_both_orders_come_to_one_vote(
    first: float, second: float, share: float
) -> None:
    """Whoever prefers a place sees no difference; costs add up."""
    found = in_both_orders(placed(first), placed(second))

    assert found.share == share
    assert found.score == 2 * share
    assert found.orders == (first, 1 - second)
    assert found.seconds == 1.0
    assert found.cost == 0.02
    assert (found.prompt_tokens, found.output_tokens) == (18, 6)


def test_without_one_of_the_orders_there_is_no_vote() -> None:
    """Half of a pair would say what the order says."""
    found = in_both_orders(placed(1.0), placed(None))

    assert found.share is None
    assert found.problem == "unparsed"
    assert found.orders == ()


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ('{"reason": "clearer", "better": "first"}', 2),
        ('{"better": "Second "}', 0),
        ('Well. {"better": "tie"}', 1),
        ('{"better": "A"}', None),
        ('{"better": 1}', None),
        ('{"better": "first"} {"better": "second"}', None),
        ('{"score": 5}', None),
        ("The first is better.", None),
    ],
)
def test_a_verdict_on_a_pair_is_one_of_three_words(
    rubric_file: Path, reply: str, score: float | None
) -> None:
    """Nothing is guessed of anything else."""
    rubric = find_rubric(str(rubric_file), where="tests")

    found = read_verdict(reply, rubric)

    assert found.score == score
    assert (found.problem is None) is (score is not None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[rubrics.own]\ncriteria = "x"\npairwise = true\nlowest = 1', "lowest"),
        ('[rubrics.own]\ncriteria = "x"\npairwise = true\nreference = true', "refer"),
        ('[rubrics.own]\ncriteria = "x"', "lowest"),
        ("[rubrics.own]\npairwise = true", "criteria"),
        ('[rubrics.own]\ncriteria = "x"\nlowest = 3\nhighest = 3', "no scale"),
        ('[rubrics.own]\ncriteria = "x"\nlowest = 1.5\nhighest = 3', "wrong type"),
    ],
)
def test_a_rubric_without_a_scale_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    """And one for pairs with one; each complaint names what is wrong."""
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(BadCatalogue, match=complaint):
        find_rubric(str(path), where="tests")
