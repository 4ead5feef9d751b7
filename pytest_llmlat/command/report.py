"""``llmlat report``: the files of a report, of runs that were measured before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, add_balance, figures, opened, warn
from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.command.routed_run import RouteWish, routes_of
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.report_files import PAGE, write_report
from pytest_llmlat.store.journal import (
    CELLS,
    RECORDS,
    REPORT,
    RUN,
    SCHEMA,
    SUMMARY,
    VERDICTS,
    copy_run,
)
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.merge import merge
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import told_of
from pytest_llmlat.store.spooled_answers import copy_spool
from pytest_llmlat.values.errors import BadRun

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

_COPIED = (RUN, CELLS, RECORDS, VERDICTS)


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Writes report.html, report.md and summary.json of a run anew, or of several"
        " runs in one: of several days, models or machines. What does not fit together"
        " is told. The folder holds the records too, and is a run itself."
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help=RUN_HELP)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("report"),
        help="folder for the files (default: %(default)s)",
    )
    add_balance(parser)
    parser.add_argument(
        "--slo",
        metavar="EXPR",
        help="bounds for goodput, as for --llm-slo (default: the run's)",
    )
    parser.add_argument(
        "--routes",
        action="store_true",
        help="look for cascades and routers through the models (llmlat route), and show"
        " what was found, beside cascades that were measured",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Write the report and say where.

    Raises:
        UsageError: a run that is none, runs that cannot be shown as one, or a folder
            that is one of several runs.
    """
    runs = [opened(text) for text in given.runs]
    whole = merge(runs)
    problems: list[str] = []
    board = figures(whole, problems, balance=given.balance, slo=given.slo)
    told = told_of(whole, problems)
    routes = None
    if given.routes:
        wish = RouteWish(balance=given.balance)
        routes = routes_of(whole, wish, lambda _: None)
    _records(whole, runs, given.out)
    write_report(given.out, told, board, whole, page=True, routes=routes)
    problems = [*whole.problems, *problems]
    files = [str(given.out / name) for name in (PAGE, REPORT, SUMMARY)]
    if given.json:
        tell({"files": files, "runs": len(runs), "problems": problems})
    else:
        warn(problems)
        say(f"written {printable(name)}" for name in files)
    return 0


def _records(whole: Run, runs: list[Run], out: Path) -> None:
    """Put what the report is made of into its folder, so that it can be read again.

    Raises:
        BadRun: the folder is one of several runs, which would be lost.
    """
    places = [run.folder.resolve() for run in runs if run.folder is not None]
    inside = out.resolve() in places
    if inside and whole.folder is None:
        raise BadRun(
            f"--out {out}: is one of the runs that are to be joined, and is not written"
            " over; name another folder"
        )
    if inside:
        return
    if whole.folder is not None:
        copy_run(whole.folder, out, _COPIED)
        copy_spool(whole.folder, out)
        return
    out.mkdir(parents=True, exist_ok=True)
    # Verdicts on limits stand in the summary, with all others.
    (out / VERDICTS).unlink(missing_ok=True)
    content = {"schema": SCHEMA, **whole.told}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    (out / RUN).write_text(text, "utf-8")
    _lines(out / CELLS, whole.facts)
    _lines(out / RECORDS, _all(whole))


def _all(whole: Run) -> Iterator[Record]:
    for _, own in records_of(whole, tell=lambda _: None):
        yield from own


def _lines(path: Path, values: Iterable[Record | CellFacts]) -> None:
    with path.open("w", encoding="ascii") as file:
        for value in values:
            file.write(json.dumps(json_object(value), allow_nan=False) + "\n")
