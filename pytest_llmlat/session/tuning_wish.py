"""Wishes of a tuning: space, goal and budget, read and held against a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.session.tuned_entry import check_space
from pytest_llmlat.tuning.goal import parse_goal
from pytest_llmlat.tuning.race_plan import parse_budget
from pytest_llmlat.tuning.space_reading import read_space
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.tuning.goal import Goal
    from pytest_llmlat.tuning.race_plan import TuningBudget
    from pytest_llmlat.values.entities import ModelSpec, Task
    from pytest_llmlat.values.search_space import SearchSpace
    from pytest_llmlat.values.settings import Settings, Spelled

_ALONE = (
    *("vary", "against", "prompts", "yardstick", "baseline", "save_baseline"),
    *("requests", "until_decided", "changed", "resume", "reuse"),
)
"""Settings of other ways to compare, which have no place in a tuning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningWish:
    """What was asked for of a tuning."""

    space: SearchSpace
    goal: Goal
    budget: TuningBudget


def wish_of(settings: Settings, spelled: Spelled) -> TuningWish | None:
    """Return what was asked for; ``None`` where nothing is to be tuned.

    Raises:
        UsageError: it cannot be read, or does not go with what else was asked for.
    """
    goal = parse_goal(
        settings.tune_for, balance=settings.balance, where=spelled("tune_for")
    )
    budget = parse_budget(settings.tune_budget, where=spelled("tune_budget"))
    if not settings.tune:
        if settings.tune_resume is not None:
            raise UsageError(
                f"{spelled('tune_resume')}: goes on with a tuning; say what is tuned"
                f" with {spelled('tune')}, as that run did"
            )
        return None
    for name in _ALONE:
        if getattr(settings, name) not in (None, "", False):
            raise UsageError(
                f"{spelled('tune')}: measures settings beside today's in its own way;"
                f" {spelled(name)} has no place beside it"
            )
    if any(name != SINGLE.name for name in settings.scenarios):
        raise UsageError(
            f"{spelled('tune')}: asks one request after the other;"
            f" {spelled('scenarios')} has no place beside it"
        )
    return TuningWish(
        space=read_space(settings.tune, where=spelled("tune")),
        goal=goal,
        budget=budget,
    )


def check_wish(
    wish: TuningWish, model: ModelSpec, tasks: Sequence[Task], spelled: Spelled
) -> None:
    """Check what was asked for with a model, before anything is loaded.

    Raises:
        UsageError: it cannot be.
    """
    where = spelled("tune")
    check_space(model, tasks, wish.space, where=where)
    if wish.goal.kind == "cheapest" and model.price is None:
        raise UsageError(
            f"{spelled('tune_for')}: what a setting costs is known only where there is"
            f" a price; give {model.name!r} one in its entry (price = …)"
        )
