"""Layouts of tables: which columns come first, and in which order.

Content and title of a column are defined with its figure. A column that is named here
is in every such table; others follow in the order of the figures where some line fills
them, so that a new figure needs no line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.figure import View


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """The order of a table's columns, by their names for programs."""

    views: tuple[View, ...]
    """Columns that are in one of these are in the table."""
    first: tuple[str, ...]
    given_up: tuple[str, ...] = ()
    """Columns that a narrow terminal goes without, the first of them first."""


CELL_LAYOUT = TableLayout(
    views=("cells",),
    first=(
        *("samples", "metric", "quality", "chance", "balanced"),
        *("e2e_p50_s", "e2e_p95_s"),
    ),
    given_up=("e2e_p95_s", "samples", "metric", "balanced"),
)
ROW_LAYOUT = TableLayout(
    views=("rows", "row_lines"),
    first=(
        *("quality", "chance", "speed", "balanced"),
        *("ttft_p50_s", "e2e_p50_s", "e2e_p95_s"),
        *("decode_tokens_per_s", "peak_device_bytes"),
    ),
    given_up=(
        *("peak_device_bytes", "decode_tokens_per_s", "e2e_p95_s"),
        *("ttft_p50_s", "speed", "chance"),
    ),
)
PAGE_ROW_LAYOUT = TableLayout(
    views=("rows", "page"),
    first=(
        *("balanced", "balanced_interval", "quality", "chance", "speed"),
        *("e2e_p50_s", "e2e_p95_s", "ttft_p50_s", "decode_tokens_per_s"),
        *("correct_within_budget", "timely_quality"),
        *("seconds_per_correct", "tokens_per_correct"),
        "peak_device_bytes",
    ),
)
LOAD_LAYOUT = TableLayout(
    views=("loads",),
    first=(
        *("samples", "requests_per_s", "output_tokens_per_s", "ttft_p50_s"),
        *("ttft_p95_s", "tpot_p50_s", "e2e_p50_s", "e2e_p95_s", "queue_p50_s"),
    ),
)
CURVE_LAYOUT = TableLayout(
    views=("curves",),
    first=("e2e_p50_s", "e2e_p95_s", "requests_per_s", "goodput_per_s"),
)
HISTORY_LAYOUT = TableLayout(
    views=("history",), first=("samples", "quality", "balanced", "e2e_p50_s")
)
PLOT_LAYOUT = TableLayout(views=("plot",), first=("balanced", "quality", "e2e_p50_s"))
