"""The end of a run: one reader of what it wrote, and what is unreadable is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_llmlat.session.budget import budget_of
from pytest_llmlat.session.closing import Closing, close
from pytest_llmlat.session.gating import Gate
from pytest_llmlat.session.judging_answers import SessionJudges
from pytest_llmlat.session.listening import Silent
from pytest_llmlat.session.selection import Selection
from pytest_llmlat.store.journal import CELLS, RECORDS, SUMMARY, VERDICTS, Journal
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.settings import Settings
from tests.unit.stored_runs import COUNT, STARTED, a_stored_run, answers

if TYPE_CHECKING:
    from pathlib import Path


def ended(folder: Path, **settings: Any) -> Closing:  # noqa: ANN401 - any setting
    """Return a run of one cell that is over, as far as its files tell."""
    asked = Settings(root=folder.parent, folder=folder, **settings)

    def nobody(_: object) -> NoReturn:
        raise AssertionError("no answer waits for a judge")

    judges = SessionJudges(
        selection=Selection(asked),
        budget=budget_of(asked, SystemClock(), 0, str),
        listener=Silent(),
        load=nobody,
        unload=nobody,
    )
    return Closing(
        judges=judges,
        settings=asked,
        journal=Journal(folder),
        gate=Gate(asked),
        slo=(),
        varied=(),
        run_facts={
            "id": folder.name,
            "started": STARTED,
            "environment": {"pytest-llmlat": "0"},
        },
        seconds=1.0,
        cells_planned=1,
    )


@pytest.mark.parametrize("name", [CELLS, RECORDS, VERDICTS])
def test_lines_that_cannot_be_read_are_told(tmp_path: Path, name: str) -> None:
    """In every file of the run; the rest of it counts."""
    folder = a_stored_run(tmp_path / "runs" / "r1", answers())
    with (folder / name).open("ab") as file:
        file.write(b'{"cell": "torn"')

    board = close(ended(folder), asked=True, passed=True)

    assert board is not None
    assert board.summaries[0].samples == COUNT
    told = json.loads((folder / SUMMARY).read_text("utf-8"))["run"]
    assert [name in problem for problem in told["problems"]] == [True]


def test_a_record_that_fits_no_other_is_not_stored(tmp_path: Path) -> None:
    """A baseline holds the answers that the figures are of, and no others."""
    other = answers()[0]
    folder = a_stored_run(tmp_path / "runs" / "r1", answers())
    line = json.loads((folder / RECORDS).read_bytes().splitlines()[0])
    with (folder / RECORDS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "sample": "odd", "metric": "f1"}) + "\n")
    path = tmp_path / "baseline.json"

    board = close(ended(folder, save_baseline=path), asked=True, passed=True)

    assert board is not None
    assert not any(verdict.failing for verdict in board.verdicts)
    stored = path.read_text("utf-8")
    assert other.sample in stored
    assert "odd" not in stored


def test_a_run_that_wrote_nothing_has_no_figures(tmp_path: Path) -> None:
    """Then nothing is opened, and nothing is created."""
    assert close(ended(tmp_path / "runs" / "r1"), asked=False, passed=True) is None
    assert list(tmp_path.iterdir()) == []
