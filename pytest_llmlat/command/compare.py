"""``llmlat compare``: the gate's verdicts on two runs, without running anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.stored_run import asked_for
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.command.given import RUN_HELP, add_balance, opened, warn
from pytest_llmlat.command.output import add_json, room, say_toned, tell
from pytest_llmlat.gate.answered_share import too_few_answers
from pytest_llmlat.gate.gate_coverage import idle_tolerances
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.limits import check_limits, idle
from pytest_llmlat.gate.looks import unsuited
from pytest_llmlat.gate.matching import after, answers_of, yardstick_of
from pytest_llmlat.gate.tolerances import (
    NEW_CELLS,
    UNSURE,
    GateRules,
    parse_answered,
    parse_limits,
    parse_tolerances,
)
from pytest_llmlat.report.answer_sentence import answer_tone
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.gate_sentence import gate_sentence
from pytest_llmlat.report.tones import ReportLine
from pytest_llmlat.report.verdict_table import toned_verdicts
from pytest_llmlat.store import baselines
from pytest_llmlat.store.baselines import Baseline, BaselineCell, BaselineRun
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.cell_facts import UNSHOWN, YARDSTICK, YARDSTICK_NAME
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.results import Scoreboard, Verdict
from pytest_llmlat.values.verdict_order import worst_first

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.analysis.stored_run import Asked
    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.tolerances import Limit
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record

_FAILED = 1


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Judges run B beside run A, sample by sample, as --llm-baseline does. Exit"
        " status 1 if something got worse, missed its limit, or is missing in B."
    )
    parser.add_argument(
        "reference", metavar="A", help=f"{RUN_HELP}; or the file of a baseline"
    )
    parser.add_argument("candidate", metavar="B", help=RUN_HELP)
    parser.add_argument(
        "--tolerance",
        metavar="EXPR",
        action="append",
        default=[],
        help="how much worse is tolerated: '[TASK@MODEL:] e2e=5%% quality=0.02';"
        " repeatable",
    )
    parser.add_argument(
        "--limit",
        metavar="EXPR",
        action="append",
        default=[],
        help="absolute limits on B: '[TASK@MODEL:] quality>=0.6 ttft_p95<=0.5s';"
        " repeatable",
    )
    parser.add_argument(
        "--answered",
        metavar="EXPR",
        action="append",
        default=[],
        help="share of a cell's requests that are to be answered, or it fails:"
        " '[TASK@MODEL:] 90%%' (default: 50%%); repeatable",
    )
    parser.add_argument(
        "--inconclusive",
        metavar="WHAT",
        choices=UNSURE,
        default="pass",
        help="what cannot be decided: pass or fail (default: %(default)s)",
    )
    parser.add_argument(
        "--new-cells",
        metavar="WHAT",
        choices=NEW_CELLS,
        default="warn",
        help="cells that A lacks: fail, warn or pass (default: %(default)s)",
    )
    add_balance(parser)
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the verdicts; fails if one of them does.

    Raises:
        UsageError: a run or a baseline that is none, or an expression.
    """
    rules = GateRules(
        tolerances=parse_tolerances(given.tolerance, where="--tolerance"),
        unsure=given.inconclusive,
        new_cells=given.new_cells,
        answered=parse_answered(given.answered, where="--answered"),
    )
    limits = parse_limits(given.limit, where="--limit")
    candidate = opened(given.candidate)
    problems = list(candidate.problems)
    reference, holes = _reference(given.reference, candidate, problems)
    held: list[Verdict] = []
    asked = asked_for(candidate)
    if given.balance is not None:
        asked = replace(asked, balance=given.balance)
    bounds = _Bounds(limits, asked, rules, held)
    matches = _matches(candidate, reference, bounds, problems)
    cells = [one.cell for one in candidate.facts if one.role not in UNSHOWN]
    judged = judge(matches, rules, balance=asked.balance)
    verdicts = worst_first(
        [
            *judged,
            *held,
            *idle(limits, cells),
            *idle_tolerances(rules.tolerances, cells),
            *holes,
            *_missing(candidate, reference),
        ]
    )
    if given.json:
        tell([asdict(verdict) for verdict in verdicts])
    else:
        warn(problems)
        board = Scoreboard(summaries=(), standings=(), verdicts=verdicts)
        names = {cell.id: cell for cell in cells}
        say_toned(toned_verdicts(board, most=room()))
        if verdicts:
            sentence = printable(gate_sentence(verdicts, names))
            say_toned([ReportLine(""), ReportLine(sentence, answer_tone(board))])
    return _FAILED if any(verdict.failing for verdict in verdicts) else 0


