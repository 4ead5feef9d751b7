"""Answers of earlier runs are taken for quality, and never for speed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat import Sample, Task, measure_models
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.session.reusing import verified
from pytest_llmlat.values.errors import UsageError
from tests.unit.session.parrots import PARROT, a_tiny_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record

pytestmark = pytest.mark.slow


SAMPLES = tuple(
    Sample(
        id=f"s{n}",
        fields=(("text", f"text {n}"),),
        reference="positive",
        difficulty=None,
        stratum="",
    )
    for n in range(6)
)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Give a task of six samples."""
    return a_tiny_task(tmp_path)


def test_answers_are_taken_and_their_times_are_not(tmp_path: Path, task: Task) -> None:
    """Quality is what it was; speed is null in the cell, the row and the records."""
    first = measure_models(PARROT, task, samples=SAMPLES, root=tmp_path)
    asked: list[Record] = []

    second = measure_models(
        PARROT,
        task,
        samples=SAMPLES,
        root=tmp_path,
        reuse="all,unverified",
        on_record=asked.append,
        limits="e2e_p50<=1s",
    )

    assert asked == []
    records = list(second.records())
    assert [r.answer for r in records] == [r.answer for r in first.records()]
    assert {(r.timing, r.reused) for r in records} == {(None, first.folder.name)}
    (summary,), (row,) = second.summaries, second.standings
    assert summary.quality == first.summaries[0].quality
    for found in (summary, row):
        assert found.speed.value is None
        assert found.balanced.value is None
        assert found.e2e_s.p50 is None
        assert found.decode_tokens_per_s is None
    (verdict,) = second.verdicts
    assert (verdict.quantity, verdict.outcome) == ("e2e_p50", "inconclusive")
    lines = "\n".join(scoreboard_lines(second.board))
    assert f"quality of 6 answers reused from {first.folder.name}" in lines


def test_weights_that_nothing_identifies_are_not_taken_for_the_same(
    tmp_path: Path, task: Task
) -> None:
    """Another script may stand behind the same name; unless that was asked for."""
    measure_models(PARROT, task, samples=SAMPLES, root=tmp_path)

    second = measure_models(PARROT, task, samples=SAMPLES, root=tmp_path, reuse="all")

    assert {record.reused for record in second.records()} == {None}
    assert second.summaries[0].speed.value is not None


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"digest": "d34db33f" * 8}, True),
        ({"revision": "0123456789abcdef0123456789abcdef01234567"}, True),
        ({"revision": "main"}, False),
        ({"digest": None, "weights": "org/name"}, False),
    ],
)
def test_a_branch_is_no_revision(facts: dict[str, str | None], told: bool) -> None:  # noqa: FBT001 - what is expected
    """It may be other weights tomorrow."""
    assert verified(facts) is told


def test_of_more_samples_those_are_taken_that_were_asked(
    tmp_path: Path, task: Task
) -> None:
    """The others are measured, and the cell has no figure of speed all the same."""
    measure_models(PARROT, task, samples=4, root=tmp_path)

    second = measure_models(PARROT, task, root=tmp_path, reuse="unverified")

    taken = [record.reused is not None for record in second.records()]
    assert (taken.count(True), taken.count(False)) == (4, 2)
    assert second.summaries[0].speed.value is None


@pytest.mark.parametrize("what", ["prompt", "sampling", "load"])
def test_another_question_is_asked(tmp_path: Path, task: Task, what: str) -> None:
    """Nothing is taken where the prompt or the sampling differs, nor for a load."""
    measure_models(PARROT, task, root=tmp_path)
    other = task
    more: dict[str, Any] = {}
    if what == "prompt":
        other = replace(task, chat_prompt="What is it? {{ text }}")
    if what == "sampling":
        more = {"temperature": 0.5}
    if what == "load":
        more = {"scenario": "offline"}

    second = measure_models(PARROT, other, root=tmp_path, reuse="unverified", **more)

    assert {record.reused for record in second.records()} == {None}


def test_a_run_that_is_not_there_is_told(tmp_path: Path, task: Task) -> None:
    """Before anything is measured."""
    with pytest.raises(UsageError, match=r"reuse: there is no run 'typo'"):
        measure_models(PARROT, task, samples=SAMPLES, root=tmp_path, reuse="typo")
