"""Labels: what people said of answers of a run, in a file of the run's folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from pytest_llmlat.store.field_kinds import wrong_field
from pytest_llmlat.store.journal import LABELS
from pytest_llmlat.store.json_lines import parsed
from pytest_llmlat.values.sound_grade import is_quality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_llmlat.values.records import Record

_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLabel:
    """A label: a person's score of one answer, by a rubric."""

    cell: str
    sample: str
    round: int
    answer: str
    """Digest of the answer that was seen."""
    rubric: str
    """Name and digest of the rubric."""
    score: float
    share: float
    """The score as quality, between 0 and 1."""


def answer_digest(record: Record) -> str:
    """Return the digest by which an answer is known again."""
    text = (record.answer or "").encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_DIGITS]


def read_labels(folder: Path, tell: Callable[[str], None]) -> list[HumanLabel]:
    """Return the labels of a run; none where nobody has said anything.

    Args:
        folder: of the run.
        tell: gets a sentence for lines that cannot be read.
    """
    path = folder / LABELS
    if not path.exists():
        return []
    found, broken = [], 0
    for line in path.read_bytes().splitlines():
        try:
            found.append(_label(parsed(line)))
        except ValueError:
            broken += 1
    if broken:
        tell(f"{path}: {broken} of its lines left out, for they are no labels")
    return found


def add_label(folder: Path, label: HumanLabel) -> None:
    """Append a label; it is on the disk before the next one is asked for."""
    with (folder / LABELS).open("a", encoding="ascii") as file:
        file.write(json.dumps(asdict(label), allow_nan=False) + "\n")


def as_people_said(
    records: Sequence[Record],
    labels: Sequence[HumanLabel],
    tell: Callable[[str], None],
) -> list[Record]:
    """Return records with the labels of people, by the rubric that judges had.

    Of several labels of one answer the last counts, in whichever round it was given;
    one of another answer, or by another rubric, is none of it.

    Args:
        records: of one cell.
        labels: of that cell.
        tell: gets a sentence on labels that are of no answer.
    """
    said = {
        (each.cell, each.sample, each.answer, each.rubric): each.share
        for each in labels
    }
    if not said:
        return list(records)
    asked = {record.votes[0].rubric for record in records if record.votes}
    others = sum(label.rubric not in asked for label in labels) if asked else 0
    if others:
        tell(
            f"{labels[0].cell}: {others} labels are by another rubric than"
            f" {', '.join(sorted(asked))}, and left out"
        )
    strange = {key[:3] for key in said} - {
        (record.cell.id, record.sample, answer_digest(record)) for record in records
    }
    if strange:
        tell(
            f"{next(iter(strange))[0]}: {len(strange)} labels are of other answers than"
            " those of this run, and left out"
        )
    found = []
    for record in records:
        label = record.label
        if record.votes:
            key = (record.cell.id, record.sample, answer_digest(record))
            label = said.get((*key, record.votes[0].rubric), label)
        found.append(record if label == record.label else replace(record, label=label))
    return found


def labels_beside(
    records: Sequence[Record],
    labels: Sequence[HumanLabel],
    rubric: str,
    tell: Callable[[str], None],
) -> list[float | None]:
    """Return for each record what people said of that very answer.

    Of several labels of one answer the last counts. A label by another rubric, or of
    an answer that is not there, is left out and told.

    Args:
        records: of a run.
        labels: all that there are.
        rubric: name and digest of the rubric that judges are asked by.
        tell: gets a sentence on what was left out.
    """
    by_answer = {
        (label.cell, label.sample, label.answer): label.share
        for label in labels
        if label.rubric == rubric
    }
    keys = [
        (record.cell.id, record.sample, answer_digest(record)) for record in records
    ]
    other = sum(label.rubric != rubric for label in labels)
    if other:
        tell(f"{other} labels are by another rubric than {rubric}, and left out")
    strange = len(by_answer.keys() - set(keys))
    if strange:
        tell(f"{strange} labels are of answers that are not in this run, and left out")
    return [by_answer.get(key) for key in keys]


def _label(content: object) -> HumanLabel:
    """Build a label from its line.

    Raises:
        ValueError: it is none.
    """
    try:
        told = {field.name: content[field.name] for field in fields(HumanLabel)}  # type: ignore[index] # what it is, is seen here
    except (KeyError, TypeError) as error:
        raise ValueError("no label") from error
    label = HumanLabel(**told)
    if wrong_field(label, {}) is not None or not is_quality(label.share):
        raise ValueError("no label")
    return label
