"""From a row to a sample: one way for files, the hub and drawn items alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.label_names import LabelNames
from pytest_llmlat.tasks.data.readable import readable
from pytest_llmlat.tasks.data.right_answers import right_answers
from pytest_llmlat.tasks.expressions import evaluate
from pytest_llmlat.values.entities import Sample
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.tasks.data.table_row import TableRow
    from pytest_llmlat.values.entities import Task


def sample_of(task: Task, row: TableRow) -> Sample | None:
    """Return the sample that a row is, ``None`` if ``task.where`` leaves it out.

    An expression sees the row's columns by their names and, where no column has that
    name, ``index`` (rows before this one, left out or not), ``columns`` (all of them)
    and ``label_names`` (from a label, or its number, to the label). The fields of a
    public set are those of its mapping alone, so that a copy with other columns
    beside them makes the same samples.

    Raises:
        BadCatalogue: an expression fails, a column is missing, a label is unknown.
    """
    variables = _variables(task, row)
    if task.where is not None:
        holds = evaluate(task.where, variables, where=f"{row.where}: where")
        if not holds:
            return None
    fields = {} if task.public is not None else dict(row.columns)
    for ours, text in task.mapping:
        try:
            value = evaluate(text, variables, where=f"{row.where}: field {ours!r}")
        except BadCatalogue as error:
            raise BadCatalogue(_with_labels(str(error), task)) from error
        fields[ours] = value
    return _sample(task, fields, where=row.where)


def _variables(task: Task, row: TableRow) -> dict[str, Any]:
    return {
        "index": row.index,
        "columns": row.columns,
        "label_names": LabelNames(task.labels),
        **row.columns,
    }


def _with_labels(told: str, task: Task) -> str:
    """Say which labels there are, where one was asked for that there is not."""
    theirs = f"{LabelNames.__module__}.{LabelNames.__name__} object"
    if theirs not in told:
        return told
    return f"{told.replace(theirs, 'label_names')}; labels: {', '.join(task.labels)}"


def _sample(task: Task, fields: dict[str, Any], *, where: str) -> Sample:
    name = _told(fields, "id", where=where)
    if name is None:
        raise BadCatalogue(
            f"{where}: column 'id' is missing or empty; the row has:"
            f" {', '.join(map(str, fields))}; without ids write mapping.id = 'index'"
        )
    reference, *further = right_answers(task, fields, where=where)
    difficulty = _told(fields, "difficulty", where=where)
    stratum = [str(difficulty), reference if task.labels else str(fields.get("kind"))]
    sample = Sample(
        id=name,
        difficulty=difficulty,
        stratum="/".join(stratum),
        fields=tuple(sorted(fields.items())),
        reference=reference,
        further=tuple(further),
        where=where,
    )
    return readable(task, sample, where=where)


def _told(fields: Mapping[str, Any], column: str, *, where: str) -> str | None:
    """Return what a column says as a text, ``None`` if it says nothing.

    Raises:
        BadCatalogue: it holds what is no text of its own, such as a list.
    """
    value = fields.get(column)
    if isinstance(value, dict | list | tuple | bytes):
        raise BadCatalogue(
            f"{where}: column {column!r} must be a text or a number, not"
            f" {value!r:.80}; write mapping.{column} = an expression that gives one"
        )
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value)
    return text if text.strip() else None
