"""Messages in which somebody orders things, and the order as JSON.

Easy ones name one thing and a town. Medium ones have two things and a day. Hard ones
have three, one of which is corrected on the way, a day in other words, a price, and may
be urgent. What a message does not tell is null.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.tasks.templates.seeded_draw import Draw, Item
from pytest_llmlat.values.entities import DIFFICULTIES

if TYPE_CHECKING:
    from collections.abc import Callable

Order: TypeAlias = dict[str, Any]
"""The order as its JSON has it."""
OrderTemplate: TypeAlias = "Callable[[Draw], tuple[str, Order]]"

_WARES = (
    *("mugs", "notebooks", "candles", "lamps", "towels", "pillows", "baskets"),
    *("umbrellas", "folders", "teapots", "blankets", "frames", "vases", "aprons"),
)
_CITIES = (
    *("Lisbon", "Graz", "Bergen", "Porto", "Ghent", "Turin", "Leeds", "Malmo"),
    *("Utrecht", "Dresden", "Krakow", "Nantes"),
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_YEARS = (2026, 2027, 2028)
_MOST_DRAWS = 1_000


def order_items(seed: int, count: int) -> list[Item]:
    """Draw messages, each with the JSON of the order in it.

    Args:
        seed: 0 or more; the same seed gives the same items.
        count: how many; difficulties take turns.

    Raises:
        ValueError: a count below 0, or more than there are different messages.
    """
    if count < 0:
        raise ValueError(f"a count must be 0 or more, not {count}")
    draw, seen = Draw(seed), set[str]()
    items = []
    for index in range(count):
        difficulty = DIFFICULTIES[index % len(DIFFICULTIES)]
        message, order = _new(draw, _TEMPLATES[difficulty], seen)
        items.append(
            Item(
                id=f"order-g{index + 1:02d}",
                difficulty=difficulty,
                kind="order",
                question=message,
                answer=json.dumps(order),
            )
        )
    return items


def _new(
    draw: Draw, templates: tuple[OrderTemplate, ...], seen: set[str]
) -> tuple[str, Order]:
    for _ in range(_MOST_DRAWS):
        message, order = draw.pick(templates)(draw)
        if message not in seen:
            seen.add(message)
            return message, order
    raise ValueError(
        "the templates have no more questions that differ; ask for fewer items"
    )


def _order(
    customer: str, items: list[tuple[str, int]], city: str | None, **more: object
) -> Order:
    told = [{"name": name, "quantity": quantity} for name, quantity in items]
    order = {"customer": customer, "items": told, "city": city}
    return {**order, "date": None, "express": False, "total": None, **more}


def _day(draw: Draw) -> tuple[int, int, int]:
    """Give (year, month, day), a day that every month has."""
    return draw.pick(_YEARS), draw.number(1, 12), draw.number(1, 28)


def _iso(day: tuple[int, int, int]) -> str:
    return "{:04d}-{:02d}-{:02d}".format(*day)


def _request(draw: Draw) -> tuple[str, Order]:
    """One thing, asked for."""
    who, thing, city = draw.name(), draw.pick(_WARES), draw.pick(_CITIES)
    number = draw.number(2, 30)
    verb = draw.pick(("Please send me", "I would like to order", "I need"))
    text = f"Hello, this is {who}. {verb} {number} {thing}, to be sent to {city}."
    return text, _order(who, [(thing, number)], city)


def _note(draw: Draw) -> tuple[str, Order]:
    """One thing, in a few words."""
    who, thing, city = draw.name(), draw.pick(_WARES), draw.pick(_CITIES)
    number = draw.number(2, 30)
    text = f"{number} {thing} for {city}, thanks! {who}"
    return text, _order(who, [(thing, number)], city)


def _two(draw: Draw) -> tuple[str, Order]:
    """Two things and a day."""
    who, (one, other), city = draw.name(), draw.some(_WARES, 2), draw.pick(_CITIES)
    few, many, day = draw.number(2, 12), draw.number(2, 40), _day(draw)
    text = (
        f"Good morning, {who} here. We want {few} {one} and {many} {other} in our"
        f" {city} shop by {day[2]} {_MONTHS[day[1] - 1]} {day[0]}."
    )
    return text, _order(who, [(one, few), (other, many)], city, date=_iso(day))


def _collected(draw: Draw) -> tuple[str, Order]:
    """Two things that are fetched, so that no town is told."""
    who, (one, other) = draw.name(), draw.some(_WARES, 2)
    few, many, day = draw.number(2, 12), draw.number(2, 40), _day(draw)
    text = (
        f"Can you set aside {many} {one} and {few} {other} for me? I will collect them"
        f" myself on {_MONTHS[day[1] - 1]} {day[2]}, {day[0]}. Best, {who}"
    )
    return text, _order(who, [(one, many), (other, few)], None, date=_iso(day))


def _corrected(draw: Draw) -> tuple[str, Order]:
    """Three things, one of them corrected, with a price."""
    (who, friend), things = draw.some_names(2), draw.some(_WARES, 3)
    numbers = [draw.number(2, 20) for _ in things]
    wrong = numbers[1] + draw.number(1, 9)
    city, total, express = draw.pick(_CITIES), draw.number(20, 400), draw.coin()
    haste = "It is urgent, send it by express." if express else "There is no hurry."
    text = (
        f"Hi, my colleague {friend} told me to write to you. We take {numbers[0]}"
        f" {things[0]}, {wrong} {things[1]} and {numbers[2]} {things[2]}. Sorry, make"
        f" that {numbers[1]} {things[1]}, not {wrong}. Deliver to {city}; you quoted"
        f" {total}.50 euros in all. {haste} Regards, {who}"
    )
    listed = list(zip(things, numbers, strict=True))
    return text, _order(who, listed, city, express=express, total=total + 0.5)


def _moved(draw: Draw) -> tuple[str, Order]:
    """Three things for another town and day than those named first."""
    who, things = draw.name(), draw.some(_WARES, 3)
    numbers = [draw.number(2, 20) for _ in things]
    (first, city), (year, month, day) = draw.some(_CITIES, 2), _day(draw)
    total, express = draw.number(20, 400), draw.coin()
    haste = "as an express delivery" if express else "by ordinary post"
    text = (
        f"This is {who}. You have our order of {numbers[0]} {things[0]}, {numbers[1]}"
        f" {things[1]} and {numbers[2]} {things[2]} for {first}. The fair has moved:"
        f" please send everything to {city} instead, {haste}, so that it is there on"
        f" {day:02d}.{month:02d}.{year} (day first). The price of {total} euros stays."
    )
    listed = list(zip(things, numbers, strict=True))
    date = _iso((year, month, day))
    return text, _order(who, listed, city, date=date, express=express, total=total)


_TEMPLATES: dict[str, tuple[OrderTemplate, ...]] = {
    "easy": (_request, _note),
    "medium": (_two, _collected),
    "hard": (_corrected, _moved),
}
