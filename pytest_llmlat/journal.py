"""A run on disk: every record is there as soon as it was measured.

A run is a folder, ``.llmlat/runs/ID/``::

    run.json        what was asked for and on which machine
    cells.jsonl     CellFacts: one line when a cell begins, one when it is finished
    records.jsonl   Records, one line each
    verdicts.jsonl  Verdicts on absolute limits, judged as soon as a cell is finished
    summary.json    written at the end, from the above; report.md says it in words

Each line is written in one piece, so that processes may append side by side and a
killed run loses at most the sample in flight.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.records import (
    Cell,
    CellFacts,
    Contention,
    Grade,
    Instrument,
    LoadFacts,
    Record,
    Timing,
    Transport,
)
from pytest_llmlat.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Value = TypeVar("Value", Record, CellFacts)

RUN = "run.json"
CELLS = "cells.jsonl"
RECORDS = "records.jsonl"
VERDICTS = "verdicts.jsonl"
SUMMARY = "summary.json"
REPORT = "report.md"
_DERIVED = ("e2e_s", "ttft_s", "tpot_s")
_NESTED = {
    "cell": Cell,
    "timing": Timing,
    "grade": Grade,
    "transport": Transport,
    "load": LoadFacts,
    "instrument": Instrument,
    "contention": Contention,
}


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
        text = json.dumps(run, indent=1, allow_nan=False) + "\n"
        (self.folder / RUN).write_text(text, "utf-8")

    def add(self, value: Record | CellFacts | Verdict) -> None:
        """Append one line."""
        if isinstance(value, Verdict):
            name, content = VERDICTS, asdict(value)
        else:
            name = RECORDS if isinstance(value, Record) else CELLS
            content = row(value)
        # Escaped, since an answer may hold what UTF-8 cannot: half a surrogate pair.
        line = (json.dumps(content, allow_nan=False) + "\n").encode("ascii")
        with (self.folder / name).open("ab", buffering=0) as file:
            if file.write(line) != len(line):
                raise OSError(f"{file.name}: only a part of a record could be written")

    def finish(self, summary: str, report: str, *, copy_to: Path | None) -> None:
        """Write the summary, and the report's files where they were asked for."""
        (self.folder / SUMMARY).write_text(summary, "utf-8")
        (self.folder / REPORT).write_text(report, "utf-8")
        if copy_to is not None:
            copy_to.mkdir(parents=True, exist_ok=True)
            for name in (SUMMARY, REPORT, RECORDS):
                if (self.folder / name).exists():
                    shutil.copyfile(self.folder / name, copy_to / name)

    def records(self) -> list[Record]:
        """Read all records back; of a sample measured again the last one counts."""
        found = _read(self.folder / RECORDS, Record)
        return list({(r.cell.id, r.sample, r.round): r for r in found}.values())

    def verdicts(self) -> list[Verdict]:
        """Read the verdicts on limits back."""
        return [Verdict(**content) for content in _lines(self.folder / VERDICTS)]

    def facts(self) -> list[CellFacts]:
        """Read the facts of all cells back; of each cell the last line counts."""
        return list(
            {f.cell.id: f for f in _read(self.folder / CELLS, CellFacts)}.values()
        )


def row(value: Record | CellFacts) -> dict[str, Any]:
    """Return a value as a JSON object.

    The parts of the cell's id stand beside it, and so do the durations that follow
    from the stamps, for whoever reads the file without this package; the latter are
    not read back.
    """
    content = asdict(value)
    parts = content.pop("cell")
    timing = getattr(value, "timing", None)
    derived = {name: getattr(timing, name) for name in _DERIVED} if timing else {}
    return {"cell": value.cell.id, **parts, **derived, **content}


def _read(path: Path, kind: type[Value]) -> Iterator[Value]:
    """Yield the values of a file."""
    for content in _lines(path):
        content["cell"] = {name: content[name] for name in _names(Cell)}
        yield _value(kind, content)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file; a line that was cut off is left out."""
    if not path.exists():
        return
    for line in path.read_text("utf-8", "replace").split("\n")[:-1]:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            # The sample in flight when a process was killed; the number of records
            # against the number planned tells that one is missing.
            continue


def _value(kind: type[Any], content: dict[str, Any]) -> Any:  # noqa: ANN401 - built by its type
    """Build a dataclass from its JSON object; lists become tuples again."""
    return kind(
        **{
            name: _value(_NESTED[name], content[name])
            if name in _NESTED and content[name] is not None
            else _frozen(content[name])
            for name in _names(kind)
            if name in content
        }
    )


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]


def _frozen(item: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_frozen(part) for part in item) if isinstance(item, list) else item
