"""The page: the picture inside it, and the same as a table. It asks for nothing."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, bounds, printable, seconds
from pytest_llmlat.report.further_columns import written
from pytest_llmlat.report.history.history_plot import COLOURS, draw
from pytest_llmlat.report.history.points import letter, machine_lines
from pytest_llmlat.values.figure_columns import column_key, shown_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.report.history.points import History, Point
    from pytest_llmlat.values.results import Estimate

COLUMNS = (
    "cell",
    "run",
    "commit",
    "machine",
    "n",
    "quality [95 %]",
    "balanced [95 %]",
    "e2e p50 [95 %]",
    "notes",
)
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
"""


def page_text(history: History) -> str:
    """Return the whole page.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    drawn = draw(history, "svg").decode("utf-8")
    picture = drawn[drawn.index("<svg") :]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    rows = "\n".join(_row(row) for row in rows_of(history))
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in columns_of(history))
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
<p>Balanced is the {history.balance} mean. A bar is the 95&nbsp;% interval. Only what
was measured on the same machine and software, of the same task, settings and samples,
is joined by a line; a dotted line stands where one of these changed.</p>
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


def columns_of(history: History) -> tuple[str, ...]:
    """Return the columns; further ones that some point fills stand before the notes."""
    return (*COLUMNS[:-1], *_filled(history).values(), COLUMNS[-1])


def rows_of(history: History) -> Iterable[Sequence[str]]:
    """Yield what stands under ``columns_of``, a cell's runs one after the other."""
    filled = _filled(history)
    units = {column_key(*shown): shown[0].unit for shown in shown_in("history")}
    for timeline in history.timelines:
        for point in timeline.points:
            yield (
                timeline.cell.id,
                point.run,
                point.commit[:_COMMIT] if point.commit else MISSING,
                letter(point.machine),
                str(point.samples),
                bounds(point.quality),
                bounds(point.balanced),
                _time(point.e2e_p50_s),
                *(written(dict(point.further).get(k), units[k]) for k in filled),
                "; ".join(_notes(point, timeline.changes(point))) or MISSING,
            )


def _filled(history: History) -> dict[str, str]:
    """Return the titles of the further columns that some point fills, by name."""
    points = [point for line in history.timelines for point in line.points]
    return {
        name: column.title
        for figure, column in shown_in("history")
        if (name := column_key(figure, column))
        and any(dict(point.further).get(name) is not None for point in points)
    }


def _machine(history: History, place: int) -> str:
    told = list(machine_lines(history))[place]
    colour = COLOURS[place % len(COLOURS)]
    mark = f'<span class="mark" style="background:{colour}"></span>'
    return f"<li>{mark} {escape(told)}</li>"


def _row(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{escape(printable(c))}</td>" for c in cells) + "</tr>"


def _still(picture: str) -> str:
    """Take away what a drawing program writes for others of its kind."""
    return re.sub(r"<metadata>.*?</metadata>", "", picture, flags=re.DOTALL)


def _time(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{seconds(estimate.value)} [no interval]"
    low, high = seconds(estimate.low), seconds(estimate.high)
    return f"{seconds(estimate.value)} [{low}, {high}]"


def _notes(point: Point, changes: Sequence[str]) -> Iterable[str]:
    yield from changes
    if point.partial:
        yield "partial"
    if point.disturbed:
        yield point.disturbed
