"""Measured cascades beside what was predicted of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.scoreboard import rows_of_cells
from pytest_llmlat.analysis.summary import condense
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.routes import MeasuredRoute
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.toml_text import toml_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.analysis.summary import Condensed
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.results import Estimate
    from pytest_llmlat.values.routes import FoundRoutes, Route


def with_measured(
    found: FoundRoutes,
    run: Run,
    *,
    seed: int,
    tell: Callable[[str], None] | None = None,
) -> FoundRoutes:
    """Return found routes, each choice with the runs of it that were measured.

    A cascade was measured as a route if it has the same steps and rules, asked one
    request after the other, on the same tasks; its samples may be others.

    Args:
        found: what stored records predict.
        run: in which cascades may have been measured, among the models or after them.
        seed: of the resampling.
        tell: as for ``records_of``.
    """
    routes = {_told(one.route): one for one in found.chosen if not one.route.alone}
    cells: dict[tuple[str, str], list[Condensed]] = defaultdict(list)
    tasks: dict[tuple[str, str], set[str]] = defaultdict(set)
    of_route: dict[tuple[str, str], tuple[str, str]] = {}
    for (_, records), facts in zip(records_of(run, tell=tell), run.facts, strict=True):
        told = _told_by(facts)
        if told in routes and facts.cell.scenario == SINGLE.name and records:
            row = facts.cell.model, facts.cell.device
            cells[row].append(condense(facts, records))
            tasks[row].add(facts.cell.task)
            of_route[row] = told
    measured: dict[tuple[str, str], list[MeasuredRoute]] = defaultdict(list)
    for row, own in cells.items():
        if tasks[row] == {*found.tasks}:
            (standing,) = (
                r.standing for r in rows_of_cells(own, found.balance, seed, ())
            )
            told = of_route[row]
            measured[told].append(
                MeasuredRoute(
                    model=row[0],
                    balanced=standing.balanced,
                    quality=standing.quality,
                    within=_within(standing.balanced, routes[told].predicted),
                )
            )
    chosen = tuple(
        replace(one, measured=tuple(measured.get(_told(one.route), ())))
        for one in found.chosen
    )
    return replace(found, chosen=chosen)


def _told(route: Route) -> tuple[str, str]:
    """Return what a cascade that runs tells of itself, if it is this route."""
    rules = [dict(rule.conditions) for rule in route.rules]
    return " > ".join(route.steps), toml_value(rules)


def _told_by(facts: CellFacts) -> tuple[str, str]:
    backend = dict(facts.backend)
    return str(backend.get("steps")), str(backend.get("go_on"))


def _within(measured: Estimate, predicted: Estimate) -> bool | None:
    """Whether a score lies where it was predicted; ``None`` where one is not known."""
    value, low, high = measured.value, predicted.low, predicted.high
    if value is None or low is None or high is None:
        return None
    return low <= value <= high
