"""``llmlat history``: how each cell changed from run to run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command.given import RUNS, add_balance, warn
from pytest_llmlat.command.output import add_json, say, say_toned, tell
from pytest_llmlat.report.figures import printable, table
from pytest_llmlat.report.history import (
    change_lines,
    draw,
    find_changes,
    history_of,
    page_text,
)
from pytest_llmlat.report.history.history_changes import changes_sentence
from pytest_llmlat.report.history.page import rows_of, titles_of
from pytest_llmlat.report.history.points import letter, machine_lines
from pytest_llmlat.store.journal import RUN
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.balance import BALANCES
from pytest_llmlat.values.column_order import HISTORY_LAYOUT
from pytest_llmlat.values.errors import BadRun, UnknownName, UsageError
from pytest_llmlat.values.figure_columns import column_key, columns_of

_CHANGED = 1

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_llmlat.report.history import History, HistoryChanges, Point
    from pytest_llmlat.store.run_reader import Run


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Shows quality, balanced score and e2e p50 of each cell in every run of a"
        " folder, counted anew with one mean for all. What is of another machine, task,"
        " setting or other samples is marked and not joined by a line. Says where"
        " e2e or quality changed: at once, or creeping from run to run."
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=RUNS,
        help="folder with the folders of runs (default: %(default)s)",
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="write a page (HTML, one file)"
    )
    parser.add_argument("--png", metavar="FILE", type=Path, help="write a picture")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="write a drawing")
    parser.add_argument(
        "--cell",
        metavar="CELL",
        action="append",
        default=[],
        help="only this cell, by its id, model, task or family; repeatable",
    )
    parser.add_argument(
        "--last", metavar="N", type=int, help="only the newest N runs of the folder"
    )
    parser.add_argument(
        "--fail-on-change",
        action="store_true",
        help="exit status 1 if a cell got worse over the runs that are looked at:"
        " slower or less good, at once or creeping",
    )
    add_balance(parser, default=BALANCES[0])
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the table, and write what was asked for.

    Raises:
        UsageError: a folder without runs, a cell that is in none, or a number.
        MissingExtra: matplotlib is needed and not installed.
    """
    problems: list[str] = []
    runs = _runs(given.folder, given.last, problems)
    found = history_of(runs, balance=given.balance, tell=problems.append)
    found = _narrowed(found, given.cell)
    warn(problems)
    changes = find_changes(found)
    status = _CHANGED if given.fail_on_change and changes.worse else 0
    written = []
    if given.png is not None:
        given.png.write_bytes(draw(found, "png", changes))
        written.append(str(given.png))
    if given.svg is not None:
        given.svg.write_bytes(draw(found, "svg", changes))
        written.append(str(given.svg))
    if given.out is not None:
        given.out.write_text(page_text(found, changes), "utf-8", errors="replace")
        written.append(str(given.out))
    if given.json:
        tell(_content(found, changes))
        return status
    header = titles_of(found)
    say(table(header, list(rows_of(found, changes)), right=range(4, len(header) - 1)))
    say(["", *machine_lines(found), ""])
    say_toned(change_lines(changes))
    say(f"written {printable(name)}" for name in written)
    return status


def _runs(folder: Path, last: int | None, problems: list[str]) -> list[Run]:
    """Open every run of a folder; one that cannot be read is told and left out.

    Raises:
        BadRun: there is none that can.
        UsageError: the newest none of them.
    """
    if last is not None and last < 1:
        raise UsageError(f"--last {last}: must be a whole number of at least 1")
    try:
        inside = sorted(path for path in folder.iterdir() if (path / RUN).is_file())
    except OSError as error:
        raise BadRun(
            f"history {folder}: cannot be read ({error.strerror}); name the folder"
            " that the folders of runs lie in"
        ) from error
    found = []
    for path in inside[-last if last else 0 :]:
        try:
            opened = open_run(path)
        except BadRun as error:
            problems.append(f"left out: {error}")
            continue
        problems += opened.problems
        found.append(opened)
    if not found:
        raise BadRun(
            f"history {folder}: there is no run in it that can be read; name the folder"
            " that the folders of runs lie in"
            + "".join(f"; {problem}" for problem in problems)
        )
    return found


def _narrowed(history: History, texts: list[str]) -> History:
    """Keep the cells that are meant.

    Raises:
        UnknownName: a text that fits none.
    """
    kept = set()
    for text in texts:
        fitting = {
            line.cell
            for line in history.timelines
            if text in (line.cell.id, *asdict(line.cell).values())
        }
        if not fitting:
            known = {line.cell.id for line in history.timelines}
            remedy = "Cells are those of the runs in the folder."
            raise UnknownName("cell", text, known, where="--cell", remedy=remedy)
        kept |= fitting
    if not texts:
        return history
    lines = tuple(line for line in history.timelines if line.cell in kept)
    return replace(history, timelines=lines)


def _point(point: Point) -> dict[str, Any]:
    """Return a point; figures that can have an interval are objects with it."""
    content = asdict(point)
    del content["figures"], content["logs"]
    for figure, column in columns_of(HISTORY_LAYOUT):
        key = column_key(figure, column)
        found = point.figure(key)
        content[key] = asdict(found) if column.form == "bounds" else found.value
    return {**content, "machine": letter(point.machine)}


def _content(history: History, changes: HistoryChanges) -> dict[str, Any]:
    return {
        "balance": str(history.balance),
        "machines": {
            letter(place): dict(machine)
            for place, machine in enumerate(history.machines)
        },
        "runs": list(history.runs),
        "sentence": changes_sentence(changes),
        "changes": [
            {**asdict(change), "worse": change.worse} for change in changes.found
        ],
        "cells": [
            {
                "cell": line.cell.id,
                "points": [
                    {
                        **_point(point),
                        "changes": list(line.changes(point)),
                    }
                    for point in line.points
                ],
            }
            for line in history.timelines
        ],
    }
