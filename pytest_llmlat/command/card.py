"""``llmlat card``: the results of a model, for its card on a hub."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.command.extras import PACKAGE
from pytest_llmlat.command.given import RUN_HELP, figures, opened, warn
from pytest_llmlat.command.output import say
from pytest_llmlat.command.shown_model import add_model, cells_of
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.model_card import model_card

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Prints the results of a model as a part of a Hugging Face model card: the"
        " metadata 'model-index' (YAML) and a table (Markdown)."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_model(parser)
    parser.add_argument(
        "--name", metavar="NAME", help="what the card calls it (default: as the run)"
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", type=Path, help="file to write (default: print)"
    )


def run(given: Namespace) -> int:
    """Print or write the card.

    Raises:
        UsageError: no run, no such model, or several and none is named.
    """
    found = opened(given.run)
    problems = list(found.problems)
    board = figures(found, problems)
    model, cells = cells_of(board, given.model)
    text = model_card(given.name or model, cells, found.told, version(PACKAGE))
    warn(problems)
    if given.out is None:
        say([text.rstrip("\n")])
    else:
        given.out.write_text(text, "utf-8")
        say([f"written {printable(str(given.out))}"])
    return 0
