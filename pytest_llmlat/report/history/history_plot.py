"""The plot of a history: figures of each cell over the runs, with their intervals."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmlat.gate.change_points import ChangeKind
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.history.points import joined, machine_lines
from pytest_llmlat.values.column_order import PLOT_LAYOUT
from pytest_llmlat.values.errors import MissingExtra
from pytest_llmlat.values.figure_columns import column_key, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.report.history.history_changes import HistoryChanges
    from pytest_llmlat.report.history.points import History, Point, Timeline
    from pytest_llmlat.values.figure_columns import DefinedColumn
    from pytest_llmlat.values.results import Estimate

EXTRA = "plots"
"""The extra of this project that installs matplotlib."""
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#000000"),
)
"""Colours that the colour-blind too can tell apart (Okabe & Ito); marks differ
besides."""
MARKS = ("o", "s", "^", "D", "v", "P", "X")
_WORSE, _BETTER = "#C92A2A", "#2B8A3E"
_COMMIT = 7
_MOST_DATES = 6
_DAY = 10
_ROW_INCHES = 2.1
_LINE_INCHES = 0.25
_ABOVE_INCHES = 0.5
_BETWEEN = 0.75
"""Room for titles and dates between rows, in heights of a row."""
_MOST_LETTERS = 150
_WIDTH_INCHES = 12.0
_DPI = 110
_MOST_PIXELS = 60_000
_SETTINGS = {
    "text.parse_math": False,  # a name may hold dollars
    "svg.fonttype": "none",  # text stays text: found by a search, read aloud
    "svg.hashsalt": "pytest-llmlat",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(
    history: History, kind: Literal["svg", "png"], changes: HistoryChanges
) -> bytes:
    """Return the picture.

    A row is a cell. A colour and a mark are one machine with its software; only points
    of it that are comparable are joined, and a bar through a line's gap says that the
    task, the model's settings or the samples changed. A dashed line stands where a
    figure changed: red for the worse, green for the better.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(EXTRA, "matplotlib", wanted_by="history") from error
    rows, shown = max(1, len(history.timelines)), columns_of(PLOT_LAYOUT)
    height = _ROW_INCHES * rows + _below(history)
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        # A name may hold letters that the font has not.
        warnings.simplefilter("ignore")
        figure = Figure(figsize=(_WIDTH_INCHES, height))
        grid = figure.subplots(rows, len(shown), squeeze=False)
        _place(figure, height, below=_below(history))
        for timeline, row in zip(history.timelines, grid, strict=False):
            for axes, defined in zip(row, shown, strict=True):
                _figure(axes, history, timeline, defined)
                _marked(axes, history, timeline, defined, changes)
                name = f"{printable(timeline.cell.id)}\n" if axes is row[0] else ""
                axes.set_title(name + defined[1].title, loc="left", fontsize="medium")
        _legend(figure, history)
        out = BytesIO()
        figure.savefig(
            out,
            format=kind,
            dpi=min(_DPI, _MOST_PIXELS / height),
            metadata={"Date": None} if kind == "svg" else {},
            facecolor="white",
        )
    return out.getvalue()


def _below(history: History) -> float:
    """Return the room for what stands below the drawing, in inches."""
    return _LINE_INCHES * (2 + len(history.machines))


def _place(figure: Any, height: float, *, below: float) -> None:  # noqa: ANN401 - matplotlib's, loaded on use
    """Give every row the same room: a layout that looks for the best takes minutes."""
    figure.subplots_adjust(
        left=0.05,
        right=0.99,
        top=1 - _ABOVE_INCHES / height,
        bottom=below / height,
        wspace=0.13,
        hspace=_BETWEEN,
    )


def _look(machine: int) -> dict[str, Any]:
    """Return how the points of a machine are drawn."""
    return {
        "color": COLOURS[machine % len(COLOURS)],
        "marker": MARKS[machine % len(MARKS)],
        "markersize": 4,
        "linewidth": 1.2,
    }


def _legend(figure: Any, history: History) -> None:  # noqa: ANN401 - see below
    from matplotlib.lines import Line2D

    told = [text[:_MOST_LETTERS] for text in machine_lines(history)]
    figure.legend(
        [Line2D([], [], **_look(machine)) for machine in range(len(told))],
        told,
        loc="lower left",
        frameon=False,
    )


def _figure(
    axes: Any,  # noqa: ANN401 - matplotlib's, loaded on use
    history: History,
    timeline: Timeline,
    defined: DefinedColumn,
) -> None:
    key = column_key(*defined)
    places = {run: place for place, run in enumerate(history.runs)}
    for line in joined(timeline):
        told = [(places[p.run], p.figure(key)) for p in line]
        known = [(x, y) for x, y in told if y.value is not None]
        _line(axes, known, _look(line[0].machine))
    for point in timeline.points:
        if timeline.changes(point):
            x = places[point.run] - 0.5
            axes.axvline(x, color="#666666", linewidth=0.8, linestyle=":")
    axes.set_xlim(-0.5, len(history.runs) - 0.5)
    shown = _ticks(timeline.points, places)
    axes.set_xticks(
        [places[point.run] for point in shown], [_when(point) for point in shown]
    )
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    if defined[0].unit == "ratio":
        axes.set_ylim(0, 1.02)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _marked(
    axes: Any,  # noqa: ANN401 - matplotlib's, loaded on use
    history: History,
    timeline: Timeline,
    defined: DefinedColumn,
    changes: HistoryChanges,
) -> None:
    """Mark the changes of a figure, a creep over all its runs."""
    places = {run: place for place, run in enumerate(history.runs)}
    for change in changes.found:
        if change.cell != timeline.cell.id or change.half != defined[0].short:
            continue
        colour = _WORSE if change.worse else _BETTER
        if change.kind is ChangeKind.CREEP:
            ends = places[change.since] - 0.4, places[change.run] + 0.4
            axes.axvspan(*ends, color=colour, alpha=0.1, linewidth=0)
        else:
            x = places[change.run] - 0.5
            axes.axvline(x, color=colour, linewidth=1.6, linestyle="--")


def _line(
    axes: Any,  # noqa: ANN401 - matplotlib's
    points: Sequence[tuple[int, Estimate]],
    look: dict[str, Any],
) -> None:
    if not points:
        return
    # A mark at 0 lies on the axis and is to be seen whole.
    axes.plot(
        [x for x, _ in points],
        [y.value for _, y in points],
        clip_on=False,
        zorder=3,
        **look,
    )
    for x, y in points:
        if y.low is not None and y.high is not None:
            axes.plot(
                [x, x], [y.low, y.high], color=look["color"], linewidth=2.4, alpha=0.35
            )


def _ticks(points: Sequence[Point], places: Mapping[str, int]) -> list[Point]:
    """Return the points whose dates are written: the last, and what has room."""
    apart = max(1, len(places) // _MOST_DATES)
    kept: list[Point] = []
    for point in reversed(points):
        if not kept or places[kept[-1].run] - places[point.run] > apart:
            kept.append(point)
    return kept


def _when(point: Point) -> str:
    commit = f"\n{printable(point.commit[:_COMMIT])}" if point.commit else ""
    return printable(point.started[5:_DAY]) + commit
