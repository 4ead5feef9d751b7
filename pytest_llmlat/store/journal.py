"""A run on disk: every record is there as soon as it was measured.

A run is a folder, ``.llmlat/runs/ID/``::

    run.json        what was asked for, on which machine, and which cells are to come;
                    at the end, for how long
    cells.jsonl     CellFacts: one line when a cell begins, one when it is finished
    records.jsonl   Records, one line each
    claims.jsonl    which test measures which cell
    again.jsonl     Records of answers that a later sitting measured again, only to see
                    whether the machine is as fast as before
    spool/          raw answers of loads that are under way, see ``spooled_answers``
    races.jsonl     races of settings, a line each time that more is known of one
    labels.jsonl    what people said of answers, by the rubric of judges
    judges.jsonl    which judges were found fit when they were tried on it
    verdicts.jsonl  Verdicts on absolute limits, judged as soon as a cell is finished
    summary.json    written at the end, from the above; report.md says it in words

Each line is written in one piece, so that processes may append side by side and a
killed run loses at most the sample in flight. The folder of a report has the same
files, so that it can be read again without the run's.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.run_lock import RunLock
from pytest_llmlat.store.run_sittings import ended, one_more, sittings_of
from pytest_llmlat.values.errors import RunNotWritten
from pytest_llmlat.values.records import Record
from pytest_llmlat.values.results import Verdict
from pytest_llmlat.values.tuning_race import TuningRace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell

SCHEMA = 1
"""Version of the folder's form; a later one is not read by this version."""
RUN = "run.json"
CELLS = "cells.jsonl"
RECORDS = "records.jsonl"
CLAIMS = "claims.jsonl"
AGAIN = "again.jsonl"
VERDICTS = "verdicts.jsonl"
RACES = "races.jsonl"
SUMMARY = "summary.json"
REPORT = "report.md"
PLAN = "plan"
"""Key in ``run.json`` of the cells that are to be measured."""
_OWN = (".llmlat", "runs")
"""Folder of a project's runs."""
LABELS = "labels.jsonl"
TRIALS = "judges.jsonl"
MEASURED = (RUN, CELLS, RECORDS, VERDICTS, RACES, LABELS, TRIALS)
"""Files from which all figures are made."""
FILES = (*MEASURED, AGAIN, SUMMARY, REPORT)


def new_folder(root: Path, runs: Path | None = None) -> Path:
    """Return the folder of a run that begins now; creates nothing.

    Args:
        root: the project's folder.
        runs: the folder that has runs in it; ``None`` for the project's own.
    """
    started = dt.datetime.now(dt.UTC)
    name = f"{started:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"
    return runs_of(root, runs) / name


def runs_of(root: Path, runs: Path | None = None) -> Path:
    """Return the folder that has runs in it; as for :func:`new_folder`."""
    return runs or root.joinpath(*_OWN)


