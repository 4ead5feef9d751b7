"""Loading of a task's rows from their source, and the digest of its samples."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.conversations import samples_of
from pytest_llmlat.tasks.data.files import file_rows, local_copy
from pytest_llmlat.tasks.data.hub_rows import hub_rows
from pytest_llmlat.tasks.data.template_rows import generated_rows
from pytest_llmlat.values.entities import GENERATED
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.tasks.data.table_row import TableRow
    from pytest_llmlat.values.entities import Sample, Task

_LIES = (
    *("source", "title", "public", "mapping", "where", "references", "repeats"),
    *("messages", "breakdown", "only_by_name", "cluster", "prompts", "train"),
)
"""Fields of a task that decide where data are found, how they are read, how often they
are asked, and how they are grouped, and which others there are to learn from; none
decides what is asked."""
_SHOT_LIES = ("split", "file", "where")
"""Fields of the few-shot examples of which the same is true."""
_LATER = {
    "chat": None,
    "preface": "",
    "system": None,
    "chat_template_kwargs": (),
    "shots": None,
    "schema": None,
    "grammar": None,
    "ranked": None,
    "continuation": None,
    "cost_budget": None,
}
"""Fields that older versions did not have, with what held then: a task with that value
keeps its digest, so that older runs can be compared."""


def load_samples(
    task: Task, *, data: Path | None = None, seed: int = 0
) -> tuple[Sample, ...]:
    """Read all samples of a task.

    Args:
        task: a public set is read from ``data`` if it is there, else from the hub.
        data: the folder with local copies of public sets.
        seed: of the items that are drawn, unless the task says.

    Raises:
        BadCatalogue: the file cannot be read or is empty, a row is no object, lacks
            a column, repeats an id or bears a label that is not the task's.
        DataUnavailable: a public set is neither there nor to be had.
        MissingExtra: a library that reads it is not installed.
    """
    seen: dict[str, str] = {}
    samples: list[Sample] = []
    source = task.source or task.name
    for row in _rows(task, data=data, seed=seed):
        source = row.source
        for sample in samples_of(task, row):
            if sample.id in seen:
                raise BadCatalogue(
                    f"{row.where}: id {sample.id!r} was used on {seen[sample.id]}"
                )
            seen[sample.id] = row.place
            samples.append(sample)
    if not samples:
        raise BadCatalogue(f"{source}: task {task.name!r} has no samples")
    return tuple(samples)


def is_here(task: Task, data: Path | None) -> bool:
    """Whether a task's rows are drawn, or lie in a file of this machine.

    Args:
        task: whose rows they are.
        data: the folder with local copies of public sets.
    """
    if task.public is None:
        return True
    return data is not None and local_copy(data, task.public.file) is not None


def revision(
    task: Task, samples: Sequence[Sample], shots: Sequence[Sample] = ()
) -> str:
    """Return the digest of everything that a task asks and accepts.

    How often it asks is no part of it. A task that is answered greedily, or bounds no
    thoughts, has the digest that it had before it could say so.

    How rows became samples is not part of it, since the samples are: a local copy of
    a public set makes the same task as the hub. So are the rows of its examples.
    """
    definition = {k: v for k, v in asdict(task).items() if k not in _LIES}
    # As it was before samples said themselves what guessing is worth.
    definition["chance"] = task.chance or 0.0
    if task.thinking_tokens is None:
        del definition["thinking_tokens"]
    if task.temperature == 0 and task.top_p == 1:
        del definition["temperature"], definition["top_p"]
    for name, absent in _LATER.items():
        if definition[name] == absent:
            del definition[name]
    for name in _SHOT_LIES if task.shots is not None else ():
        del definition["shots"][name]
    rows = [[_content(sample) for sample in each] for each in (samples, shots) if each]
    content = json.dumps(
        [definition, *rows],
        sort_keys=True,
        default=str,  # a date of a Parquet file has no form in JSON
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _content(sample: Sample) -> dict[str, Any]:
    """Return a sample as its digest sees it; one right answer as older versions did."""
    content = asdict(sample)
    del content["where"]
    if not sample.further:
        del content["further"]
    if sample.turn is None:
        del content["turn"]
    return content


def _rows(task: Task, *, data: Path | None, seed: int) -> Iterable[TableRow]:
    if task.source.startswith(GENERATED):
        return generated_rows(task, seed=seed)
    if task.public is None:
        return file_rows(Path(task.source), task)
    copy = local_copy(data, task.public.file) if data is not None else None
    if copy is not None:
        return file_rows(copy, task)
    return hub_rows(task.public, task, data=data)
