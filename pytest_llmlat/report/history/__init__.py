"""How cells changed from run to run: points, a picture of them, and a page.

What was measured on another machine, of another task or of other samples is shown
beside the rest and never joined to it by a line.
"""

from __future__ import annotations

from pytest_llmlat.report.history.history_changes import (
    HistoryChange,
    HistoryChanges,
    change_lines,
    find_changes,
)
from pytest_llmlat.report.history.history_plot import draw
from pytest_llmlat.report.history.page import page_text
from pytest_llmlat.report.history.points import (
    History,
    Point,
    Timeline,
    history_of,
    joined,
)

__all__ = [
    "History",
    "HistoryChange",
    "HistoryChanges",
    "Point",
    "Timeline",
    "change_lines",
    "draw",
    "find_changes",
    "history_of",
    "joined",
    "page_text",
]
