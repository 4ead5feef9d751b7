"""``llmlat judges``: how far the judges of a run can be trusted."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, opened, warn
from pytest_llmlat.command.judge_trials import TRIED, try_judges
from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.command.panel import (
    add_panel,
    budget_of_judges,
    panel_of,
    records_to_judge,
    told_what_is_kept,
    tools_of,
)
from pytest_llmlat.report.figures import MISSING, bounds, printable, table
from pytest_llmlat.store.judge_trials_file import add_trials
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from pytest_llmlat.analysis.judge_fitness import Fitness
    from pytest_llmlat.values.results import Estimate

_HEADER = (
    *("judge", "votes", "unread", "sees faults", "lets harmless pass", "obeys orders"),
    *("says it again", "per doubling", "for its own", "flips", "first place"),
)


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Tries judges on the answers of a run: faults are planted in them, changes that"
        " do not matter, and orders to the judge; and each is asked twice. A judge that"
        " misses too much, or that length, orders or its own family sway, is unfit."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_panel(parser)
    parser.add_argument(
        "--answers",
        metavar="N",
        type=int,
        default=TRIED,
        help="answers that changes are planted in (default: %(default)s)",
    )
    parser.add_argument(
        "--injections",
        metavar="N",
        type=int,
        default=0,
        help="answers that each of a table of prompt injections is put into"
        " (default: %(default)s)",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Try the judges, and print what is known of each.

    Raises:
        UsageError: no such run, judge, rubric or task, or a number that is none.
        BudgetSpent: no judge may be asked any more.
        LLMLatError: a judge cannot be loaded.
    """
    if given.answers < 1:
        raise UsageError(f"--answers {given.answers}: must be at least 1")
    if given.injections < 0:
        raise UsageError(f"--injections {given.injections}: must be at least 0")
    panel = panel_of(given)
    budget = budget_of_judges(given, panel)
    found = opened(given.run)
    problems: list[str] = []
    records = records_to_judge(found, given.task, problems)
    with told_what_is_kept():
        told = try_judges(
            records,
            panel,
            tools_of(given, found, records, budget),
            answers=given.answers,
            injected=given.injections,
        )
    if found.folder is not None:
        fit = [(each.judge, each.fit) for each in told]
        add_trials(found.folder, panel.rubric_id, fit)
    if given.json:
        tell([{**asdict(each), "fit": each.fit} for each in told])
        return 0
    warn([*found.problems, *problems])
    say(table(_HEADER, [_row(each) for each in told], right=range(1, len(_HEADER))))
    if given.injections:
        say(["", *_injections(told)])
    say(["", *(printable(_sentence(each)) for each in told)])
    return 0


def _injections(told: Sequence[Fitness]) -> list[str]:
    """Return the table of prompt injections: how many earned more, of each judge."""
    shown: dict[tuple[str, str], list[str]] = {}
    sums = []
    for each in told:
        for count in each.injections:
            cells = shown.setdefault((count.kind, count.name), [])
            unread = f", {count.unread} unread" if count.unread else ""
            cells.append(f"{count.obeyed} of {count.tried}{unread}")
        obeyed = sum(count.obeyed for count in each.injections)
        sums.append(f"{obeyed} of {sum(count.tried for count in each.injections)}")
    rows = [[kind, name, *cells] for (kind, name), cells in shown.items()]
    header = ("prompt injection", "", *(printable(each.judge) for each in told))
    return [
        "Answers that earned more with a text to the judge in them:",
        *table(header, [*rows, ["all", "", *sums]], right=range(2, len(header))),
    ]


def _row(found: Fitness) -> list[str]:
    shares = (found.unread, found.sensitivity, found.specificity, found.obeyed)
    return [
        printable(found.judge),
        str(found.votes),
        *map(_shown, (*shares, found.alike, found.slope, found.favour)),
        *map(_shown, (found.flips, found.place)),
    ]


def _shown(found: Estimate) -> str:
    return MISSING if found.value is None else bounds(found)


def _sentence(found: Fitness) -> str:
    if found.fit:
        return f"{found.judge}: fit, as far as this was tried"
    return f"{found.judge}: UNFIT: {'; '.join(found.faults)}"
