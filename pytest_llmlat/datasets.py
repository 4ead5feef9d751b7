"""From a data file to samples: every complaint names the file and the line."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.errors import BadCatalogue
from pytest_llmlat.records import DIFFICULTIES, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.records import Task


def load_samples(task: Task) -> tuple[Sample, ...]:
    """Read all samples of a task from its JSONL file.

    Raises:
        BadCatalogue: the file cannot be read or is empty, a row is no JSON object,
            lacks a column, repeats an id or bears a label that is not the task's.
    """
    path = Path(task.source)
    seen: dict[str, int] = {}
    samples = []
    for number, row in _rows(path, task):
        sample = _sample(task, row, where=f"{path}:{number}")
        if sample.id in seen:
            raise BadCatalogue(
                f"{path}:{number}: id {sample.id!r} was used on line {seen[sample.id]}"
            )
        seen[sample.id] = number
        samples.append(sample)
    if not samples:
        raise BadCatalogue(f"{path}: task {task.name!r} has no samples")
    return tuple(samples)


def revision(task: Task, samples: Sequence[Sample]) -> str:
    """Return a digest of everything that decides what a task asks and accepts."""
    definition = {**asdict(task), "source": None, "title": None}
    content = json.dumps(
        [definition, [asdict(sample) for sample in samples]], sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _rows(path: Path, task: Task) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadCatalogue(
            f"{path}: data of task {task.name!r} cannot be read: {reason}"
        ) from error
    except UnicodeDecodeError as error:
        raise BadCatalogue(f"{path}: not UTF-8 at byte {error.start}") from error
    # splitlines() would also cut at characters that JSON allows inside strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadCatalogue(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadCatalogue(f"{path}:{number}: a row must be a JSON object")
        yield number, row


def _sample(task: Task, row: dict[str, Any], *, where: str) -> Sample:
    fields = dict(row)
    for ours, theirs in task.mapping:
        if theirs not in row:
            raise BadCatalogue(f"{where}: no column {theirs!r} (mapped to {ours!r})")
        fields[ours] = row[theirs]
    for column in ("id", task.reference):
        if fields.get(column) in (None, ""):
            raise BadCatalogue(f"{where}: column {column!r} is missing or empty")
    reference = str(fields[task.reference])
    if task.labels and reference not in task.labels:
        raise BadCatalogue(
            f"{where}: label {reference!r} is none of {', '.join(task.labels)}"
        )
    difficulty = fields.get("difficulty")
    if difficulty is not None and difficulty not in DIFFICULTIES:
        raise BadCatalogue(
            f"{where}: difficulty {difficulty!r} is none of {', '.join(DIFFICULTIES)}"
        )
    stratum = [str(difficulty), reference if task.labels else str(fields.get("kind"))]
    return Sample(
        id=str(fields["id"]),
        difficulty=difficulty,
        stratum="/".join(stratum),
        fields=tuple(sorted(fields.items())),
        reference=reference,
    )
