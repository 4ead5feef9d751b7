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
    from pytest_llmlat.values.entities import ConversationTurn, Task


def row_fields(task: Task, row: TableRow) -> dict[str, Any] | None:
    """Return the columns of a row as the task reads them, ``None`` if it is left out.

    An expression sees the row's columns by their names and, where no column has that
    name, ``index`` (rows before this one, left out or not), ``columns`` (all of them)
    and ``label_names`` (from a label, or its number, to the label). The fields of a
    public set are those of its mapping alone, so that a copy with other columns
    beside them makes the same samples.

    Raises:
        BadCatalogue: an expression fails.
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
    return fields


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


def made_sample(
    task: Task,
    fields: dict[str, Any],
    *,
    where: str,
    turn: ConversationTurn | None = None,
) -> Sample:
    """Return the sample of a row's mapped columns.

    Args:
        task: whose sample it is.
        fields: the columns.
        where: the row, for a complaint.
        turn: where in a conversation it stands; its id then tells the turn as well.

    Raises:
        BadCatalogue: a column is missing, or a label is unknown.
    """
    name = _told(fields, "id", where=where)
    if name is None:
        raise BadCatalogue(
            f"{where}: column 'id' is missing or empty; the row has:"
            f" {', '.join(map(str, fields)):.500}; without ids write"
            " mapping.id = 'index'"
        )
    named = [("breakdown", column) for column in task.breakdown]
    named += [("cluster", task.cluster)] if task.cluster is not None else []
    for key, column in named:
        if _told(fields, column, where=where) is None:
            raise BadCatalogue(
                f"{where}: column {column!r}, which {key!r} names, is missing or empty"
            )
    graded = turn is None or turn.graded
    answers = right_answers(task, fields, where=where) if graded else ("",)
    reference, *further = answers
    difficulty = _told(fields, "difficulty", where=where)
    label = bool(task.labels) and turn is None
    stratum = [str(difficulty), reference if label else str(fields.get("kind"))]
    sample = Sample(
        id=name if turn is None else f"{name}#{turn.number}",
        difficulty=difficulty,
        stratum="/".join(stratum),
        fields=tuple(sorted(fields.items())),
        reference=reference,
        further=tuple(further),
        where=where,
        turn=turn,
    )
    return readable(task, sample, where=where) if graded else sample


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
