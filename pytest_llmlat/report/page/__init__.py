"""``report.html``: a run as one page for people. It works offline and asks for nothing.

What a model wrote is hostile text. It lies compressed in the page and reaches the
document only as text; the page's own scripts are the only ones that it lets run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.report.answer_sentence import (
    answer_sentence,
    answer_tone,
    is_of_balance,
)
from pytest_llmlat.report.contrast_lines import contrast_lines
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.leaders import tuning_lines
from pytest_llmlat.report.page.best_sentence import (
    best_balance,
    cautions,
    lettered_comparisons,
)
from pytest_llmlat.report.page.cell_content import CellContent, CellRoom
from pytest_llmlat.report.page.drawn_data import read, rooms_of
from pytest_llmlat.report.page.embedding import (
    content_policy,
    inert_json,
    packed,
    plotting_library,
)
from pytest_llmlat.report.page.heads import heads, title_of
from pytest_llmlat.report.page.page_tables import (
    breakdown_parts,
    cell_table,
    gate_part,
    load_table,
    remarks,
    scoreboard_table,
)
from pytest_llmlat.report.page.rows import cost_unit, rows_of
from pytest_llmlat.report.page.samples import PAGE_BYTES
from pytest_llmlat.report.page.script_values import page_values
from pytest_llmlat.report.page.visible import marked, visible
from pytest_llmlat.report.race_lines import race_lines
from pytest_llmlat.report.route_words import route_lines
from pytest_llmlat.report.short_names import name_lines, renamed, short_names
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.report.page.samples import Samples
    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.routes import FoundRoutes

_SLACK = 10_000
"""Bytes kept free for the note on what was cut, which is made after the cut."""
_TEMPLATES = Path(__file__).with_name("templates")
ContentReader: TypeAlias = Callable[[Mapping[str, CellRoom]], Iterable[CellContent]]
"""What reads of each cell as much as there is room for, by the cells' ids."""
_SCRIPTS = (
    "base.js",
    "tables.js",
    "weights.js",
    "plots.js",
    "planes.js",
    "latencies.js",
    "loads.js",
    "samples.js",
    "start.js",
)
"""Files of the page's one script, in the order of joining."""


def write_page(
    path: Path,
    run: dict[str, Any],
    board: Scoreboard,
    contents: ContentReader,
    *,
    routes: FoundRoutes | None = None,
) -> None:
    """Write the page, at most ``samples.PAGE_BYTES`` or nearly so.

    Without the extra ``report`` it has no plots and says so; all else is there.

    Args:
        path: of the file; replaced if it exists.
        run: what ``run.json`` says, and ``seconds``. A run that was merged holds
            several such objects under ``runs``: each gets a head of its own.
        board: the figures.
        contents: reads what the page has room for, of each cell of the board.
        routes: found through its models, if somebody looked for them.
    """
    text = _text(run, board, contents, routes)
    path.write_bytes(text.encode("utf-8", "replace"))


def _text(
    run: dict[str, Any],
    board: Scoreboard,
    contents: ContentReader,
    routes: FoundRoutes | None,
) -> str:
    names = short_names(board)
    own = contents(rooms_of(board))
    board = renamed(board, names)
    rows = rows_of(board)
    library = plotting_library()
    reading = read(board, _under_short_names(own, names))
    early = _own("early.js")
    script = "\n".join(["(() => {", '"use strict";', *map(_own, _SCRIPTS), "})();"])
    style = _own("page.css")
    scripts = [early, script, *([library.text] if library else [])]
    content = {
        "policy": content_policy(scripts, [style, ""]),
        "early": early,
        "script": script,
        "style": style,
        "title": title_of(board),
        "heads": heads(run),
        "sentence": answer_sentence(board),
        "tone": answer_tone(board),
        "also": not is_of_balance(board),
        "best": best_balance(board, rows),
        "cautions": cautions(board, rows),
        "gate": gate_part(board.verdicts),
        "scoreboard": scoreboard_table(board, rows),
        "rows": rows,
        "cells": cell_table(board, rows),
        "loads": load_table(board),
        "breakdowns": breakdown_parts(board),
        "remarks": {
            **({"Names": [*name_lines(names)]} if names else {}),
            **remarks(board),
        },
        "comparisons": lettered_comparisons(board),
        "contrasts": contrast_lines(board),
        "choice": len(board.comparisons) > 1,
        "cost_unit": cost_unit(board),
        "weighs_cost": weighed(board.balance).weighs_cost,
        "tunings": tuning_lines(board),
        "races": race_lines(board),
        "routes": [] if routes is None else [*route_lines(routes, most=None)],
        "calibrations": reading.calibrations,
        "figures": packed(reading.drawn),
        "library": library,
    }
    template = _template()

    def rendered(samples: Samples) -> str:
        values = inert_json(page_values(board, rows, samples))
        text: str = template.render(**content, values=values, samples=samples)
        return text

    rest = len(rendered(reading.store.none()).encode("utf-8", "replace"))
    return rendered(reading.store.fit(PAGE_BYTES - _SLACK - rest))


def _under_short_names(
    contents: Iterable[CellContent], names: Mapping[str, str]
) -> Iterator[CellContent]:
    """Yield what the page has of cells under the names that the board has."""
    for content in contents:
        yield replace(content, cell=renamed(content.cell, names)) if names else content


def _own(name: str) -> str:
    """Read a file of this page; line ends are what the policy's digests are of."""
    return (_TEMPLATES / name).read_text("utf-8")


def _template() -> Any:  # noqa: ANN401 - jinja2 is not imported for its types
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["printable"] = printable
    environment.filters["marked"] = marked
    return environment.get_template("page.html")
