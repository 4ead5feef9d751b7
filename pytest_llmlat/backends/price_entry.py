"""The ``price`` of a model's entry: written out, or looked up in a table of prices."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import BadCatalogue, MissingExtra
from pytest_llmlat.values.price import Price, TokenRate

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.toml_tables import TomlTable

KEY = "price"
_TABLE = "genai-prices"
_TABLE_CURRENCY = "USD"
_INPUT, _OUTPUT = "input_per_million", "output_per_million"
_CACHED = "cached_input_per_million"
_NEEDED = (_INPUT, _OUTPUT)
_RATES = (*_NEEDED, _CACHED)
_KNOWN = ("per_hour", *_RATES, "currency", "date", "table")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST, _LEAST = 10**12, Decimal("1e-12")
"""Amounts between which there are prices. Written out, some would fill the memory."""
_MOST_DIGITS = 40


def price_of(table: TomlTable, today: date) -> Price | None:
    """Return the price that an entry says, ``None`` where it says none.

    One of a table of prices is looked up when the entry is chosen (``looked_up``).

    Args:
        table: the entry.
        today: a price of a later day is not paid yet.

    Raises:
        BadCatalogue: names the file and the key.
    """
    written = table.values.get(KEY)
    if written is None:
        return None
    if not isinstance(written, dict):
        raise table.complain(
            KEY, 'must be a table, such as { per_hour = 1.20, currency = "USD" }'
        )
    own = replace(table, place=f"{table.place}.{KEY}", values=written, taken={})
    own.only(_KNOWN)
    named = own.text("table")
    if named is None:
        return _written_out(own, today)
    if len(written) > 1:
        raise own.complain("table", "tells the whole price: nothing stands beside it")
    return Price(currency=_TABLE_CURRENCY, source=_TABLE, table=named)


def looked_up(model: ModelSpec, today: date) -> ModelSpec:
    """Return an entry with the price that its table of prices has today.

    Raises:
        BadCatalogue: the table does not know the model, or has no price per token.
        MissingExtra: the table is not installed.
    """
    if model.price is None or model.price.table is None:
        return model
    named, where = model.price.table, f"model {model.name!r}: price.table"
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError as error:
        raise MissingExtra("prices", "genai_prices", wanted_by=where) from error
    known = {
        f"{provider.id}/{found.id}": found
        for provider in get_snapshot().providers
        for found in provider.models
    }
    if named not in known:
        near = get_close_matches(named, known, n=3, cutoff=0.5)
        hint = f"; the nearest: {', '.join(near)}" if near else ""
        raise BadCatalogue(f"{where}: {_TABLE} does not know {named!r}{hint}")
    # At midnight: what holds for some hours of a day only is no price of a run.
    found = known[named].get_prices(datetime.combine(today, time(), UTC))
    if found.input_mtok is None or found.output_mtok is None:
        raise BadCatalogue(f"{where}: {_TABLE} has no price per token of {named!r}")
    kept = found.cache_read_mtok
    price = Price(
        currency=_TABLE_CURRENCY,
        source=f"{_TABLE} {version(_TABLE)}: {named}",
        date=today.isoformat(),
        input=_rate(found.input_mtok),
        output=_rate(found.output_mtok),
        cached_input=None if kept is None else _rate(kept),
    )
    return replace(model, price=price)


def _written_out(own: TomlTable, today: date) -> Price:
    currency = own.text("currency")
    if currency is None or not _CURRENCY.fullmatch(currency):
        raise own.complain(
            "currency", f'is needed, three letters such as "USD": {currency!r}'
        )
    since = _date(own, today)
    rates = {
        key: TokenRate(per_million=_amount(own, key))
        for key in _RATES
        if key in own.values
    }
    if "per_hour" in own.values:
        if rates:
            raise own.complain("per_hour", "the hour is paid or tokens are, not both")
        return Price(
            currency=currency,
            source="entry",
            date=since,
            per_hour=_amount(own, "per_hour"),
        )
    for key in _NEEDED:
        if key not in rates:
            raise own.complain(
                key, "is needed where tokens are paid (per_hour where the hour is)"
            )
    return Price(
        currency=currency,
        source="entry",
        date=since,
        input=rates[_INPUT],
        output=rates[_OUTPUT],
        cached_input=rates.get(_CACHED),
    )


def _amount(own: TomlTable, key: str) -> str:
    """Return an amount as it is written, 0 or more."""
    value = own.values[key]
    good = isinstance(value, int | float | str) and not isinstance(value, bool)
    try:
        amount = Decimal(str(value)) if good else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not 0 <= amount <= _MOST:
        raise own.complain(
            key, f"must be an amount of 0 or more, at most {_MOST:,}: {value!r:.80}"
        )
    if not amount:
        return "0"
    if amount < _LEAST or len(amount.as_tuple().digits) > _MOST_DIGITS:
        raise own.complain(key, f"is too exact for an amount: {value!r:.80}")
    return format(amount, "f")


def _date(own: TomlTable, today: date) -> str | None:
    value = own.values.get("date")
    if value is None:
        return None
    try:
        since = value if type(value) is date else date.fromisoformat(str(value))
    except ValueError as error:
        raise own.complain("date", f"is no day such as 2026-11-01: {value}") from error
    if since > today:
        raise own.complain("date", f"{since} is in the future: the price is not paid")
    return since.isoformat()


def _rate(found: Any) -> TokenRate:  # noqa: ANN401 - of a package that is optional
    """Return a rate of the table, flat or by the length of the prompt."""
    if isinstance(found, Decimal):
        return TokenRate(per_million=format(found, "f"))
    tiers = tuple((tier.start, format(tier.price, "f")) for tier in found.tiers)
    return TokenRate(per_million=format(found.base, "f"), tiers=tiers)
