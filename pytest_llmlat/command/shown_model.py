"""The model of a run that a card or a badge is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from pytest_llmlat.values.results import Scoreboard, Summary


def add_model(parser: ArgumentParser) -> None:
    """Let a model be named."""
    parser.add_argument(
        "--model", metavar="NAME", help="which model, where the run has several"
    )


def cells_of(board: Scoreboard, name: str | None) -> tuple[str, Sequence[Summary]]:
    """Return the model that is meant, and its cells.

    Raises:
        UsageError: the run has none, or several and none is named.
        UnknownName: the run has no such model; names the nearest.
    """
    models = list(dict.fromkeys(summary.cell.model for summary in board.summaries))
    if not models:
        raise UsageError("RUN: nothing was measured in it; name another run")
    if name is None and len(models) > 1:
        raise UsageError(f"--model NAME: the run has several: {', '.join(models)}")
    if name is not None and name not in models:
        remedy = "llmlat show RUN lists them."
        raise UnknownName("model", name, models, where="--model", remedy=remedy)
    chosen = name or models[0]
    return chosen, [s for s in board.summaries if s.cell.model == chosen]
