"""The page of a run that is watched: how far it is, as a table. It loads nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.progress_words import (
    CELL_TITLES,
    cell_rows,
    run_sentence,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.watched_run import WatchedRun

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
"""What a browser may load for the page, and run in it: nothing but its own style."""
_FIGURES = ("samples", "quality so far", "e2e p50", "tok/s", "failed")
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem;
  max-width: 72rem; overflow-wrap: anywhere; }
h1 { font-size: 1.1rem; font-weight: 500; }
.state { font-size: 1.4rem; }
progress { width: 100%; height: 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .7rem; white-space: nowrap;
  border-bottom: 1px solid #8884; }
.num { text-align: right; }
.quiet { opacity: .75; }
@media (max-width: 40rem) { /* a row is a card: its name, and figures by title */
  table, tbody { display: block; }
  thead { display: none; }
  tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr));
    gap: .3rem .8rem; padding: .6rem 0; border-bottom: 1px solid #8884; }
  td, td.num { display: block; padding: 0; border: 0; white-space: normal;
    text-align: left; }
  td::before { content: attr(data-name); display: block; font-size: .75rem;
    opacity: .75; }
  td:first-child { grid-column: 1 / -1; font-weight: 600; }
  td:first-child::before { content: none; }
}
"""


def watch_page(
    name: str, seen: WatchedRun, *, again_s: int | None, last: Sequence[str] = ()
) -> str:
    """Return the whole page.

    Args:
        name: of the run.
        seen: what is known of it.
        again_s: seconds after which a browser is to ask again; ``None`` for never.
        last: lines with which a run ends, the answer first; none while it goes on.
    """
    again = (
        "" if again_s is None else f'<meta http-equiv="refresh" content="{again_s}">'
    )
    progress = seen.progress
    share = sum(cell.share for cell in progress.cells)
    of = progress.cells_planned or len(progress.cells) or 1
    head = "".join(_field("th", title, title) for title in CELL_TITLES)
    rows = "\n".join(
        f"<tr>{''.join(map(_field, ['td'] * len(row), CELL_TITLES, row))}</tr>"
        for row in cell_rows(progress)
    )
    told = "".join(f'<p class="state">{_safe(line)}</p>' for line in last)
    sentence = _safe(run_sentence(name, seen))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{again}
<title>{sentence} - pytest-llmlat</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>pytest-llmlat watches a run</h1>
<p class="state">{sentence}</p>
<progress max="{of}" value="{share:.3f}">{share:.1f} of {of} cells</progress>
{told}
<div class="scroll"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody></table></div>
<p class="quiet">Quality is the mean grade so far, a failed request counting as 0; e2e
is the time to a whole answer. Half of a cell is no result: the end of the run has the
figures with their intervals.</p>
</body>
</html>
"""


def _field(tag: str, title: str, text: str) -> str:
    mark = ' class="num"' if title in _FIGURES else ""
    named = f' data-name="{_safe(title)}"' if tag == "td" else ""
    return f"<{tag}{named}{mark}>{_safe(text)}</{tag}>"


def _safe(text: str) -> str:
    """Escape a text; control and format characters are shown as U+FFFD."""
    return escape(printable(text))
