"""Goals of a tuning: what is to be best, and which quality it may not fall below."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.tuning_race import GoalKind

if TYPE_CHECKING:
    from pytest_llmlat.values.balance import Balance

KINDS: tuple[GoalKind, ...] = get_args(GoalKind)
TOLERATED = 0.02
"""Points of quality that a faster or cheaper setting may lose where nobody says how
many: as much as the gate tolerates."""
_GRAMMAR = (
    "write balance, fastest, cheapest or least_energy; behind the latter three"
    " quality>=0.6 (a floor) or quality=0.02 (points that it may be below today's)"
)
_BOUND = re.compile(r"quality(?P<sign>>=|=)(?P<value>[0-9.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal of a tuning."""

    kind: GoalKind = "balance"
    balance: Balance = "geometric"
    """Mean that is called balanced."""
    floor: float | None = None
    """Quality that a setting must reach; ``None`` where it is held beside today's."""
    tolerated: float | None = None
    """Points of quality that it may be below today's; ``None`` for any."""

    @property
    def told(self) -> str:
        """The goal in a few words."""
        if self.kind == "balance":
            return "best balance"
        if self.floor is not None:
            return f"{self.kind} with a quality of {self.floor:g} or more"
        return (
            f"{self.kind} with a quality no more than {self.tolerated:g} below today's"
        )


def parse_goal(text: str, *, balance: Balance, where: str) -> Goal:
    """Return the goal that a text says; the best balance where it says nothing.

    Raises:
        UsageError: shows the grammar.
    """
    kind, _, rest = text.strip().partition(" ")
    kind = kind or "balance"
    if kind not in KINDS:
        raise UsageError(f"{where}: {text!r} is no goal; {_GRAMMAR}")
    bounds = rest.split()
    if kind == "balance":
        if bounds:
            raise UsageError(
                f"{where}: the balance weighs quality itself; leave out {rest!r}"
            )
        return Goal(balance=balance)
    floor, tolerated = None, TOLERATED
    for bound in bounds:
        told = _BOUND.fullmatch(bound)
        value = _number(told["value"]) if told else None
        if told is None or value is None or not 0 <= value <= 1 or len(bounds) > 1:
            raise UsageError(f"{where}: {text!r}: {bound!r} is no bound; {_GRAMMAR}")
        if told["sign"] == ">=":
            floor = value
        else:
            tolerated = value
    return Goal(
        kind=cast("GoalKind", kind),
        balance=balance,
        floor=floor,
        tolerated=None if floor is not None else tolerated,
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
