"""Cost budgets: what an answer may cost, in money or in joules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pytest_llmlat.values.errors import UsageError

JOULES = "J"
_BUDGET = re.compile(
    r"(?P<amount>[0-9]{1,12}(\.[0-9]{1,18})?|\.[0-9]{1,18})\s*(?P<unit>[A-Za-z]+)"
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_GRAMMAR = "write an amount with its unit, such as 0.002USD or 40J"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBudget:
    """A cost at which an answer earns half of the cost score."""

    amount: str
    """Decimal, written out as it was typed."""
    unit: str
    """Three letters of a currency (ISO 4217), or ``J`` for measured joules, gross: what
    cost means is what its budget is in."""

    @property
    def value(self) -> float:
        """The amount as a number, above 0."""
        return float(self.amount)

    @property
    def of_energy(self) -> bool:
        """Whether joules are counted, and no money."""
        return self.unit == JOULES

    @property
    def sound(self) -> bool:
        """Whether it is one, as a file may have been edited."""
        return _parsed(f"{self.amount}{self.unit}") == self

    @property
    def told(self) -> str:
        """The budget in a few words: ``0.002 USD``."""
        return f"{self.amount} {self.unit}"


def parse_cost_budget(text: str, *, where: str) -> CostBudget:
    """Return a budget from ``0.002USD``, ``0.002 usd`` or ``40J``.

    Raises:
        UsageError: shows the grammar.
    """
    found = _parsed(text)
    if found is None:
        raise UsageError(f"{where}: {text!r} is not understood; {_GRAMMAR}")
    return found


def _parsed(text: str) -> CostBudget | None:
    match = _BUDGET.fullmatch(text.strip())
    if match is None or not Decimal(match["amount"]):
        return None
    unit = match["unit"].upper()
    if unit != JOULES and not _CURRENCY.fullmatch(unit):
        return None
    return CostBudget(amount=match["amount"], unit=unit)
