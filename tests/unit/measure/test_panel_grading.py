"""Panels over records: who is asked, what is kept, and what a grade is then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command.judge_trials import try_judges
from pytest_llmlat.judges.rubrics import find_rubric
from pytest_llmlat.measure.panel_grading import Panel, judged
from pytest_llmlat.store.json_lines import json_object, record_of
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.errors import DeviceAbsent, UsageError
from tests.unit.builders import a_cell, a_record, an_error

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record

RUBRIC = find_rubric("helpfulness", where="tests")


def a_judge(name: str, says: str, *devices: str) -> ModelSpec:
    """Return a model that says the same of every answer."""
    return ModelSpec(
        name=name,
        backend="scripted",
        devices=devices or ("cpu",),
        options=(("answer", says),),
    )


def score(number: int) -> str:
    """Return a verdict as JSON."""
    return f'{{"reason": "so it is", "score": {number}}}'


def records(count: int = 3, model: str = "parrot") -> list[Record]:
    """Return answers that differ."""
    return [
        replace(a_record(f"s{n}", cell=a_cell(model)), answer=f"Answer {n} of {model}.")
        for n in range(count)
    ]


def judge(
    told: list[Record], *judges: ModelSpec, cache: Path | None = None
) -> tuple[list[Record], list[str]]:
    """Return judged records, and what was told of the judges."""
    lines: list[str] = []
    panel = Panel(judges=judges, rubric=RUBRIC)
    return judged(told, panel, cache=cache, tell=lines.append), lines


def test_votes_come_to_a_grade_between_0_and_1() -> None:
    """The mean of a scale of 1 to 5; nothing else of a record changes."""
    own = records()

    found, lines = judge(own, a_judge("strict", score(2)), a_judge("kind", score(5)))

    assert [record.grade.value for record in found] == [0.625] * 3
    assert {record.metric for record in found} == {"uncalibrated_judge"}
    assert [record.timing for record in found] == [record.timing for record in own]
    assert [vote.score for vote in found[0].votes] == [2, 5]
    assert lines[0].startswith("judge strict: 3 of 3 verdicts read")


def test_what_broke_is_worth_nothing_and_nobody_is_asked() -> None:
    """It stays in the denominator, whatever judges would say."""
    empty = replace(a_record("s2"), answer="")

    found, _ = judge([*records(1), an_error("s1"), empty], a_judge("kind", score(5)))

    assert [record.grade.value for record in found] == [1, 0, 0]
    assert [record.graded for record in found] == [True, True, True]
    assert [len(record.votes) for record in found] == [1, 0, 0]


def test_without_a_vote_that_counts_there_is_no_grade() -> None:
    """Prose is no score; neither is the word of a model on itself."""
    prose = a_judge("prose", "I would give it a 5.")

    found, lines = judge(records(1), prose, a_judge("parrot", score(5)))

    assert found[0].graded is False
    assert [vote.problem for vote in found[0].votes] == ["unparsed", None]
    assert [vote.counted for vote in found[0].votes] == [True, False]
    assert "0 of 1 verdicts read (1 unparsed)" in lines[0]


def test_a_vote_that_was_cast_is_not_asked_for_again(tmp_path: Path) -> None:
    """The second time costs nothing, and says the same."""
    first, _ = judge(records(), a_judge("kind", score(4)), cache=tmp_path)

    second, lines = judge(records(), a_judge("kind", score(4)), cache=tmp_path)

    assert [r.grade for r in second] == [r.grade for r in first]
    assert all(record.votes[0].seconds is None for record in second)
    assert "3 known from before" in lines[0]


def test_another_judge_of_the_same_name_is_asked_anew(tmp_path: Path) -> None:
    """Its settings are part of what it is."""
    judge(records(), a_judge("kind", score(4)), cache=tmp_path)

    found, lines = judge(records(), a_judge("kind", score(1)), cache=tmp_path)

    assert found[0].votes[0].score == 1
    assert "known from before" not in lines[0]


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Votes are then cast each time."""
    place = tmp_path / "file"
    place.write_text("no folder", "utf-8")

    found, _ = judge(records(1), a_judge("kind", score(4)), cache=place)

    assert found[0].grade.value == 0.75


def test_the_same_answer_of_two_models_is_judged_once() -> None:
    """It costs one question, and both have the vote."""
    same = [
        replace(a_record("s1", cell=a_cell(model)), answer="Four.")
        for model in ("parrot", "owl")
    ]

    found, _ = judge(same, a_judge("kind", score(4)))

    assert [record.votes[0].score for record in found] == [4, 4]
    assert [record.votes[0].seconds is None for record in found] == [False, True]


def test_votes_are_read_back_from_their_line() -> None:
    """All of them, with reasons and costs."""
    (found,), _ = judge(records(1), a_judge("kind", score(4)))

    assert record_of(json_object(found)) == found


@pytest.mark.parametrize(
    ("field", "value"),
    [("share", 7.0), ("share", "high"), ("judge", None), ("counted", "yes")],
)
def test_a_vote_that_cannot_be_is_no_record(field: str, value: object) -> None:
    """A figure of it would be wrong."""
    (found,), _ = judge(records(1), a_judge("kind", score(4)))
    content = json_object(found)
    content["votes"] = [{**content["votes"][0], field: value}]

    with pytest.raises(ValueError, match="record"):
        record_of(content)


def test_a_panel_without_judges_or_with_twins_is_refused() -> None:
    """Before anybody is asked."""
    kind = a_judge("kind", score(4))

    with pytest.raises(UsageError, match="needs a judge"):
        judge(records())
    with pytest.raises(UsageError, match="named twice"):
        judge(records(), kind, kind)


def test_a_judge_whose_device_is_absent_is_told() -> None:
    """With the devices of its entry."""
    with pytest.raises(DeviceAbsent, match="mps"):
        judge(records(), a_judge("kind", score(4), "mps"))


def test_judges_are_tried_by_planted_faults(tmp_path: Path) -> None:
    """One that says the same of everything sees no fault, and is unfit."""
    answers = [
        replace(record, answer=f"It is {n} km to the town, and the road is good there.")
        for n, record in enumerate(records(12))
    ]
    panel = Panel(judges=(a_judge("deaf", score(3)),), rubric=RUBRIC)

    (found,) = try_judges(answers, panel, cache=tmp_path, answers=6)

    assert not found.fit
    assert found.sensitivity.value == 0
    assert found.specificity.value == 1
    assert found.faults == ("sees 0% of planted faults",)
