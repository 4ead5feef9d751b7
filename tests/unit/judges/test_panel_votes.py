"""Panels: one grade of several votes, and who has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.judges.lineages import lineage_of, lineages_of_cells
from pytest_llmlat.judges.panel_votes import panel_grade, without_own
from pytest_llmlat.values.judge_votes import PanelRule, Vote
from tests.unit.builders import a_cell, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar


def a_vote(judge: str, share: float | None, *, lineage: str = "llama") -> Vote:
    """Return a vote on a scale of 1 to 5."""
    return Vote(
        judge=judge,
        lineage=lineage,
        rubric="r",
        score=None if share is None else 1 + 4 * share,
        share=share,
        problem="unparsed" if share is None else None,
    )


@pytest.mark.parametrize(
    ("rule", "shares", "value"),
    [
        ("mean", (0.0, 0.5, 1.0), 0.5),
        ("mean", (0.25, None, 0.75), 0.5),
        ("median", (0.0, 0.75, 1.0), 0.75),
        ("majority", (0.0, 1.0, 1.0), 1.0),
        ("majority", (0.0, 1.0), 0.5),
    ],
)
def test_votes_come_to_one_grade(
    rule: PanelRule, shares: tuple[float | None, ...], value: float
) -> None:
    """By the rule that was asked for; what could not be read is no vote."""
    found = panel_grade([a_vote(str(n), s) for n, s in enumerate(shares)], rule)

    assert found is not None
    assert found.value == value
    read = [share for share in shares if share is not None]
    assert dict(found.details)["judge_votes"] == len(read)
    assert dict(found.details)["judge_spread"] == max(read) - min(read)


def test_without_a_vote_there_is_no_grade() -> None:
    """It is not 0: nobody has said so."""
    assert panel_grade([], "mean") is None
    assert panel_grade([a_vote("a", None)], "mean") is None


def test_nobody_judges_itself_or_its_family() -> None:
    """Such votes are kept, told, and do not count."""
    votes = [
        a_vote("llama2-7b", 1.0),
        a_vote("tiny", 1.0, lineage="llama"),
        a_vote("qwen", 0.5, lineage="qwen"),
    ]

    told = without_own(votes, "llama2-7b", {"llama"})

    assert [vote.counted for vote in told] == [False, False, True]
    found = panel_grade(told, "mean")
    assert found is not None
    assert found.value == 0.5
    assert found.note is not None
    assert found.note.count("of its family") == 2


@pytest.mark.parametrize(
    ("name", "weights", "family"),
    [
        ("llama2-7b", "meta-llama/Llama-2-7b-chat-hf", "llama"),
        ("mine", "lmsys/vicuna-7b-v1.5", "llama"),
        ("mine", "TinyLlama/TinyLlama-1.1B-Chat-v1.0", "llama"),
        ("coder", "Qwen/Qwen2.5-Coder-7B", "qwen"),
        ("mixtral", "", "mistral"),
        ("smollm2-135m", "package:smollm2", "smollm"),
        ("r1", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek"),
        ("gpt2", "", "gpt"),
        ("phi-3", "", "phi"),
        ("dolphin", "", "dolphin"),
        ("house-model", "./weights/house.gguf", "house.gguf"),
        ("house-model", "./weights/model.gguf", "house-model"),
        ("house-model", "", "house-model"),
    ],
)
def test_a_name_tells_the_family(name: str, weights: str, family: str) -> None:
    """Weights first; what tells nothing is a family of its own."""
    assert lineage_of(name, weights) == family


@pytest.mark.parametrize(
    ("told", "families"),
    [
        ({}, {"mine"}),
        ({"weights": "Qwen/Qwen2.5-7B"}, {"qwen"}),
        ({"model": "meta-llama/Llama-3.1-8B", "url": "http://phi:1"}, {"llama"}),
        (
            {"steps": "small > mine", "small.weights": "smollm2.gguf", "small.a": None},
            {"smollm", "mine"},
        ),
    ],
)
def test_a_candidate_is_of_the_family_of_what_answered(
    told: dict[str, Scalar | None], families: set[str]
) -> None:
    """Its entry may have any name; a cascade is of the family of each step."""
    cell = a_cell("mine")
    facts = replace(some_facts(cell), backend=tuple(told.items()))

    assert lineages_of_cells([facts]) == {cell.id: families}
