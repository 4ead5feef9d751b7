"""Trials of judges on a run, in a file of its folder: who was found fit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.store.journal import TRIALS
from pytest_llmlat.store.json_lines import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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


def read_trials(folder: Path) -> dict[tuple[str, str], bool]:
    """Return whether judges are fit, by judge and rubric; the last trial counts.

    A line that cannot be read is left out: its judge was then never tried, and gates
    nothing.
    """
    path = folder / TRIALS
    found: dict[tuple[str, str], bool] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            told = parsed(line)
            judge, rubric, fit = told["judge"], told["rubric"], told["fit"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(judge, str) and isinstance(rubric, str):
            found[judge, rubric] = fit is True
    return found


def with_fitness(record: Record, fit: Mapping[tuple[str, str], bool]) -> Record:
    """Return a record whose votes tell whether their judges are fit."""
    if not record.votes or not fit:
        return record
    votes = [
        replace(vote, fit=fit.get((vote.judge, vote.rubric), vote.fit))
        for vote in record.votes
    ]
    return replace(record, votes=tuple(votes))
