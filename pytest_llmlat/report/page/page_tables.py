"""The tables of the page. Figures are written here; the template only places them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.report.breakdown_tables import breakdown_tables
from pytest_llmlat.report.cache_lines import cache_lines
from pytest_llmlat.report.energy_lines import energy_lines
from pytest_llmlat.report.figure_tables import (
    cell_columns,
    load_columns,
    page_row_columns,
    texts,
)
from pytest_llmlat.report.figures import MISSING, placed
from pytest_llmlat.report.improver_lines import draft_lines, engine_lines
from pytest_llmlat.report.judge_lines import judge_lines
from pytest_llmlat.report.load_answer_lines import load_answer_lines
from pytest_llmlat.report.load_points import load_order
from pytest_llmlat.report.loads import clock_lines, contention_lines, keeping_lines
from pytest_llmlat.report.memory_lines import memory_lines
from pytest_llmlat.report.missing_lines import missing_lines
from pytest_llmlat.report.node_lines import node_lines
from pytest_llmlat.report.page.best_sentence import comparison_letters
from pytest_llmlat.report.page.rows import row_key
from pytest_llmlat.report.peer_lines import peer_lines
from pytest_llmlat.report.price_lines import price_lines
from pytest_llmlat.report.repeat_lines import repeat_lines
from pytest_llmlat.report.score_lines import score_lines
from pytest_llmlat.report.search_lines import search_remarks
from pytest_llmlat.report.sitting_lines import sitting_lines
from pytest_llmlat.report.tail_lines import tail_lines
from pytest_llmlat.report.verdicts import (
    COLUMNS,
    columns,
    gate_summary,
    ordered,
    own_notes,
    summed_passes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.report.figure_tables import Line, TableColumn
    from pytest_llmlat.report.page.rows import Mark, Row
    from pytest_llmlat.values.results import (
        Estimate,
        Outcome,
        Scoreboard,
        Standing,
        Verdict,
    )

_DASH = "\N{EN DASH}"
_MANY = 1_000_000
"""Place behind every row of a comparison, for those without one."""
_SIGNS: dict[Outcome, str] = {
    "regression": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "failed": "\N{BALLOT X}",
    "inconclusive": "?",
    "warned": "!",
    "pass": "\N{CHECK MARK}",
}
"""Sign of each outcome, beside its word, so that no colour is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: what stands over it, and what that means."""

    title: str
    meaning: str = ""
    number: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a table."""

    text: str
    key: float | str | None = None
    """Value by which it is sorted; ``None`` comes last either way."""
    mark: Mark | None = None
    span: Estimate | None = None
    """Drawn as a line from low to high with a dot, on an axis from 0 to 1."""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """Columns, and rows of as many fields."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Field, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePart:
    """The gate's part of the page: verdicts that do not pass, and those that do."""

    summary: str
    tone: Outcome
    """``failed``, ``warned`` where something could not be decided, or ``pass``."""
    open: PageTable
    passed: PageTable
    passes: str


_HEAD = (
    Column(title="#", meaning="place by the balanced score in its comparison"),
    Column(title="Model", number=False),
)
_BESIDE = (
    Column(title="Places", meaning="best and worst for weights from 0.3 to 0.7"),
    Column(
        title="Budgets", meaning="best and worst for budgets from b/4 to 4b, evenly"
    ),
    Column(title="BIS", meaning="z(quality) - z(e2e p50)"),
    Column(title="Device", number=False),
    Column(title="Families", meaning="of all in this run"),
)
"""Columns of what a row has beside others."""


def scoreboard_table(board: Scoreboard, rows: Sequence[Row]) -> PageTable:
    """Return the scoreboard; places are those within a comparison."""
    letters = comparison_letters(board)
    columns = page_row_columns(board.standings)
    first = [column for column in columns if column.first]
    further = [column for column in columns if not column.first]
    return PageTable(
        columns=(*_HEAD, *_heads(first), *_BESIDE, *_heads(further)),
        rows=tuple(
            (
                *_who(row, board, letters),
                *_fields(first, row.standing),
                *_beside(row, several=_compared(row, board)),
                *_fields(further, row.standing),
            )
            for row in rows
        ),
    )


def _who(row: Row, board: Scoreboard, letters: Sequence[str]) -> tuple[Field, ...]:
    several = _compared(row, board)
    return (
        _place(row, letters) if several and row.place else Field(text=MISSING),
        Field(
            text=row.label,
            key=row.label,
            mark=row.mark,
            tone=_tone(row.standing, several=several),
        ),
    )


def _beside(row: Row, *, several: bool) -> tuple[Field, ...]:
    s = row.standing
    own, total = row.covered
    return (
        *(
            _places(ranks) if several else Field(text=MISSING)
            for ranks in (s.ranks, s.budget_ranks)
        ),
        Field(text=MISSING if s.bis is None else f"{s.bis:+.2f}", key=s.bis),
        _named(placed(s.device, s.scenario)),
        Field(text=f"{own} of {total}", key=own),
    )


def _compared(row: Row, board: Scoreboard) -> bool:
    """Whether there are rows that this one was compared with."""
    number = row.comparison
    return number is not None and len(board.comparisons[number].rows) > 1


def _place(row: Row, letters: Sequence[str]) -> Field:
    """Write the place in the comparison, with its letter where there are several."""
    number = row.comparison or 0
    letter = letters[number] if letters else ""
    return Field(text=f"{letter}{row.place}", key=number * _MANY + (row.place or 0))


def _tone(standing: Standing, *, several: bool) -> str:
    """Mark who is on the front of several rows, and who lacks answers."""
    on = several and standing.pareto
    return " ".join([*(["front"] if on else []), *(["partial"] * standing.partial)])


