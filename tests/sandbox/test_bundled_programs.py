"""The bundled programs, run for real: what is right passes, what is not does not."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import replace
from doctest import DocTestParser
from functools import cache
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.sandbox import Program, ProgramLimits
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.task_catalogue import load_tasks
from tests.sandbox.test_public_data import ALWAYS_EQUAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import ProgramOutcome, Sandbox
    from pytest_llmlat.values.entities import Sample

NAMES = ("code_completion/functions", "code_debugging/bugs")
TASKS = {name: load_tasks().entries[name] for name in NAMES}
COMPLETION, DEBUGGING = NAMES
EMPTY = "    return None\n"
LOOP_S = 0.5
"""How long a program that never ends is let run."""


@cache
def samples(name: str) -> tuple[Sample, ...]:
    """Return the rows of a task."""
    return load_samples(TASKS[name])


def column(sample: Sample, name: str) -> str:
    """Return a column that is text."""
    return str(sample.field(name))


def endless(sample: Sample, which: str) -> bool:
    """Whether a program of this row is known never to end."""
    return which == "buggy" and column(sample, "bug_type") == "infinite_loop"


def completed(sample: Sample, body: str | None = None) -> str:
    """Return the function with a body, its own if none is given."""
    return column(sample, "prompt") + (body or column(sample, "solution"))


def outcome(
    sandbox: Sandbox,
    sample: Sample,
    source: str,
    *,
    tests: str = "",
    brief: bool = False,
) -> ProgramOutcome:
    """Run a program against the tests of its row, or against others."""
    program = Program(
        source=source,
        tests=tests or column(sample, "tests"),
        entry_point=column(sample, "entry_point"),
        stub=str(dict(sample.fields).get("prompt") or ""),
    )
    return sandbox.run(
        program, ProgramLimits(time_s=LOOP_S) if brief else ProgramLimits()
    )


def examples(sample: Sample) -> str:
    """Return the examples of a docstring as tests."""
    shown = ast.get_docstring(ast.parse(column(sample, "prompt")).body[-1])  # type: ignore[arg-type]  # a function
    found = DocTestParser().get_examples(f"{shown}\n")
    return "".join(f"assert ({it.source.strip()}) == {it.want}" for it in found)


def expected(test: ast.expr) -> str:
    """Return what ``f(x) == expected`` or ``abs(f(x) - expected) < ...`` expects."""
    assert isinstance(test, ast.Compare), ast.unparse(test)
    if isinstance(test.ops[0], ast.Eq):
        return ast.unparse(test.comparators[0])
    return ast.unparse(test.left).rpartition(" - ")[2]


def toothless(tests: str, entry_point: str) -> bool:
    """Whether tests call too seldom, or always expect the same."""
    nodes = list(ast.walk(ast.parse(tests)))
    asked = {expected(node.test) for node in nodes if isinstance(node, ast.Assert)}
    calls = [ast.unparse(n.func) for n in nodes if isinstance(n, ast.Call)]
    return len(asked) < 2 or calls.count(entry_point) < 4


@pytest.mark.parametrize("name", NAMES)
def test_tests_expect_different_things(name: str) -> None:
    """At least four calls, and no single answer that would do for all."""
    assert [
        sample.id
        for sample in samples(name)
        if toothless(column(sample, "tests"), column(sample, "entry_point"))
    ] == []


@pytest.mark.parametrize(
    ("tests", "bad"),
    [
        ("assert f(1) == 1\n" * 4 + "assert f(2) == 2\n", False),
        ("assert abs(f(1) - 1.0) < 1e-9\n" * 4 + "assert f(2) == 2\n", False),
        ("assert f(1) == 1\n" * 2 + "assert f(2) == 2\n", True),
        ("assert f(1) == 1\n" * 4, True),
        ("assert abs(f(1) - 1.0) < 1e-9\n" * 4, True),
    ],
)
def test_toothless_tests_are_found(tests: str, *, bad: bool) -> None:
    """Too few calls, or one answer for all of them."""
    assert toothless(tests, "f") is bad


def holds(prompt: str, answer: str) -> bool:
    """Whether a prompt shows an answer, in whatever white space."""
    return "".join(answer.split()) in "".join(prompt.split())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chat", [True, False])
def test_prompts_do_not_hold_their_answer(name: str, *, chat: bool) -> None:
    """Neither the solution nor the mended function, not even in other white space."""
    assert [
        sample.id
        for sample in samples(name)
        for request in [request_for(TASKS[name], sample, chat=chat, seed=0)]
        if holds(request.prompt, sample.reference)
    ] == []


def test_an_answer_in_a_prompt_is_found() -> None:
    """It may be set otherwise."""
    assert holds("def f(x):\n  return x+1\n", "    return x + 1\n")
    assert not holds("def f(x):\n  return x-1\n", "    return x + 1\n")


def test_no_bug_is_alone_of_its_type() -> None:
    """A type is a lower-case name, and at least two rows have it."""
    count = Counter(column(sample, "bug_type") for sample in samples(DEBUGGING))

    assert min(count.values()) >= 2, count
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", bug) for bug in count), count


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        pytest.param(None, True, id="the solution"),
        pytest.param(EMPTY, False, id="an empty answer"),
        pytest.param(ALWAYS_EQUAL, False, id="an object equal to everything"),
    ],
)
def test_functions(sandbox: Sandbox, body: str | None, *, passes: bool) -> None:
    """Every solution passes its tests; a body that does nothing passes nowhere."""
    amiss = {
        sample.id: found.note
        for sample in samples(COMPLETION)
        for found in [outcome(sandbox, sample, completed(sample, body))]
        if (found.kind == "pass") is not passes
    }

    assert amiss == {}


def test_examples_in_docstrings_hold(sandbox: Sandbox) -> None:
    """What the prompt shows is what the solution gives."""
    amiss = {
        sample.id: found.note
        for sample in samples(COMPLETION)
        for tests in [examples(sample)]
        for found in [outcome(sandbox, sample, completed(sample), tests=tests)]
        if found.kind != "pass"
    }

    assert amiss == {}


@pytest.mark.parametrize("which", ["fixed", "buggy"])
def test_bugs(sandbox: Sandbox, which: str) -> None:
    """Every mended function passes; a bug is an answer or an error, or has no end."""
    amiss = {}
    for sample in samples(DEBUGGING):
        loops = endless(sample, which)
        found = outcome(sandbox, sample, column(sample, which), brief=loops)
        kinds = {"timeout"} if loops else {"wrong", "error"}
        if found.kind not in ({"pass"} if which == "fixed" else kinds):
            amiss[sample.id] = f"{found.kind}: {found.note}"

    assert amiss == {}


def chatted(source: str) -> str:
    """Return a program as a model that chats answers."""
    return f"Sure! Here is the function:\n\n```python\n{source}```\n\nHope this helps."


def continued(source: str) -> str:
    """Return a program as a base model writes it on, with what comes after it."""
    return f"{source}\n# Task: Return the first word.\n"


@pytest.mark.parametrize(
    ("name", "answer", "right"),
    [
        (COMPLETION, lambda sample: chatted(completed(sample)), True),
        (COMPLETION, lambda sample: continued(column(sample, "solution")), True),
        (COMPLETION, lambda sample: chatted(completed(sample, EMPTY)), False),
        (DEBUGGING, lambda sample: chatted(column(sample, "fixed")), True),
        (DEBUGGING, lambda sample: continued(column(sample, "fixed")), True),
        (DEBUGGING, lambda sample: chatted(column(sample, "buggy")), False),
    ],
    ids=["completed", "continued", "empty", "mended", "mended bare", "still broken"],
)
def test_an_answer_is_graded(
    sandbox: Sandbox, name: str, answer: Callable[[Sample], str], *, right: bool
) -> None:
    """Fenced and talked about or bare, the right program is right and no other."""
    amiss = {}
    for sample in samples(name):
        task = TASKS[name]
        if not right and name == DEBUGGING and endless(sample, "buggy"):
            task = replace(task, options=(("time_s", LOOP_S),))
        _, mark = grade(answer(sample), task, sample, sandbox)
        if mark.correct is not right:
            amiss[sample.id] = mark.note

    assert amiss == {}
