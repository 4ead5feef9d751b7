"""The right answers of a row: one in a column, or a list of several."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.tasks.data.label_names import whole_number
from pytest_llmlat.values.errors import BadCatalogue, BadExtension
from pytest_llmlat.values.families import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import Task

_USUAL = ("reference", "references")
"""Columns of right answers where a task names none."""


def right_answers(
    task: Task, fields: Mapping[str, Any], *, where: str
) -> tuple[str, ...]:
    """Return every right answer of a row once, the one that a person reads first.

    Args:
        task: names the column of the answer, and that of all answers if there is one.
        fields: the columns of the row.
        where: the row, for the complaint.

    Raises:
        BadCatalogue: there is none and no tests decide, it is no text and no number, it
            is no label of the task, or there are more than the task's metric looks at.
    """
    listed = _list_column(task, fields)
    absent = _is_missing(fields.get(listed or task.reference))
    if absent and judged_by_tests(task):
        return ("",)
    found: list[str] = []
    if listed is None or fields.get(task.reference) not in (None, "", []):
        found += _texts(task.reference, fields, where=where)
    if listed is not None:
        found += _texts(listed, fields, where=where)
    answers = tuple(dict.fromkeys(found))
    for answer in answers:
        if task.labels and answer not in task.labels:
            known = ", ".join(task.labels)
            raise BadCatalogue(
                f"{where}: label {answer!r:.120} is none of"
                f" {known}{_remedy(task, answer)}"
            )
    if len(answers) > 1:
        _check_several(task, answers, where=where)
    return answers


def answer_columns(task: Task) -> tuple[str, ...]:
    """Return the columns that may hold right answers."""
    return tuple(dict.fromkeys((task.reference, task.references or _USUAL[1])))


def _remedy(task: Task, answer: str) -> str:
    """Say which expression makes a label of what a column has in place of it."""
    number, column = whole_number(answer), task.reference
    if number is not None and str(number) in task.labels:
        return f"; write mapping.{column} = '{column} | int'"
    if number is not None and number < len(task.labels):
        return (
            f"; if it is the number of {task.labels[number]!r}, counted from 0 in the"
            f" task's labels, write mapping.{column} = 'label_names[{column}]'"
        )
    for way, changed in (("lower", answer.lower()), ("trim", answer.strip())):
        if changed in task.labels:
            return f"; write mapping.{column} = '{column} | {way}'"
    return ""


def judged_by_tests(task: Task) -> bool:
    """Say whether tests decide, so that the right answer need not be known."""
    with suppress(BadExtension):  # told when the task is run
        return METRICS[task.metric].run is not None
    return False


def _list_column(task: Task, fields: Mapping[str, Any]) -> str | None:
    """Return the column with all answers; the usual one need not be there."""
    if task.references is not None:
        return task.references
    one, several = _USUAL
    mapped = several in dict(task.mapping)
    if mapped or (task.reference == one and fields.get(several) not in (None, "")):
        return several
    return None


def _texts(column: str, fields: Mapping[str, Any], *, where: str) -> list[str]:
    """Return what a column says, a list or one answer, as texts."""
    value = fields.get(column)
    answers = value if isinstance(value, list | tuple) else [value]
    if not answers or any(map(_is_missing, answers)):
        raise BadCatalogue(f"{where}: column {column!r} is missing or empty")
    for answer in answers:
        if isinstance(answer, dict | list | tuple | bytes):
            raise BadCatalogue(
                f"{where}: column {column!r} must be a text, a number or a list of"
                f" them, not {answer!r:.80}; write mapping.{column} = an expression"
                " that gives one"
            )
    return [str(answer) for answer in answers]


def _is_missing(answer: object) -> bool:
    """Whether a cell holds no answer; a number that is none is a missing one."""
    if isinstance(answer, str):
        return not answer.strip()
    return answer is None or answer != answer  # noqa: PLR0124 - NaN alone is so


def _check_several(task: Task, answers: tuple[str, ...], *, where: str) -> None:
    """Complain of several right answers where only the first would count."""
    told = f"{where}: has {len(answers)} right answers ({', '.join(answers):.120})"
    if task.labels or (task.family in FAMILIES and FAMILIES[task.family].labels):
        raise BadCatalogue(
            f"{told}; where answers are labels a row has one, since macro-F1 counts"
            " what is right for each label"
        )
    with suppress(BadExtension):  # told when the task is run
        if not METRICS[task.metric].several:
            raise BadCatalogue(
                f"{told}, and the metric {task.metric!r} looks at one; keep one of"
                f" them, as mapping.{task.reference} = '{task.reference}[0]' does"
            )
