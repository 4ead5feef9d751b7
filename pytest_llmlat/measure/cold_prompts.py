"""Cold prompts: heads that no server has seen, so that it cannot have kept them.

A head is put before a whole prompt, so that not even its beginning was seen: four
numbers of three digits, which are as many tokens whatever the numbers are. It is the
same for the same visit of a sample on servers that are compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Request

_NUMBERS = 4
_FIRST, _MANY = 100, 900
WARM, HEAD = "warm", "head"


class HeadTurns:
    """Counts of how often each server was asked the same, so that heads differ."""

    def __init__(self) -> None:
        """Know of no server yet."""
        self._taken: Counter[tuple[str, str]] = Counter()

    def planned(
        self, plan: Plan, *facts: Mapping[str, Scalar | None]
    ) -> tuple[Plan, ...]:
        """Return the plan of a cell with its head, for each model it is measured on.

        All have heads where one of them needs some, and the same ones, but for models
        of one server: what it keeps of one would serve the other.

        Args:
            plan: of the cell.
            facts: what each model says of itself, its server's ``url`` among it.
        """
        cell = f"{plan.cell.task}|{plan.cell.scenario}"
        places = [(cell, str(told.get("url"))) for told in facts]
        first = max(self._taken[place] for place in places)
        turns = [first + places[:n].count(place) for n, place in enumerate(places)]
        for place, turn in zip(places, turns, strict=True):
            self._taken[place] = turn + 1
        headed = any(told.get("cold_by") == HEAD for told in facts)
        return tuple(replace(plan, headed=headed, turn=turn) for turn in turns)


def head_of(plan: Plan, *visit: object) -> str:
    """Return the head of one visit.

    Args:
        plan: of the cell: of its run, its task, its scenario and its turn.
        visit: what tells this request from the others of the cell.
    """
    later = (f"sitting {plan.sitting}",) if plan.sitting > 1 else ()
    told = (plan.run, plan.cell.task, plan.cell.scenario, plan.turn, *visit, *later)
    digest = sha256(repr(told).encode()).digest()
    numbers = [
        _FIRST + int.from_bytes(digest[4 * n : 4 * n + 4]) % _MANY
        for n in range(_NUMBERS)
    ]
    return " ".join(map(str, numbers)) + "\n\n"


def with_head(request: Request, head: str) -> Request:
    """Return a request whose whole prompt, chat or not, begins with a head."""
    if request.chat and request.system is not None:
        return replace(request, system=head + request.system)
    if request.chat and request.turns:
        (first, answer), *others = request.turns
        return replace(request, turns=((head + first, answer), *others))
    return replace(request, prompt=head + request.prompt, head=head)


def is_warm(facts: Mapping[str, Scalar | None]) -> bool:
    """Whether prompts are to be served from a server's cache."""
    return facts.get("cache") == WARM
