"""What the page has of the cells of a run: the same, whichever process reads."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis import worker_processes
from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.report.page import write_page
from pytest_llmlat.report.page.drawn_data import rooms_of
from pytest_llmlat.report.run_contents import run_contents
from pytest_llmlat.store.run_reader import open_run, told_of
from tests.unit.stored_runs import a_stored_run, answers, failures

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_pages_of_several_processes_are_that_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last letter, with its samples and what is drawn."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    folder = a_stored_run(
        tmp_path / "runs" / "a", answers(right=9), answers("owl"), failures("lark")
    )
    run = open_run(folder)
    board = board_of(run, balance="geometric", seed=0)
    pages = []
    for many in (10**9, 0):
        monkeypatch.setattr(worker_processes, "MANY", many)
        write_page(tmp_path / "p.html", told_of(run), board, partial(run_contents, run))
        pages.append((tmp_path / "p.html").read_bytes())

    assert pages[0] == pages[1]
    assert b"owl" in pages[0]


def test_only_the_cells_that_are_shown_are_read(tmp_path: Path) -> None:
    """In the order of the run, with how many samples each has."""
    run = open_run(a_stored_run(tmp_path / "runs" / "a", answers(), answers("owl")))
    rooms = rooms_of(board_of(run, balance="geometric", seed=0))
    last = run.facts[-1].cell

    every = list(run_contents(run, rooms))
    found = list(run_contents(run, {last.id: rooms[last.id]}))

    assert [content.cell for content in every] == [facts.cell for facts in run.facts]
    assert [content.cell for content in found] == [last]
    assert found[0].samples.seen == len(found[0].samples.kept()) == len(answers("owl"))
