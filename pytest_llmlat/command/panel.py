"""``llmlat panel``: a panel of models grades the answers of a run."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pytest_llmlat.analysis.prediction_powered import FEWEST_LABELS
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.given import (
    RUN_HELP,
    RUNS,
    add_balance,
    figures,
    opened,
    warn,
)
from pytest_llmlat.command.output import (
    add_catalogues,
    add_json,
    room,
    say,
    say_toned,
    show_progress,
    tell,
)
from pytest_llmlat.judges.lineages import lineages_of_cells
from pytest_llmlat.judges.rubric_reading import bundled_rubrics, find_rubric
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.measure.judge_panel import Panel, check_panel
from pytest_llmlat.measure.opened_judge import JudgingTools, reference_of
from pytest_llmlat.measure.panel_grading import judged
from pytest_llmlat.measure.run_budget import Budget, check_prices
from pytest_llmlat.report.judge_lines import UNCHECKED, judge_lines
from pytest_llmlat.report.report_files import write_report
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import toned_scoreboard
from pytest_llmlat.store.human_labels import labels_beside, read_labels
from pytest_llmlat.store.journal import Journal, new_folder
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run, told_of
from pytest_llmlat.store.vote_cache import unkept
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.judge_votes import VERDICT_TOKENS, PanelRule
from pytest_llmlat.values.spend import parse_spend

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.records import Record

_PROJECT = Path("pyproject.toml")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Models grade the answers of a run by a rubric, after it has ended. What they"
        " say is written as a run of its own, with the same times; the first stays as"
        " it is. A vote that was cast before is not asked for again."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_panel(parser)
    add_balance(parser)
    add_json(parser)


def add_rubric(parser: ArgumentParser) -> None:
    """Declare by which rubric what is judged."""
    parser.add_argument(
        "--rubric",
        metavar="NAME",
        required=True,
        help=f"what is looked at: {', '.join(bundled_rubrics())}, or a TOML file",
    )
    parser.add_argument(
        "--task",
        metavar="NAME",
        action="append",
        default=[],
        help="only cells of this task or family; repeatable",
    )
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="model of the run whose answers others are held against by a rubric for"
        " pairs (default: the right answers)",
    )


def add_panel(parser: ArgumentParser) -> None:
    """Declare who judges what, by which rubric."""
    parser.add_argument(
        "--judge",
        metavar="NAME",
        action="append",
        default=[],
        help="model that judges, of any backend; repeatable. One that is the candidate"
        " or of its family has no say on it",
    )
    add_rubric(parser)
    parser.add_argument(
        "--panel",
        metavar="RULE",
        choices=get_args(PanelRule),
        default="mean",
        help="how one grade is made of votes: mean, median, majority"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--in-flight",
        metavar="N",
        type=int,
        default=8,
        help="requests that a judge's server is asked at once (default: %(default)s)",
    )
    parser.add_argument(
        "--verdict-tokens",
        metavar="N",
        type=int,
        default=VERDICT_TOKENS,
        help="tokens at most of a verdict (default: %(default)s)",
    )
    parser.add_argument(
        "--spend",
        metavar="EXPR",
        default="",
        help='most that judges may spend, such as "usd=2 minutes=30"; votes that were'
        " cast are kept, and the rest is asked by the same command later",
    )
    add_catalogues(parser, "models")


def run(given: Namespace) -> int:
    """Judge a run, write what came of it, and print its scoreboard.

    Raises:
        UsageError: no such run, judge, rubric or task, or a number that is none.
        LLMLatError: a judge cannot be loaded.
    """
    panel = panel_of(given)
    budget = budget_of_judges(given, panel)
    found = opened(given.run)
    problems = unkept(user_cache())
    records = records_to_judge(found, given.task, problems)
    with told_what_is_kept():
        votes = judged(records, panel, tools_of(given, found, records, budget))
    problems += told_of_budget(budget)
    written = _written(found, _as_labelled(found, votes, panel, problems), panel)
    board = figures(written, problems, balance=given.balance)
    if any(s.judging is not None and s.judging.trust is None for s in board.summaries):
        problems.append(f"quality is judged and uncalibrated: {UNCHECKED}")
    write_report(
        written.folder or Path(),
        told_of(written, problems),
        board,
        written,
        page=True,
    )
    if given.json:
        content = json.loads(summary_text(told_of(written, problems), board))
        lines = judge_lines(board)
        tell({**content, "judging": lines, "folder": str(written.folder)})
        return 0
    warn([*found.problems, *problems])
    say_toned(toned_scoreboard(board, most=room()))
    say(["", f"written to {written.folder}"])
    return 0


def panel_of(given: Namespace) -> Panel:
    """Return the panel that was named.

    Raises:
        UsageError: no such judge or rubric, no judge, or a number that is none.
    """
    for name in ("in_flight", "verdict_tokens"):
        if getattr(given, name) < 1:
            typed = f"--{name.replace('_', '-')} {getattr(given, name)}"
            raise UsageError(f"{typed}: must be a whole number of at least 1")
    own = [_PROJECT] if _PROJECT.is_file() else []
    catalogue = load_models([*own, *given.models])
    panel = Panel(
        judges=tuple(catalogue.find(name, where="--judge") for name in given.judge),
        rubric=find_rubric(given.rubric, where="--rubric"),
        rule=given.panel,
        in_flight=given.in_flight,
        tokens=given.verdict_tokens,
        against=given.against or "",
    )
    check_panel(panel, where="--judge")
    if given.against and not panel.rubric.pairwise:
        raise UsageError(
            f"--against {given.against}: rubric {panel.rubric.name!r} judges each"
            " answer alone; name one for pairs (pairwise = true)"
        )
    return panel


def budget_of_judges(given: Namespace, panel: Panel) -> Budget:
    """Return what judges may spend, of which nothing is spent.

    Raises:
        UsageError: that is not understood, or nothing tells what a judge spends.
    """
    clock, where = SystemClock(), "--spend"
    limits = parse_spend(given.spend, where=where)
    check_prices(limits, panel.judges, where=where)
    if limits.joules is not None:
        raise UsageError(
            f"{where}: nothing counts the joules of a judge: give money or minutes"
        )
    return Budget(limits, clock, begin_ns=clock.now_ns(), where=where)


@contextmanager
def told_what_is_kept() -> Iterator[None]:
    """Say what is not lost when a person breaks judging off."""
    try:
        yield
    except KeyboardInterrupt:
        told = (
            "broken off: votes that were cast are kept, and the same command asks for"
            " the rest"
        )
        warn([told])
        raise


def told_of_budget(budget: Budget) -> list[str]:
    """Return a sentence on what was not asked, for it could have cost too much."""
    if budget.refused is None:
        return []
    why = budget.refused.removeprefix("not measured: ")
    told = (
        f"not judged to the end: {why}; votes that were cast are kept, and the same"
        " command asks for the rest"
    )
    return [told]


def tools_of(
    given: Namespace, run: Run, records: Sequence[Record], budget: Budget
) -> JudgingTools:
    """Return the tools of judging, with the answers that pairs are made with.

    Raises:
        UnknownName: the run has no such model.
    """
    families = lineages_of_cells(run.facts)
    return JudgingTools(
        cache=user_cache(),
        allowance=budget.for_judge,
        other=other_answers(given.against or "", records),
        family=lambda record: families[record.cell.id],
        progress=show_progress,
    )


def other_answers(
    name: str, records: Sequence[Record]
) -> Callable[[Record], str | None]:
    """Return what finds the answer that another is held against in pairs.

    Args:
        name: of a model of the run; empty for the right answers.
        records: of the run.

    Raises:
        UnknownName: the run has no such model.
    """
    if not name:
        return reference_of
    models = {record.cell.model for record in records}
    if name not in models:
        remedy = "models are those of the run"
        raise UnknownName("model", name, models, where="--against", remedy=remedy)
    answers = {
        (record.cell.task, record.sample, record.round, record.cell.scenario): (
            record.answer or ""
        )
        for record in records
        if record.cell.model == name
    }

    def other(record: Record) -> str | None:
        if record.cell.model == name:
            # Beside itself every answer is as good as itself.
            return None
        cell = record.cell
        return answers.get((cell.task, record.sample, record.round, cell.scenario))

    return other


def records_to_judge(
    run: Run, tasks: Sequence[str], problems: list[str]
) -> list[Record]:
    """Return the records to judge.

    Raises:
        UsageError: there is no such task in the run, or nothing in it.
    """
    names = {name for f in run.facts for name in (f.cell.task, f.cell.family)}
    for task in tasks:
        if task not in names:
            raise UnknownName(
                "task", task, names, where="--task", remedy="tasks are those of the run"
            )
    wanted = {
        facts.cell.id
        for facts in run.facts
        if not tasks or {facts.cell.task, facts.cell.family} & set(tasks)
    }
    found = [
        record
        for _, own in records_of(run, wanted, tell=problems.append)
        for record in own
    ]
    if not found:
        raise UsageError(f"run {run.folder}: there is no answer in it to judge")
    return found


def _written(run: Run, records: Sequence[Record], panel: Panel) -> Run:
    """Write the judged records as a run, and open it."""
    journal = Journal(new_folder(Path.cwd()))
    judging = {
        "of": str(run.told.get("id")),
        "judges": [judge.name for judge in panel.judges],
        "rubric": panel.rubric_id,
        "panel": panel.rule,
    }
    journal.open({**run.told, "judging": judging})
    cells = {record.cell.id for record in records}
    for facts in run.facts:
        if facts.cell.id in cells:
            journal.add(facts)
    for record in records:
        journal.add(record)
    journal.finish(seconds=float(run.told.get("seconds") or 0.0))
    return open_run(RUNS / journal.folder.name)


def _as_labelled(
    run: Run, records: Sequence[Record], panel: Panel, problems: list[str]
) -> list[Record]:
    """Return judged records with what people said of the same answers."""
    if run.folder is None:
        return list(records)
    labels = read_labels(run.folder, problems.append)
    said = labels_beside(records, labels, panel.rubric_id, problems.append)
    cells = Counter(
        record.cell.id
        for record, label in zip(records, said, strict=True)
        if label is not None
    )
    problems += [
        f"{cell}: has {count} labels; {FEWEST_LABELS} and more tell how far the panel"
        " is right"
        for cell, count in cells.items()
        if count < FEWEST_LABELS
    ]
    return [
        replace(record, label=label)
        for record, label in zip(records, said, strict=True)
    ]