class Journal:
    """The folder of a run, open for writing; created when it is first used."""

    def __init__(self, folder: Path, sitting: int = 1) -> None:
        """Name the folder; several processes may share it.

        Args:
            folder: of the run.
            sitting: number of the sitting that they are.
        """
        self.folder = folder
        self._sitting = sitting
        self.lock = RunLock(folder)
        self._opened = False

    def open(self, run: dict[str, Any], plan: Sequence[Cell] = ()) -> None:
        """Create the folder and write the facts of the run; again, it changes nothing.

        Args:
            run: what was asked for, and on which machine.
            plan: the cells that are to be measured, as far as they are known.

        Raises:
            RunNotWritten: there is no room for it, or no right to.
        """
        if self._opened:
            return
        with _told_as_ours(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.folder.parent.parts[-len(_OWN) :] == _OWN:
                # What is measured is no source: keep it out of the user's commits.
                ignore = self.folder.parent.parent / ".gitignore"
                ignore.write_text("*\n", "utf-8")
        self.lock.share()
        if not self._begun_here():
            cells = [{"cell": cell.id, **asdict(cell)} for cell in plan]
            self._tell({"schema": SCHEMA, **run, PLAN: cells})
        self._opened = True

    def add(self, value: Record | CellFacts | Verdict | TuningRace) -> None:
        """Append one line.

        Raises:
            RunNotWritten: there is no room for it, or no right to.
        """
        if isinstance(value, Verdict | TuningRace):
            name = VERDICTS if isinstance(value, Verdict) else RACES
            content = asdict(value)
        else:
            name = RECORDS if isinstance(value, Record) else CELLS
            content = json_object(value)
        self._append(name, content)

    def add_again(self, record: Record) -> None:
        """Append a record that counts for no figure; raises as ``add`` does."""
        self._append(AGAIN, json_object(record))

    def begin_anew(self, note: str) -> int:
        """Let a cell begin anew, of which a part was lost; raises as ``add`` does.

        Args:
            note: why, for the report.

        Returns:
            The number of the sitting that it begins in.
        """
        told = one_more(json.loads((self.folder / RUN).read_text("utf-8")), note)
        self._tell(told)
        return len(sittings_of(told))

    def claim(self, cell: str, *, test: str, asked: str) -> tuple[str, str]:
        """Claim a cell for a test that is about to measure it.

        Args:
            cell: its id.
            test: the test, by its node id.
            asked: digest of what it asks and how.

        Returns:
            Test and digest of whoever said so first, in any process of this run.

        Raises:
            RunNotWritten: there is no room for it, or no right to.
        """
        own = {"cell": cell, "test": test, "asked": asked, "sitting": self._sitting}
        self._append(CLAIMS, own)
        # Lines are appended whole, so that every process reads them in one order.
        with (self.folder / CLAIMS).open("rb") as file:
            claims = (_claim_on(cell, line, self._sitting) for line in file)
            return next(filter(None, claims))

    def _append(self, name: str, content: dict[str, Any]) -> None:
        # Escaped, since an answer may hold what UTF-8 cannot: half a surrogate pair.
        line = (json.dumps(content, allow_nan=False) + "\n").encode("ascii")
        path = self.folder / name
        with _told_as_ours(path), path.open("a+b", buffering=0) as file:
            if _is_cut(file):
                line = b"\n" + line
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _begun_here(self) -> bool:
        """Whether ``run.json`` tells of this sitting."""
        path = self.folder / RUN
        if not path.exists():
            return False
        if self._sitting > 1:
            told = json.loads(path.read_text("utf-8"))
            return len(sittings_of(told)) >= self._sitting
        return True

    @property
    def begun(self) -> bool:
        """Whether a process of this run has written anything."""
        return any((self.folder / name).exists() for name in (RUN, CELLS))

    def drop(self) -> None:
        """Remove the folder of a run that came to its end and measured nothing."""
        if self.folder.is_dir() and {f.name for f in self.folder.iterdir()} == {RUN}:
            (self.folder / RUN).unlink()
            with suppress(OSError):
                self.folder.rmdir()

    def finish(self, *, seconds: float) -> None:
        """Write into ``run.json`` how long the run took, which marks its end.

        Raises:
            RunNotWritten: as ``add`` does.
        """
        if (self.folder / RUN).exists():
            told = json.loads((self.folder / RUN).read_text("utf-8"))
            self._tell(ended(told, seconds))

    def _tell(self, run: dict[str, Any]) -> None:
        """Write ``run.json`` in one go: at no moment is half of it there."""
        text = json.dumps(run, indent=1, allow_nan=False) + "\n"
        draft = self.folder / f"{RUN}.{os.getpid()}"
        with _told_as_ours(self.folder / RUN):
            try:
                draft.write_text(text, "utf-8")
                draft.replace(self.folder / RUN)
            finally:
                draft.unlink(missing_ok=True)


def _is_cut(file: FileIO) -> bool:
    """Whether the last line was cut off; what follows is not to be lost with it.

    A full disk or the end of a process did that, of this process or of another.
    """
    if not file.tell():
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _claim_on(cell: str, line: bytes, sitting: int) -> tuple[str, str] | None:
    """Return test and digest of a claim on a cell, ``None`` of another or a cut one.

    Claims of an earlier sitting are over: its tests may have had other names.
    """
    try:
        claim = json.loads(line)
        if claim["cell"] != cell or claim.get("sitting", 1) != sitting:
            return None
        return claim["test"], claim["asked"]
    except (ValueError, KeyError, TypeError):
        return None


@contextmanager
def _told_as_ours(path: Path) -> Iterator[None]:
    """Turn an error of the system into one that tells what it means for the run.

    Raises:
        RunNotWritten: in place of the error.
    """
    try:
        yield
    except OSError as error:
        raise RunNotWritten(path, error) from error


def copy_run(folder: Path, to: Path, names: Sequence[str]) -> None:
    """Copy files of a run or a report into another folder, made if need be.

    A file that is absent is deleted there too: it would be of an earlier run, and be
    taken for a part of this one. A folder is not copied onto itself.
    """
    if to.resolve() == folder.resolve():
        return
    to.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / name).exists():
            shutil.copyfile(folder / name, to / name)
        else:
            (to / name).unlink(missing_ok=True)
