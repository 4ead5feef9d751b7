"""``llmlat show``: the scoreboard of a run, or its answers one by one."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, add_balance, figures, opened, warn
from pytest_llmlat.command.output import add_json, room, say, say_toned, tell
from pytest_llmlat.report.figures import MISSING, printable, ratio, seconds
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import toned_scoreboard
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import told_of
from pytest_llmlat.values.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.going_on import StepTaken
    from pytest_llmlat.values.records import Cell, Record


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Without CELL: the scoreboard, as at the end of the run. With CELL, --wrong or"
        " --slowest: prompt, answer, reference and timings of single samples."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "cells",
        metavar="CELL",
        nargs="*",
        help="a cell's id, a part of it (model, task, family, device, scenario), or a"
        " pattern such as 'sentiment/*'; several add up",
    )
    parser.add_argument(
        "--wrong",
        action="store_true",
        help="only answers that are wrong, unparsed or missing",
    )
    parser.add_argument(
        "--slowest",
        metavar="N",
        type=int,
        help="only the N that took longest, the slowest first; what timed out leads",
    )
    add_balance(parser)
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the scoreboard or the samples.

    Raises:
        UsageError: no run, no such cell, or a number that is none.
    """
    if given.slowest is not None and given.slowest < 1:
        raise UsageError(
            f"--slowest {given.slowest}: must be a whole number of at least 1"
        )
    found = opened(given.run)
    if given.cells or given.wrong or given.slowest is not None:
        return _samples(found, given)
    problems: list[str] = []
    board = figures(found, problems, balance=given.balance)
    if given.json:
        tell(json.loads(summary_text(told_of(found, problems), board)))
        return 0
    warn([*found.problems, *problems])
    say([_head(found), ""])
    if not found.facts:
        say(["no cell was measured in it"])
        return 0
    say_toned(toned_scoreboard(board, most=room()))
    return 0


def _head(found: Run) -> str:
    told = found.told
    parts = [f"run {told['id']}", str(told["started"])]
    if told.get("commit"):
        parts.append(f"commit {told['commit']}")
    return printable(", ".join(filter(None, parts)))


def _samples(found: Run, given: Namespace) -> int:
    ids = _chosen(found, given.cells)
    problems = list(found.problems)
    records: Iterable[Record] = (
        record
        for _, own in records_of(found, ids, tell=problems.append)
        for record in own
        if not given.wrong or is_wrong(record)
    )
    if given.slowest is not None:
        records = sorted(records, key=_slowness, reverse=True)[: given.slowest]
    if given.json:
        tell([json_object(record) for record in records])
        return 0
    for record in records:
        say(sample_lines(record))
    warn(problems)
    return 0


def _chosen(found: Run, texts: Iterable[str]) -> set[str]:
    """Return the ids of the cells that are meant.

    Raises:
        UnknownName: a text that fits none.
    """
    cells = [facts.cell for facts in found.facts]
    meant: set[str] = set()
    for text in texts:
        fitting = {cell.id for cell in cells if _fits(cell, text)}
        if not fitting:
            known = {part for cell in cells for part in (cell.id, *_parts(cell))}
            remedy = "llmlat show RUN lists the cells."
            raise UnknownName("cell", text, known, where="CELL", remedy=remedy)
        meant |= fitting
    return meant or {cell.id for cell in cells}


def _fits(cell: Cell, text: str) -> bool:
    # A name may hold what is a pattern's: as it stands it fits first.
    return text in (cell.id, *_parts(cell)) or fnmatchcase(cell.id, text)


def _parts(cell: Cell) -> tuple[str, ...]:
    return cell.model, cell.device, cell.task, cell.family, cell.scenario


def is_wrong(record: Record) -> bool:
    """Whether an answer is wrong, unparsed or missing.

    Where a metric knows no right and wrong, such as ROUGE, only what it could not be
    applied to counts.
    """
    failed = record.finish in ("error", "timeout", "context")
    lacking = bool(record.unparsed or record.empty) or failed
    return record.grade.correct is False or lacking


def _slowness(record: Record) -> tuple[bool, float]:
    """Order by time; of a time-out all that is known is that it took longer."""
    timing = record.timing
    return record.finish == "timeout", timing.e2e_s if timing else 0.0


def sample_lines(record: Record) -> Iterator[str]:
    """Yield the lines of a sample; what a model wrote stands behind a margin.

    Line breaks are kept; any other control or format character is shown as U+FFFD.
    """
    rounds = f", round {record.round}" if record.round else ""
    yield printable(f"{record.cell.id}  {record.sample}{rounds}")
    yield f"  {'; '.join(_figures(record))}"
    parts = {
        "prompt": record.prompt,
        "rendered": record.rendered,
        "thoughts": record.thoughts,
        "answer": record.answer,
        "extracted": record.extracted,
        "reference": record.reference,
        "note": record.grade.note,
        "error": record.error,
    }
    for name, text in parts.items():
        if text is None and name in ("rendered", "thoughts", "note", "error"):
            continue
        first, *others = (MISSING if text is None else text).split("\n")
        yield f"  {name:<10}| {printable(first)}".rstrip()
        for line in others:
            yield f"  {'':<10}| {printable(line)}".rstrip()
    yield ""


def _figures(record: Record) -> Iterator[str]:
    timing = record.timing
    correct = record.grade.correct
    marks = {
        "right": correct is True,
        "wrong": correct is False,
        "unparsed": record.unparsed,
        "truncated": record.truncated,
        "refused": record.refused,
        "empty": record.empty,
        "cut in thought": record.cut_in_thought,
    }
    yield f"{record.metric} {ratio(record.grade.value if record.graded else None)}"
    yield from (name for name, holds in marks.items() if holds)
    yield f"finish {record.finish}"
    yield f"e2e {'> ' if record.finish == 'timeout' else ''}" + seconds(
        timing.e2e_s if timing else None
    )
    yield f"ttft {seconds(timing.ttft_s if timing else None)}"
    yield f"tpot {seconds(timing.tpot_s if timing else None)}"
    if record.temperature:
        nucleus = "" if record.top_p in (None, 1) else f", top_p {record.top_p:g}"
        seed = MISSING if record.seed is None else record.seed
        yield f"temperature {record.temperature:g}{nucleus}, seed {seed}"
    if timing and timing.thinking_s is not None:
        yield f"thinking {seconds(timing.thinking_s)}"
    if record.steps:
        yield f"steps {' > '.join(map(_step, record.steps))}"
    tokens, thought = record.output_tokens, record.thought_tokens
    told = f"{MISSING if tokens is None else tokens} tokens"
    yield f"{told}, {thought} of them thoughts" if thought else told


def _step(step: StepTaken) -> str:
    """Return what a step of a cascade did, in a few words."""
    if not step.seconds:
        return f"{step.model} passed over ({step.went_on})"
    why = f", {step.went_on}" if step.went_on else ""
    return f"{step.model} {seconds(step.seconds)}{why}"
