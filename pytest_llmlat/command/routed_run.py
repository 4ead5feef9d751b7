"""Routes through the models of a run, beside cascades that were measured in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.routing.common_answers import common_answers
from pytest_llmlat.analysis.routing.found_routes import find_routes
from pytest_llmlat.analysis.routing.measured_routes import with_measured
from pytest_llmlat.analysis.stored_run import asked_for
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.routes import FoundRoutes

TOLERATED = 0.02
"""Quality by which the fastest and the cheapest route may be worse, as a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteWish:
    """What routes are looked for."""

    models: Sequence[str] = ()
    device: str | None = None
    balance: Balance | None = None
    """Mean that is called balanced; ``None`` for the run's."""
    tolerance: float = TOLERATED
    reference: str | None = None
    """Model whose quality is kept; ``None`` for the best."""


def routes_of(run: Run, wish: RouteWish, tell: Callable[[str], None]) -> FoundRoutes:
    """Find the routes through the models of a run.

    Args:
        run: opened, or merged of several.
        wish: which.
        tell: takes what is wrong with its records.

    Raises:
        UnknownName: a model or a device that is not in it.
        UsageError: there is nothing to be routed; says why and what to do.
    """
    answers = common_answers(run, models=wish.models, device=wish.device, tell=tell)
    answers = replace(answers, notes=(*answers.notes, *_machines(run)))
    _check_reference(wish.reference, answers)
    asked = asked_for(run)
    balance = wish.balance or asked.balance
    if weighed(balance).weighs_cost:
        raise UsageError(
            f"route: a route's score is predicted of quality and speed, and {balance}"
            " weighs cost; give --balance geometric, and look at the cheapest route"
        )
    found = find_routes(
        answers,
        balance=balance,
        seed=asked.seed,
        tolerance=wish.tolerance,
        reference=wish.reference,
    )
    return with_measured(found, run, seed=asked.seed, tell=lambda _: None)


def _machines(whole: Run) -> tuple[str, ...]:
    """Warn of runs of several machines, whose times are added up."""
    hosts = {str(run.get("host")) for run in whole.told.get("runs", ())}
    if len(hosts) < 2:  # noqa: PLR2004 - two are not one
        return ()
    told = "runs of several machines, whose times are added up though no route"
    return (f"{told} runs on several: {', '.join(sorted(hosts))}",)


def _check_reference(name: str | None, answers: CommonAnswers) -> None:
    if name is not None and name not in answers.models:
        remedy = "It must be one of the models that are looked at."
        raise UnknownName(
            "model", name, answers.models, where="--not-worse-than", remedy=remedy
        )
