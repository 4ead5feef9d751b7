"""Labels of people: kept by the very answer that was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.store.human_labels import (
    HumanLabel,
    add_label,
    answer_digest,
    as_people_said,
    labels_beside,
    read_labels,
)
from pytest_llmlat.store.journal import LABELS
from pytest_llmlat.values.judge_votes import Vote
from tests.unit.builders import a_record

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record


def a_label(record: Record, score: float = 4, rubric: str = "r") -> HumanLabel:
    """Return a label of an answer, on a scale of 1 to 5."""
    return HumanLabel(
        cell=record.cell.id,
        sample=record.sample,
        round=record.round,
        answer=answer_digest(record),
        rubric=rubric,
        score=score,
        share=(score - 1) / 4,
    )


def test_labels_come_back(tmp_path: Path) -> None:
    """In their order; the last of one answer counts."""
    own, other = a_record("s1"), a_record("s2")
    for label in (a_label(own, 1), a_label(own, 5)):
        add_label(tmp_path, label)
    told: list[str] = []

    found = read_labels(tmp_path, told.append)

    assert [label.score for label in found] == [1, 5]
    assert labels_beside([own, other], found, "r", told.append) == [1.0, None]
    assert told == []


def test_labels_of_other_items_are_left_out_and_told() -> None:
    """Of another answer to the same sample, and by another rubric."""
    own = a_record("s1")
    changed = replace(own, answer="quite another answer")
    told: list[str] = []

    found = labels_beside(
        [own], [a_label(changed), a_label(own, rubric="x")], "r", told.append
    )

    assert found == [None]
    assert "1 labels are by another rubric" in told[0]
    assert "1 labels are of answers that are not in this run" in told[1]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[1]",
        (
            '{"cell": "c", "sample": "s", "round": 0, "answer": "a", "rubric": "r",'
            ' "score": 9, "share": 2}'
        ),
        (
            '{"cell": "c", "sample": "s", "round": true, "answer": "a", "rubric": "r",'
            ' "score": 1, "share": 0}'
        ),
        "{" * 9000,
    ],
)
def test_a_line_that_is_no_label_is_left_out(tmp_path: Path, line: str) -> None:
    """And the others stay."""
    add_label(tmp_path, a_label(a_record("s1")))
    with (tmp_path / LABELS).open("a", encoding="ascii") as file:
        file.write(line + "\n")
    told: list[str] = []

    assert len(read_labels(tmp_path, told.append)) == 1
    assert len(told) == 1


def test_nobody_has_said_anything(tmp_path: Path) -> None:
    """Then there are no labels."""
    assert read_labels(tmp_path, lambda _: None) == []


def test_labels_of_a_judged_run_that_are_of_nothing_in_it_are_told() -> None:
    """As of a cell that was measured anew since, or by a rubric of its own."""
    own = a_record("s1")
    vote = Vote(judge="owl", lineage="owl", rubric="r", score=2, share=0.25)
    judged = replace(own, votes=(vote,))
    changed = replace(own, answer="quite another answer")
    told: list[str] = []

    labels = [a_label(changed), a_label(own, rubric="x"), a_label(own, 5)]
    found = as_people_said([judged], labels, told.append)

    assert found[0].label == 1.0
    assert "1 labels are by another rubric than r" in told[0]
    assert "1 labels are of other answers than those of this run" in told[1]


def test_labels_of_answers_that_nobody_judged_yet_are_kept_for_later() -> None:
    """By any rubric."""
    own, told = a_record("s1"), list[str]()

    assert as_people_said([own], [a_label(own, rubric="x")], told.append) == [own]
    assert told == []
