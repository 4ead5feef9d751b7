"""The table of verdicts on a terminal: as wide as the terminal is, and coloured."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, printable, table
from pytest_llmlat.report.tones import ReportLine
from pytest_llmlat.report.verdicts import (
    COLUMNS,
    all_notes,
    columns,
    gate_summary,
    ordered,
    short_name,
    summed_passes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.report.tones import Tone
    from pytest_llmlat.values.results import Outcome, Scoreboard, Verdict

_FEW = 8
"""Verdicts that are all shown; of more, those that pass are only counted."""
_NOTES = "notes"
_RIGHT = (COLUMNS.index("change [90 %]"), COLUMNS.index("tolerance"))
_GIVEN_UP = ("against", "baseline → candidate", "tolerance")
"""Columns that a narrow terminal goes without, the first of them first."""
_CELL = ("task", "model", "device", "load")
"""The parts of a cell's id."""
WHICH_INTERVAL = (
    "[90 %] is the interval of a change: each end holds with 95 %, over all that is"
    " gated; [95 %] above is that of a figure by itself"
)
TONES: Mapping[Outcome, Tone | None] = {
    "regression": "bad",
    "failed": "bad",
    "inconclusive": "unsure",
    "warned": "unsure",
    "pass": None,
}
"""Tone of a line for each outcome."""


def verdict_lines(board: Scoreboard) -> list[str]:
    """Return a table of verdicts and a last line that sums them up.

    Where there are many, those that pass are one line. Nothing was gated: no lines.
    """
    return [line.text for line in toned_verdicts(board)]


def toned_verdicts(board: Scoreboard, *, most: int | None = None) -> list[ReportLine]:
    """Return the lines of :func:`verdict_lines` with tones, in a given width."""
    if not board.verdicts:
        return []
    shown = ordered(board.verdicts)
    passed = [v for v in shown if v.outcome == "pass"]
    rest: list[ReportLine] = []
    if len(shown) > _FEW and passed:
        shown = [v for v in shown if v.outcome != "pass"]
        rest = [ReportLine(summed_passes(passed))]
    lines = _fitted(shown, most) if shown else []
    if most is not None and any(v.change is not None for v in shown):
        rest += [ReportLine(text) for text in _cut(WHICH_INTERVAL, most)]
    return [*lines, *rest, ReportLine(f"gate: {gate_summary(board.verdicts)}")]


def table_of(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the table of verdicts alone."""
    return [line.text for line in _fitted(list(verdicts), None)]


def _fitted(verdicts: Sequence[Verdict], most: int | None) -> list[ReportLine]:
    """Return the table; where it is too wide, without what is least important.

    Notes go below their line, then what all lines have in common goes above the table,
    then columns are left out, the least important one first.
    """
    rows = [(*columns(v), all_notes(v)) for v in verdicts]
    header = (*COLUMNS, _NOTES)
    kept = list(range(len(header)))
    above: list[str] = []
    below = not _fits(header, rows, kept, most)
    if below:
        kept.remove(len(header) - 1)
        rows, above = _without_common(rows, verdicts)
        given_up = [COLUMNS.index(name) for name in _GIVEN_UP]
        for column in given_up:
            if _fits(header, rows, kept, most):
                break
            kept.remove(column)
    right = [place for place, c in enumerate(kept) if c in _RIGHT]
    shown = [[row[c] for c in kept] for row in rows]
    first, *lines = table([header[c] for c in kept], shown, right=right)
    found = [*(ReportLine(text) for text in above), ReportLine(first)]
    for verdict, line, row in zip(verdicts, lines, rows, strict=True):
        found.append(ReportLine(line, TONES[verdict.outcome]))
        if below and row[-1] != MISSING:
            notes = _cut(printable(row[-1]), most, indent="    ")
            found += [ReportLine(text, TONES[verdict.outcome]) for text in notes]
    beside = len({verdict.against for verdict in verdicts}) == 1
    lacking = [
        name
        for c, name in enumerate(COLUMNS)
        if c not in kept and not (name == "against" and beside)
    ]
    if below and lacking:
        told = f"(too narrow for {', '.join(lacking)}: in report.md)"
        found += [ReportLine(text) for text in _cut(told, most)]
    return found


def _fits(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    kept: Sequence[int],
    most: int | None,
) -> bool:
    widths = [max(len(row[c]) for row in (header, *rows)) for c in kept]
    return most is None or sum(widths) + 2 * (len(widths) - 1) <= most


def _without_common(
    rows: Sequence[Sequence[str]], verdicts: Sequence[Verdict]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """Take off cells and what they are compared with what is the same in all lines.

    Returns:
        The rows, and lines that say what was taken off.
    """
    names = [verdict.cell.split("|") for verdict in verdicts]
    whole = all(len(name) == len(_CELL) for name in names)
    told = []
    cells = [verdict.cell for verdict in verdicts]
    if whole and len(names) > 1:
        same = [len(set(column)) == 1 for column in zip(*names, strict=True)]
        left = [c for c in range(len(_CELL)) if not same[c]] or [0]
        cells = ["|".join(name[c] for c in left) for name in names]
        taken = [c for c in range(len(_CELL)) if c not in left]
        told.append(", ".join(f"{_CELL[c]} {names[0][c]}" for c in taken))
    against = [short_name(verdict.against) for verdict in verdicts]
    if len(set(against)) == 1:
        told.append(f"against {against[0]}")
    place, other = COLUMNS.index("cell"), COLUMNS.index("against")
    found = []
    for row, cell, beside in zip(rows, cells, against, strict=True):
        changed = [*row]
        changed[place], changed[other] = cell, beside
        found.append(tuple(changed))
    line = printable(", ".join(filter(None, told)))
    return found, [line] if line else []


def _cut(text: str, most: int | None, *, indent: str = "") -> list[str]:
    """Break a text into lines that fit."""
    if most is None:
        return [f"{indent}{text}"]
    return wrap(
        text, max(most, 20), initial_indent=indent, subsequent_indent=indent
    ) or [text]
