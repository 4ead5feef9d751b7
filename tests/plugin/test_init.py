"""What ``llmlat init`` writes runs at once, alone, and as its workflow runs it."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main

if TYPE_CHECKING:
    from pathlib import Path

PARROT = """
[models.smollm2-135m]
backend = "scripted"
devices = ["cpu"]
options = { answer = "refund" }
"""
"""An entry of the embedded model's name that answers by script."""
TICKETS = "".join(
    f'{{"text": "Ticket {n}", "label": "{("refund", "question")[n % 2]}"}}\n'
    for n in range(8)
)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """Return a project with benchmarks of its own rows, on a scripted model."""
    here = pytester.path
    (here / ".git").mkdir()
    (here / "tickets.jsonl").write_text(TICKETS, "utf-8")
    # Another's settings of pytest are not read, and not disturbed.
    pytester.makefile(".ini", pytest="[pytest]\naddopts = --no-such-option\n")
    before = os.getcwd()  # noqa: PTH109 - as chdir takes it
    os.chdir(here)
    try:
        options = ["--model=smollm2-135m", "--data=tickets.jsonl", "--task=sentiment"]
        assert main(["init", "--yes", *options]) == 0
    finally:
        os.chdir(before)
    with (here / "benchmarks" / "models.toml").open("a") as file:
        file.write(PARROT)
    return here


def pytest_in(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    """Run pytest as a user does, without what this environment adds."""
    return pytester.runpytest_subprocess("-p", "no:benchmark", *args)


@pytest.mark.slow
def test_it_runs_and_leaves_its_report_out_of_git(
    pytester: pytest.Pytester, project: Path
) -> None:
    """No option is needed: the folder has its settings."""
    result = pytest_in(pytester, "benchmarks", "--llm-samples=4")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*own/tickets*", "page: *report.html"])
    assert (project / ".llmlat" / "report" / "report.html").is_file()
    assert (project / ".llmlat" / ".gitignore").read_text() == "*\n"


@pytest.mark.slow
def test_the_usual_tests_of_the_project_leave_it_out(
    pytester: pytest.Pytester, project: Path
) -> None:
    """A model takes minutes; and with other settings it would not be the same model."""
    (project / "pytest.ini").write_text("[pytest]\n", "utf-8")
    pytester.makepyfile(test_light="def test_light(): pass")

    pytest_in(pytester).assert_outcomes(passed=1)
    both = pytest_in(pytester, "benchmarks", "test_light.py")

    assert both.ret != 0
    assert "call pytest for this folder alone" in both.stdout.str() + both.stderr.str()


@pytest.mark.slow
def test_its_workflow_gates_the_change_by_the_base_branch(
    pytester: pytest.Pytester, project: Path
) -> None:
    """The line of the workflow, on a base branch as the workflow has it."""
    shutil.copytree(project / "benchmarks", project / "base" / "benchmarks")
    shutil.copy(project / "tickets.jsonl", project / "base")
    worse = (project / "benchmarks" / "models.toml").read_text("utf-8")
    worse = worse.replace('"refund"', '"who knows"')
    (project / "benchmarks" / "models.toml").write_text(worse, "utf-8")
    workflow = (project / ".github" / "workflows" / "llmlat.yml").read_text("utf-8")
    (line,) = re.findall(r"pytest (benchmarks --llm-against.*)", workflow)

    result = pytest_in(pytester, *line.split(), "--llm-task=own")

    result.stdout.fnmatch_lines(["*own/tickets*quality*"])
    assert "smollm2-135m@base" in result.stdout.str()
