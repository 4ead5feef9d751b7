"""The price of an entry: what can be written, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.price_entry import looked_up
from pytest_llmlat.session.prices import check_currencies
from pytest_llmlat.values.errors import BadCatalogue, UsageError
from pytest_llmlat.values.price import Price, TokenRate

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec

HEAD = """
[models.{name}]
backend = "scripted"
weights = "answers.json"
"""
TODAY = date(2026, 11, 29)


def entry(folder: Path, price: str, name: str = "parrot") -> ModelSpec:
    """Return the entry of a catalogue with a price."""
    path = folder / f"{name}.toml"
    path.write_text(HEAD.format(name=name) + f"price = {price}\n", "utf-8")
    return load_models([path]).entries[name]


def test_a_price_by_the_hour(tmp_path: Path) -> None:
    """Digits stay as they are written."""
    found = entry(tmp_path, '{ per_hour = 1.20, currency = "USD", date = 2026-11-01 }')

    assert found.price == Price(
        currency="USD", source="entry", date="2026-11-01", per_hour="1.2"
    )


@pytest.mark.parametrize("amount", ['"0e-999999999"', '"-0"', "0.0"])
def test_nothing_is_written_as_nothing(tmp_path: Path, amount: str) -> None:
    """However many places it has."""
    price = entry(tmp_path, f'{{ per_hour = {amount}, currency = "USD" }}').price

    assert price is not None
    assert price.per_hour == "0"


def test_a_price_by_the_token(tmp_path: Path) -> None:
    """As numbers or as texts; a rate of kept tokens may be left out."""
    found = entry(
        tmp_path,
        '{ input_per_million = "0.150", output_per_million = 6e-1, currency = "EUR" }',
    )

    assert found.price == Price(
        currency="EUR",
        source="entry",
        input=TokenRate(per_million="0.150"),
        output=TokenRate(per_million="0.6"),
    )


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("1.2", "must be a table"),
        ("{ per_hour = 1.2 }", "currency: is needed"),
        ('{ per_hour = 1.2, currency = "dollars" }', "three letters"),
        ('{ per_hour = -1, currency = "USD" }', "amount of 0 or more"),
        ('{ per_hour = nan, currency = "USD" }', "amount of 0 or more"),
        ('{ per_hour = true, currency = "USD" }', "amount of 0 or more"),
        ('{ per_hour = "cheap", currency = "USD" }', "amount of 0 or more"),
        ('{ per_hour = "1e999999999", currency = "USD" }', "at most 1,000,000,000,000"),
        ('{ per_hour = 1e300, currency = "USD" }', "at most 1,000,000,000,000"),
        ('{ per_hour = "1e-999999999", currency = "USD" }', "too exact"),
        ('{ per_hour = 1, date = 2099-01-01, currency = "USD" }', "in the future"),
        ('{ per_hour = 1, date = "soon", currency = "USD" }', "is no day"),
        ('{ per_hours = 1, currency = "USD" }', "did you mean 'per_hour'"),
        (
            '{ per_hour = 1, input_per_million = 1, currency = "USD" }',
            "the hour is paid or tokens are",
        ),
        ('{ input_per_million = 1, currency = "USD" }', "output_per_million: is"),
        ('{ currency = "USD" }', "input_per_million: is needed"),
        ('{ table = "openai/gpt-4o", currency = "USD" }', "the whole price"),
    ],
)
def test_what_is_no_price_is_refused_by_name(
    tmp_path: Path, price: str, told: str
) -> None:
    """The file, the entry, the key, and what is wrong with it."""
    with pytest.raises(BadCatalogue, match=r"parrot\.toml: models\.parrot\.price") as e:
        entry(tmp_path, price)

    assert told in str(e.value)


@pytest.mark.slow
def test_a_table_of_prices_is_as_exact_as_its_package(tmp_path: Path) -> None:
    """What it computes for a request is what we do."""
    prices = pytest.importorskip("genai_prices")
    named = "openai/gpt-4o-mini"

    found = looked_up(entry(tmp_path, f'{{ table = "{named}" }}'), TODAY)

    usage = prices.Usage(input_tokens=1234, cache_read_tokens=1000, output_tokens=77)
    theirs = prices.calc_price(usage, "gpt-4o-mini", provider_id="openai").total_price
    assert found.price is not None
    assert found.price.of_tokens(1234, 1000, 77) == theirs
    assert theirs > Decimal(0)
    assert found.price.source.startswith("genai-prices ")
    assert named in found.price.source


@pytest.mark.slow
def test_an_unknown_model_of_a_table_has_the_nearest_names(tmp_path: Path) -> None:
    """A typo is told before anything is asked."""
    pytest.importorskip("genai_prices")

    with pytest.raises(BadCatalogue, match="openai/gpt-4o-mini"):
        looked_up(entry(tmp_path, '{ table = "openai/gpt-4o-minni" }'), TODAY)


def test_prices_in_two_currencies_are_refused(tmp_path: Path) -> None:
    """Their amounts could not be compared; the message names an entry of each."""
    dollars = entry(tmp_path, '{ per_hour = 1, currency = "USD" }', "cheap")
    euros = entry(tmp_path, '{ per_hour = 1, currency = "EUR" }', "dear")

    check_currencies([dollars, dollars])
    with pytest.raises(UsageError, match="'cheap' in USD, 'dear' in EUR"):
        check_currencies([dollars, euros])
