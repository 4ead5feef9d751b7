"""What a subcommand prints: lines for people, or JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.report.tones import ReportLine, Tone

_COLOURS: Mapping[Tone, int] = {"bad": 31, "unsure": 33, "good": 32}
"""Colours by their numbers on a terminal (ECMA-48)."""


def add_json(parser: ArgumentParser) -> None:
    """Let a subcommand be asked for JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_catalogues(parser: ArgumentParser, kind: str) -> None:
    """Let a subcommand be given further catalogues, ``models`` or ``tasks``."""
    parser.add_argument(
        f"--{kind}",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help=f"catalogue with more {kind} (TOML); repeatable",
    )


def say(lines: Iterable[str]) -> None:
    """Print lines. None has a colour, so that a file or a pipe gets them as they are.

    Texts of others in them were made harmless by whoever wrote the line.
    """
    for line in lines:
        print(line)  # noqa: T201 - a command's voice


def say_toned(lines: Iterable[ReportLine]) -> None:
    """Print lines, in colours only on a terminal that wants them (no-color.org)."""
    plain = (
        not sys.stdout.isatty()
        or os.environ.get("NO_COLOR")
        or os.environ.get("TERM") == "dumb"
    )
    say(
        line.text
        if plain or line.tone is None
        else f"\x1b[1;{_COLOURS[line.tone]}m{line.text}\x1b[0m"
        for line in lines
    )


def tell(content: object) -> None:
    """Print a value as JSON. What is missing is null; there is no ``NaN``."""
    print(json.dumps(content, indent=1, allow_nan=False))  # noqa: T201 - as above


def show_progress(name: str, done: int, planned: int) -> None:
    """Draw a line that counts, on a terminal only; it is wiped at the end."""
    if sys.stderr.isatty():
        text = f"{printable(name)}: {done} of {planned}" if done < planned else ""
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201 - a command's voice


def room() -> int | None:
    """Return how many letters a line of the terminal has; ``None`` for a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
