"""Structured answers: whether they fit their schema, and which fields are right."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_llmlat.grading.metrics.guessing import guess_texts
from pytest_llmlat.grading.metrics.json_leaves import Sameness, compare, read_json
from pytest_llmlat.grading.metrics.metric import Metric
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Sample, Task

EXTRA = "metrics"
TOLERANCE = EntryOption(
    name="tolerance",
    kind="float",
    least=0,
    meaning="by how much a number may differ from the right one; else not at all",
)
IGNORE_CASE = EntryOption(
    name="ignore_case",
    kind="boolean",
    meaning="whether texts that differ only in the case of letters are the same",
)
_NAMED = 8
"""Wrong fields of one answer that are named at most."""


def grade_structured(value: str | None, task: Task, sample: Sample) -> Grade:
    """Grade an answer as valid (1 or 0) times the share of its fields that are right.

    The share is told beside it, also of JSON that does not fit the schema; what is no
    JSON has no right field.

    Raises:
        MissingExtra: jsonschema is not installed.
        BadCatalogue: the task's schema is none.
    """
    try:
        answer = read_json(value or "")
    except ValueError as error:
        return _graded(valid=False, fields=0.0, note=f"no JSON: {error}")
    misfit = _misfit(answer, task)
    compared = compare(answer, read_json(sample.reference), _sameness(task))
    told = [] if misfit is None else [f"does not fit the schema: {misfit}"]
    told += compared.wrong[:_NAMED]
    if more := len(compared.wrong) - _NAMED:
        told += [f"and {more} more"] if more > 0 else []
    return _graded(
        valid=misfit is None, fields=compared.share, note="; ".join(told) or None
    )


def illegible(reference: str, task: Task) -> str | None:
    """Say why answers cannot be judged by a right one, ``None`` if they can.

    Raises:
        BadCatalogue: the task's schema is none.
    """
    try:
        right = read_json(reference)
    except ValueError as error:
        return f"the right answer {reference!r:.200} is no JSON: {error}"
    try:
        misfit = _misfit(right, task)
    except MissingExtra:  # told when the task is run
        return None
    if misfit is None:
        return None
    return f"the right answer {reference!r:.200} does not fit the schema: {misfit}"


def _graded(*, valid: bool, fields: float, note: str | None) -> Grade:
    worth = fields if valid else 0.0
    return Grade(
        value=worth,
        correct=worth == 1.0,
        details=(("valid", float(valid)), ("fields", fields)),
        note=note,
    )


def _sameness(task: Task) -> Sameness:
    return Sameness(
        tolerance=float(task.option("tolerance", 0.0) or 0.0),
        case=task.option("ignore_case") is not True,
    )


def _misfit(value: object, task: Task) -> str | None:
    """Return in what a value does not fit the schema of a task, if it has one."""
    if task.schema is None:
        return None
    validator = _validator(task.schema, f"task {task.name!r}")
    try:
        found = next(validator.iter_errors(value), None)
    except RecursionError:
        return "nested too deeply"
    # A reference that leads nowhere is found out here, and not before.
    except Exception as error:
        raise BadCatalogue(
            f"task {task.name!r}: schema: {type(error).__name__}: {error!s:.300}"
        ) from error
    if found is None:
        return None
    path = "".join(f"/{part}" for part in found.absolute_path) or "/"
    return f"{path}: {found.message:.120}"


@lru_cache(maxsize=32)
def _validator(schema: Constraint, wanted_by: str) -> Any:  # noqa: ANN401 - loaded on use
    """Return what holds answers to a schema; nothing of it is ever fetched."""
    try:
        import jsonschema  # noqa: PLC0415 - on use
        import referencing  # noqa: PLC0415 - on use
    except ImportError as error:
        raise MissingExtra(EXTRA, "jsonschema", wanted_by=wanted_by) from error
    latest = jsonschema.Draft202012Validator
    kind = jsonschema.validators.validator_for(schema.content, default=latest)
    try:
        kind.check_schema(schema.content)
    except jsonschema.SchemaError as error:
        raise BadCatalogue(
            f"{wanted_by}: schema: is no JSON schema: {error.message:.300}"
        ) from error
    return kind(schema.content, registry=referencing.Registry())


METRIC = Metric(
    grade=grade_structured,
    binary=False,
    guess=guess_texts,
    illegible=illegible,
    extra=EXTRA,
    options=(TOLERANCE, IGNORE_CASE),
)
