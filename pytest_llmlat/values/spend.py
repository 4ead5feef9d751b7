"""What a run may spend at most: money, minutes and joules (``--llm-spend``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pytest_llmlat.values.errors import UsageError

_MINUTES, _JOULES = "minutes", "joules"
_CURRENCY = re.compile(r"[a-z]{3}")
_GRAMMAR = 'write such as "usd=5 minutes=30 joules=1e6", each a number above 0'
_LARGEST = Decimal("1e12")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLimits:
    """The most that a run may spend; ``None`` where there is no bound."""

    money: Decimal | None = None
    currency: str | None = None
    """Three letters (ISO 4217) of the money."""
    minutes: float | None = None
    joules: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is a bound at all."""
        return (self.money, self.minutes, self.joules) != (None, None, None)


def parse_spend(text: str, *, where: str) -> SpendLimits:
    """Return what a run may spend.

    Args:
        text: such as ``usd=5 minutes=30 joules=1e6``; empty for no bound.
        where: the option, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    found: dict[str, Decimal] = {}
    for part in filter(None, re.split(r"[\s,]+", text)):
        name, between, value = part.partition("=")
        known = name in (_MINUTES, _JOULES) or bool(_CURRENCY.fullmatch(name))
        if not known or not between:
            raise UsageError(f"{where}: {part!r} is not understood; {_GRAMMAR}")
        if name in found:
            raise UsageError(f"{where}: {name} stands there twice; {_GRAMMAR}")
        found[name] = _amount(value, f"{where}: {part!r}")
    currencies = [name for name in found if name not in (_MINUTES, _JOULES)]
    if len(currencies) > 1:
        told = " and ".join(currencies)
        raise UsageError(f"{where}: {told}: money of one run is in one currency")
    minutes, joules = found.get(_MINUTES), found.get(_JOULES)
    return SpendLimits(
        money=found[currencies[0]] if currencies else None,
        currency=currencies[0].upper() if currencies else None,
        minutes=None if minutes is None else float(minutes),
        joules=None if joules is None else float(joules),
    )


def _amount(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or not 0 < value <= _LARGEST:
        raise UsageError(f"{where}: {text!r} is no amount; {_GRAMMAR}")
    return value
