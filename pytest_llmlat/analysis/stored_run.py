"""Figures of a run that is on the disk, computed as at the end of its session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.scoreboard import joined
from pytest_llmlat.analysis.slo import Objective, parse
from pytest_llmlat.analysis.summary import condense
from pytest_llmlat.analysis.worker_processes import in_processes
from pytest_llmlat.store.record_reader import cell_records, warn
from pytest_llmlat.values.balance import BALANCES, Balance, parse_balance
from pytest_llmlat.values.cell_facts import UNSHOWN, unbegun
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.garbage import uncollected
from pytest_llmlat.values.varied import Varied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.summary import Condensed
    from pytest_llmlat.store.run_reader import RecordPlace, Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.results import Scoreboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Choices with which the figures of a run are made of its records."""

    balance: Balance
    seed: int
    slo: tuple[Objective, ...]
    varied: tuple[Varied, ...] = ()
    """Models that are one model in several settings."""


def asked_for(run: Run) -> Asked:
    """Return the choices of the session; of joined runs, where they agree.

    What is not known, or cannot be understood any more, is as by default.
    """
    settings = run.told["settings"]
    seed, slo = settings.get("seed"), settings.get("slo")
    try:
        objectives = parse(str(slo or ""), where="settings of the run: slo")
    except UsageError:
        objectives = ()
    return Asked(
        balance=_balance(settings.get("balance")),
        seed=seed if type(seed) is int else 0,
        slo=objectives,
        varied=_varied(run.told.get("varied")),
    )


def _balance(told: object) -> Balance:
    """Return what the run called balanced, as by default where that is not known."""
    try:
        return parse_balance(str(told), where="settings of the run: balance")
    except UsageError:
        return BALANCES[0]


def _varied(told: object) -> tuple[Varied, ...]:
    """Return the variants that ``run.json`` tells of; none if it does not."""
    try:
        return tuple(
            Varied(name=str(one["name"]), of=str(one["of"]), entry=str(one["entry"]))
            for one in told  # type: ignore[attr-defined] # else it is none
        )
    except (TypeError, KeyError):
        return ()


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
        _Sheet(facts=facts, place=run.places[facts.cell.id].alone, slo=slo)
        for facts in run.facts
        if facts.role not in UNSHOWN
    ]
    lines = sum(sheet.place.count for sheet in sheets)
    cells = []
    for cell, problems in in_processes(_condensed, sheets, lines):
        cells.append(cell)
        for problem in problems:
            (tell or warn)(problem)
    cells += [condense(unbegun(cell), (), slo=slo) for cell in run.unbegun]
    board = joined(
        cells, balance=balance, seed=seed, varied=varied, cut_off=run.cut_off
    )
    return replace(board, verdicts=run.verdicts, races=run.races)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A cell that is to be read."""

    facts: CellFacts
    place: RecordPlace
    slo: tuple[Objective, ...]


def _condensed(sheet: _Sheet) -> tuple[Condensed, list[str]]:
    """Read a cell; return its condensed figures and what is wrong with its lines."""
    problems: list[str] = []
    with uncollected():
        records = cell_records(sheet.place, sheet.facts.cell, problems.append)
        return condense(sheet.facts, records, slo=sheet.slo), problems
