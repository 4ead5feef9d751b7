"""Judges that grade a task's answers: looked up, and tried before anything is measured.

They are asked last, so that a typo would be told when all is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.measure.judge_panel import Panel, check_twins
from pytest_llmlat.measure.opened_judge import place_of
from pytest_llmlat.session.entry_check import check_entry
from pytest_llmlat.values.errors import DeviceAbsent, UsageError

if TYPE_CHECKING:
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.values.judge_votes import AskedPanel


def panel_of(selection: Selection, task: str, asked: AskedPanel) -> Panel:
    """Return who judges by what; judges of this sitting come before the task's.

    Args:
        selection: of the session.
        task: name of the task.
        asked: what it says of its panel.

    Raises:
        UsageError: there is no such judge or rubric, or two of one name.
    """
    where = f"task {task!r}, judges"
    check_twins(asked.judges, where=where)
    named = (selection.judge(name, where=where) for name in asked.judges)
    return Panel(
        judges=selection.judges or tuple(named),
        rubric=find_rubric(asked.rubric, where=where),
        rule=asked.rule,
        tokens=asked.tokens,
    )


def check_judges(selection: Selection, task: str, asked: AskedPanel) -> None:
    """See that the judges of a task can be asked here; raises as ``panel_of`` too.

    Raises:
        UsageError: the entry of one is wrong, or it runs on no device that is here.
    """
    for judge in panel_of(selection, task, asked).judges:
        check_entry(judge)
        try:
            place_of(judge)
        except DeviceAbsent as error:
            raise UsageError(
                f"task {task!r}: {error}; name a judge that runs here, or judge"
                " elsewhere with llmlat panel"
            ) from error
