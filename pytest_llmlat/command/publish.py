"""``llmlat publish``: the figures of a run into a tracker of experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, figures, opened, warn
from pytest_llmlat.command.output import say
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.published_run import PUBLISHERS, Publication, published_rows
from pytest_llmlat.store.journal import REPORT, SUMMARY
from pytest_llmlat.values.confidential import shown_text
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Hands the figures of a run to MLflow or Weights & Biases: each row of the"
        " scoreboard a run there, with summary.json and report.md. No prompt and no"
        " answer is handed on."
    )
    parser.add_argument("tracker", metavar="TRACKER", help="mlflow or wandb")
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--project",
        metavar="NAME",
        default="pytest-llmlat",
        help="experiment or project (default: %(default)s)",
    )
    parser.add_argument(
        "--to",
        metavar="ADDRESS",
        help="where the tracker is (default: as its own settings say)",
    )


def run(given: Namespace) -> int:
    """Hand the run over and say where it lies.

    Raises:
        UsageError: no run, no such tracker, or nothing in it.
        MissingExtra: the tracker's library is not installed.
    """
    publisher = PUBLISHERS.find(given.tracker, where="TRACKER")
    found = opened(given.run)
    problems = list(found.problems)
    board = figures(found, problems)
    warn(problems)
    if not board.standings:
        raise UsageError(f"{given.run}: nothing was measured in it; name another run")
    folder = found.folder
    files = [] if folder is None else [folder / name for name in (SUMMARY, REPORT)]
    with PUBLISHERS.blamed(given.tracker):
        told = publisher.publish(
            Publication(
                run=str(found.told["id"]),
                rows=published_rows(found.told, board),
                files=[path for path in files if path.is_file()],
                project=given.project,
                address=given.to,
            )
        )
    say(f"published {printable(shown_text(line))}" for line in told)
    return 0
