"""The scoreboard as HTML, as a notebook shows the value of its last line."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pytest_llmlat.report.answer_sentence import answer_sentence, lines_beside_sentence
from pytest_llmlat.report.cache_lines import cache_lines
from pytest_llmlat.report.energy_lines import energy_lines
from pytest_llmlat.report.figure_tables import (
    cell_columns,
    row_columns,
    texts,
    titles,
)
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.improver_lines import improver_lines
from pytest_llmlat.report.judge_lines import judge_lines
from pytest_llmlat.report.leaders import comparison_lines, tuning_lines
from pytest_llmlat.report.loads import clock_lines, contention_lines, load_lines
from pytest_llmlat.report.memory_lines import memory_lines
from pytest_llmlat.report.node_lines import node_lines
from pytest_llmlat.report.peer_lines import peer_lines
from pytest_llmlat.report.price_lines import price_lines
from pytest_llmlat.report.repeat_lines import repeat_lines
from pytest_llmlat.report.score_lines import score_lines
from pytest_llmlat.report.sitting_lines import sitting_lines
from pytest_llmlat.report.verdict_table import verdict_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.results import Scoreboard

_CELL_NAMES = ("model", "device", "task", "scenario")


def board_html(board: Scoreboard, *, folder: str | None = None) -> str:
    """Return a table of models, one of cells, and in words who is best.

    Names and what models said are foreign text: all of it is escaped, and characters
    that control a terminal or turn a line round are replaced.

    Args:
        board: the figures.
        folder: where the run lies, to be told below.
    """
    row_heads, cell_heads = row_columns(board), cell_columns(board.summaries)
    models = [texts(row_heads, standing) for standing in board.standings]
    cells = [
        (
            *(getattr(summary.cell, name) for name in _CELL_NAMES),
            *texts(cell_heads, summary),
        )
        for summary in board.summaries
    ]
    loads, verdicts = load_lines(board), verdict_lines(board)
    said = [
        *lines_beside_sentence(board),
        *comparison_lines(board),
        *tuning_lines(board),
        *score_lines(board),
        *judge_lines(board),
        *repeat_lines(board),
        *clock_lines(board),
        *contention_lines(board),
        *peer_lines(board),
        *sitting_lines(board),
        *node_lines(board),
        *cache_lines(board),
        *price_lines(board),
        *energy_lines(board),
        *memory_lines(board),
        *improver_lines(board),
        *dict.fromkeys(f"warning: {w}" for s in board.summaries for w in s.warnings),
        *([f"written to {folder}"] if folder else []),
    ]
    parts = [
        f"<p>{_text(answer_sentence(board))}</p>",
        _table("Models", titles(row_heads), models, words=2),
        _table(
            "Cells",
            (*_CELL_NAMES, *titles(cell_heads)),
            cells,
            words=len(_CELL_NAMES),
        ),
        _lines(loads),
        _lines(verdicts),
        "".join(f"<p>{_text(line)}</p>" for line in said),
    ]
    return f"<div class='llmlat'>{''.join(parts)}</div>"


def _table(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int
) -> str:
    """Write a table of which the first columns hold words and the others figures."""
    body = "".join(
        f"<tr>{''.join(_cell(text, i >= words) for i, text in enumerate(row))}</tr>"
        for row in rows
    )
    if not body:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in header)
    return (
        f"<table><caption>{_text(title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _cell(text: str, figure: bool) -> str:  # noqa: FBT001 - of two kinds of cells
    side = "right" if figure else "left"
    return f"<td style='text-align:{side}'>{_text(text)}</td>"


def _lines(lines: Sequence[str]) -> str:
    """Write lines that are aligned already as they are."""
    text = "\n".join(map(_text, lines))
    return f"<pre>{text}</pre>" if text else ""


def _text(text: str) -> str:
    return escape(printable(text))
