"""The command ``llmlat``: what is done beside a pytest run.

Subcommands are functions from parsed arguments to an exit status; each prints what it
found, as text for people or with ``--json`` for programs.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED, MISUSED = 1, 2
"""Exit statuses: something went wrong; it was not called as it should be."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="llmlat",
        description="Beside pytest: check the clock that is measured with.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    calibrate = commands.add_parser(
        "calibrate",
        help="how true the clock for servers is on this machine",
        description="Times answers of a loopback server that logs when it wrote them,"
        " and prints how far our figures are from the true ones.",
    )
    calibrate.add_argument(
        "--streams",
        metavar="N,N,…",
        default="1,8,64",
        help="requests in flight to try with (default: %(default)s)",
    )
    calibrate.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    from pytest_llmlat.command.calibrate import run  # noqa: PLC0415 - after --help
    from pytest_llmlat.errors import LLMLatError, UsageError  # noqa: PLC0415

    try:
        return run(given.streams, as_json=given.json)
    except LLMLatError as error:
        print(f"llmlat: {error}", file=sys.stderr)  # noqa: T201 - a command's voice
        return MISUSED if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        return 130
