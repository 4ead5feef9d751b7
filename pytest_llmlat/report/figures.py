"""How figures are written for people. What is missing is a dash, never a 0."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from pytest_llmlat.values.log_commands import without_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from pytest_llmlat.values.figure import Unit
    from pytest_llmlat.values.results import Estimate

MISSING = "-"
_DASH = "\N{EN DASH}"
_THOUSAND = 1000
_HUNDRED = 100
_MEGA = 1e6
_GIGA = 1e9


def ratio(value: float | None) -> str:
    """Write a figure between 0 and 1."""
    return MISSING if value is None else f"{value:.3f}"


def bounds(estimate: Estimate, unit: Unit = "ratio") -> str:
    """Write a figure with its 95 % interval, or with a mark that it has none."""
    if estimate.value is None and estimate.low is not None:
        return f"over {written(estimate.low, unit)}"
    if estimate.low is None or estimate.high is None:
        return f"{written(estimate.value, unit)} [no interval]"
    low, high = (_end(end, unit) for end in (estimate.low, estimate.high))
    return f"{written(estimate.value, unit)} [{low}, {high}]"


def ends(estimate: Estimate, unit: Unit = "ratio") -> str:
    """Write the interval of a figure without the figure."""
    if estimate.low is None or estimate.high is None:
        return MISSING if estimate.value is None else "no interval"
    return f"{_end(estimate.low, unit)}{_DASH}{_end(estimate.high, unit)}"


def _end(value: float, unit: Unit) -> str:
    return f"{value:.2f}" if unit == "ratio" else written(value, unit)


def seconds(value: float | None) -> str:
    """Write a duration with three significant digits and its unit."""
    if value is None:
        return MISSING
    for unit, scale in (("µs", 1e6), ("ms", 1e3)):
        if round(value * scale) < _THOUSAND:
            return f"{_three_digits(value * scale)} {unit}"
    return f"{_three_digits(value)} s"


def _three_digits(value: float) -> str:
    """Write three significant digits, more where the whole part has more."""
    for places, bound in ((2, 9.995), (1, 99.95)):
        if value < bound:
            return f"{value:.{places}f}"
    return f"{value:.0f}"


def placed(device: str, scenario: str) -> str:
    """Name a device, with its load where there was one."""
    return device if scenario == "single" else f"{device} {scenario}"


def counted(counts: Mapping[str, int], *more: str) -> str:
    """List what happened, with its count where it did: ``partial, 2 errors``."""
    told = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join([*more, *told]) or MISSING


def listed(values: Iterable[object], sign: str = ", ") -> str:
    """Join the texts that are known; ``None`` is left out."""
    return sign.join(str(value) for value in values if value is not None)


def signed(value: float) -> str:
    """Write a difference of scores with its sign."""
    return f"{value:+.3f}"


def signed_seconds(value: float) -> str:
    """Write a difference of durations with its sign."""
    return f"{'+' if value >= 0 else '-'}{seconds(abs(value))}"


def rate(value: float | None) -> str:
    """Write tokens per second."""
    if value is None:
        return MISSING
    return f"{value:,.{0 if value >= _HUNDRED else 1}f}"


def size(value: int | None) -> str:
    """Write bytes as MB or GB (powers of ten)."""
    if value is None:
        return MISSING
    if value >= _GIGA:
        return f"{value / _GIGA:.2f} GB"
    return f"{value / _MEGA:.0f} MB"


def per_second(value: float | None) -> str:
    """Write a rate of requests, which may be far below one a second."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if value >= _HUNDRED else f"{value:.3g}"


def money(value: float) -> str:
    """Write an amount with three significant digits; its currency stands beside."""
    return f"{value:,.2f}" if value >= _HUNDRED else f"{value:.3g}"


def written(value: float | None, unit: Unit) -> str:
    """Write a figure in its unit."""
    return MISSING if value is None else _WRITTEN[unit](value)


_WRITTEN: Mapping[Unit, Callable[[float], str]] = {
    "ratio": ratio,
    "difference": signed,
    "s": seconds,
    "1/s": per_second,
    "tokens/s": rate,
    "tokens": lambda value: f"{value:,.0f}",
    "bytes": lambda value: size(round(value)),
    "count": lambda value: f"{value:.0f}",
    "money": money,
    "J": lambda value: f"{money(value)} J",
    "W": lambda value: f"{value:.1f} W",
    "g": lambda value: f"{money(value)} g",
}


def printable(text: str) -> str:
    """Make hostile text harmless on a terminal and in a log.

    No control or format characters, and nothing that a runner of continuous
    integration takes for a command.
    """
    return without_commands(
        "".join(
            letter
            if unicodedata.category(letter)[0] != "C"
            else "\N{REPLACEMENT CHARACTER}"
            for letter in text
        )
    )


def narrowed(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    most: int | None,
    dispensable: Sequence[int],
) -> list[int]:
    """Return the columns of a table that fit.

    Args:
        header: of the table.
        rows: of the table.
        most: how many letters a line may have; ``None`` for any number.
        dispensable: columns that may be left out, the first of them first.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    kept = list(range(len(header)))
    for column in dispensable:
        if most is None or sum(widths[c] + 2 for c in kept) - 2 <= most:
            break
        kept.remove(column)
    return kept


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Container[int]
) -> list[str]:
    """Align columns to the left, or to the right where ``right`` holds their index."""
    cells = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if index in right else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
