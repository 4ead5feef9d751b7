"""Where a run writes to, and what is said where it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat import measure_models
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytestmark = pytest.mark.slow


def test_runs_are_written_where_it_was_said(project: Project) -> None:
    """Each in a folder of its own there, and nothing of it in the project."""
    result = project.run("-k", "sentiment", "--llm-runs=kept/here")

    result.assert_outcomes(passed=1)
    (run,) = (project.pytester.path / "kept" / "here").iterdir()
    assert (run / "summary.json").is_file()
    assert not (project.pytester.path / ".llmlat").exists()
    assert not list((project.pytester.path / "kept").rglob(".gitignore"))


def test_a_folder_that_cannot_be_is_told_before_a_model_is_loaded(
    project: Project,
) -> None:
    """One sentence, with the option that moves it; no traceback."""
    project.write(".llmlat", "a file that is in the way")

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *runs: cannot be written*--llm-runs"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_to_list_cells_nothing_need_be_written(project: Project) -> None:
    """``--collect-only`` works in a folder that cannot be written."""
    project.write(".llmlat", "a file that is in the way")

    assert project.run("--collect-only").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("option", ["--llm-pytest-benchmark", "--llm-save-baseline"])
def test_files_that_cannot_be_written(project: Project, option: str) -> None:
    """They are refused before anything is measured."""
    project.write("taken", "no folder")

    result = project.run(f"{option}=taken/out.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {option}: *taken/out.json*"])
    assert not project.runs


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no such system")
@pytest.mark.parametrize(
    "option", ["--llm-report", "--llm-runs", "--llm-pytest-benchmark"]
)
def test_a_file_system_that_takes_nothing_is_told_beforehand(
    project: Project, option: str
) -> None:
    """Its rights say that it could be written, to root at least."""
    result = project.run("-k", "sentiment", f"{option}=/proc/x")

    assert result.ret in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED)
    told = result.stdout.str() + result.stderr.str()
    assert "/proc" in told
    assert option in told
    assert "Traceback" not in told
    assert not project.runs


def test_to_look_leaves_nothing_behind(project: Project) -> None:
    """A folder that can be made is made only when something is written to it."""
    result = project.run(
        "--collect-only", "--llm=parrot", "--llm-report=out/deep", "--llm-runs=kept"
    )

    assert result.ret == pytest.ExitCode.OK
    left = {path.name for path in project.pytester.path.iterdir()}
    assert not left & {"out", "kept"}
    assert not [name for name in left if name.startswith(".llmlat-")]


def test_from_python_the_argument_is_named(tmp_path: Path) -> None:
    """What moves the folder there is an argument."""
    taken = tmp_path / "taken"
    taken.write_text("", "utf-8")

    with pytest.raises(UsageError, match="with runs"):
        measure_models("smollm2-135m", "sentiment/polarity", runs=taken / "runs")


IN_THE_WAY = """
from pathlib import Path

def pytest_llmlat_record(record):
    for run in Path(".llmlat/runs").iterdir():
        (run / "report.md").mkdir(exist_ok=True)
"""


def test_a_report_that_cannot_be_written_at_the_end_costs_no_figures(
    project: Project,
) -> None:
    """They are shown, and the report that was asked for is whole; the run fails."""
    project.write("conftest.py", IN_THE_WAY)

    result = project.run("-k", "sentiment", "--llm-report=out")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "sentiment/tiny *",
            "FAILED * not written: Is a directory; make room*",
        ]
    )
    out = project.pytester.path / "out"
    told = json.loads((out / "summary.json").read_text("utf-8"))
    assert [cell["samples"] for cell in told["cells"]] == [6]
    assert (out / "report.html").is_file()
    assert not (project.runs[-1] / "summary.json").exists()


def test_a_report_that_was_not_written_is_not_shown_as_one(project: Project) -> None:
    """The last lines lead to the run, which has everything."""
    (project.pytester.path / "out" / "report.html").mkdir(parents=True)

    result = project.run("-k", "sentiment", "--llm-report=out")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED * not written: Is a directory; *"])
    result.stdout.no_fnmatch_line("page: *")
    result.stdout.fnmatch_lines(["as a page: llmlat report *"])
