"""Cross-fitting of routes: rules are chosen on some items and judged on others.

Items are dealt into folds, each task evenly. For each fold the best route is chosen by
the items of all other folds, and what it answers to those of its own is kept. The kept
answers are as many as there are questions, none of them chosen by its own outcome, so
their figures have no winner's curse (Chernozhukov et al. 2018 call this cross-fitting).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.routing.route_records import (
    RoutedAnswer,
    routed,
    step_answer,
    step_cost,
    why_on,
)
from pytest_llmlat.values.answer_speed import answer_speed, answer_time
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.going_on import GoOn
    from pytest_llmlat.values.routes import Route

    Mask: TypeAlias = NDArray[np.bool_]

FOLDS = 10
_VALUE, _SPEED, _TIME, _COST, _CHANCE, _COUNT = range(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """What one model does on all questions under one rule: (questions,) each."""

    value: Array
    e2e_s: Array
    """Time at which its answer is given, where it is."""
    speed_failed: Mask
    """Questions on which its speed is 0."""
    spent_s: Array
    cost: Array
    over: Mask
    """Questions that pass it over."""
    on: Mask
    """Questions whose answer goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFigures:
    """Figures of each route on the items outside of each fold: (routes, folds + 1).

    The last column is of all items.
    """

    balanced: Array
    quality: Array
    e2e_s: Array
    cost: Array
    further: Array
    """Number of steps behind the first: (routes, 1)."""


