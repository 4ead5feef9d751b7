"""Routes found in stored records, with what they are predicted to do.

Each set of models has its best route by the balanced score, found and judged on
different items (``cross_fitting``). What an aim chooses is chosen so too, among all
routes and all models alone: the choice itself is cross-fitted, and its figures are
those of a choice and not of the luckiest of many. It is compared with one model, paired
by item, and times are given as much room as they may drift (``comparisons``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.comparisons import others_against
from pytest_llmlat.analysis.intervals import jackknife_figure
from pytest_llmlat.analysis.item_units import Units
from pytest_llmlat.analysis.measured_rows import family_weights, scored
from pytest_llmlat.analysis.routing.cross_fitting import RouteTable, choose
from pytest_llmlat.analysis.routing.route_candidates import candidates
from pytest_llmlat.analysis.scoreboard import rows_of_cells
from pytest_llmlat.analysis.summary import condense
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.results import Estimate
from pytest_llmlat.values.routes import (
    ChosenRoute,
    FoundRoutes,
    RouteFigures,
    TriedRoute,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmlat.analysis.comparisons import Scored
    from pytest_llmlat.analysis.measured_rows import MeasuredRow
    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers
    from pytest_llmlat.analysis.routing.cross_fitting import TrainingFigures
    from pytest_llmlat.analysis.routing.route_records import RoutedAnswer
    from pytest_llmlat.analysis.summary import Condensed
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.results import Contrast
    from pytest_llmlat.values.routes import Route, RouteAim

    Best = Callable[[TrainingFigures, int], int]


_STEP_WORTH = 0.005
"""Balanced score that each further step must be worth: it takes memory, and one that
gains on a single item of many gained by luck."""
_STEP_COSTS = 0.02
"""The same as a share of time or cost, for the fastest and the cheapest route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A choice of each fold, judged on what it was not chosen on."""

    name: str
    route: Route
    picks: tuple[Route, ...]
    answers: tuple[RoutedAnswer, ...]


def find_routes(
    answers: CommonAnswers,
    *,
    balance: Balance,
    seed: int,
    tolerance: float,
    reference: str | None = None,
) -> FoundRoutes:
    """Find the best routes through models.

    Args:
        answers: of all models.
        balance: which mean is called balanced.
        seed: of folds and resamples.
        tolerance: quality by which the fastest and the cheapest may be worse.
        reference: model that they must not be worse than; ``None`` for the one of best
            quality.
    """
    table = RouteTable(answers, balance, seed=seed)
    groups = candidates(answers)
    figures = {steps: table.training(own) for steps, own in groups.items()}
    judged = [
        _judge(table, own, figures[steps], _by_balance, " > ".join(steps))
        for steps, own in groups.items()
    ]
    every = [route for own in groups.values() for route in own]
    whole = _joined([figures[steps] for steps in groups])
    alone = {route.steps[0]: place for place, route in enumerate(every) if route.alone}
    good = reference or max(alone, key=lambda m: whole.quality[alone[m], -1])
    currency = answers.cost_unit
    aims = _aims(alone[good], tolerance, priced=currency is not None)
    chosen = {
        aim: _judge(table, every, whole, best, f"@{aim}") for aim, best in aims.items()
    }
    board = _Board(answers, [*judged, *chosen.values()], balance, seed)
    tried = sorted(
        (TriedRoute(route=each.route, figures=board.figures(each)) for each in judged),
        key=lambda one: one.figures.balanced.value or 0.0,
        reverse=True,
    )
    models = tuple(one for one in tried if one.route.alone)
    best = models[0].route.steps[0]
    return FoundRoutes(
        device=answers.device,
        tasks=answers.tasks,
        items=answers.items,
        answers=len(answers.questions),
        folds=table.folds,
        balance=balance,
        tolerance=tolerance,
        currency=currency,
        models=models,
        routes=tuple(one for one in tried if not one.route.alone),
        chosen=tuple(
            board.chosen(aim, each, best if aim == "balance" else good, tolerance)
            for aim, each in chosen.items()
        ),
        notes=(*answers.notes, *board.doubts),
    )


def _aims(reference: int, tolerance: float, *, priced: bool) -> dict[RouteAim, Best]:
    """Return how each aim chooses, in their order."""
    aims: dict[RouteAim, Best] = {
        "balance": _by_balance,
        "fastest": _least("e2e_s", reference, tolerance),
    }
    if priced:
        aims["cheapest"] = _least("cost", reference, tolerance)
    return aims


def _judge(
    table: RouteTable,
    routes: Sequence[Route],
    figures: TrainingFigures,
    best: Best,
    name: str,
) -> _Judged:
    """Let each fold choose, and keep what its choice answers there."""
    *folds, last = choose(figures, best)
    picks = tuple(routes[place] for place in folds)
    return _Judged(
        name=name,
        route=routes[last],
        picks=picks,
        answers=tuple(table.kept(picks, name)),
    )


def _by_balance(figures: TrainingFigures, column: int) -> int:
    worth = figures.balanced[:, column] - _STEP_WORTH * figures.further[:, 0]
    return int(worth.argmax())


def _least(what: str, reference: int, tolerance: float) -> Best:
    """Return what chooses the least time or cost of those that are good enough."""

    def best(figures: TrainingFigures, column: int) -> int:
        import numpy as np

        quality = figures.quality[:, column]
        good = quality >= quality[reference] - tolerance
        dearer = 1 + _STEP_COSTS * figures.further[:, 0]
        spent = getattr(figures, what)[:, column] * dearer
        return int(np.where(good, spent, np.inf).argmin())

    return best


def _joined(parts: Sequence[TrainingFigures]) -> TrainingFigures:
    """Return the figures of all routes below each other."""
    import numpy as np

    names = ("balanced", "quality", "e2e_s", "cost", "further")
    first = parts[0]
    return replace(
        first,
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in names},
    )


class _Board:
    """Choices beside each other, with the figures that a scoreboard gives models."""

    def __init__(
        self,
        answers: CommonAnswers,
        judged: Sequence[_Judged],
        balance: Balance,
        seed: int,
    ) -> None:
        """Make a row of each choice.

        Args:
            answers: of all models.
            judged: the choices, models alone among them.
            balance: which mean is called balanced.
            seed: of the resampling.
        """
        self._balance = balance
        cells = [cell for each in judged for cell in _cells(answers, each)]
        rows = rows_of_cells(cells, balance, seed, ())
        self._rows = {row.standing.model: row for row in rows}
        self._alone = [each for each in judged if each.route.alone and _own(each)]
        self._singles = [self._point(each) for each in self._alone]

    @property
    def doubts(self) -> tuple[str, ...]:
        """Warning where no model is above guessing: the fastest guesser would win."""
        standings = [self._rows[each.name].standing for each in self._alone]
        if any(standing.above_guessing for standing in standings):
            return ()
        told = "no model alone is above guessing for certain: what is chosen here is"
        return (f"{told} the fastest way to guess",)

    def figures(self, judged: _Judged) -> RouteFigures:
        """Return the figures of a choice."""
        row = self._rows[judged.name]
        costs = [each.cost for each in judged.answers]
        known = [cost for cost in costs if cost is not None]
        steps = max(len(route.steps) for route in (judged.route, *judged.picks))
        gave = [each.step for each in judged.answers]
        return RouteFigures(
            quality=row.standing.quality,
            e2e_s=_mean_time(row, judged.answers),
            balanced=row.standing.balanced,
            cost=sum(known) / len(known) if len(known) == len(costs) else None,
            answered_by=tuple(gave.count(step) / len(gave) for step in range(steps)),
            on_front=score.front([*self._singles, self._point(judged)])[-1] is True,
        )

    def chosen(
        self, aim: RouteAim, judged: _Judged, reference: str, tolerance: float
    ) -> ChosenRoute:
        """Return what an aim chose, beside one model.

        Args:
            aim: what it was chosen for.
            judged: the choice.
            reference: the model.
            tolerance: quality by which it may be worse.
        """
        own, other = self._scored(judged.name), self._scored(reference)
        route, figures = judged.route, self.figures(judged)
        beside: Contrast | None = None
        if own is not None and other is not None and route.steps != (reference,):
            (beside,) = others_against([own, other], 1)
        return ChosenRoute(
            aim=aim,
            route=route,
            figures=figures,
            predicted=_widened(figures.balanced, 0.0 if own is None else own.drift),
            same_steps=sum(pick.steps == route.steps for pick in judged.picks),
            reference=reference,
            beside=beside,
            better=beside is not None and _better(aim, beside, tolerance),
        )

    def _scored(self, name: str) -> Scored | None:
        return scored(self._rows[name], self._balance)

    def _point(self, judged: _Judged) -> tuple[float, float]:
        """Return where a choice stands: its quality, and its mean time."""
        row = self._rows[judged.name]
        seconds = _mean_time(row, judged.answers).value
        quality = row.standing.quality.value
        return quality or 0.0, math.inf if seconds is None else seconds


def _own(judged: _Judged) -> bool:
    """Whether a choice is a model, and not an aim that chose one."""
    return (judged.name,) == judged.route.steps


def _cells(answers: CommonAnswers, judged: _Judged) -> Iterator[Condensed]:
    """Yield the cells of a choice, with the facts that all models have in common."""
    for task, facts in answers.facts[0].items():
        own = [a.record for a in judged.answers if a.record.cell.task == task]
        told = replace(
            facts,
            cell=replace(facts.cell, model=judged.name),
            planned=len(own),
            finished=True,
            price=None,
            backend=(),
            stopping=None,
        )
        yield condense(told, own)


def _widened(told: Estimate, drift: float) -> Estimate:
    """Return an interval with room for what times drift; a score is 0 to 1."""
    if told.low is None or told.high is None:
        return told
    low, high = max(0.0, told.low - drift), min(1.0, told.high + drift)
    return replace(told, low=low, high=high)


def _mean_time(row: MeasuredRow, answers: Sequence[RoutedAnswer]) -> Estimate:
    """Return the mean time of an answer; failures have none and are left out."""
    found = []
    for cell in row.cells:
        records = [
            each.record
            for each in answers
            if each.record.cell.task == cell.summary.cell.task
            and answer_time(each.record) is not None
        ]
        if not records:
            return Estimate(value=None)
        sums = Units(records).sums([(answer_time(r) or 0.0, 1.0) for r in records])
        total, count = sums.sum(axis=0)
        found.append(
            jackknife_figure(
                total / count, sums, lambda own: own[:, 0] / own[:, 1], share=False
            ).estimate
        )
    return _averaged(found, family_weights(row.cells))


def _averaged(estimates: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Return the weighted sum of times of different items, which may be any length."""
    value = sum(w * (e.value or 0.0) for e, w in zip(estimates, weights, strict=True))
    pairs = list(zip(estimates, weights, strict=True))
    if any(each.low is None or each.high is None for each, _ in pairs):
        return Estimate(value=value)
    down = [w * ((e.value or 0.0) - (e.low or 0.0)) for e, w in pairs]
    up = [w * ((e.high or 0.0) - (e.value or 0.0)) for e, w in pairs]
    return Estimate(
        value=value,
        low=max(0.0, value - math.hypot(*down)),
        high=value + math.hypot(*up),
    )


def _better(aim: RouteAim, beside: Contrast, tolerance: float) -> bool:
    """Whether a choice is better than the model beside it for certain."""
    if aim == "balance":
        low = beside.difference.low
        return low is not None and low > 0
    as_good = beside.quality.low is not None and beside.quality.low >= -tolerance
    if aim == "cheapest":
        return as_good
    return as_good and beside.pace == "faster"
