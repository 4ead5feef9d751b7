"""``llmlat watch``: follows a run by its files, which are read and never touched."""

from __future__ import annotations

import http.client
import platform
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.watched_run import RunWatch
from pytest_llmlat.command import main
from pytest_llmlat.command.page_server import PageServer
from pytest_llmlat.report.watch_page import POLICY, watch_page
from pytest_llmlat.store.journal import RECORDS, Journal
from pytest_llmlat.store.run_tail import RunTail
from tests.unit.builders import a_cell, a_record, some_facts
from tests.unit.stored_runs import HOSTILE, STARTED, a_stored_run, answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell

HERE: dict[str, Any] = {"id": "r1", "started": STARTED, "host": platform.node()}


def begun(cell: Cell, planned: int) -> CellFacts:
    """Return what is written of a cell when it begins."""
    return replace(some_facts(cell, planned=planned, finished=False), wall_s=None)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Yield a run that goes on: two cells are planned, one is begun."""
    found = Journal(tmp_path / "runs" / "r1")
    found.open(
        {**HERE, "sittings": [{**HERE, "pid": 1}]}, [a_cell("owl"), a_cell("parrot")]
    )
    found.add(begun(a_cell("owl"), 2))
    yield found
    found.lock.free()


def test_it_reads_what_is_new_and_waits_for_half_a_line(journal: Journal) -> None:
    """A line that is being written is no broken one."""
    watch = RunWatch(journal.folder)
    assert watch.look().progress.samples == 0
    journal.add(a_record("s1", cell=a_cell("owl")))
    whole = (journal.folder / RECORDS).read_bytes()
    with (journal.folder / RECORDS).open("ab") as file:
        file.write(whole[:40])

    seen = watch.look()

    assert (seen.progress.samples, seen.broken) == (1, 0)
    with (journal.folder / RECORDS).open("ab") as file:
        file.write(whole[40:])
    assert watch.look().broken == 0
    assert seen.progress.cells_planned == 2


def test_no_record_is_lost_that_comes_while_files_are_read(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell may begin, and end, between the reading of one file and of the next."""
    cell = a_cell("parrot")
    read = RunTail._lines
    written: list[str] = []

    def lines(tail: RunTail, name: str, build: Any) -> list[Any]:  # noqa: ANN401 - as there
        if name == RECORDS and not written:
            journal.add(begun(cell, 2))
            journal.add(a_record("s1", cell=cell))
        found = list(read(tail, name, build))
        if name == RECORDS and not written:
            journal.add(a_record("s2", cell=cell))
            journal.add(some_facts(cell, planned=2))
            written.append(name)
        return found

    monkeypatch.setattr(RunTail, "_lines", lines)
    watch = RunWatch(journal.folder)

    first, second = watch.look().progress, watch.look().progress

    assert [(c.done, c.finished) for c in first.cells] == [(0, False), (1, False)]
    assert [(c.done, c.finished) for c in second.cells] == [(0, False), (2, True)]


def test_a_run_that_is_measured_goes_on_and_one_that_nobody_holds_was_cut_off(
    journal: Journal,
) -> None:
    """Whoever measures holds the folder, however it ended. It is looked at twice."""
    watch = RunWatch(journal.folder)
    assert watch.look().state == "running"
    journal.lock.free()

    assert [watch.look().state, watch.look().state] == ["running", "cut off"]


def test_nothing_in_the_folder_changes(journal: Journal) -> None:
    """Neither a file nor its time."""
    before = {p: p.stat().st_mtime_ns for p in journal.folder.iterdir()}

    assert main(["watch", str(journal.folder), "--once"]) == 0

    assert {p: p.stat().st_mtime_ns for p in journal.folder.iterdir()} == before


def test_a_run_of_another_machine_is_not_called_cut_off(journal: Journal) -> None:
    """A lock is not seen over a network."""
    journal.lock.free()
    told = journal.folder / "run.json"
    told.write_text(told.read_text("utf-8").replace(platform.node(), "elsewhere"))
    watch = RunWatch(journal.folder)

    assert {watch.look().state for _ in range(3)} == {"unknown"}


def test_it_ends_with_the_run_and_says_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer, and where all of it is."""
    run = a_stored_run(tmp_path / "runs" / "r1", answers(right=12), answers("owl"))

    assert main(["watch", str(run)]) == 0

    *_, ended, answer, place = capsys.readouterr().out.splitlines()
    assert ended.startswith("run r1 has ended after 9 s: 2 cells, 48 samples")
    assert "owl" in answer
    assert place == f"all of it: llmlat show {run}"


def test_a_run_that_was_killed_is_told_with_what_to_type(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails: whoever waits for its end in a script waits in vain."""
    journal.add(a_record("s1", cell=a_cell("owl")))
    journal.lock.free()

    assert main(["watch", str(journal.folder), "--once"]) == 1

    assert "was cut off: nobody measures in it; 0 of 2 cells, 1 samples" in (
        capsys.readouterr().out
    )


def test_no_run_is_a_complaint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what to name."""
    assert main(["watch", str(tmp_path / "nothing")]) == 2
    assert "name a folder" in capsys.readouterr().err


def test_the_page_shows_hostile_text_as_text(journal: Journal) -> None:
    """Names are of elsewhere; and the page may load nothing anyway."""
    cell = a_cell(f"{HOSTILE}</td><img src=x onerror=alert(1)>")
    journal.add(begun(cell, 1))
    seen = RunWatch(journal.folder).look()

    page = watch_page("<b>r1</b>", seen, again_s=2, last=["<i>answer</i>"])

    assert not any(tag in page for tag in ("<script", "<img", "<b>", "<i>", "\x1b"))
    assert "&lt;img" in page
    assert 'http-equiv="refresh" content="2"' in page
    assert "refresh" not in watch_page("r1", seen, again_s=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "path", "status"),
    [(None, "/", 200), (None, "/etc/passwd", 404), ("evil.example", "/", 403)],
)
def test_the_server_has_one_page_for_this_machine(
    host: str | None, path: str, status: int
) -> None:
    """A name of elsewhere that leads here is no door for a foreign page's script."""
    with PageServer(0, POLICY) as server:
        server.show("<p>owl</p>", last=True)
        at = server.address.removeprefix("http://").rstrip("/")
        assert at.startswith("127.0.0.1:")
        asked = http.client.HTTPConnection(at)
        asked.request("GET", path, headers={"Host": host or at})
        answer = asked.getresponse()
        body = answer.read()
        asked.close()

    assert answer.status == status
    assert (body == b"<p>owl</p>") is (status == 200)
    if status == 200:
        assert answer.headers["Content-Security-Policy"] == POLICY
