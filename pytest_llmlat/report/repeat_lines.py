"""Sentences on drawn and repeated answers of each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import bounds, placed, printable

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard, Summary

_FIRST = ("pass@", "pass^", "majority@")
_ITEMS, _REPEATS = "variance_between_items", "variance_between_repeats"


def repeat_lines(board: Scoreboard) -> list[str]:
    """Return a sentence for each cell whose answers were drawn, or asked repeatedly.

    Of pass@k and pass^k it tells the largest k; ``summary.json`` has all.
    """
    return [line for summary in board.summaries if (line := _line(summary))]


def _line(summary: Summary) -> str | None:
    how = summary.drawn
    if how is None or (how.temperature == 0 and how.repeats == 1):
        return None
    figures = _figures(summary)
    if how.temperature is None and not figures:
        # Runs of older versions do not tell, and nothing else speaks of chance.
        return None
    cell = summary.cell
    where = f"{cell.task}, {cell.model} on {placed(cell.device, cell.scenario)}"
    told = "; ".join([_drawing(summary), *figures])
    return printable(f"{where}: {told}")


def _drawing(summary: Summary) -> str:
    how = summary.drawn
    if how is None or how.temperature is None:
        drawn = "how its tokens were drawn is not known"
    elif how.temperature == 0:
        return f"{how.repeats} greedy repeats: they measure the clock again"
    else:
        nucleus = "" if how.top_p in (None, 1) else f", top_p {how.top_p:g}"
        drawn = f"temperature {how.temperature:g}{nucleus}"
    many = how.repeats if how is not None else 1
    return f"{drawn}, {many} answer{'s' if many > 1 else ''} to each sample"


def _figures(summary: Summary) -> list[str]:
    details = dict(summary.details)
    last = {
        start: name
        for start in _FIRST
        for name in sorted(
            (name for name in details if name.startswith(start)),
            key=lambda name: int(name.removeprefix(start)),
        )
    }
    found = [f"{name} {bounds(details[name])}" for name in last.values()]
    items, repeats = details.get(_ITEMS), details.get(_REPEATS)
    if items is None or repeats is None or items.value is None or repeats.value is None:
        return found
    whole = items.value + repeats.value
    if not whole:
        return found
    share = f"variance {items.value / whole:.0%} between items"
    unseen = ", none to be seen" if f"{_ITEMS}_unclamped" in details else ""
    return [*found, f"{share}{unseen}, the rest between repeats"]
