"""Routes: cascades and routers that stored records were played through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.going_on import GoOn
    from pytest_llmlat.values.results import Contrast, Estimate

RouteAim: TypeAlias = Literal["balance", "fastest", "cheapest"]
"""What a route is chosen for: the best balanced score; the least time, or the least
cost, of those whose answers are not worse than a model's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way through models: a cascade, a router, or one model alone."""

    steps: tuple[str, ...]
    """Models in the order of asking."""
    rules: tuple[GoOn, ...] = ()
    """Rule of going on for each step but the last."""

    @property
    def alone(self) -> bool:
        """Whether it is one model and no route."""
        return len(self.steps) == 1

    @property
    def router(self) -> bool:
        """Whether it looks at questions only, so that one model is asked for each."""
        return not self.alone and not any(r.looks_at_answers for r in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFigures:
    """Figures of a model or a route, each family of tasks with the same weight."""

    quality: Estimate
    """Mean of the metric, chance included."""
    e2e_s: Estimate
    """Mean time of an answer, all steps together; over all answers."""
    balanced: Estimate
    cost: float | None
    """Mean cost of an answer, in money or joules; ``None`` where it is not known."""
    answered_by: tuple[float, ...]
    """Share of the answers that each step gave."""
    on_front: bool
    """Whether no single model is as good and as fast: the plane is quality and mean
    time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRoute:
    """The best route through some models, found on other folds than it is judged on."""

    route: Route
    """The rules that all items together choose."""
    figures: RouteFigures
    """Figures of what the folds chose, each on the items that it was not chosen on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRoute:
    """A route that was run as a model, and measured."""

    model: str
    balanced: Estimate
    quality: Estimate
    within: bool | None
    """Whether its balanced score lies in the predicted interval; ``None`` where one of
    the two is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRoute:
    """The route that an aim chooses, and what it is predicted to do."""

    aim: RouteAim
    route: Route
    figures: RouteFigures
    predicted: Estimate
    """Balanced score of a run of it: the interval is wider by what times drift."""
    same_steps: int
    """Number of folds that chose the same models in the same order."""
    reference: str
    """Model that it is compared with."""
    beside: Contrast | None
    """What it is beside that model, paired by item; ``None`` where it is that model."""
    better: bool
    """Whether it keeps what its aim promises, for certain (95 %)."""
    measured: tuple[MeasuredRoute, ...] = ()
    """Runs of it as a model; empty where it was not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRoutes:
    """What was found in the records of several models."""

    device: str
    tasks: tuple[str, ...]
    items: int
    """Number of items: what is alike is one."""
    answers: int
    """Number of answers of each model."""
    folds: int
    balance: Balance
    tolerance: float
    """Quality by which the fastest and the cheapest route may be worse."""
    currency: str | None
    """Unit of all costs, a currency or ``J``; ``None`` where they are not known."""
    models: tuple[TriedRoute, ...]
    """Each model alone, the best balanced score first."""
    routes: tuple[TriedRoute, ...]
    """Routes, the best balanced score first."""
    chosen: tuple[ChosenRoute, ...]
    """What each aim chooses."""
    notes: tuple[str, ...] = ()
    """Sentences on what was left out, and what makes figures less sure."""
