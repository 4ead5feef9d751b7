"""Sentences on what a load does to answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import bounds, printable

if TYPE_CHECKING:
    from pytest_llmlat.values.load_answers import LoadAnswers
    from pytest_llmlat.values.results import Scoreboard


def load_answer_lines(board: Scoreboard) -> list[str]:
    """Say of each load how many answers are other than alone, and how good they are."""
    return [
        f"answers under a load: {printable(found.cell)}: {'; '.join(told)}"
        for found in board.load_answers
        if (told := _told(found))
    ]


def _told(found: LoadAnswers) -> list[str]:
    told = []
    if found.compared:
        alone = ""
        if found.compared_alone:
            alone = (
                f" (asked alone again: {found.changed_alone} of {found.compared_alone})"
            )
        told.append(f"{found.changed} of {found.compared} are other than alone{alone}")
    if found.change.value is not None:
        told.append(f"quality {bounds(found.change, 'difference')} beside alone")
    return told
