"""Few-shot examples: the answered questions that a model sees before its own.

They come from rows that are not asked, as a rule those of the split for training. Which
they are depends on the seed, the task and the item, never on the model.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, cast, get_args

from pytest_llmlat.tasks.data.set_loading import is_here, load_samples
from pytest_llmlat.tasks.other_rows import (
    rows_file,
    rows_split,
    rows_where,
    with_rows_of,
)
from pytest_llmlat.tasks.prompts import check_template, spelled_question
from pytest_llmlat.values.entities import GENERATED, ShotDraw, Shots
from pytest_llmlat.values.errors import BadCatalogue, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.toml_tables import TomlTable

SHOT_KEYS = (
    "shots",
    "shots_split",
    "shots_file",
    "shots_where",
    "shots_draw",
    "shots_as",
    "shots_between",
    "shot_answer",
)
"""Keys of a task's entry that say which examples it shows, and how."""
_DRAWS = get_args(ShotDraw)
_FORMS = ("text", "turns")


def shots_of(table: TomlTable, *, reference: str) -> Shots | None:
    """Read the few-shot settings of an entry.

    Args:
        table: the entry.
        reference: the column with the right answer, which an example shows unless
            ``shot_answer`` says more.

    Raises:
        BadCatalogue: names the key.
    """
    if "shots" not in table.values:
        for key in SHOT_KEYS:
            if key in table.values:
                raise table.complain(key, "belongs to examples; 'shots' says how many")
        return None
    count = table.values["shots"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise table.complain("shots", f"must be a whole number from 0: {count!r}")
    split = rows_split(table, "shots_split", file_key="shots_file")
    file = rows_file(table, "shots_file")
    turns = _one_of(table, "shots_as", _FORMS) == "turns"
    where = rows_where(table, "shots_where")
    usual = f"{{{{ {reference} }}}}"
    answer = table.text("shot_answer") or (usual if turns else f" {usual}")
    check_template(answer, where=f"{table.where}.shot_answer")
    between = table.text("shots_between")
    return Shots(
        count=count,
        answer=answer,
        split=split,
        file=file,
        where=where,
        draw=cast("ShotDraw", _one_of(table, "shots_draw", _DRAWS)),
        turns=turns,
        between="\n\n" if between is None else between,
    )


def with_shots(task: Task, count: int, *, where: str) -> Task:
    """Return a task with another number of examples.

    Args:
        task: says which ones.
        count: 0 for none.
        where: who asks for them, for the complaint.

    Raises:
        UsageError: that is no number of examples, or the task shows none at all.
    """
    if type(count) is not int or count < 0:
        raise UsageError(f"{where}: shots must be a whole number from 0, not {count!r}")
    if task.shots is None:
        raise UsageError(
            f"{where}: task {task.name!r} shows no examples; say in its entry which"
            " ones ('shots', 'shots_file')"
        )
    return replace(task, shots=replace(task.shots, count=count))


def load_shots(
    task: Task, own: Sequence[Sample], *, data: Path | None = None
) -> tuple[Sample, ...]:
    """Return the pool of rows that a task's examples are drawn from.

    Args:
        task: whose examples; without any there are no rows.
        own: the task's own rows, for a task that names no others.
        data: the folder with local copies of public sets.

    Raises:
        BadCatalogue: a row cannot be read, or does not fit the task.
        DataUnavailable: the split is neither in a local copy nor to be had.
    """
    shots = task.shots
    if shots is None or not shots.count:
        return ()
    if shots.own_rows:
        if task.source.startswith(GENERATED):
            raise BadCatalogue(
                f"task {task.name!r}: its items are drawn for each run, and so would be"
                " its examples; name a file of examples with 'shots_file'"
            )
        if shots.where is None:
            return tuple(own)
    return load_samples(_rows_of_shots(task, shots), data=data)


def rows_are_here(task: Task, data: Path | None) -> bool:
    """Whether a task's rows, and those of its examples, are read from no network.

    Args:
        task: whose rows they are.
        data: the folder with local copies of public sets.
    """
    shots = task.shots
    if shots is None or not shots.count or (shots.own_rows and shots.where is None):
        return is_here(task, data)
    return is_here(task, data) and is_here(_rows_of_shots(task, shots), data)


def draw_shots(
    task: Task, pool: Sequence[Sample], sample: Sample, *, seed: int
) -> tuple[Sample, ...]:
    """Return the examples that stand before the question about a sample.

    Never one that asks the same: no row whose question reads as that of ``sample``
    does, whatever its id, nor the row itself where examples are the task's own rows.

    Args:
        task: says how many, and how they are chosen.
        pool: the rows to choose from, as :func:`load_shots` gives them.
        sample: the item that is asked about.
        seed: of the session.

    Raises:
        BadCatalogue: there are too few rows.
    """
    shots = task.shots
    if shots is None or not shots.count:
        return ()
    asked = spelled_question(task, sample)
    found: list[Sample] = []
    for row in _in_order(task, pool, sample, seed=seed):
        if len(found) == shots.count:
            break
        same = shots.own_rows and row.id == sample.id
        if not same and spelled_question(task, row) != asked:
            found.append(row)
    if len(found) < shots.count:
        raise BadCatalogue(
            f"task {task.name!r}: shots = {shots.count}, but only {len(found)} rows of"
            f" {_told_source(task, shots)} can be shown beside {sample.id!r}"
        )
    return tuple(found)


def _rows_of_shots(task: Task, shots: Shots) -> Task:
    """Return the task as if the rows of its examples were its own."""
    return with_rows_of(task, split=shots.split, file=shots.file, where=shots.where)


def _in_order(
    task: Task, pool: Sequence[Sample], sample: Sample, *, seed: int
) -> Iterator[Sample]:
    """Yield the rows of the pool, each once, in the order in which they are taken."""
    shots = task.shots
    if shots is None or shots.draw == "first":
        yield from pool
        return
    salt = f"|{sample.id}" if shots.draw == "each" else ""
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{seed}|{task.name}|shots{salt}")  # noqa: S311 - a draw, not a secret
    left: dict[int, int] = {}  # a shuffle of which only the beginning is needed
    for size in range(len(pool), 0, -1):
        place = int(source.random() * size)
        yield pool[left.get(place, place)]
        left[place] = left.get(size - 1, size - 1)


def _told_source(task: Task, shots: Shots) -> str:
    """Return the name of the rows that examples are drawn from, for a complaint."""
    if shots.file is not None:
        return shots.file
    if shots.split is not None and task.public is not None:
        return f"split {shots.split!r} of {task.public.hub}"
    return "the task's own rows"


def _one_of(table: TomlTable, key: str, known: tuple[str, ...]) -> str:
    value = table.text(key) or known[0]
    if value not in known:
        raise table.complain(key, f"must be one of {', '.join(known)}: {value!r}")
    return value
