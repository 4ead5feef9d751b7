"""The table of what a run could see, shown before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, printable, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.power import Visible


def power_lines(rows: Sequence[Visible]) -> list[str]:
    """Return the table, and what its figures rest on."""
    if not rows:
        return ["llmlat power: the baseline holds no cells"]
    cells = [
        (
            printable(row.cell),
            str(row.samples),
            MISSING if row.slower is None else f"+{row.slower:.1%}",
            MISSING if row.worse is None else f"-{row.worse:.3f}",
        )
        for row in rows
    ]
    header = ("seen with 80 %", "samples", "e2e", "quality")
    notes = ["quality as if answers were drawn anew each time: paired, less is seen"]
    if not all(row.paired for row in rows):
        notes.append(
            "e2e by the spread between samples, which is too wide: a baseline with"
            " several rounds (--llm-requests) knows better"
        )
    return [*table(header, cells, right=range(1, 4)), *notes]
