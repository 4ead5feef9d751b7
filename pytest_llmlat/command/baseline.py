"""``llmlat baseline``: the runs that a baseline holds; add to them, leave some out."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import geometric_mean
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, opened, warn
from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.gate.answered_share import too_few_answers
from pytest_llmlat.gate.tolerances import GateRules, parse_answered
from pytest_llmlat.report.figures import MISSING, printable, seconds, table
from pytest_llmlat.store import baselines
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.cell_facts import REFERENCE
from pytest_llmlat.values.errors import BadBaseline, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_llmlat.store.baselines import Baseline, BaselineRun
    from pytest_llmlat.values.records import Cell, Record

_FEW = 3
"""Number of runs from which on it is known how much they differ."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "A baseline holds several runs, so that the gate knows how much times differ"
        " from run to run with nothing changed."
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    shown = actions.add_parser("show", help="the runs that a file holds")
    shown.add_argument("file", metavar="FILE", type=Path, help="a baseline")
    add_json(shown)
    added = actions.add_parser("add", help="store runs that were measured before")
    added.add_argument("file", metavar="FILE", type=Path, help="a baseline, old or new")
    added.add_argument("runs", metavar="RUN", nargs="+", help=RUN_HELP)
    added.add_argument(
        "--answered",
        metavar="EXPR",
        action="append",
        default=[],
        help="share of a cell's requests that are answered, or the run is not stored:"
        " '[TASK@MODEL:] 90%%' (default: 50%%); repeatable",
    )
    pruned = actions.add_parser("prune", help="leave out runs")
    pruned.add_argument("file", metavar="FILE", type=Path, help="a baseline")
    which = pruned.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--keep", metavar="N", type=int, help="keep the newest N runs, drop the others"
    )
    which.add_argument(
        "--drop",
        metavar="NUMBER",
        type=int,
        action="append",
        help="drop the run of this number in 'show'; repeatable",
    )


def run(given: Namespace) -> int:
    """Do what was asked, and print what the file holds then.

    Raises:
        UsageError: a file or a run that is none, or that must not be stored.
    """
    if given.action == "add":
        answered = parse_answered(given.answered, where="--answered")
        for text in given.runs:
            _add(given.file, text, GateRules(answered=answered))
    if given.action == "prune":
        baselines.prune(given.file, keep=_kept(given, baselines.load(given.file)))
    baseline = baselines.load(given.file)
    if given.action == "show" and given.json:
        tell([_told(one, number) for number, one in enumerate(baseline.runs, 1)])
    else:
        say(lines_of(baseline))
    return 0


def lines_of(baseline: Baseline) -> list[str]:
    """Return a line for each run, the oldest first, and what they are good for."""
    rows = [
        (
            str(number),
            one.id,
            str(len(one.cells)),
            str(sum(len(cell.records) for cell in one.cells)),
            _middle(one),
            str(_disturbed(one) or MISSING),
            one.plugin,
        )
        for number, one in enumerate(baseline.runs, 1)
    ]
    heads = (
        "run",
        "made",
        "cells",
        "answers",
        "mean e2e",
        "disturbed",
        "pytest-llmlat",
    )
    count = sum(_disturbed(one) < len(one.cells) for one in baseline.runs)
    told = [
        f"{count} runs tell how much times differ from run to run"
        if count >= _FEW
        else f"{count} of {_FEW} runs: store more, and smaller changes of time can be"
        " told"
    ]
    cells = [cell for one in baseline.runs for cell in one.cells if cell.disturbed]
    if cells:
        told.append(
            "times of disturbed cells are never gated"
            f" ({cells[0].cell.id}: {cells[0].disturbed}): store a run of a quiet"
            " machine"
        )
    return [*table(heads, rows, right=[0, 2, 3, 4, 5]), *map(printable, told)]


def _disturbed(one: BaselineRun) -> int:
    """Count the cells of a run whose times are never gated."""
    return sum(cell.disturbed is not None for cell in one.cells)


def _add(path: Path, text: str, rules: GateRules) -> None:
    found = opened(text)
    problems = list(found.problems)
    # The other side of pairs is measured anew in each run, and no run's own.
    facts = [each for each in found.facts if each.role != REFERENCE]
    kept = {each.cell.id for each in facts}
    read = records_of(found, tell=problems.append)
    records = [r for _, own in read for r in own if r.cell.id in kept]
    if problems:
        warn(problems)
        raise BadBaseline(
            f"baseline {path}: {text} is not stored, for parts of it cannot be read"
        )
    if any(verdict.failing for verdict in found.verdicts):
        raise BadBaseline(
            f"baseline {path}: {text} is not stored, for it did not pass its gate;"
            " later runs would be compared with worse"
        )
    measured: dict[Cell, list[Record]] = defaultdict(list)
    for record in records:
        measured[record.cell].append(record)
    for each in facts:
        for verdict in too_few_answers(each.cell, measured[each.cell], rules):
            raise BadBaseline(
                f"baseline {path}: {text} is not stored, for of {each.cell.id}"
                f" {verdict.note}"
            )
    environment = dict(found.told["environment"])
    baselines.save(
        path,
        facts=facts,
        records=records,
        environment=environment,
        created=str(found.told["started"]),
        plugin=str(environment.get("pytest-llmlat") or MISSING),
    )


def _kept(given: Namespace, baseline: Baseline) -> set[int]:
    """Return the numbers of the runs that stay."""
    numbers = range(1, len(baseline.runs) + 1)
    if given.keep is not None:
        if given.keep < 1:
            raise UsageError("--keep: at least 1 run stays; delete the file otherwise")
        return set(numbers[-given.keep :])
    unknown = sorted(set(given.drop) - set(numbers))
    if unknown:
        raise UsageError(
            f"--drop: {given.file} has no run {unknown[0]}; it has 1 to {len(numbers)}"
        )
    return set(numbers) - set(given.drop)


def _told(one: BaselineRun, number: int) -> dict[str, object]:
    return {
        "run": number,
        "made": one.id,
        "cells": [cell.cell.id for cell in one.cells],
        "answers": sum(len(cell.records) for cell in one.cells),
        "disturbed": {c.cell.id: c.disturbed for c in one.cells if c.disturbed},
        "environment": dict(one.environment),
        "plugin": one.plugin,
    }


def _middle(one: BaselineRun) -> str:
    """Write the geometric mean time of an answer, for a look at how runs differ."""
    times = [
        record.timing.e2e_s
        for cell in one.cells
        for record in cell.records
        if record.timing and record.answered
    ]
    return seconds(geometric_mean(times)) if times and min(times) > 0 else MISSING