def _places(ranks: tuple[int, int] | None) -> Field:
    if ranks is None:
        return Field(text=MISSING)
    best, worst = ranks
    told = str(best) if best == worst else f"{best}{_DASH}{worst}"
    return Field(text=told, key=best + worst)


def _heads(columns: Iterable[TableColumn[Line]]) -> list[Column]:
    return [Column(title=c.title, meaning=c.meaning, number=c.number) for c in columns]


def _fields(columns: Iterable[TableColumn[Line]], line: Line) -> list[Field]:
    return [
        Field(
            text=column.text(line),
            key=column.value(line),
            span=None if column.span is None else column.span(line),
        )
        for column in columns
    ]


def _named(text: str) -> Field:
    return Field(text=text, key=text)


def cell_table(board: Scoreboard, rows: Sequence[Row]) -> PageTable:
    """Return a line for each cell, with the metric itself as its quality."""
    known = {row_key(row.standing): row for row in rows}
    columns = cell_columns(board.summaries)
    return PageTable(
        columns=(
            Column(title="Task", number=False),
            Column(title="Model", number=False),
            *_heads(columns),
        ),
        rows=tuple(
            (
                _named(s.cell.task),
                Field(
                    text=known[row_key(s.cell)].label,
                    key=known[row_key(s.cell)].label,
                    mark=known[row_key(s.cell)].mark,
                ),
                *_fields(columns, s),
            )
            for s in board.summaries
        ),
    )


def breakdown_parts(board: Scoreboard) -> list[tuple[str, PageTable]]:
    """Return what cells come to by turn, length and depth, each under its title."""
    return [
        (
            each.title,
            PageTable(
                columns=tuple(
                    Column(title=title.capitalize(), number=place not in each.words)
                    for place, title in enumerate(each.header)
                ),
                rows=tuple(
                    tuple(Field(text=text) for text in row) for row in each.rows
                ),
            ),
        )
        for each in breakdown_tables(board)
    ]


def load_table(board: Scoreboard) -> PageTable | None:
    """Return the points of all load curves; ``None`` where nothing was loaded."""
    loaded = sorted(
        (s for s in board.summaries if s.load is not None),
        key=lambda s: (s.cell.task, s.cell.model, s.cell.device, *load_order(s)),
    )
    if not loaded:
        return None
    columns = load_columns(loaded)
    return PageTable(
        columns=(
            *(Column(title=name, number=False) for name in ("Task", "Model", "Device")),
            *(
                head if head.number else replace(head, title=head.title.capitalize())
                for head in _heads(columns)
            ),
        ),
        rows=tuple(
            tuple(
                Field(text=text, tone=_unlike_the_server(text))
                for text in (
                    *(s.cell.task, s.cell.model, s.cell.device),
                    *texts(columns, s),
                )
            )
            for s in loaded
        ),
        notes=tuple(dict.fromkeys(f"good: {s.slo}" for s in loaded if s.slo)),
    )


def _unlike_the_server(text: str) -> str:
    """Mark notes of figures that are not to be taken for the server's."""
    told = ("client-limited" in text, "NOT KEEPING UP" in text)
    return "limited" if any(told) else ""


def gate_part(verdicts: Sequence[Verdict]) -> GatePart | None:
    """Return the gate's verdicts, worst first; ``None`` where nothing was gated."""
    if not verdicts:
        return None
    shown = ordered(verdicts)
    passed = [v for v in shown if v.outcome == "pass"]
    return GatePart(
        summary=gate_summary(verdicts),
        tone=_end(verdicts),
        open=_judged([v for v in shown if v.outcome != "pass"]),
        passed=_judged(passed),
        passes=summed_passes(passed),
    )


def _end(verdicts: Sequence[Verdict]) -> Outcome:
    """Return the tone of the whole: what is undecided is no pass."""
    if any(verdict.failing for verdict in verdicts):
        return "failed"
    passed = all(verdict.outcome == "pass" for verdict in verdicts)
    return "pass" if passed else "warned"


def _judged(verdicts: Sequence[Verdict]) -> PageTable:
    return PageTable(
        columns=tuple(
            Column(title=name.capitalize(), number=index in (5, 6))
            for index, name in enumerate((*COLUMNS, "notes"))
        ),
        rows=tuple(map(_verdict, verdicts)),
    )


def _verdict(verdict: Verdict) -> tuple[Field, ...]:
    outcome, *rest = columns(verdict)
    notes = [note for note in (verdict.note, own_notes(verdict)) if note]
    sign = _SIGNS[verdict.outcome]
    return (
        Field(text=f"{sign} {outcome}", tone=verdict.outcome),
        *(Field(text=text) for text in rest),
        Field(text="; ".join(notes) or MISSING),
    )


def remarks(board: Scoreboard) -> dict[str, list[str]]:
    """Return what is to be said of the clock, the machine and the run, by title."""
    told = {
        "Not measured": missing_lines(board),
        "Scores": score_lines(board),
        "Judges": judge_lines(board),
        "Repeats": repeat_lines(board),
        "Load searches": search_remarks(board),
        "Loads": [*keeping_lines(board), *load_answer_lines(board)],
        "Tails": tail_lines(board),
        "Clock": clock_lines(board),
        "Contention": contention_lines(board),
        "Other tools": peer_lines(board),
        "Sittings": sitting_lines(board),
        "Nodes": node_lines(board),
        "Prompt caches": cache_lines(board),
        "Prices": price_lines(board),
        "Energy": energy_lines(board),
        "Memory": memory_lines(board),
        "Engines": engine_lines(board),
        "Drafts": draft_lines(board),
        "Warnings": list(dict.fromkeys(w for s in board.summaries for w in s.warnings)),
    }
    return {title: lines for title, lines in told.items() if lines}
