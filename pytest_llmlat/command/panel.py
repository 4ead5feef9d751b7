"""``llmlat panel``: a panel of models grades the answers of a run."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, get_args

from pytest_llmlat.analysis.agreement import alpha_estimate, with_the_rest
from pytest_llmlat.analysis.prediction_powered import FEWEST_LABELS, judged_mean
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.given import (
    RUN_HELP,
    RUNS,
    add_balance,
    figures,
    opened,
    warn,
)
from pytest_llmlat.command.output import add_json, room, say, say_toned, tell
from pytest_llmlat.judges.rubrics import bundled_rubrics, find_rubric
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.measure.panel_grading import (
    VERDICT_TOKENS,
    Panel,
    check_panel,
    judged,
)
from pytest_llmlat.report.figures import bounds, printable
from pytest_llmlat.report.report_files import write_report
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import toned_scoreboard
from pytest_llmlat.store.human_labels import labels_beside, read_labels
from pytest_llmlat.store.journal import Journal, new_folder
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run, told_of
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.judge_votes import PanelRule

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.agreement import Level
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.records import Record

_PROJECT = Path("pyproject.toml")
UNCALIBRATED = (
    "quality is judged and uncalibrated: nobody has checked these judges against people"
)


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
        "--models",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="catalogue with more models (TOML); repeatable",
    )


def run(given: Namespace) -> int:
    """Judge a run, write what came of it, and print its scoreboard.

    Raises:
        UsageError: no such run, judge, rubric or task, or a number that is none.
        LLMLatError: a judge cannot be loaded.
    """
    panel = panel_of(given)
    found = opened(given.run)
    problems: list[str] = []
    records = records_to_judge(found, given.task, problems)
    told: list[str] = []
    votes = judged(records, panel, cache=user_cache(), tell=told.append)
    written = _written(found, votes, panel)
    board = figures(written, given, problems)
    calibrated = _calibrated(found, votes, panel, problems.append)
    if not calibrated:
        problems.append(UNCALIBRATED)
    write_report(
        written.folder or Path(),
        told_of(written, problems),
        board,
        written,
        page=True,
    )
    lines = [*told, *_agreement(votes, panel), *calibrated]
    if given.json:
        content = json.loads(summary_text(told_of(written, problems), board))
        tell({**content, "judging": lines, "folder": str(written.folder)})
        return 0
    warn([*found.problems, *problems])
    say_toned(toned_scoreboard(board, most=room()))
    say(["", *map(printable, lines), f"written to {written.folder}"])
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
    )
    check_panel(panel)
    return panel


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
        "rubric": panel.rubric.id,
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


def _calibrated(
    run: Run,
    records: Sequence[Record],
    panel: Panel,
    tell: Callable[[str], None],
) -> list[str]:
    """Write what people would say of each cell's answers; nothing without labels."""
    if run.folder is None:
        return []
    labels = read_labels(run.folder, tell)
    said = labels_beside(records, labels, panel.rubric.id, tell)
    cells: dict[str, list[tuple[float, float | None]]] = {}
    for record, label in zip(records, said, strict=True):
        if record.graded:
            pair = (record.grade.value, label)
            cells.setdefault(record.cell.id, []).append(pair)
    lines = []
    for cell, pairs in cells.items():
        found = judged_mean(*zip(*pairs, strict=True))
        count = sum(label is not None for _, label in pairs)
        if found is not None:
            alone = fmean(value for value, _ in pairs)
            lines.append(
                f"{cell}: quality {bounds(found.estimate)} by {found.labels} labels"
                f" and the panel (the panel alone: {alone:.3f})"
            )
        elif count:
            tell(
                f"{cell}: has {count} labels; {FEWEST_LABELS} and more tell how far the"
                " panel is right"
            )
    return lines


def _agreement(records: Sequence[Record], panel: Panel) -> list[str]:
    """Write how far the judges agree; nothing of one judge."""
    if len(panel.judges) == 1:
        return []
    votes = [
        [vote.score if vote.counted else None for vote in record.votes]
        for record in records
        if record.votes
    ]
    level: Level = "interval"
    found = alpha_estimate(votes, level)
    if found.value is None:
        return ["agreement: none can be told, for no two judges' votes differ"]
    lines = [f"agreement of the panel (Krippendorff's alpha): {bounds(found)}"]
    for judge, rest in zip(panel.judges, with_the_rest(votes, level), strict=True):
        told = "not to be told" if rest is None else f"{rest:.2f}"
        lines.append(f"  {judge.name} with the others: {told}")
    return lines
