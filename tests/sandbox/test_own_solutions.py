"""The sets that can be had pass their own tests, and a broken one is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.solutions import PassedSolutions
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.grading.sandbox import Sandbox

TASKS = load_tasks().entries
FUNCTIONS = TASKS["code_completion/functions"]
BUNDLED = ("code_completion/functions", "code_debugging/bugs")
PUBLIC = ("code_completion/humaneval", "code_debugging/quixbugs")


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_row_is_passed_by_its_own_solution(
    sandbox: Sandbox, name: str
) -> None:
    """What a model could answer at best is counted as right."""
    samples = load_samples(TASKS[name])

    assert samples
    PassedSolutions(None).check(TASKS[name], samples, lambda: sandbox)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_row_is_passed_by_its_own_solution(
    sandbox: Sandbox, shared: Path, name: str
) -> None:
    """No row of a public set is lost to what the sandbox cannot judge."""
    samples = load_samples(TASKS[name], data=shared / "data")

    assert samples
    PassedSolutions(None).check(TASKS[name], samples, lambda: sandbox)


def test_a_broken_row_is_told_with_its_line(sandbox: Sandbox, tmp_path: Path) -> None:
    """A solution that is wrong, by what the tests said of it."""
    rows = [
        {
            "id": str(n),
            "prompt": "def inc(x):\n",
            "entry_point": "inc",
            "tests": "assert inc(1) == 2\n",
            "solution": f"    return x + {n}\n",
        }
        for n in (1, 2)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    task = replace(FUNCTIONS, source=str(path))

    with pytest.raises(BadCatalogue) as caught:
        PassedSolutions(None).check(task, load_samples(task), lambda: sandbox)

    told = str(caught.value).replace(str(path), "FILE")
    assert (
        "FILE:2, id '2': wrong: line 1 of the tests: assert inc(1) == 2;"
        " the last answer was 3"
    ) in told
