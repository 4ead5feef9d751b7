"""Records and figures of a run that is on the disk, one cell in memory at a time."""

from __future__ import annotations

import gc
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.errors import UsageError
from pytest_llmlat.metrics import METRICS
from pytest_llmlat.metrics.translations import BLEU_ORDERS, CHRF_COUNTS
from pytest_llmlat.results import Varied
from pytest_llmlat.rows import parsed, record_of
from pytest_llmlat.runs.processes import in_processes
from pytest_llmlat.scoreboard import joined
from pytest_llmlat.settings import BALANCES
from pytest_llmlat.slo import parse
from pytest_llmlat.summary import condense

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from pytest_llmlat.records import Cell, CellFacts, Record
    from pytest_llmlat.results import Scoreboard
    from pytest_llmlat.runs.folders import Place, Run
    from pytest_llmlat.settings import Balance
    from pytest_llmlat.slo import Objective
    from pytest_llmlat.summary import Condensed


CORPUS_COUNTS = CHRF_COUNTS + 2 + 2 * BLEU_ORDERS
"""How many sufficient statistics a translation has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the figures of a run were to be made of its records."""

    balance: Balance
    seed: int
    slo: tuple[Objective, ...]
    varied: tuple[Varied, ...] = ()
    """Models that are one model in several settings."""


def asked_for(run: Run) -> Asked:
    """Return what the session was told; of joined runs, where they agree.

    What is not known, or cannot be understood any more, is as by default.
    """
    settings = run.told["settings"]
    seed, slo = settings.get("seed"), settings.get("slo")
    try:
        objectives = parse(str(slo or ""), where="settings of the run: slo")
    except UsageError:
        objectives = ()
    return Asked(
        balance=next(
            (b for b in BALANCES if b == settings.get("balance")), BALANCES[0]
        ),
        seed=seed if type(seed) is int else 0,
        slo=objectives,
        varied=_varied(run.told.get("varied")),
    )


def _varied(told: object) -> tuple[Varied, ...]:
    """Return the variants that ``run.json`` tells of; none if it does not."""
    try:
        return tuple(
            Varied(name=str(one["name"]), of=str(one["of"]), entry=str(one["entry"]))
            for one in told  # type: ignore[attr-defined] # else it is none
        )
    except (TypeError, KeyError):
        return ()


def records_of(
    run: Run,
    cell_ids: Collection[str] | None = None,
    *,
    tell: Callable[[str], None] | None = None,
) -> Iterator[tuple[Cell, list[Record]]]:
    """Yield the records of each cell, in the order of the run's facts.

    Of a sample that was measured again the last record counts. A cell that was begun
    and has no records has an empty list.

    Args:
        run: where to read.
        cell_ids: of which cells; all if ``None``.
        tell: gets a sentence for each cell of which lines had to be left out; by
            default they are warnings.
    """
    for facts in run.facts:
        if cell_ids is None or facts.cell.id in cell_ids:
            yield (
                facts.cell,
                _records(run.places[facts.cell.id], facts.cell, tell or _warn),
            )


def board_of(
    run: Run,
    *,
    balance: Balance,
    seed: int,
    slo: tuple[Objective, ...] = (),
    varied: Sequence[Varied] = (),
    tell: Callable[[str], None] | None = None,
) -> Scoreboard:
    """Compute all figures of a run, as at the end of its session.

    Args:
        run: where to read.
        balance: which mean is called balanced.
        seed: of the resampling.
        slo: which answers came in time to be called good.
        varied: models that are one model in several settings.
        tell: as for ``records_of``.
    """
    sheets = [
        _Sheet(facts=facts, place=_alone(run.places[facts.cell.id]), slo=slo)
        for facts in run.facts
    ]
    lines = sum(sum(sheet.place.shelf.counts.values()) for sheet in sheets)
    cells = []
    for cell, problems in in_processes(_condensed, sheets, lines):
        cells.append(cell)
        for problem in problems:
            (tell or _warn)(problem)
    board = joined(cells, balance=balance, seed=seed, varied=varied)
    return replace(board, verdicts=run.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A cell that is to be read."""

    facts: CellFacts
    place: Place
    slo: tuple[Objective, ...]


def _alone(place: Place) -> Place:
    """Return it without where other cells are, which may be much."""
    shelf, key = place.shelf, place.key
    own = replace(
        shelf,
        spans={key: shelf.spans[key]} if key in shelf.spans else {},
        counts={key: shelf.counts.get(key, 0)},
    )
    return replace(place, shelf=own)


def _condensed(sheet: _Sheet) -> tuple[Condensed, list[str]]:
    """Read a cell, and return what is needed of it and what is wrong with it."""
    problems: list[str] = []
    records = _records(sheet.place, sheet.facts.cell, problems.append)
    return condense(sheet.facts, records, slo=sheet.slo), problems


def _records(place: Place, cell: Cell, tell: Callable[[str], None]) -> list[Record]:
    """Read one cell; what does not belong to the rest of it is left out."""
    found: dict[tuple[str, int], Record] = {}
    first: Record | None = None
    broken, reason = 0, ""
    with _uncollected():
        for line in place.shelf.lines(place.key):
            try:
                record = record_of(parsed(line), cell)
                _fit(record, first or record)
            except ValueError as error:
                broken, reason = broken + 1, str(error)
            else:
                first = first or record
                found[record.sample, record.round] = record
    if broken:
        tell(
            f"{place.shelf.path}: {place.key}: {broken} of its lines left out, for they"
            f" cannot be read: {reason:.200}"
        )
    return list(found.values())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: a tenth of the time, and there is none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _fit(record: Record, first: Record) -> None:
    """Refuse a record of which, with the others, no figure can be made."""
    metric = METRICS.get(record.metric)
    if metric is None:
        raise ValueError(f"metric {record.metric!r:.80} is not known to this version")
    if (record.metric, record.chance) != (first.metric, first.chance):
        raise ValueError("metric or chance is not that of the records before")
    counts = len(record.grade.counts)
    if counts != len(first.grade.counts) or counts not in (0, CORPUS_COUNTS):
        raise ValueError(f"{counts} counts of a corpus")
    if metric.corpus and not counts:
        raise ValueError("no counts, of which its metric is made")


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=3)


def told_of(run: Run, problems: Collection[str] = ()) -> dict[str, Any]:
    """Return what reports say of a run: what it was, and what is wrong with it.

    Args:
        run: the run.
        problems: what was found out since it was opened.
    """
    found = [*run.problems, *problems]
    return {**run.told, "problems": found} if found else dict(run.told)
