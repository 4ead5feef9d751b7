"""What a subcommand prints: lines for people, or JSON for programs."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable


def add_json(parser: ArgumentParser) -> None:
    """Let a subcommand be asked for JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def say(lines: Iterable[str]) -> None:
    """Print lines. None has a colour, so that a file or a pipe gets them as they are.

    Texts of others in them were made harmless by whoever wrote the line.
    """
    for line in lines:
        print(line)  # noqa: T201 - a command's voice


def tell(content: object) -> None:
    """Print a value as JSON. What is missing is null; there is no ``NaN``."""
    print(json.dumps(content, indent=1, allow_nan=False))  # noqa: T201 - as above


def room() -> int | None:
    """Return how many letters a line of the terminal has; ``None`` for a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
