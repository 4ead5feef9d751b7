"""The figures of a run as OpenMetrics text, which Prometheus and others read.

A gauge for each figure of each cell, with the cell's parts as labels. A distribution
has its statistics under the label ``stat``, a figure with an interval its ends there
too. What is missing has no line: there is no 0 that was not measured.

Source: OpenMetrics 1.0, the text format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.figure_columns import figure_value
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Distribution, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.values.figure import FigureDefinition, Unit
    from pytest_llmlat.values.results import FigureValue, Scoreboard, Summary

SUFFIX = ".prom"
"""Ending of such a file, as Prometheus' exporter of text files takes it."""
_UNITS: Mapping[Unit, tuple[str, str]] = {
    "s": ("_s", "seconds"),
    "bytes": ("_bytes", "bytes"),
    "J": ("_j", "joules"),
    "W": ("_w", "watts"),
    "g": ("_g", "grams"),
}
"""Units with a name of their own: the ending that ours have, and the field's word."""
_STATISTICS = ("mean", "p50", "p90", "p95", "p99")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def open_metrics(run: Mapping[str, Any], board: Scoreboard) -> str:
    """Return the text, which ends as the format wants it.

    Args:
        run: what ``run.json`` says.
        board: the figures.
    """
    lines: list[str] = []
    labels = {s.cell.id: _labels(str(run.get("id", "")), s) for s in board.summaries}
    for figure in FIGURES.values():
        own = [
            line
            for summary in board.summaries
            for line in _samples(figure, summary, labels[summary.cell.id])
        ]
        if own:
            name, unit = _named(figure)
            lines.append(f"# TYPE {name} gauge")
            lines += [f"# UNIT {name} {unit}"] if unit else []
            lines.append(f"# HELP {name} {figure.meaning.translate(_ESCAPES)}")
            lines += own
    lines += _contended(board, labels)
    return "\n".join([*lines, "# EOF", ""])


def _contended(board: Scoreboard, labels: Mapping[str, str]) -> list[str]:
    """Say of which cells the times prove nothing, beside the times themselves."""
    name = "llmlat_times_void"
    found = [
        f"{name}{{{labels[s.cell.id]}}} {int(bool(s.contention.contended))}"
        for s in board.summaries
        if s.contention is not None
    ]
    told = "1 where the machine was disturbed, so that times prove nothing; else 0"
    return [f"# TYPE {name} gauge", f"# HELP {name} {told}", *found] if found else []


def _named(figure: FigureDefinition) -> tuple[str, str]:
    """Return the name of a figure's gauge and its unit, empty for none."""
    ending, unit = _UNITS.get(figure.unit, ("", ""))
    stem = figure.name.removesuffix(ending) if ending else figure.name
    return f"llmlat_{stem}_{unit}" if unit else f"llmlat_{stem}", unit


def _labels(run: str, summary: Summary) -> str:
    cell = summary.cell
    told = {
        "run": run,
        "model": cell.model,
        "device": cell.device,
        "family": cell.family,
        "task": cell.task,
        "scenario": cell.scenario,
    }
    return ",".join(f'{name}="{_escaped(text)}"' for name, text in told.items())


def _escaped(text: str) -> str:
    """Escape a text; half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD."""
    return text.encode("utf-8", "replace").decode("utf-8").translate(_ESCAPES)


def _samples(figure: FigureDefinition, summary: Summary, labels: str) -> Iterator[str]:
    name, _ = _named(figure)
    for which, value in _values(figure_value(summary, figure)).items():
        if value is not None:
            more = f',stat="{which}"' if which else ""
            if figure.unit == "money" and summary.price is not None:
                more += f',currency="{_escaped(summary.price.currency)}"'
            yield f"{name}{{{labels}{more}}} {float(value)!r}"


def _values(held: FigureValue) -> dict[str, float | None]:
    """Return the numbers of a figure by the name of each; empty for the only one."""
    if isinstance(held, Distribution):
        return {name: getattr(held, name) for name in _STATISTICS}
    if isinstance(held, Estimate):
        return {"value": held.value, "low": held.low, "high": held.high}
    return {"": held}
