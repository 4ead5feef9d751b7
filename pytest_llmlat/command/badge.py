"""``llmlat badge``: a figure of a model as a picture for a README."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import RUN_HELP, figures, opened, warn
from pytest_llmlat.command.output import say
from pytest_llmlat.command.shown_model import add_model, cells_of
from pytest_llmlat.report.badge_picture import badge_svg
from pytest_llmlat.report.figures import bounds, placed, printable, seconds
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_llmlat.values.results import Scoreboard, Standing

_FIGURES = ("balanced", "quality", "e2e", "ttft", "gate")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Writes a picture (SVG) with a figure of a model and its 95 % interval, or with"
        " what the gate said. A figure is neither green nor red: only a verdict is."
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_model(parser)
    parser.add_argument(
        "--figure",
        choices=_FIGURES,
        default="balanced",
        help="what it shows (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("llmlat.svg"),
        help="file to write (default: %(default)s)",
    )


def run(given: Namespace) -> int:
    """Write the picture.

    Raises:
        UsageError: no run, no such model, or the figure is missing.
    """
    found = opened(given.run)
    problems = list(found.problems)
    board = figures(found, problems)
    if given.figure == "gate":
        text = _of_gate(board, str(found.told["id"]))
    else:
        text = _of_figure(board, given)
    warn(problems)
    given.out.write_text(text, "utf-8")
    say([f"written {printable(str(given.out))}"])
    return 0


def _of_gate(board: Scoreboard, name: str) -> str:
    if not board.verdicts:
        raise UsageError(f"--figure gate: nothing was gated in the run {name}")
    failing = any(verdict.failing for verdict in board.verdicts)
    return badge_svg(
        "llmlat gate",
        "failed" if failing else "passed",
        tone="bad" if failing else "good",
    )


def _of_figure(board: Scoreboard, given: Namespace) -> str:
    """Return the badge of a row.

    Raises:
        UsageError: the model has several rows, or not this figure.
    """
    model, _ = cells_of(board, given.model)
    rows = [row for row in board.standings if row.model == model]
    if len(rows) > 1:
        places = ", ".join(placed(row.device, row.scenario) for row in rows)
        raise UsageError(
            f"--model {model}: was measured on several devices or loads ({places}), and"
            " a badge is of one; measure it on one, or write a card (llmlat card)"
        )
    value = _value(rows[0], given.figure)
    if value is None:
        raise UsageError(
            f"--figure {given.figure}: {model} has none in this run; ask for another of"
            f" {', '.join(_FIGURES)}"
        )
    label = f"{model} on {placed(rows[0].device, rows[0].scenario)}"
    return badge_svg(label, f"{given.figure} {value}")


def _value(row: Standing, figure: str) -> str | None:
    estimates = {"balanced": row.balanced, "quality": row.quality}
    if figure in estimates:
        found = estimates[figure]
        return None if found.value is None else bounds(found)
    times = {"e2e": row.e2e_s.p50, "ttft": row.ttft_s.p50}
    value = times[figure]
    return None if value is None else f"p50 {seconds(value)}"
