"""A run that was killed is gone on with from the command line, by workers too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

KILLED = """
import os, signal

SEEN = []

def pytest_llmlat_record(record):
    SEEN.append(record)
    if len(SEEN) == 16 and not os.path.exists("again"):
        os.kill(os.getpid(), signal.SIGKILL)
"""
"""The first run is killed in its second cell, when it has ten of its answers."""


def grown(project: Project) -> None:
    """Give the second task more samples than are kept at least."""
    rows = [
        {"id": f"s{n}", "question": f"What is {n} + {n}?", "answer": str(2 * n)}
        for n in range(1, 15)
    ]
    project.write("sums.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.write("conftest.py", KILLED)


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_a_killed_run_is_gone_on_with(project: Project, more: tuple[str, ...]) -> None:
    """It is the same run; each answer was measured once, in one of two sittings."""
    grown(project)
    project.run_apart("--llm=parrot")
    project.write("again", "")

    result = project.run_apart("--llm=parrot", "--llm-resume", *more)

    result.assert_outcomes(passed=2)
    assert len(project.runs) == 1
    result.stdout.fnmatch_lines(
        [f"*goes on with run {project.runs[0].name}, sitting 2"]
    )
    sittings = [record["sitting"] for record in project.records()]
    assert sittings == [1] * 16 + [2] * 4
    told = project.summary()
    assert len(told["run"]["sittings"]) == 2
    assert [cell["partial"] for cell in told["cells"]] == [False, False]
    assert [cell["samples"] for cell in told["cells"]] == [6, 14]
    (sitting,) = told["cells"][1]["sittings"]
    assert (sitting["number"], sitting["kept"]) == (2, 10)
    result.stdout.fnmatch_lines(
        ["resumed: reasoning/tiny|parrot|cpu|single: sitting 2*"]
    )


def test_no_run_was_cut_off(project: Project) -> None:
    """One sentence says so, and where was looked."""
    project.run()

    result = project.run("--llm-resume")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--llm-resume: no run in *runs was cut off*"])


def test_a_test_is_no_run(project: Project) -> None:
    """What to run apart from the option is not taken for a run in silence."""
    result = project.run("--llm-resume", "test_models.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no run 'test_models.py'*with =*"])
