"""GitHub's Markdown: hostile text made harmless, tables, and a length that is kept.

Text from elsewhere stands in ``<code>`` elements only. GitHub looks for mentions,
references to issues and emoji everywhere else, after it has decoded every character
reference, so that escaping alone would not keep ``@team`` from being called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_PLAIN = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;%+/-"
)
"""ASCII characters that stand for themselves; all others of ASCII become character
references, which Markdown takes for no structure: no column, no tag, no link."""
_OURS = _PLAIN | frozenset("[]()")
"""Brackets round intervals; nothing of ours makes a link of them."""
_LINKED = re.compile(r"@|:(?=/)|www(?=\.)", re.IGNORECASE)
"""Beginnings of addresses that are made links although they are only text."""
_SEAM = "\0"
"""Mark of such a place; no printable text has it."""
_COMMENT = "<!-- -->"
"""Comment that parts a text where it is marked; it is neither shown nor copied."""


def plain(text: str) -> str:
    """Escape words and figures of ours; too little for text from elsewhere."""
    return _escaped(text, safe=_OURS)


def code(text: str, *, most: int = 160) -> str:
    """Show text from elsewhere as it is, in one line and at most so long."""
    return f"<code>{_escaped(_clipped(text, most), safe=_PLAIN)}</code>"


def typed(text: str) -> str:
    """Show a line from elsewhere inside ``<pre>``, with the blanks it begins with."""
    indent = len(text) - len(text.lstrip(" "))
    return " " * indent + _escaped(text, safe=_PLAIN)


def row(cells: Sequence[str], *, hostile: Collection[int] = ()) -> str:
    """Write one line of a table; ``hostile`` are the columns from elsewhere."""
    written = (
        code(cell) if index in hostile else plain(cell)
        for index, cell in enumerate(cells)
    )
    return joined(tuple(written))


def joined(cells: Sequence[str]) -> str:
    """Write one line of a table of what is Markdown already."""
    return f"| {' | '.join(cells)} |"


def head(names: Sequence[str], *, right: Collection[int] = ()) -> tuple[str, str]:
    """Write the first two lines of a table; ``right`` are the columns of figures."""
    rule = ("---:" if index in right else "---" for index in range(len(names)))
    return joined([plain(name) for name in names]), joined(tuple(rule))


def _escaped(text: str, *, safe: Collection[str]) -> str:
    """Bring a text into one line, in which nothing but ``safe`` stands for itself."""
    line = "".join(
        " " if letter.isspace() else letter for letter in printable(text.strip())
    )
    return "".join(
        _COMMENT
        if letter == _SEAM
        else letter
        if letter in safe or not letter.isascii()
        else f"&#{ord(letter)};"
        for letter in _LINKED.sub(rf"\g<0>{_SEAM}", line)
    )


def _clipped(text: str, most: int) -> str:
    """Cut out the middle: names differ at the start or at the end."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1]}…{text[-end:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimmableBlock:
    """A part of a text, of which lines at the end can be left out."""

    rank: int
    """Order of keeping: the lower, the longer the block is kept whole."""
    title: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    """Lines before the block's own, if there are any of these."""
    lines: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    left: Callable[[int], str] = lambda count: f"{count} more"
    """Returns what is said of the lines after the first so many; never longer for
    more."""


def fitted(blocks: Sequence[TrimmableBlock], *, limit: int) -> str:
    """Join the blocks to a text of at most ``limit`` characters.

    Lines are left out of the block with the highest rank first, and none of a block is
    shown where a line of one with a lower rank is not. What is missing is said.
    """
    room = limit - sum(_length(_written(block, 0)) for block in blocks)
    kept: dict[int, int] = {}
    for index, block in sorted(enumerate(blocks), key=lambda pair: pair[1].rank):
        room -= _length((*block.opening, *block.closing)) if block.lines else 0
        kept[index] = 0
        for line in block.lines:
            room -= len(line) + 1
            if room < 0:
                break
            kept[index] += 1
    lines = [
        line
        for index, block in enumerate(blocks)
        for line in _written(block, kept[index])
    ]
    return "".join(f"{line}\n" for line in lines)


def _written(block: TrimmableBlock, kept: int) -> tuple[str, ...]:
    """Return a block with its first lines; without any, it has no table either."""
    shown = (*block.opening, *block.lines[:kept], *block.closing) if kept else ("",)
    rest = ("", f"*{block.left(kept)}*") if kept < len(block.lines) else ()
    return (*block.title, *shown, *rest, "") if block.title or block.lines else ()


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)
