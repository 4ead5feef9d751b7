"""Rows that an adapter is trained on: a task's train split, and none that it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.data.set_loading import load_samples
from pytest_llmlat.tasks.other_rows import (
    rows_file,
    rows_split,
    rows_where,
    with_rows_of,
)
from pytest_llmlat.tasks.prompts import check_template, spelled_question
from pytest_llmlat.values.entities import GENERATED, TrainSplit
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.toml_tables import TomlTable

TRAIN_KEYS = ("train_split", "train_file", "train_where", "train_answer")
"""Keys of a task's entry that say which rows may be trained on, and what is learnt."""
RUN_OF_WORDS = 13
"""Words in a row that two rows have in common only if one is taken from the other
(Brown et al. 2020, appendix C)."""
_TOLD = 3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRows:
    """The rows to train on, and the task's own that none of them is."""

    rows: tuple[Sample, ...]
    asked: tuple[Sample, ...]
    """All rows of the task, which are asked in a benchmark."""
    left_out: tuple[str, ...]
    """Ids of rows that share a run of words with one that is asked."""


def train_of(table: TomlTable, *, reference: str) -> TrainSplit | None:
    """Read where an entry says that its train split is; ``None`` if it does not.

    Args:
        table: the entry.
        reference: the column with the right answer, which is learnt unless
            ``train_answer`` says more, or ``shot_answer`` does of examples.

    Raises:
        BadCatalogue: names the key.
    """
    file = rows_file(table, "train_file")
    split = rows_split(table, "train_split", file_key="train_file")
    if file is None and split is None:
        for key in TRAIN_KEYS:
            if key in table.values:
                raise table.complain(
                    key, "belongs to a train split: say 'train_file' or 'train_split'"
                )
        return None
    where = rows_where(table, "train_where")
    answer = table.text("train_answer") or table.text("shot_answer")
    answer = answer or f"{{{{ {reference} }}}}"
    check_template(answer, where=f"{table.where}.train_answer")
    return TrainSplit(answer=answer, split=split, file=file, where=where)


def load_train(task: Task, *, data: Path | None = None) -> TrainRows:
    """Read the train split of a task, and see that nothing of it is asked.

    Args:
        task: says in its entry where that split is.
        data: the folder with local copies of public sets.

    Raises:
        UsageError: it has no train split, a row of it is one that is asked, or no
            answer of its kind can be learnt.
        BadCatalogue: a row cannot be read.
        DataUnavailable: one of the two is neither in a local copy nor to be had.
    """
    _check_kind(task)
    train = task.train
    if train is None:
        raise UsageError(
            f"task {task.name!r} has no train split; say in its entry where the rows"
            " to train on are: train_file = 'FILE', or train_split = 'train' of a"
            " public set; its own rows are what it asks, and are never trained on"
        )
    asked = load_samples(task, data=data)
    rows = load_samples(
        with_rows_of(task, split=train.split, file=train.file, where=train.where),
        data=data,
    )
    _check_apart(task, rows, asked)
    runs = {run for sample in asked for run in _runs(sample)}
    near = {row.id for row in rows if not runs.isdisjoint(_runs(row))}
    kept = tuple(row for row in rows if row.id not in near)
    if not kept:
        raise UsageError(
            f"task {task.name!r}: each row of its train split shares {RUN_OF_WORDS}"
            " words in a row with one that is asked: name other rows to train on"
        )
    return TrainRows(rows=kept, asked=asked, left_out=tuple(sorted(near)))


def _check_kind(task: Task) -> None:
    """Refuse tasks of which no single answer can be learnt.

    Raises:
        UsageError: says why.
    """
    why = None
    if task.messages is not None:
        why = "asks conversations, whose later turns hold a model's own answers"
    elif task.ranked is not None:
        why = "ranks options that are given, and no answer to it is written"
    elif task.source.startswith(GENERATED):
        why = "draws new items for each run, so that none can be kept from training"
    if why is not None:
        raise UsageError(
            f"task {task.name!r} {why}; train on a task whose answers are written"
        )


def _check_apart(task: Task, rows: Sequence[Sample], asked: Sequence[Sample]) -> None:
    """See that no row asks what the task asks.

    Raises:
        UsageError: one does; names the first few.
    """
    known = {spelled_question(task, sample): sample.id for sample in asked}
    pairs = [(row.id, known.get(spelled_question(task, row))) for row in rows]
    same = [(row, test) for row, test in pairs if test is not None]
    if same:
        shown = ", ".join(f"{row} is {test}" for row, test in same[:_TOLD])
        more = f" and {len(same) - _TOLD} more" if len(same) > _TOLD else ""
        raise UsageError(
            f"task {task.name!r}: {len(same)} of {len(rows)} rows of its train split"
            f" ask what the task itself asks ({shown}{more}): an adapter that learns"
            " them would be measured by its memory; leave them out by train_where, or"
            " name other rows"
        )


def _runs(sample: Sample) -> Iterator[tuple[str, ...]]:
    """Yield every run of words of each column of a row."""
    for _, value in sample.fields:
        words = _WORD.findall(value.casefold()) if isinstance(value, str) else []
        for start in range(len(words) - RUN_OF_WORDS + 1):
            yield tuple(words[start : start + RUN_OF_WORDS])
