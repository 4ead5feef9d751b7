"""Figures of structured answers: how many fit, and how many of their fields are right.

Cells have them whose metric gives both details of each answer (``valid`` and
``fields``), as ``structured`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.figure import (
    EVERYWHERE,
    FigureColumn,
    FigureDefinition,
    RatioParts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Record


def _detail(name: str) -> Callable[[Record], RatioParts | None]:
    """Return what reads one of the two off a record, if it has both."""

    def read(record: Record) -> RatioParts | None:
        details = dict(record.grade.details)
        if "valid" not in details or "fields" not in details:
            return None
        return RatioParts(above=details[name])

    return read


STRUCTURED_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="valid_share",
        meaning="Share of answers that are JSON and fit their task's schema; errors and"
        " prose do not.",
        shape="number",
        unit="ratio",
        better="higher",
        row_meaning="Share of answers that are JSON and fit their schema.",
        ratio=_detail("valid"),
        columns=(
            FigureColumn(
                title="valid",
                views=EVERYWHERE,
                meaning="share of answers that are JSON and fit the schema",
            ),
        ),
    ),
    FigureDefinition(
        name="field_share",
        meaning="Mean share of the fields of an answer that are right, whether it fits"
        " the schema or not; what is no JSON has none.",
        shape="number",
        unit="ratio",
        better="higher",
        row_meaning="The same over all answers of all cells.",
        ratio=_detail("fields"),
        columns=(
            FigureColumn(
                title="fields",
                views=EVERYWHERE,
                meaning="mean share of an answer's fields that are right",
            ),
        ),
    ),
    FigureDefinition(
        name="constraint_compile_s",
        meaning="Time to make the schema or grammar ready that answers are held to, in"
        " seconds, before anything is measured; null without one and for a server.",
        shape="number",
        unit="s",
        better="lower",
        told=lambda facts: facts.constraint_compile_s,
    ),
)
