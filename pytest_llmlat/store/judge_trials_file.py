"""Trials of judges on a run, in a file of its folder: who was found fit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.journal import TRIALS
from pytest_llmlat.store.json_lines import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pytest_llmlat.values.records import Record


def add_trials(folder: Path, rubric: str, found: Iterable[tuple[str, bool]]) -> None:
    """Append what trials of judges came to.

    Args:
        folder: of the run.
        rubric: name and digest of the rubric.
        found: names of judges, and whether they are fit.
    """
    with (folder / TRIALS).open("a", encoding="ascii") as file:
        for judge, fit in found:
            told = {"judge": judge, "rubric": rubric, "fit": fit}
            file.write(json.dumps(told) + "\n")


def read_trials(
    folder: Path, tell: Callable[[str], None]
) -> dict[tuple[str, str], bool]:
    """Return whether judges are fit, by judge and rubric; the last trial counts.

    A line that cannot be read is left out: its judge was then never tried, and gates
    nothing.

    Args:
        folder: of the run.
        tell: gets a sentence for lines that cannot be read.
    """
    path = folder / TRIALS
    found: dict[tuple[str, str], bool] = {}
    broken = 0
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            judge, rubric, fit = _trial(parsed(line))
        except (ValueError, KeyError, TypeError):
            broken += 1
        else:
            found[judge, rubric] = fit
    if broken:
        tell(
            f"{path}: {broken} of its lines left out, for they are no trials of judges;"
            " try the judges again with llmlat judges"
        )
    return found


def _trial(told: Any) -> tuple[str, str, bool]:  # noqa: ANN401 - any JSON value
    """Return judge, rubric and whether it is fit.

    Raises:
        ValueError: it is no trial.
    """
    judge, rubric, fit = told["judge"], told["rubric"], told["fit"]
    if type(judge) is not str or type(rubric) is not str or type(fit) is not bool:
        raise ValueError("no trial")
    return judge, rubric, fit


def with_fitness(record: Record, fit: Mapping[tuple[str, str], bool]) -> Record:
    """Return a record whose votes tell whether their judges are fit."""
    if not record.votes or not fit:
        return record
    votes = [
        replace(vote, fit=fit.get((vote.judge, vote.rubric), vote.fit))
        for vote in record.votes
    ]
    return replace(record, votes=tuple(votes))
