"""A run on disk: every record is there as soon as it was measured.

A run is a folder, ``.llmlat/runs/ID/``::

    run.json        what was asked for and on which machine; at the end, for how long
    cells.jsonl     CellFacts: one line when a cell begins, one when it is finished
    records.jsonl   Records, one line each
    verdicts.jsonl  Verdicts on absolute limits, judged as soon as a cell is finished
    summary.json    written at the end, from the above; report.md says it in words

Each line is written in one piece, so that processes may append side by side and a
killed run loses at most the sample in flight. The folder of a report has the same
files, so that it can be read again without the run's.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.store.json_lines import (
    facts_of,
    json_object,
    parsed,
    record_of,
    verdict_of,
)
from pytest_llmlat.values.records import CellFacts, Record
from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Value = TypeVar("Value")

SCHEMA = 1
"""Of the folder; a later one is not read by this version."""
RUN = "run.json"
CELLS = "cells.jsonl"
RECORDS = "records.jsonl"
VERDICTS = "verdicts.jsonl"
SUMMARY = "summary.json"
REPORT = "report.md"
FILES = (RUN, CELLS, RECORDS, VERDICTS, SUMMARY, REPORT)


def new_folder(root: Path) -> Path:
    """Return the folder of a run that begins now; creates nothing.

    Args:
        root: the project's folder.
    """
    started = dt.datetime.now(dt.UTC)
    name = f"{started:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"
    return root / ".llmlat" / "runs" / name


class Journal:
    """The folder of a run, open for writing. Nothing is created before it is used."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; several processes may share it."""
        self.folder = folder

    def open(self, run: dict[str, Any]) -> None:
        """Create the folder and say what the run is; a second call changes nothing."""
        if (self.folder / RUN).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # What is measured is no source: keep it out of the user's commits.
        ignore = self.folder.parent.parent / ".gitignore"
        ignore.write_text("*\n", "utf-8")
        self._tell({"schema": SCHEMA, **run})

    def add(self, value: Record | CellFacts | Verdict) -> None:
        """Append one line."""
        if isinstance(value, Verdict):
            name, content = VERDICTS, asdict(value)
        else:
            name = RECORDS if isinstance(value, Record) else CELLS
            content = json_object(value)
        # Escaped, since an answer may hold what UTF-8 cannot: half a surrogate pair.
        line = (json.dumps(content, allow_nan=False) + "\n").encode("ascii")
        with (self.folder / name).open("ab", buffering=0) as file:
            if file.write(line) != len(line):
                raise OSError(f"{file.name}: only a part of a record could be written")

    def finish(
        self, summary: str, report: str, *, seconds: float, copy_to: Path | None
    ) -> None:
        """Write what came of the run, and all files of a report if one was asked for.

        Args:
            summary: the text of ``summary.json``.
            report: the text of ``report.md``.
            seconds: how long the run took.
            copy_to: the folder of the report.
        """
        if (self.folder / RUN).exists():
            told = json.loads((self.folder / RUN).read_text("utf-8"))
            self._tell({**told, "seconds": seconds})
        (self.folder / SUMMARY).write_text(summary, "utf-8")
        (self.folder / REPORT).write_text(report, "utf-8")
        if copy_to is None or copy_to.resolve() == self.folder.resolve():
            return
        copy_to.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if (self.folder / name).exists():
                shutil.copyfile(self.folder / name, copy_to / name)
            else:
                # Of an earlier run: it would be taken for a part of this one.
                (copy_to / name).unlink(missing_ok=True)

    def _tell(self, run: dict[str, Any]) -> None:
        """Write ``run.json`` in one go: there is no moment at which half of it is."""
        text = json.dumps(run, indent=1, allow_nan=False) + "\n"
        draft = self.folder / f"{RUN}.{os.getpid()}"
        draft.write_text(text, "utf-8")
        draft.replace(self.folder / RUN)

    def records(self) -> list[Record]:
        """Read all records back; of a sample measured again the last one counts."""
        found = _read(self.folder / RECORDS, record_of)
        return list({(r.cell.id, r.sample, r.round): r for r in found}.values())

    def verdicts(self) -> list[Verdict]:
        """Read the verdicts on limits back."""
        return list(_read(self.folder / VERDICTS, verdict_of))

    def facts(self) -> list[CellFacts]:
        """Read the facts of all cells back; of each cell the last line counts."""
        return list(
            {f.cell.id: f for f in _read(self.folder / CELLS, facts_of)}.values()
        )


def _read(path: Path, build: Callable[[Any], Value]) -> Iterator[Value]:
    """Yield the values of a file; a line that was cut off is left out.

    That is the sample in flight when a process was killed; the number of records
    against the number planned tells that one is missing.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                try:
                    yield build(parsed(line))
                except ValueError:
                    continue
