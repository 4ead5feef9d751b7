"""Partial runs: which run was cut off, and what of its cells is there."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.journal import CELLS, PLAN, RUN, VERDICTS
from pytest_llmlat.store.json_lines import cell_of, facts_of, parsed, verdict_of
from pytest_llmlat.store.record_reader import cell_records
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.store.run_sittings import sittings_of
from pytest_llmlat.values.errors import BadRun, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Cell, Record

LAST = "last"
"""Name of the newest run that was cut off."""


def run_to_go_on_with(text: str, *, runs: Path, path: Path, where: str) -> Path:
    """Return the folder of the run that somebody wants to go on with.

    Args:
        text: as it was typed: ``last``, the name of a run, or its folder.
        runs: the folder that has runs in it.
        path: what ``text`` is as a path.
        where: it was typed.

    Raises:
        UsageError: there is no such run, or none that was cut off.
    """
    if text == LAST:
        found = (each for each in _newest_first(runs) if is_partial(each))
        folder = next(found, None)
        if folder is None:
            raise UsageError(
                f"{where}: no run in {runs} was cut off; leave the option out to begin"
                " one, or name a run"
            )
        return folder
    for folder in (path, runs / text):
        if (folder / RUN).is_file():
            return folder
    raise UsageError(
        f"{where}: there is no run {text!r}, neither here nor in {runs}; name the"
        f" folder of one with =, as in {where}={runs.name}/ID, and what to run apart"
        " from it"
    )


def sitting_after(folder: Path) -> int:
    """Return the number of the sitting that would go on with a run.

    Raises:
        BadRun: its ``run.json`` cannot be read.
    """
    return len(sittings_of(told_of_run(folder))) + 1


def told_of_run(folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` says.

    Raises:
        BadRun: it cannot be read.
    """
    path = folder / RUN
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadRun(
            f"{path}: cannot be read: {error!s:.100}; begin a new run"
        ) from error
    if not isinstance(told, dict):
        raise BadRun(f"{path}: holds no object; begin a new run")
    return {"id": folder.name, "started": "", "environment": {}, **told}


def is_partial(folder: Path) -> bool:
    """Whether a run was cut off, or lacks a cell; its records are not read."""
    try:
        told = told_of_run(folder)
    except BadRun:
        return False
    if told.get("seconds") is None:
        return True
    finished = {one.cell.id: one.finished for one in _lines(folder / CELLS, facts_of)}
    left_out = {one.cell for one in _lines(folder / VERDICTS, verdict_of)}
    names = {str(one.get("cell")) for one in _planned(told) if isinstance(one, dict)}
    return not all(finished.values()) or bool(names - finished.keys() - left_out)


def runs_in(runs: Path, name: str | None = None, here: Path = Path()) -> Iterator[Path]:
    """Yield the folders of runs, the newest first.

    Args:
        runs: the folder that has runs in it.
        name: of one run, or its folder; ``None`` for all.
        here: where a relative path begins.
    """
    if name is None:
        yield from _newest_first(runs)
        return
    for folder in (here / Path(name).expanduser(), runs / name):
        if (folder / RUN).is_file():
            yield folder
            return


def _newest_first(runs: Path) -> Iterator[Path]:
    # Their names begin with the time at which they were begun.
    if runs.is_dir():
        yield from sorted(
            (each for each in runs.iterdir() if (each / RUN).is_file()), reverse=True
        )


def _planned(told: Mapping[str, Any]) -> list[Any]:
    """Return what ``run.json`` lists as its plan; nothing where that is no list."""
    found = told.get(PLAN)
    return found if isinstance(found, list) else []


def _lines(path: Path, build: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield the values of a small file's lines; what is broken is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield build(parsed(line))
            except ValueError:
                continue


class StoredCells:
    """The cells of a run, as far as earlier sittings measured them."""

    def __init__(self, folder: Path, sitting: int) -> None:
        """Open the run.

        Args:
            folder: of the run.
            sitting: number of the sitting that goes on.

        Raises:
            BadRun: it cannot be read.
        """
        self._folder, self._sitting = folder, sitting
        self.told = told_of_run(folder)
        self._run = open_run(folder)

    @cached_property
    def plan(self) -> tuple[Cell, ...]:
        """Cells that were to be measured, in the order of the plan."""
        found = []
        for each in _planned(self.told):
            try:
                found.append(cell_of(each))
            except ValueError:
                continue
        return tuple(found)

    @cached_property
    def last(self) -> Mapping[str, CellFacts]:
        """Last facts of each cell that was begun, by its id."""
        return {one.cell.id: one for one in self._run.facts}

    @cached_property
    def backends(self) -> Mapping[str, set[tuple[tuple[str, Scalar | None], ...]]]:
        """Facts that the models of each cell told of themselves, by the cell's id.

        They may be several: what a server rejects is found out while it is measured.
        """
        found: dict[str, set[tuple[tuple[str, Scalar | None], ...]]] = defaultdict(set)
        for one in _lines(self._folder / CELLS, facts_of):
            found[one.cell.id].add(one.backend)
        return found

    def records(self, cell: Cell) -> dict[tuple[str, int], Record]:
        """Return a cell's records by sample and round, without what does not count."""
        place = self._run.places.get(cell.id)
        if place is None:
            return {}
        told: list[str] = []
        return {
            (one.sample, one.round): one
            for one in cell_records(place, cell, told.append)
            if one.sitting < self._sitting
        }
