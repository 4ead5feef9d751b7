"""``llmlat export``: the records of a run, or its figures for a monitor."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, figures, opened, warn
from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.open_metrics import SUFFIX, open_metrics
from pytest_llmlat.store.export_files import export
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from pytest_llmlat.store.run_reader import Run

_LINES = ".jsonl"
_FORMS = (".csv", ".parquet", _LINES, SUFFIX)


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Writes a row for each record: flat in CSV and Parquet, whole in JSON lines;"
        " or, for Prometheus and others, the figures of each cell as OpenMetrics text."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        required=True,
        help="file to write; its ending tells the form: .csv, .parquet, .jsonl, .prom",
    )
    parser.add_argument(
        "--spreadsheet",
        action="store_true",
        help="in CSV, put an apostrophe before texts that a spreadsheet would run",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Write the file.

    Raises:
        UsageError: no run, or an ending of another form.
        MissingExtra: a library that writes it is not installed.
    """
    form = given.to.suffix.lower()
    if form not in _FORMS:
        raise UsageError(
            f"--to {given.to}: the ending tells the form; write {', '.join(_FORMS)}"
        )
    found = opened(given.run)
    problems = list(found.problems)
    if form == SUFFIX:
        count = _write_figures(found, given, problems)
    elif form == _LINES:
        count = _write_lines(found, given.to, problems.append)
    else:
        count = export(found, given.to, safe=given.spreadsheet, tell=problems.append)
    what = "cells" if form == SUFFIX else "records"
    if given.json:
        tell({"file": str(given.to), what: count, "problems": problems})
    else:
        warn(problems)
        say([f"{count} {what} written to {printable(str(given.to))}"])
    return 0


def _write_figures(found: Run, given: Namespace, problems: list[str]) -> int:
    """Write the figures of each cell; returns how many cells there are."""
    board = figures(found, problems)
    draft = given.to.with_name(f".{given.to.name}.{os.getpid()}")
    try:
        draft.write_text(open_metrics(found.told, board), "utf-8")
        draft.replace(given.to)
    finally:
        draft.unlink(missing_ok=True)
    return len(board.summaries)


def _write_lines(found: Run, path: Path, told: Callable[[str], None]) -> int:
    """Write records as their run has them, without lines that cannot be read."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with draft.open("w", encoding="ascii") as file:
            for _, records in records_of(found, tell=told):
                for record in records:
                    file.write(json.dumps(json_object(record), allow_nan=False) + "\n")
                    count += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count
