"""What a page of the docs shows to type, as steps that a test can take.

A block of the kind ``console`` holds commands behind ``$``. A block with
``title="NAME"`` is a file that the reader writes. Comments before a block of commands,
one a line, which no reader sees, say what a test does in another way:

- ``<!-- exits 0 1 -->``: it is to end with one of these;
- ``<!-- with: ARGUMENTS -->``: so that it does not take minutes;
- ``<!-- read only: WHY -->``: it cannot be run here; its options are looked up.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = re.compile(
    r"(?P<notes>(?:^<!-- [^\n]*? -->\n)*)"
    r"^(?P<fence>`{3,})(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Written:
    """A file that the page has its reader write."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A command that the page has its reader type, and how a test takes it."""

    words: tuple[str, ...]
    statuses: tuple[int, ...] = (0,)
    runs: bool = True

    def __str__(self) -> str:
        """Write it as a shell would read it."""
        return shlex.join(self.words)


def steps(page: Path) -> Iterator[Written | Typed]:
    """Yield what a reader of a tutorial does, from top to bottom."""
    for block in _BLOCK.finditer(page.read_text("utf-8")):
        title = _TITLE.search(block["info"])
        if title:
            yield Written(title[1], block["body"])
        elif block["info"].strip() == "console":
            for line in commands(block["body"]):
                yield _typed(line, re.findall(r"<!-- (.*?) -->", block["notes"]))


def commands(body: str) -> Iterator[str]:
    """Yield the lines behind a ``$``, those that a backslash goes on with in one."""
    for line in body.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            yield line.removeprefix("$ ")


def shown(page: Path) -> Iterator[tuple[str, ...]]:
    """Yield the words of each ``pytest`` and ``llmlat`` command that a page shows.

    These are lines of blocks, without the remark that may follow.
    """
    for block in _BLOCK.finditer(page.read_text("utf-8")):
        for line in block["body"].replace("\\\n", " ").splitlines():
            bare = line.strip().removeprefix("$ ")
            if re.match(r"(python -m )?(pytest|llmlat) [^=]", bare):
                yield _words(bare.removeprefix("python -m "))


def _typed(line: str, notes: list[str]) -> Typed:
    typed = Typed(_words(line))
    for note in notes:
        kind, _, rest = note.partition(" ")
        if kind == "with:":
            typed = replace(typed, words=(*typed.words, *shlex.split(rest)))
        elif kind == "exits":
            typed = replace(typed, statuses=tuple(map(int, rest.split())))
        elif note.startswith("read only: "):
            typed = replace(typed, runs=False)
        else:
            raise ValueError(f"nothing is known of the note {note!r}")
    return typed


def _words(line: str) -> tuple[str, ...]:
    """Split as a shell does, up to what only a shell can do with the output."""
    words = shlex.split(line, comments=True)
    ends = (at for at, word in enumerate(words) if re.fullmatch(r">>?|\||&&", word))
    return tuple(words[: next(ends, None)])
