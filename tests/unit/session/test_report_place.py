"""Several runs into one report's folder: no file of one beside a file of another."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.session.closing import close
from pytest_llmlat.session.report_place import held, place_of
from tests.unit.session.test_ending import ended
from tests.unit.stored_runs import STARTED, a_stored_run, answers

if TYPE_CHECKING:
    from pathlib import Path

BEGAN = datetime.fromisoformat(STARTED).timestamp()


def run_ids(folder: Path) -> set[str]:
    """Return of which runs the files of a report are."""
    ids = set()
    for name in ("run.json", "summary.json"):
        told = json.loads((folder / name).read_text("utf-8"))
        ids.add(str(told.get("run", told)["id"]))
    return ids


@pytest.mark.slow
def test_a_report_of_a_run_beside_this_one_is_left_alone(tmp_path: Path) -> None:
    """Both are whole, and this one says where it is."""
    out, board = tmp_path / "out", None
    for name in ("r1", "r2"):
        folder = a_stored_run(tmp_path / "runs" / name, answers())
        facts = json.loads((folder / "run.json").read_text("utf-8"))
        (folder / "run.json").write_text(json.dumps({**facts, "id": name}), "utf-8")
        board = close(ended(folder, report=out), asked=True, passed=True)

    assert board is not None
    assert board.report == out / "r2"
    assert (run_ids(out), run_ids(out / "r2")) == ({"r1"}, {"r2"})
    told = json.loads((out / "r2" / "summary.json").read_text("utf-8"))["run"]
    assert any("another run has written its report" in it for it in told["problems"])
    assert (out / "r2" / "report.html").is_file()


@pytest.mark.parametrize(("later_s", "apart"), [(-1, False), (1, True)])
def test_only_what_was_written_since_the_run_began_is_of_a_run_beside_it(
    tmp_path: Path, later_s: float, *, apart: bool
) -> None:
    """The report of an earlier run is written over, as one wants it."""
    (tmp_path / "summary.json").write_text("{}")
    os.utime(tmp_path / "summary.json", (BEGAN + later_s, BEGAN + later_s))

    place = place_of(tmp_path, "r1", STARTED)

    assert place == (tmp_path / "r1" if apart else tmp_path)


def test_a_folder_without_a_report_is_taken_as_it_is(tmp_path: Path) -> None:
    """Whatever else is in it."""
    assert place_of(tmp_path / "new", "r1", STARTED) == tmp_path / "new"


def test_a_report_is_written_while_no_other_is(tmp_path: Path) -> None:
    """Another run waits; where no folder can be made, nobody can write either."""
    fcntl = pytest.importorskip("fcntl")
    other = 0
    with held(tmp_path / "out"):
        other = os.open(tmp_path / "out", os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)

    (tmp_path / "file").write_text("")
    with held(tmp_path / "file" / "out"):
        pass
