"""Contrasts of the best row with each other one: time, quality, score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import placed, printable, signed
from pytest_llmlat.values.row_comparison import EQUAL_QUALITY, EQUAL_TIME, WhyBetter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.results import Contrast, Estimate, Scoreboard

_FEW = 6
"""Rows that are told each; of more, only their number is."""
_WHY: Mapping[WhyBetter, str] = {
    WhyBetter.FASTER: f"faster and as good (within {EQUAL_QUALITY:g})",
    WhyBetter.ANSWERS: f"better answers and as fast (within {EQUAL_TIME:.0%})",
    WhyBetter.BALANCE: "the higher score",
}


def contrast_lines(board: Scoreboard) -> list[str]:
    """Return a line for each row that the best one was compared with."""
    names = {
        row.id: f"{row.model} on {placed(row.device, row.scenario)}"
        for row in board.standings
    }
    told = [_line(contrast, names) for contrast in board.contrasts]
    lines = [line for line in told if line is not None]
    if len(lines) > _FEW:
        lines[_FEW - 1 :] = [f"and {len(lines) - _FEW + 1} more (contrasts)"]
    return [printable(line) for line in lines]


def why_better(contrast: Contrast) -> str:
    """Say in what a row is better than another for certain; empty if in nothing."""
    return " and ".join(_WHY[way] for way in contrast.why)


def _line(contrast: Contrast, names: Mapping[str, str]) -> str | None:
    parts = {
        "time": _bounded(contrast.longer, _share),
        "quality": _bounded(contrast.quality, _turned),
        "balanced": _bounded(contrast.difference, _turned),
    }
    figures = ", ".join(f"{name} {text}" for name, text in parts.items() if text)
    if contrast.longer.value is None and contrast.quality.value is None:
        # Nothing but the score was compared, and that stands with the best row.
        return None
    ways = why_better(contrast)
    verdict = f"; {names[contrast.row]} is better: {ways}" if ways else ""
    return f"beside {names[contrast.row]}: {names[contrast.other]} {figures}{verdict}"


def _bounded(found: Estimate, write: Callable[[float], str]) -> str:
    """Write how much more the other row has, with both ends; empty for not known."""
    if found.value is None:
        return ""
    if found.low is None or found.high is None:
        return write(found.value)
    ends = sorted((found.low, found.high), reverse=write is _turned)
    low, high = map(write, ends)
    return f"{write(found.value)} [{low}, {high}]"


def _share(value: float) -> str:
    return f"{value:+.0%}".replace("%", " %")


def _turned(value: float) -> str:
    """Write what the other row has more, of what the row has more."""
    return signed(-value or 0.0)
