"""The page of a history: its plot, and the same as a table. It loads nothing."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from pytest_llmlat.report.figure_tables import estimate_text
from pytest_llmlat.report.figures import MISSING, printable
from pytest_llmlat.report.history.history_changes import change_lines, change_text
from pytest_llmlat.report.history.history_plot import COLOURS, draw
from pytest_llmlat.report.history.points import letter, machine_lines
from pytest_llmlat.values.column_order import HISTORY_LAYOUT
from pytest_llmlat.values.figure_columns import column_key, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.report.history.history_changes import (
        HistoryChange,
        HistoryChanges,
    )
    from pytest_llmlat.report.history.points import History, Point
    from pytest_llmlat.values.figure_columns import DefinedColumn

_WORDS = ("cell", "run", "commit", "machine")
_COMMIT = 10
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem;
  max-width: 1200px; }
figure { margin: 1rem 0; overflow-x: auto; background: white; border-radius: 6px; }
svg { width: 100%; height: auto; min-width: 760px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem; white-space: nowrap;
  border-bottom: 1px solid #8884; }
td:nth-child(n+5):not(:last-child) { text-align: right; }
.mark { display: inline-block; width: .8em; height: .8em; border-radius: 50%; }
.answer { font-size: 1.2rem; }
.worse { background: #d9480f26; }
.better { background: #2b8a3e22; }
.worse td:last-child, li.worse { font-weight: 600; }
li.worse, li.better { padding: .1rem .4rem; }
"""


def page_text(history: History, changes: HistoryChanges) -> str:
    """Return the whole page.

    Args:
        history: the points.
        changes: what changed over them.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    drawn = draw(history, "svg", changes).decode("utf-8")
    picture = drawn[drawn.index("<svg") :]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    rows = "\n".join(_rows(history, changes))
    *told, answer = (line.text for line in change_lines(changes))
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in titles_of(history))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pytest-llmlat: history</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>History of {len(history.timelines)} cells over {len(history.runs)} runs</h1>
<p class="answer">{escape(answer)}</p>
<ul>{"".join(map(_told, changes.found, told))}</ul>
<p>Balanced is the {history.balance} mean. A bar is the 95&nbsp;% interval. Only what
was measured on the same machine and software, of the same task, settings and samples,
is joined by a line; a dotted line stands where one of these changed, and a dashed red
or green one where the figures did, for the worse or the better.</p>
<ul>{"".join(_machine(history, place) for place in range(len(history.machines)))}</ul>
<figure tabindex="0" role="img" aria-label="The table below as a drawing">
{_still(picture)}
</figure>
<div class="scroll" tabindex="0"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</body>
</html>
"""


def titles_of(history: History) -> tuple[str, ...]:
    """Return what stands over the table; a figure that no point has is left out."""
    return (*_WORDS, *(column.title for _, column in _filled(history)), "notes")


def rows_of(history: History, changes: HistoryChanges) -> Iterable[Sequence[str]]:
    """Yield what stands under ``titles_of``, a cell's runs one after the other."""
    filled = _filled(history)
    for timeline in history.timelines:
        for point in timeline.points:
            yield (
                timeline.cell.id,
                point.run,
                point.commit[:_COMMIT] if point.commit else MISSING,
                letter(point.machine),
                *(estimate_text(point.figure(column_key(*c)), *c) for c in filled),
                "; ".join(
                    [
                        *map(change_text, changes.at(timeline.cell.id, point.run)),
                        *_notes(point, timeline.changes(point)),
                    ]
                )
                or MISSING,
            )


def _filled(history: History) -> list[DefinedColumn]:
    """Return the first columns of figures, and further ones that some point fills."""
    points = [point for line in history.timelines for point in line.points]
    return [
        defined
        for defined in columns_of(HISTORY_LAYOUT)
        if (key := column_key(*defined)) in HISTORY_LAYOUT.first
        or any(point.figure(key).value is not None for point in points)
    ]


def _machine(history: History, place: int) -> str:
    told = list(machine_lines(history))[place]
    colour = COLOURS[place % len(COLOURS)]
    mark = f'<span class="mark" style="background:{colour}"></span>'
    return f"<li>{mark} {escape(told)}</li>"


def _rows(history: History, changes: HistoryChanges) -> Iterable[str]:
    """Yield the lines of the table, marked where something changed."""
    places = [
        (timeline.cell.id, point.run)
        for timeline in history.timelines
        for point in timeline.points
    ]
    for place, cells in zip(places, rows_of(history, changes), strict=True):
        marks = [_tone(change) for change in changes.at(*place)]
        tone = f' class="{marks[0]}"' if marks else ""
        texts = "".join(f"<td>{escape(printable(text))}</td>" for text in cells)
        yield f"<tr{tone}>{texts}</tr>"


def _told(change: HistoryChange, sentence: str) -> str:
    return f'<li class="{_tone(change)}">{escape(sentence)}</li>'


def _tone(change: HistoryChange) -> str:
    return "worse" if change.worse else "better"


def _still(picture: str) -> str:
    """Take away what a drawing program writes for others of its kind."""
    return re.sub(r"<metadata>.*?</metadata>", "", picture, flags=re.DOTALL)


def _notes(point: Point, changes: Sequence[str]) -> Iterable[str]:
    yield from changes
    if point.partial:
        yield "partial"
    if point.disturbed:
        yield point.disturbed
