"""Extraction and judgement come together here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.sandbox import (
    OutcomeKind,
    Program,
    ProgramLimits,
    ProgramOutcome,
)
from pytest_llmlat.values.errors import LLMLatError
from tests.unit.builders import a_sample, a_task

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.records import Grade

CODE = replace(
    a_task("code_completion/f", extractor="code", metric="tests_pass"),
    options=(("time_s", 2.5),),
)
ROW = a_sample(
    "s1", "x", tests="assert f(1) == 2", entry_point="f", prompt="def f(x):\n"
)


class Judge:
    """A sandbox that runs nothing and says what it is told to."""

    name = "stand-in"
    isolated = True

    def __init__(self, kind: OutcomeKind) -> None:
        """Give every program this outcome."""
        self.kind = kind
        self.seen: list[tuple[Program, ProgramLimits]] = []

    def run(self, program: Program, limits: ProgramLimits) -> ProgramOutcome:
        """Note the program."""
        self.seen.append((program, limits))
        return ProgramOutcome(kind=self.kind, note="a note", calls=1)

    def close(self) -> None:
        """Leave nothing."""


def graded(answer: str | None, task: Task, sample: Sample) -> Grade:
    """Return the grade of an answer that needs no sandbox."""
    return grade(answer, task, sample, None)[1]


@pytest.mark.parametrize(
    ("answer", "value", "right"),
    [("Answer: 4", "4", True), ("Answer: 5", "5", False), ("no idea", None, False)],
)
def test_an_answer_is_extracted_and_judged(
    answer: str, value: str | None, *, right: bool
) -> None:
    """What cannot be read is wrong; nothing drops out."""
    extraction, mark = grade(answer, a_task(), a_sample(), None)

    assert extraction.value == value
    assert (mark.correct, mark.value) == (right, float(right))


@pytest.mark.parametrize(
    ("metric", "family"),
    [("accuracy", "reasoning"), ("rouge", "summarization"), ("chrf++", "translation")],
)
def test_no_answer_is_worth_nothing(metric: str, family: str) -> None:
    """An error is graded by every metric, so that it stays in the denominator."""
    task = a_task(f"{family}/x", extractor="text", metric=metric)

    assert graded(None, task, a_sample("s1", "a reference")).value == 0.0


def test_a_translation_that_is_missing_keeps_its_reference() -> None:
    """The corpus score counts what was not translated."""
    task = a_task("translation/x", extractor="text", metric="chrf++")

    assert sum(graded(None, task, a_sample("s1", "Guten Tag")).counts) > 0


@pytest.mark.parametrize(("kind", "right"), [("pass", True), ("timeout", False)])
def test_a_program_is_judged_by_running_it(kind: OutcomeKind, *, right: bool) -> None:
    """Only a pass is right; the note names the outcome and the sandbox."""
    judge = Judge(kind)

    extraction, mark = grade(
        "```python\ndef f(x):\n    return 2\n```", CODE, ROW, judge
    )

    assert (mark.correct, mark.value) == (right, float(right))
    assert mark.note == f"{kind}: a note [stand-in]"
    ((program, limits),) = judge.seen
    assert program.source == extraction.value
    assert program.tests == "assert f(1) == 2"
    assert program.entry_point == "f"
    assert program.stub == "def f(x):\n"
    assert limits.time_s == 2.5


def test_a_program_has_the_sandbox_s_time_unless_its_task_says() -> None:
    """A task without ``time_s`` has the usual limit."""
    judge = Judge("pass")

    grade(
        "```python\ndef f(x):\n    return 2\n```", replace(CODE, options=()), ROW, judge
    )

    assert judge.seen[0][1] == ProgramLimits()


@pytest.mark.parametrize("answer", [None, "", "I would rather not."])
def test_without_a_program_nothing_runs(answer: str | None) -> None:
    """No answer, or one that holds no code, is wrong without a sandbox."""
    judge = Judge("pass")

    _, mark = grade(answer, CODE, ROW, judge)

    assert (mark.correct, mark.value) == (False, 0.0)
    assert judge.seen == []


def test_a_program_never_runs_without_a_sandbox() -> None:
    """The message names the task."""
    with pytest.raises(LLMLatError, match="code_completion/f"):
        grade("```python\ndef f(x):\n    return 2\n```", CODE, ROW, None)


@pytest.mark.parametrize(
    ("answer", "whole", "cut"),
    [
        ("Answer: 4", "4", "4"),
        ("First 2 and 2, which makes 4", "4", None),
        ("#### 4", "4", "4"),
    ],
)
def test_half_an_answer_counts_only_what_it_states(
    answer: str, whole: str, cut: str | None
) -> None:
    """The last number of a text that was cut is an accident, not its answer."""
    task = replace(a_task(), extractor="number")
    sample = a_sample("s1", "4")

    assert grade(answer, task, sample, None)[0].value == whole
    assert grade(answer, task, sample, None, truncated=True)[0].value == cut


NAMED = a_task("reasoning/names", extractor="answer")


@pytest.mark.parametrize(
    "right", ["May", "Washington, D.C.", "C++", "No pain, no gain", "might be a circle"]
)
def test_an_answer_that_is_the_right_one_letter_for_letter_is_right(right: str) -> None:
    """Whatever a reader might take it for; cut off or not."""
    for said in (right, f" {right}\n", right.upper(), f"{right}."):
        found = grade(said, NAMED, a_sample("s1", right), None, truncated=True)
        assert found[1].correct, said


def test_options_and_labels_are_read_in_any_case() -> None:
    """Where an answer is one of several, the reader says which."""
    sample = a_sample("s1", "Moritz", options=["Tove", "Lars"])

    assert not graded("Moritz", NAMED, sample).correct
