"""Arguments that several subcommands have: runs, and how their figures are made."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.report.figures import printable
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.balance import BALANCES, parse_balance
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.results import Scoreboard

RUNS = Path(".llmlat", "runs")
"""Folder of a project's runs."""
LAST = "last"
RUN_HELP = (
    "folder of a run or of a report, or 'last' for the newest run of this project"
)


def add_balance(parser: ArgumentParser, *, default: Balance | None = None) -> None:
    """Let another mean be called balanced.

    Args:
        parser: of the subcommand.
        default: what is meant where nothing is given; ``None``: as the run says.
    """
    told = "the run's" if default is None else default
    parser.add_argument(
        "--balance",
        metavar="EXPR",
        type=_balance,
        default=default,
        help=f"what is called balanced: a mean ({', '.join(BALANCES)}), weights such as"
        f" 'quality=1 speed=1 cost=1', or both (default: {told})",
    )


def _balance(text: str) -> Balance:
    try:
        return parse_balance(text, where="")
    except UsageError as error:
        # The parser names the option itself.
        raise ArgumentTypeError(str(error).removeprefix(": ")) from error


def opened(text: str) -> Run:
    """Open the run that was named.

    Raises:
        BadRun: there is none, or it is of a later version.
    """
    return open_run(path_of(text))


def path_of(text: str) -> Path:
    """Return the path that the name of a run stands for."""
    return RUNS if text == LAST else Path(text)


def figures(
    run: Run,
    problems: list[str],
    *,
    balance: Balance | None = None,
    slo: str | None = None,
) -> Scoreboard:
    """Count a run anew, as its session was told or as it is asked for now.

    Args:
        run: opened, or joined.
        problems: gets a sentence for each thing that had to be left out.
        balance: what is called balanced; ``None``: as the session was told.
        slo: other objectives, as typed.

    Raises:
        UsageError: objectives that are none.
    """
    asked = asked_for(run)
    return board_of(
        run,
        balance=balance or asked.balance,
        seed=asked.seed,
        slo=asked.slo if slo is None else parse(slo, where="--slo"),
        varied=asked.varied,
        tell=problems.append,
    )


def warn(problems: Iterable[str]) -> None:
    """Tell on standard error what is not as it should be and stops nothing."""
    for problem in problems:
        print(f"llmlat: {printable(problem)}", file=sys.stderr)  # noqa: T201 - its voice