class RouteTable:
    """Outcomes of routes on all questions, summed by fold and task."""

    def __init__(self, answers: CommonAnswers, balance: Balance, *, seed: int) -> None:
        """Deal items into folds.

        Args:
            answers: of all models.
            balance: which mean is called balanced.
            seed: of the dealing.
        """
        import numpy as np

        self.answers, self._balance = answers, balance
        self.folds = min(FOLDS, answers.items)
        self.fold = _dealt(answers, self.folds, seed)
        tasks = answers.tasks
        number = {task: place for place, task in enumerate(tasks)}
        self._tasks = len(tasks)
        cell = np.array([number[each.task] for each in answers.questions])
        self._place = self.fold * self._tasks + cell
        families = [_family(answers, task) for task in tasks]
        self._weights = np.array(
            [1 / families.count(own) / len({*families}) for own in families]
        )
        first = [each.answers[0] for each in answers.questions]
        self._budget = np.array([record.budget_s for record in first])
        self._chance = np.array([record.chance for record in first])
        self._played: dict[tuple[int, GoOn | None], _Played] = {}

    def training(self, routes: Sequence[Route]) -> TrainingFigures:
        """Return the figures of routes outside of each fold, and of all items."""
        import numpy as np

        sums = np.stack([self._sums(route) for route in routes])
        whole = sums.sum(axis=1, keepdims=True)
        outside = np.concatenate([whole - sums, whole], axis=1)
        count = np.maximum(outside[..., _COUNT], 1.0)
        means = outside / count[..., None]
        quality = score.normalize(means[..., _VALUE], means[..., _CHANCE])
        balanced = score.balance(quality, means[..., _SPEED], self._balance)
        return TrainingFigures(
            balanced=balanced @ self._weights,
            quality=means[..., _VALUE] @ self._weights,
            e2e_s=means[..., _TIME] @ self._weights,
            cost=means[..., _COST] @ self._weights,
            further=np.array([[len(route.steps) - 1.0] for route in routes]),
        )

    def kept(self, chosen: Sequence[Route], name: str) -> list[RoutedAnswer]:
        """Return what the route of each fold answers to the questions of that fold."""
        return [
            routed(self.answers, question, chosen[fold], name)
            for question, fold in zip(self.answers.questions, self.fold, strict=True)
        ]

    def _sums(self, route: Route) -> Array:
        """Return the sums of a route's outcomes: (folds, tasks, 6)."""
        import numpy as np

        outcome = self._outcome(route)
        columns = (*outcome, self._chance, np.ones(len(self._chance)))
        cells = self.folds * self._tasks
        found = [
            np.bincount(self._place, own, minlength=cells).astype(float)
            for own in columns
        ]
        sums: Array = np.stack(found, axis=-1).reshape(self.folds, self._tasks, -1)
        return sums

    def _outcome(self, route: Route) -> tuple[Array, Array, Array, Array]:
        """Return value, speed, time and cost of each question's answer."""
        import numpy as np

        count = len(self._chance)
        pending = np.ones(count, dtype=bool)
        spent, cost, value, e2e = (np.zeros(count) for _ in range(4))
        failed = np.zeros(count, dtype=bool)
        for step, model in enumerate(route.steps):
            rule = route.rules[step] if step < len(route.rules) else None
            own = self._of(self.answers.models.index(model), rule)
            asked = pending & ~own.over
            given = asked & ~own.on
            value[given] = own.value[given]
            e2e[given] = spent[given] + own.e2e_s[given]
            failed[given] = own.speed_failed[given]
            cost[asked] += own.cost[asked]
            spent[asked] += own.spent_s[asked]
            pending &= ~given
        speed = np.where(failed, 0.0, 1 / (1 + e2e / self._budget))
        return value, speed, e2e, cost

    def _of(self, place: int, rule: GoOn | None) -> _Played:
        key = (place, rule)
        if key not in self._played:
            self._played[key] = self._play(place, rule)
        return self._played[key]

    def _play(self, place: int, rule: GoOn | None) -> _Played:
        import numpy as np

        questions = self.answers.questions
        if rule is not None and rule.repeats == 1:
            asked = self._of(place, None)
            return self._ruled(asked, place, rule)
        own = [step_answer(each, place, rule) for each in questions]
        held = rule is not None and rule.looks_at_answers
        spent = np.array([each.spent_ns / NS_PER_S for each in own])
        times = [answer_time(each.given) for each in own]
        streamed = np.array(
            [
                whole if time is None else time
                for time, whole in zip(times, spent, strict=True)
            ]
        )
        return _Played(
            value=np.array([each.given.grade.value for each in own]),
            e2e_s=spent if held else streamed,
            speed_failed=np.array([answer_speed(each.given) == 0.0 for each in own]),
            spent_s=spent,
            cost=self._costs(place, rule),
            over=np.array(
                [
                    rule is not None and rule.passes_over(each.question) is not None
                    for each in questions
                ]
            ),
            on=np.array([why_on(each, rule) is not None for each in own]),
        )

    def _ruled(self, asked: _Played, place: int, rule: GoOn) -> _Played:
        """Return what a model that is asked once does under a rule."""
        import numpy as np

        questions = self.answers.questions
        on = asked.on
        if rule.looks_at_answers:
            own = (step_answer(each, place, rule) for each in questions)
            on = np.array([why_on(each, rule) is not None for each in own])
        over = [rule.passes_over(each.question) is not None for each in questions]
        return replace(
            asked,
            e2e_s=asked.spent_s if rule.looks_at_answers else asked.e2e_s,
            over=np.array(over),
            on=on,
        )

    def _costs(self, place: int, rule: GoOn | None) -> Array:
        """Return what asking a model costs; not a number where that is unknown."""
        import numpy as np

        found = []
        for each in self.answers.questions:
            facts = self.answers.facts[place][each.task]
            told = [
                step_cost(record, facts, self.answers.cost_unit)
                for record in step_answer(each, place, rule).tries
            ]
            known = [cost for cost in told if cost is not None]
            found.append(sum(known) if len(known) == len(told) else np.nan)
        return np.array(found)


def choose(
    figures: TrainingFigures, best: Callable[[TrainingFigures, int], int]
) -> list[int]:
    """Return the route that each fold chooses, and what all items choose at the end.

    Args:
        figures: of all routes.
        best: of these, in a column, which one is best.
    """
    return [best(figures, column) for column in range(figures.balanced.shape[1])]


def _dealt(answers: CommonAnswers, folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of each question; what is one item is in one fold."""
    import numpy as np

    items = dict.fromkeys((each.task, each.item) for each in answers.questions)
    fold: dict[tuple[str, str], int] = {}
    start = 0
    for task in answers.tasks:
        own = sorted(
            (each for each in items if each[0] == task),
            key=lambda each: blake2b(f"{seed}|{each[0]}|{each[1]}".encode()).digest(),
        )
        # Each task goes on dealing where the one before ended.
        fold |= {each: (start + n) % folds for n, each in enumerate(own)}
        start += len(own)
    return np.array([fold[each.task, each.item] for each in answers.questions])


def _family(answers: CommonAnswers, task: str) -> str:
    return next(each.family for each in answers.questions if each.task == task)
