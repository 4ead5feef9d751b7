"""``llmlat label``: a person grades some answers of a run, without seeing whose."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.prediction_powered import FEWEST_LABELS
from pytest_llmlat.command.given import RUN_HELP, opened
from pytest_llmlat.command.output import say
from pytest_llmlat.command.panel import add_rubric, records_to_judge
from pytest_llmlat.judges.rubrics import find_rubric
from pytest_llmlat.report.figures import printable
from pytest_llmlat.store.human_labels import (
    HumanLabel,
    add_label,
    answer_digest,
    labels_beside,
    read_labels,
)
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from pytest_llmlat.values.judge_votes import Rubric
    from pytest_llmlat.values.records import Record

USUAL = 40
_SKIP, _END = "s", "q"


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Shows answers of a run in a random order, without the name of the model, and"
        " keeps the score that you give each. llmlat panel then says what people would"
        " say of all answers, with an interval. Ends with q, and goes on where it was."
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
    records = [
        record
        for record in records_to_judge(found, given.task, [])
        if record.answer and record.answered
    ]
    drawn = _drawn(records, given.items)
    labelled = _ask_all(drawn, rubric, found.folder)
    say(["", f"{labelled} of {len(drawn)} answers have a label: {found.folder}"])
    return 0


def _drawn(records: list[Record], items: int) -> list[Record]:
    """Return the answers of randomly drawn samples, in a random order.

    Each sample's answers of all models are drawn together, so that two models can be
    compared over the same samples. The draw is the same every time.
    """
    samples = sorted({record.sample for record in records}, key=text_lot)
    per_sample = max(1, len(records) // max(1, len(samples)))
    kept = set(samples[: max(1, -(-items // per_sample))])
    own = [record for record in records if record.sample in kept]
    return sorted(own, key=lambda record: text_lot(f"{record.cell.id}|{record.sample}"))


def text_lot(text: str) -> str:
    """Return a lot by which things of this name are put in a random order."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _ask_all(drawn: list[Record], rubric: Rubric, folder: Path) -> int:
    """Ask for each label that is not there yet; return how many there are then."""
    known = labels_beside(
        drawn, read_labels(folder, lambda _: None), rubric.id, lambda _: None
    )
    done = sum(label is not None for label in known)
    say([rubric.criteria.strip(), *_levels(rubric), ""])
    for record, label in zip(drawn, known, strict=True):
        if label is not None:
            continue
        say([f"--- {done + 1} of {len(drawn)}", *_shown(record)])
        score = _score(rubric)
        if score == _END:
            break
        if isinstance(score, float):
            told = HumanLabel(
                cell=record.cell.id,
                sample=record.sample,
                round=record.round,
                answer=answer_digest(record),
                rubric=rubric.id,
                score=score,
                share=rubric.share(score),
            )
            add_label(folder, told)
            done += 1
    return done


def _levels(rubric: Rubric) -> list[str]:
    numbered = enumerate(rubric.levels, start=rubric.lowest)
    return [f"  {score}: {meaning}" for score, meaning in numbered]


def _shown(record: Record) -> list[str]:
    """Write a question and its answer; not whose it is."""
    lines = ["question:", *_indented(record.prompt)]
    lines += ["answer:", *_indented(record.answer or "")]
    return lines


def _indented(text: str) -> list[str]:
    return [f"  | {printable(line)}" for line in text.splitlines()]


def _score(rubric: Rubric) -> float | str:
    """Return the score that was typed, or what else the person wants."""
    asked = f"score {rubric.lowest} to {rubric.highest}, s to skip, q to end: "
    while True:
        print(asked, end="", flush=True)  # noqa: T201 - a prompt
        line = sys.stdin.readline()
        typed = line.strip().casefold()
        if not line or typed == _END:
            return _END
        if typed == _SKIP:
            return _SKIP
        try:
            score = float(typed)
        except ValueError:
            continue
        if rubric.lowest <= score <= rubric.highest:
            return score
