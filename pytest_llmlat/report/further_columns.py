"""Columns that tables have from the definitions of figures, beside their own ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, rate, ratio, seconds, size
from pytest_llmlat.values.figure_columns import column_value, shown_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.values.figure import FigureColumn, FigureDefinition, Unit, View
    from pytest_llmlat.values.results import Standing, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherColumns:
    """Those that at least one line of a table fills."""

    columns: tuple[tuple[FigureDefinition, FigureColumn], ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands over them."""
        return tuple(column.title for _, column in self.columns)

    def values(self, of: Summary | Standing) -> tuple[float | None, ...]:
        """Return a line's figures, by which it is sorted."""
        return tuple(column_value(of, *column) for column in self.columns)

    def texts(self, of: Summary | Standing) -> tuple[str, ...]:
        """Write a line's figures."""
        return tuple(
            _marked(written(value, figure.unit), of, figure)
            for (figure, _), value in zip(self.columns, self.values(of), strict=True)
        )


def further_columns(
    view: View, lines: Sequence[Summary] | Sequence[Standing]
) -> FurtherColumns:
    """Return the further columns of a table with these lines."""
    return FurtherColumns(
        columns=tuple(
            (figure, column)
            for figure, column in shown_in(view)
            if any(column_value(line, figure, column) is not None for line in lines)
        )
    )


def written(value: float | None, unit: Unit) -> str:
    """Write a figure as its unit is written everywhere."""
    return MISSING if value is None else _WRITTEN[unit](value)


def _marked(text: str, of: Summary | Standing, figure: FigureDefinition) -> str:
    """Say where messages held several tokens: then it is longer than per token."""
    several = figure.per_token and text != MISSING and getattr(of, "grouped", None)
    return f"{text} grouped" if several else text


_WRITTEN: Mapping[Unit, Callable[[float], str]] = {
    "ratio": ratio,
    "s": seconds,
    "1/s": lambda value: f"{value:.3g}",
    "tokens/s": rate,
    "tokens": lambda value: f"{value:,.0f}",
    "bytes": lambda value: size(round(value)),
    "count": lambda value: f"{value:,.0f}",
}
