"""What a run leaves behind can be read again, without the run."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.session import closing
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run, told_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.results import Scoreboard
    from tests.plugin.conftest import Project

FILES = [
    "cells.jsonl",
    "records.jsonl",
    "report.html",
    "report.md",
    "run.json",
    "summary.json",
]


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_report_is_counted_again_to_the_same_file(project: Project) -> None:
    """What it was told is in it too: which mean, which objectives, how long it took."""
    project.run(
        "--llm=owl",
        "--llm=parrot",
        "--llm-report=out",
        "--llm-balance=harmonic",
        "--llm-slo=e2e<1s",
        "--llm-limit=quality>=0.99",
    )
    written = (project.runs[-1] / "summary.json").read_text("utf-8")
    shutil.rmtree(project.runs[-1])

    run = open_run(project.pytester.path / "out")
    how = asked_for(run)
    board = board_of(run, balance=how.balance, seed=how.seed, slo=how.slo)

    assert json.loads(summary_text(told_of(run), board)) == json.loads(written)
    assert [verdict for verdict in run.verdicts if verdict.failing]


@pytest.mark.parametrize("presses", [1, 2])
def test_a_first_ctrl_c_behind_the_last_test_loses_no_figure(
    project: Project, monkeypatch: pytest.MonkeyPatch, presses: int
) -> None:
    """What it broke off is done anew; whoever presses it twice wants an end."""
    left = [True] * presses

    def pressed(*args: Any, **options: Any) -> Scoreboard:  # noqa: ANN401 - as it is called
        if left and left.pop():
            raise KeyboardInterrupt
        return board_of(*args, **options)

    monkeypatch.setattr(closing, "board_of", pressed)

    if presses > 1:
        with pytest.raises(KeyboardInterrupt):
            project.run("-k", "sentiment")
        return
    result = project.run("-k", "sentiment")

    assert result.ret == pytest.ExitCode.OK
    (cell,) = project.summary()["cells"]
    assert cell["partial"] is False


def test_the_page_is_written_where_a_report_was_asked_for(project: Project) -> None:
    """Into both folders; which test measured which cell stays in the run's own."""
    own = "claims.jsonl"
    project.run()
    without = [name for name in FILES if name != "report.html"]
    assert names(project.runs[-1]) == sorted([own, *without])

    project.run("--llm-report=out")

    assert names(project.runs[-1]) == sorted([own, *FILES])
    assert names(project.pytester.path / "out") == FILES
    pages = [
        (folder / "report.html").read_bytes()
        for folder in (project.runs[-1], project.pytester.path / "out")
    ]
    assert pages[0] == pages[1]


def test_records_are_read_one_cell_at_a_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once only for what is to be compared or stored."""

    def all_at_once(_: Run) -> list[object]:
        raise AssertionError("all records were read at once")

    monkeypatch.setattr("pytest_llmlat.session.closing._records", all_at_once)

    result = project.run("--llm-report=out")

    assert result.ret == 0
    found = records_of(open_run(project.pytester.path / "out"))
    assert [len(records) for _, records in found] == [6, 4]


def test_what_could_not_be_read_is_told_in_the_summary(project: Project) -> None:
    """A line that something else wrote into the journal is counted."""
    project.write(
        "conftest.py",
        "def pytest_llmlat_record(config, record):\n"
        "    import pathlib\n"
        "    (path,) = pathlib.Path('.llmlat/runs').glob('*/records.jsonl')\n"
        "    with path.open('a') as file:\n"
        "        file.write('rubbish\\n')\n",
    )

    project.run()

    (problem,) = project.summary()["run"]["problems"]
    assert "10 lines are cut off or of no cell" in problem
    assert [cell["samples"] for cell in project.summary()["cells"]] == [6, 4]