def _reference(
    text: str, candidate: Run, problems: list[str]
) -> tuple[Baseline, list[Verdict]]:
    """Return what is compared with, and what it lacks, as verdicts.

    A baseline has no holes, or it would not have been stored; a run may have some, and
    what is compared with less than was planned would flatter.
    """
    path = Path(text)
    if path.is_file():
        return baselines.load(path), []
    found = opened(text)
    if found.folder and candidate.folder and found.folder.samefile(candidate.folder):
        raise UsageError(
            f"{text}: is both runs; name two, such as the folder of an earlier one and"
            " 'last'"
        )
    problems += found.problems
    cells: list[BaselineCell] = []
    holes: list[Verdict] = []
    facts = {one.cell: one for one in found.facts}
    for cell, records in records_of(found, tell=problems.append):
        one = facts[cell]
        cells.append(
            BaselineCell(
                cell=cell,
                task_revision=one.task_revision,
                backend=one.backend,
                contended=one.void,
                warnings=one.warnings,
                records=tuple(records),
                answers=answers_of(records),
                constraint=one.constraint,
            )
        )
        if not one.whole(len(records)) or not records:
            note = f"{text} has {len(records)} of {one.planned} answers"
            holes.append(_failed(cell.id, text, note))
        elif told := unsuited(one.stopping):
            holes.append(_failed(cell.id, text, f"in {text} {told}"))
    run = BaselineRun(
        id=str(found.told["started"]),
        plugin=str(found.told["environment"].get("pytest-llmlat")),
        environment=_environment(found),
        cells=tuple(cells),
    )
    return Baseline(name=text, runs=(run,)), holes


def _environment(found: Run) -> dict[str, Scalar | None]:
    """Return what latencies depend on; of joined runs nobody knows it cell by cell."""
    known = dict(found.told["environment"])
    return {**known, "joined": found.told["id"]} if "runs" in found.told else known


def _matches(
    candidate: Run, reference: Baseline, bounds: _Bounds, problems: list[str]
) -> Iterator[Match]:
    """Yield each cell beside its reference, held to its limits on the way."""
    environment = _environment(candidate)
    facts = {one.cell: one for one in candidate.facts}
    read = records_of(candidate, tell=problems.append)
    yards: dict[str, Sequence[Record]] = {}
    if any(one.role == YARDSTICK for one in candidate.facts):
        # A yardstick's records are needed beside those of its cell.
        whole = list(read)
        yards = {cell.id: records for cell, records in whole}
        read = iter(whole)
    for cell, records in read:
        if facts[cell].role in UNSHOWN:
            continue
        bounds.hold(facts[cell], records)
        yard = yardstick_of(facts[cell], candidate.facts, yards)
        yield after(facts[cell], records, reference, environment, yard)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Absolute limits, and what they say of the cells that were held to them."""

    limits: tuple[Limit, ...]
    asked: Asked
    rules: GateRules
    told: list[Verdict]

    def hold(self, facts: CellFacts, records: Sequence[Record]) -> None:
        """Judge a cell; its statistics are made only if a limit is on it."""
        self.told.extend(too_few_answers(facts.cell, records, self.rules))
        if not any(limit.scope.holds(facts.cell) for limit in self.limits):
            return
        summary = summarise(
            facts,
            records,
            balance=self.asked.balance,
            slo=self.asked.slo,
        )
        self.told.extend(
            check_limits(summary, records, self.limits, unsure=self.rules.unsure)
        )


def _missing(candidate: Run, reference: Baseline) -> Iterator[Verdict]:
    """Fail what the reference has and the candidate was not measured on."""
    measured = {facts.cell for facts in candidate.facts}
    for one in reference.cells:
        if one.cell.model.endswith(YARDSTICK_NAME):
            continue
        if one.cell not in measured:
            yield _failed(one.cell.id, reference.name, "was not measured")
    if not measured and not reference.cells:
        note = "nothing was measured: a gate that saw nothing is not passed"
        yield _failed("-", reference.name, note)


def _failed(cell: str, against: str, note: str) -> Verdict:
    return Verdict(
        cell=cell, quantity="records", outcome="failed", against=against, note=note
    )
