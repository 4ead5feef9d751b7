"""Each row's own solution is run once, and a row that it does not pass is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import (
    OutcomeKind,
    Program,
    ProgramLimits,
    ProgramOutcome,
)
from pytest_llmlat.tasks.data.table_row import TableRow
from pytest_llmlat.tasks.solutions import PassedSolutions
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_sample, a_task
from tests.unit.tasks.row_samples import sample_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample, Task

CODE = a_task("code_completion/f", extractor="code", metric="tests_pass")
RIGHT = "def f(x):\n    return x + 1\n"


class Judge:
    """A sandbox that runs nothing and says what it is told to, in turn."""

    name = "stand-in"
    isolated = True

    def __init__(self, *kinds: OutcomeKind) -> None:
        """Give these outcomes; the last one again and again."""
        self.kinds = list(kinds)
        self.seen: list[str] = []

    def run(self, program: Program, limits: ProgramLimits) -> ProgramOutcome:
        """Note the program."""
        del limits
        self.seen.append(program.source)
        kind = self.kinds.pop(0) if self.kinds[1:] else self.kinds[0]
        return ProgramOutcome(kind=kind, note="line 1 of the tests", calls=1)

    def close(self) -> None:
        """Leave nothing."""


def row(id_: str = "a", solution: str = RIGHT, line: int = 3) -> Sample:
    """Return a row of a file."""
    sample = a_sample(id_, solution, tests="assert f(1) == 2", entry_point="f")
    return replace(sample, where=f"FILE:{line}")


def check(
    folder: Path | None, judge: Judge, *rows: Sample, task: Task = CODE
) -> list[str]:
    """Check rows by a new object, and return the programs that were run."""
    PassedSolutions(folder).check(task, rows, lambda: judge)
    return judge.seen


def test_what_has_passed_is_not_run_again(tmp_path: Path) -> None:
    """The cache outlives the process; a second run costs no program."""
    assert len(check(tmp_path, Judge("pass"), row("a"), row("b", RIGHT + "\n"))) == 2
    assert check(tmp_path, Judge("wrong"), row("a"), row("b", RIGHT + "\n")) == []


@pytest.mark.parametrize(
    ("sample", "task"),
    [
        (row(solution="def f(x):\n    return 1 + x\n"), CODE),
        (replace(row(), fields=(("tests", "assert f(2) == 3"),)), CODE),
        (row(), replace(CODE, options=(("time_s", 1.0),))),
    ],
    ids=["solution", "tests", "limits"],
)
def test_what_decides_it_makes_another_check(
    tmp_path: Path, sample: Sample, task: Task
) -> None:
    """Another solution, other tests, other limits have not passed yet."""
    columns = {**dict(row().fields), **dict(sample.fields)}
    sample = replace(sample, fields=tuple(columns.items()))
    check(tmp_path, Judge("pass"), row())

    assert len(check(tmp_path, Judge("pass"), sample, task=task)) == 1


def test_another_sandbox_makes_another_check(tmp_path: Path) -> None:
    """What passes without one may need what one forbids."""
    judge = Judge("pass")

    for place in ("none", "auto", "none"):
        PassedSolutions(tmp_path, place=place).check(CODE, [row()], lambda: judge)

    assert len(judge.seen) == 2


def test_a_failing_solution_is_an_error_of_its_row(tmp_path: Path) -> None:
    """It names file, line, id and what the tests said; what passed is remembered."""
    rows = [row("a", line=3), row("b", f"{RIGHT}# b\n", line=4)]

    with pytest.raises(BadCatalogue) as caught:
        check(tmp_path, Judge("pass", "wrong"), *rows)

    told = str(caught.value)
    assert told.startswith("FILE:4: task 'code_completion/f': 1 of the rows' own")
    assert "FILE:4, id 'b': wrong: line 1 of the tests [stand-in]" in told
    assert check(tmp_path, Judge("pass"), *rows) == [rows[1].reference.strip() + "\n"]


def test_many_failing_solutions_are_told_in_short() -> None:
    """Five rows are named, and how many more there are."""
    rows = [row(str(n), f"{RIGHT}# {n}\n", line=n) for n in range(1, 9)]

    with pytest.raises(BadCatalogue, match=r"8 of the rows.*\(and 3 more\)") as caught:
        check(None, Judge("error"), *rows)

    assert "id '5'" in str(caught.value)
    assert "id '6'" not in str(caught.value)


def test_a_solution_is_given_a_second_chance() -> None:
    """A busy machine lets a right program run into its time limit."""
    assert len(check(None, Judge("timeout", "pass"), row())) == 2


@pytest.mark.parametrize("solution", ["def f(x)\n    return", "return (", "x = f(1)"])
def test_code_that_is_no_program_is_told(solution: str) -> None:
    """Nothing is run, and the row is an error."""
    judge = Judge("pass")

    with pytest.raises(BadCatalogue, match=r"FILE:3, id 'a': there is no program in"):
        check(None, judge, row(solution=solution))
    assert judge.seen == []


@pytest.mark.parametrize("remark", ["x", "see the book", "-", "3"])
def test_a_remark_in_the_column_is_no_solution(remark: str) -> None:
    """Somebody had to fill the column; the tests decide alone."""
    assert check(None, Judge("wrong"), row(solution=remark)) == []


def test_a_row_without_a_solution_is_skipped() -> None:
    """Where tests decide nobody needs to know a right program."""
    columns = {"id": "a", "tests": "assert f(1) == 2", "entry_point": "f"}
    place = TableRow(source="FILE", place="line 3", index=2, columns=columns)
    sample = sample_of(CODE, place)
    judge = Judge("wrong")

    assert sample is not None
    assert sample.reference == ""
    assert check(None, judge, sample) == []


def test_other_tasks_have_no_solutions() -> None:
    """No sandbox is opened for an answer that is compared."""

    def refuse() -> Judge:
        raise AssertionError("opened")

    PassedSolutions(None).check(a_task(), [a_sample()], refuse)


def test_a_cache_that_cannot_be_used_is_none(tmp_path: Path) -> None:
    """A file where the folder should be: each run checks, none fails."""
    (tmp_path / "solutions").write_text("in the way")

    for _ in range(2):
        assert len(check(tmp_path, Judge("pass"), row())) == 1


def test_a_damaged_cache_is_not_believed(tmp_path: Path) -> None:
    """A line that is cut, or no text at all, vouches for nothing."""
    check(tmp_path, Judge("pass"), row())
    (file,) = (tmp_path / "solutions").iterdir()
    whole = file.read_text("ascii")

    for content in (whole[:10].encode(), b"\xff\xfe", b""):
        file.write_bytes(content)
        assert len(check(tmp_path, Judge("pass"), row())) == 1
