"""The scoreboard on the terminal, with which a session ends."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.answer_sentence import (
    answer_sentence,
    answer_tone,
    lines_beside_sentence,
)
from pytest_llmlat.report.breakdown_tables import breakdown_lines
from pytest_llmlat.report.broken_model_lines import broken_model_lines
from pytest_llmlat.report.cache_lines import cache_lines
from pytest_llmlat.report.energy_lines import energy_lines
from pytest_llmlat.report.figure_tables import (
    Line,
    TableColumn,
    cell_columns,
    row_columns,
    texts,
    titles,
)
from pytest_llmlat.report.figures import narrowed, placed, printable, table
from pytest_llmlat.report.improver_lines import improver_lines
from pytest_llmlat.report.judge_lines import judge_lines
from pytest_llmlat.report.leaders import comparison_lines, tuning_lines
from pytest_llmlat.report.load_answer_lines import load_answer_lines
from pytest_llmlat.report.loads import (
    clock_lines,
    contention_lines,
    keeping_lines,
    load_lines,
)
from pytest_llmlat.report.memory_lines import memory_lines
from pytest_llmlat.report.missing_lines import missing_lines
from pytest_llmlat.report.node_lines import node_lines
from pytest_llmlat.report.peer_lines import peer_lines
from pytest_llmlat.report.price_lines import price_lines
from pytest_llmlat.report.race_lines import race_lines
from pytest_llmlat.report.repeat_lines import repeat_lines
from pytest_llmlat.report.score_lines import score_lines
from pytest_llmlat.report.search_lines import search_lines
from pytest_llmlat.report.short_names import name_lines, renamed, short_names
from pytest_llmlat.report.sitting_lines import sitting_lines
from pytest_llmlat.report.tail_lines import tail_lines
from pytest_llmlat.report.tones import ReportLine
from pytest_llmlat.report.verdict_table import toned_verdicts
from pytest_llmlat.values.column_order import CELL_LAYOUT, ROW_LAYOUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.column_order import TableLayout
    from pytest_llmlat.values.results import Scoreboard, Summary


def scoreboard_lines(board: Scoreboard, *, most: int | None = None) -> list[str]:
    """Return the scoreboard without colours."""
    return [line.text for line in toned_scoreboard(board, most=most)]


def toned_scoreboard(board: Scoreboard, *, most: int | None = None) -> list[ReportLine]:
    """Return the scoreboard: each model's cells, a row for each model, the verdicts.

    Quality is the metric itself, in a model's row its mean over families; beside it
    stands what guessing earns. The last line is the sentence that each came for.

    Args:
        board: the figures.
        most: how many letters a line has room for; ``None`` for any number.
    """
    names = short_names(board)
    board = renamed(board, names)
    groups: dict[str, list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        cell = summary.cell
        name = f"{cell.model} on {placed(cell.device, cell.scenario)}"
        groups[name].append(summary)
    lines = []
    for name, summaries in groups.items():
        task: TableColumn[Summary] = TableColumn(
            key="task", title=name, number=False, text=lambda s: s.cell.task
        )
        columns = [task, *cell_columns(summaries)]
        lines += [*_table(columns, summaries, CELL_LAYOUT, most), ""]
    lines += [*load_lines(board), *search_lines(board), *breakdown_lines(board)]
    if board.standings:
        lines += _table(row_columns(board), board.standings, ROW_LAYOUT, most)
    lines += [f"name {line}" for line in name_lines(names)]
    lines += [*comparison_lines(board), *_remarks(board)]
    blocks = [
        [ReportLine(line) for line in block]
        for block in (
            lines,
            tuning_lines(board),
            race_lines(board),
            lines_beside_sentence(board),
        )
    ]
    answer = ReportLine(answer_sentence(board), answer_tone(board))
    blocks += [toned_verdicts(board, most=most), [answer]]
    first, *others = filter(None, blocks)
    return [*first, *(line for block in others for line in (ReportLine(""), *block))]


def _table(
    columns: Sequence[TableColumn[Line]],
    rows: Sequence[Line],
    layout: TableLayout,
    most: int | None,
) -> list[str]:
    """Align what fits: figures and metrics to the right, other words to the left.

    Further columns of figures are there where they fit beside all others.
    """
    places = {column.key: place for place, column in enumerate(columns)}
    dispensable = [places[key] for key in layout.given_up]
    further = [places[column.key] for column in columns if not column.first]
    header, lines = titles(columns), [texts(columns, row) for row in rows]
    kept = narrowed(
        header, lines, most=most, dispensable=[*reversed(further), *dispensable]
    )
    right = [
        place
        for place, c in enumerate(kept)
        if columns[c].number or columns[c].key == "metric"
    ]
    shown = [[line[c] for c in kept] for line in lines]
    told = table([header[c] for c in kept], shown, right=right)
    missing = [header[c] for c in dispensable if c not in kept]
    note = f"(too narrow for {', '.join(missing)}: they are in report.md)"
    return [*told, note] if missing else told


def _remarks(board: Scoreboard) -> list[str]:
    warnings = dict.fromkeys(w for s in board.summaries for w in s.warnings)
    told = [f"warning: {printable(warning)}" for warning in warnings]
    return [
        *missing_lines(board),
        *broken_model_lines(board),
        *score_lines(board),
        *judge_lines(board),
        *repeat_lines(board),
        *keeping_lines(board),
        *load_answer_lines(board),
        *tail_lines(board),
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
        *told,
    ]
