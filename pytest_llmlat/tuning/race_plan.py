"""The plan of a race: how many settings are looked at, on how many items each time.

A race looks several times. Each look doubles the items of the settings that are still
in it, and has room for fewer of them. What the budget does not spend on looks, the
confirmation takes: the best setting and today's, A B B A, on items that none was
chosen on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_A_PAIR = 2
"""Requests of one item at a look: one of the setting, one of today's."""
OF_A_CONFIRMED_ITEM = 4
"""Requests of one item at the confirmation (A B B A)."""
FIRST = 8
"""Fewest items of a first look."""
LEAST_CONFIRMED = 12
"""Fewest items of the confirmation."""
MOST_CONFIRMED = 200
QUARTER = 0.25
"""Share of the full product's requests that a race has where no budget is given."""
OPEN = 48
"""Settings drawn of a space that cannot be listed, where no budget is given."""
_CONFIRMED = 0.3
"""Share of the items that are kept for the confirmation."""
_ROUNDING = 1e-9
_FIRST_SHARE = 0.5
"""Share of the looks' requests that the first look may take."""
_FEWEST_SETTINGS = 2
_GRAMMAR = "write requests=2000, minutes=30, or both"
_PART = re.compile(r"(?P<name>requests|minutes)=(?P<value>\d+(\.\d+)?)")
_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningBudget:
    """The budget of a tuning; ``None`` where nothing was said."""

    requests: int | None = None
    seconds: float | None = None


def parse_budget(text: str, *, where: str) -> TuningBudget:
    """Return the budget that a text says.

    Raises:
        UsageError: shows the grammar.
    """
    found: dict[str, float] = {}
    for part in text.split():
        told = _PART.fullmatch(part)
        if told is None or told["name"] in found or not float(told["value"]) > 0:
            raise UsageError(f"{where}: {part!r} is no budget; {_GRAMMAR}")
        found[told["name"]] = float(told["value"])
    requests, minutes = found.get("requests"), found.get("minutes")
    if requests is not None and requests != int(requests):
        raise UsageError(f"{where}: requests are whole; {_GRAMMAR}")
    return TuningBudget(
        requests=None if requests is None else int(requests),
        seconds=None if minutes is None else minutes * _SECONDS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RacePlan:
    """The plan of a race."""

    looks: tuple[int, ...]
    """Items of a setting after each look."""
    settings: int
    """Most settings that the first look takes."""
    confirmed: int
    """Items of the confirmation; they are none of the race's."""
    requests: int
    """Requests of all looks and of the confirmation together, at most."""
    seconds: float | None
    """Seconds that all may take; ``None`` for any number."""
    full: int | None
    """Requests of the full product: each setting once on every item. ``None`` where
    the settings cannot be listed."""

    @property
    def for_looks(self) -> int:
        """Requests that are not kept for the confirmation."""
        return self.requests - OF_A_CONFIRMED_ITEM * self.confirmed


def planned(
    items: Sequence[int], *, settings: int | None, budget: TuningBudget, where: str
) -> RacePlan:
    """Return the plan of a race.

    Args:
        items: requests of each item: one, or the turns of a conversation.
        settings: how many there are; ``None`` where they cannot be listed.
        budget: what it may take.
        where: the option of the budget, for the complaint.

    Raises:
        UsageError: too few items, or a budget that can decide nothing; says what would
            be needed.
    """
    count = len(items)
    if count < FIRST + LEAST_CONFIRMED:
        raise UsageError(
            f"{count} samples are too few to tune on: {FIRST} at least to choose by and"
            f" {LEAST_CONFIRMED} others to confirm by; name more tasks or samples"
        )
    per_item = sum(items) / count
    wanted = OPEN if settings is None else settings
    costs = _Costs(per_item=per_item, wanted=wanted)
    confirmed = min(MOST_CONFIRMED, max(LEAST_CONFIRMED, round(_CONFIRMED * count)))
    usual = max(
        costs.needed,
        math.ceil(QUARTER * wanted * sum(items)),
        # Of few settings a quarter decides nothing: each is to have its first look.
        costs.of(confirmed, min(wanted, OPEN)),
        2 * costs.of(confirmed, 0),
    )
    requests = budget.requests or usual
    if requests < costs.needed:
        raise UsageError(
            f"{where}: {requests} requests can decide nothing: {costs.needed} are"
            f" needed to look at {costs.fewest} settings on {FIRST} samples each"
            f" beside today's and to confirm the best on {LEAST_CONFIRMED} others;"
            f" {_told_usual(usual, settings)}"
        )
    while confirmed > LEAST_CONFIRMED and requests < max(
        2 * costs.of(confirmed, 0), costs.of(confirmed, costs.fewest)
    ):
        confirmed -= 1
    left = _FIRST_SHARE * (requests - costs.of(confirmed, 0))
    taken = min(wanted, max(1, int(left / (OF_A_PAIR * FIRST * per_item) + _ROUNDING)))
    own, race = int(left / (OF_A_PAIR * per_item * taken)), count - confirmed
    return RacePlan(
        looks=_looks(max(FIRST, min(own, race, 2 * FIRST)), race),
        settings=taken,
        confirmed=confirmed,
        requests=requests,
        seconds=budget.seconds,
        full=None if settings is None else round(settings * sum(items)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Costs:
    """Requests that a race takes."""

    per_item: float
    wanted: int

    @property
    def fewest(self) -> int:
        """Settings below which there is no race."""
        return min(_FEWEST_SETTINGS, self.wanted)

    @property
    def needed(self) -> int:
        """Requests below which nothing can be decided."""
        return self.of(LEAST_CONFIRMED, self.fewest)

    def of(self, confirmed: int, settings: int) -> int:
        """Return the requests of a confirmation, and of looks that begin with some."""
        looks = settings * OF_A_PAIR * FIRST / _FIRST_SHARE
        return math.ceil((OF_A_CONFIRMED_ITEM * confirmed + looks) * self.per_item)


def _looks(first: int, most: int) -> tuple[int, ...]:
    """Return the items after each look, twice as many each time."""
    found = [min(first, most)]
    while found[-1] < most:
        found.append(min(most, 2 * found[-1]))
    # A last look of a few more items tells nothing new.
    if len(found) > 1 and found[-1] < 1.25 * found[-2]:
        del found[-2]
    return tuple(found)


def _told_usual(usual: int, settings: int | None) -> str:
    named = "this space" if settings is None else f"these {settings} settings"
    return f"for {named} {usual} is usual"
