"""The table of changes that a run could see, shown before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, printable, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.power import Visible

ENOUGH_RUNS = 5
"""Stored runs that tell well enough how much runs differ."""


def power_lines(rows: Sequence[Visible]) -> list[str]:
    """Return the table, and the facts that its figures rest on."""
    if not rows:
        return ["llmlat power: the baseline holds no cells"]
    cells = [
        (
            printable(row.cell),
            str(row.samples),
            MISSING if row.slower is None else f"+{row.slower:.1%}",
            MISSING if row.slower_at_most is None else f"+{row.slower_at_most:.1%}",
            MISSING if row.worse is None else f"-{row.worse:.3f}",
        )
        for row in rows
    ]
    header = ("seen with 80 %", "samples", "e2e", "up to", "quality")
    stored = max(row.stored for row in rows)
    runs = "1 stored run" if stored == 1 else f"{stored} stored runs"
    beside = (
        f"beside {runs}, with what is tolerated: of a cell while the others stay as"
        " they are, and of all cells alike"
    )
    notes = [beside]
    if any(row.slower_at_most is not None for row in rows):
        notes.append(
            "up to: if runs differ more than so few show (the worst of nine in ten)"
        )
    if stored < ENOUGH_RUNS:
        notes.append(
            f"to see less: store {ENOUGH_RUNS} runs; where more samples hardly help,"
            " measure in turn (--llm-against)"
        )
    if stored == 1:
        notes.append(
            "quality as if answers were drawn anew each time: paired, less is seen"
        )
    if any(row.slower is None for row in rows):
        notes.append(
            "e2e: how much one sample varies is told by several stored runs; add two"
            " more (--llm-save-baseline)"
        )
    return [*table(header, cells, right=range(1, 5)), *notes]
