"""``llmlat label``: a person grades some answers of a run, without seeing whose."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.prediction_powered import FEWEST_LABELS
from pytest_llmlat.command.given import RUN_HELP, opened
from pytest_llmlat.command.label_page import label_on_page
from pytest_llmlat.command.label_session import LabelSession
from pytest_llmlat.command.output import say
from pytest_llmlat.command.panel import add_rubric, other_answers, records_to_judge
from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_llmlat.command.label_session import LabelItem
    from pytest_llmlat.values.judge_votes import Rubric

USUAL = 40
_SKIP, _END = "s", "q"


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Shows answers of a run in a random order, without the name of the model, and"
        " keeps the score that you give each. The judged quality then says what people"
        " would say of all answers, with an interval. Ends with q, and goes on where it"
        " was."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_rubric(parser)
    parser.add_argument(
        "--items",
        metavar="N",
        type=int,
        default=USUAL,
        help="answers to label in all, 20 to 100 (default: %(default)s)",
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="label on a page in a browser of this machine, not in the terminal",
    )


def run(given: Namespace) -> int:
    """Ask for labels until there are enough, or the person ends.

    Raises:
        UsageError: no such run, rubric or task, or a number that is none.
    """
    if given.items < FEWEST_LABELS:
        raise UsageError(
            f"--items {given.items}: fewer than {FEWEST_LABELS} labels tell nothing of"
            " all answers"
        )
    rubric = find_rubric(given.rubric, where="--rubric")
    found = opened(given.run)
    if found.folder is None:
        raise UsageError("llmlat label: name one run")
    records = records_to_judge(found, given.task, [])
    session = LabelSession(
        records,
        rubric,
        found.folder,
        items=given.items,
        other=other_answers(given.against or "", records),
        against=given.against or "",
    )
    if given.page:
        label_on_page(session, lambda told: say([told]))
    else:
        _ask_all(session)
    told = f"{session.done} of {session.planned} answers have a label"
    say(["", f"{told}: {found.folder}"])
    return 0


def _ask_all(session: LabelSession) -> None:
    """Ask for each label in the terminal."""
    say([session.rubric.criteria.strip(), *_levels(session.rubric), ""])
    while (item := session.next()) is not None:
        say([f"--- {session.done + 1} of {session.planned}", *_shown(item)])
        score = _score(session, item)
        if score == _END:
            return
        if isinstance(score, float):
            session.keep(item, score)
        else:
            session.skip(item)


def _levels(rubric: Rubric) -> list[str]:
    numbered = enumerate(rubric.levels, start=rubric.lowest)
    return [f"  {score}: {meaning}" for score, meaning in numbered]


def _shown(item: LabelItem) -> list[str]:
    """Write a question and its answer, or both of a pair; not whose they are."""
    lines = ["question:", *_indented(item.record.prompt)]
    names = ("answer",) if len(item.answers) == 1 else ("answer a", "answer b")
    for name, answer in zip(names, item.answers, strict=True):
        lines += [f"{name}:", *_indented(answer)]
    return lines


def _indented(text: str) -> list[str]:
    return [f"  | {printable(line)}" for line in text.splitlines()]


def _score(session: LabelSession, item: LabelItem) -> float | str:
    """Return the score that was typed, or what else the person wants."""
    rubric = session.rubric
    asked = f"score {rubric.lowest} to {rubric.highest}, s to skip, q to end: "
    if rubric.pairwise:
        asked = "which is better, a or b, t for a tie, s to skip, q to end: "
    while True:
        print(asked, end="", flush=True)  # noqa: T201 - a prompt
        line = sys.stdin.readline()
        typed = line.strip().casefold()
        if not line or typed == _END:
            return _END
        if typed == _SKIP:
            return _SKIP
        score = session.score(item, typed)
        if score is not None:
            return score
