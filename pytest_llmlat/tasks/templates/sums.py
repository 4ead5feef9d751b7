"""Word problems with one step (easy) and with two or three (medium)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.tasks.templates.seeded_draw import Draw

Sum: TypeAlias = tuple[str, int]
"""A question, and the number that answers it."""

_SMALL = (
    *("marbles", "stickers", "buttons", "shells", "postcards", "pencils"),
    *("walnuts", "badges", "ribbons", "stamps"),
)
_FRUIT = ("apples", "plums", "pears", "peaches", "figs", "lemons")
_HOLDERS = (
    ("bags", "bag"),
    ("boxes", "box"),
    ("jars", "jar"),
    ("baskets", "basket"),
)
_WARES = (
    *(("mugs", 4, 9), ("notebooks", 2, 5), ("plants", 5, 12), ("candles", 3, 8)),
    *(("scarves", 8, 15), ("sandwiches", 4, 7), ("posters", 3, 9)),
)
"""Wares of a shop, and the prices between which they sell."""
_TREATS = (
    ("a kite", 4, 9),
    ("a comic", 2, 6),
    ("a sandwich", 3, 7),
    ("a torch", 5, 9),
    ("a ball", 3, 8),
)


def gain(draw: Draw) -> Sum:
    """Some things, and then more."""
    who, things = draw.name(), draw.pick(_SMALL)
    has, more = draw.number(2, 12), draw.number(2, 9)
    verb = draw.pick(("finds", "buys", "is given"))
    return (
        f"{who} has {has} {things} and {verb} {more} more."
        f" How many {things} does {who} have now?"
    ), has + more


def loss(draw: Draw) -> Sum:
    """Some things, and then fewer."""
    (who, friend), fruit = draw.some_names(2), draw.pick(_FRUIT)
    given, kept = draw.number(2, 8), draw.number(2, 9)
    return (
        f"{who} picks {given + kept} {fruit} and gives {given} of them to {friend}."
        f" How many {fruit} does {who} keep?"
    ), kept


def groups(draw: Draw) -> Sum:
    """Groups of equal size: how many things in all?"""
    things, (holders, holder) = draw.pick(_SMALL), draw.pick(_HOLDERS)
    count, each = draw.number(2, 6), draw.number(2, 10)
    return (
        f"There are {count} {holders} on a table. Each {holder} holds {each} {things}."
        f" How many {things} are there in all?"
    ), count * each


def shares(draw: Draw) -> Sum:
    """Things shared equally: how many for each?"""
    who, things = draw.name(), draw.pick(_SMALL)
    friends, each = draw.number(2, 6), draw.number(2, 8)
    return (
        f"{who} shares {friends * each} {things} equally among {friends} friends."
        f" How many {things} does each friend get?"
    ), each


def lead(draw: Draw) -> Sum:
    """Lead of one person over the other."""
    first, second = draw.some_names(2)
    low, ahead = draw.number(3, 12), draw.number(2, 9)
    verb, did, unit = draw.pick(
        (
            ("read", "read", "pages"),
            ("draw", "drew", "cards"),
            ("swim", "swam", "laps"),
            ("score", "scored", "points"),
        )
    )
    return (
        f"{first} {did} {low + ahead} {unit} and {second} {did} {low} {unit}."
        f" How many more {unit} did {first} {verb} than {second}?"
    ), ahead


def birthday(draw: Draw) -> Sum:
    """An age in some years."""
    who, age, years = draw.name(), draw.number(4, 30), draw.number(2, 10)
    return f"{who} is {age} years old. How old will {who} be in {years} years?", (
        age + years
    )


def purse(draw: Draw) -> Sum:
    """Money that is left after one thing is bought."""
    who, (treat, low, high) = draw.name(), draw.pick(_TREATS)
    price, left = draw.number(low, high), draw.number(2, 11)
    return (
        f"{who} has {price + left} dollars and buys {treat} for {price} dollars."
        f" How many dollars does {who} have left?"
    ), left


def shopping(draw: Draw) -> Sum:
    """Two kinds of things at two prices."""
    who, wares = draw.name(), draw.some(_WARES, 2)
    (one, first, low), (other, second, high) = (
        (ware, draw.number(2, 6), draw.number(least, most))
        for ware, least, most in wares
    )
    return (
        f"{who} buys {first} {one} at {low} dollars each and {second} {other} at"
        f" {high} dollars each. How many dollars does {who} pay in total?"
    ), first * low + second * high


def change(draw: Draw) -> Sum:
    """Change from a note."""
    who, (ware, least, most) = draw.name(), draw.pick(_WARES)
    count, price = draw.number(2, 6), draw.number(least, most)
    note = next(note for note in (20, 50, 100) if note > count * price)
    return (
        f"{who} buys {count} {ware} for {price} dollars each and pays with a"
        f" {note} dollar note. How many dollars of change does {who} get?"
    ), note - count * price


def journey(draw: Draw) -> Sum:
    """Two legs at two speeds."""
    who, ride, walk = draw.name(), draw.number(12, 24), draw.number(3, 6)
    hours, more = draw.number(2, 4), draw.number(2, 3)
    return (
        f"{who} cycles for {hours} hours at {ride} kilometres an hour and then walks"
        f" for {more} hours at {walk} kilometres an hour. How many kilometres does"
        f" {who} travel altogether?"
    ), hours * ride + more * walk


def packing(draw: Draw) -> Sum:
    """Number of bags that the rest fills."""
    who, goods = draw.name(), draw.pick(("buns", "cookies", "rolls", "muffins"))
    while True:
        trays, each = draw.number(3, 7), draw.number(8, 15)
        kept, size = draw.number(3, 12), draw.number(3, 6)
        bags, rest = divmod(trays * each - kept, size)
        if not rest:
            return (
                f"{who} bakes {trays} trays of {each} {goods}, keeps {kept} {goods} at"
                f" home and packs the others in bags of {size}. How many bags does"
                f" {who} fill?"
            ), bags


def fence(draw: Draw) -> Sum:
    """The way around a rectangle, less a gate."""
    place = draw.pick(("garden", "paddock", "chicken run", "vegetable plot"))
    wide, gate = draw.number(6, 14), draw.number(2, 4)
    long = wide + draw.number(2, 12)
    return (
        f"A rectangular {place} is {long} metres long and {wide} metres wide. It gets a"
        f" fence all around, except for a gate that is {gate} metres wide. How many"
        f" metres of fence are needed?"
    ), 2 * (long + wide) - gate


def family(draw: Draw) -> Sum:
    """An age from another, from a third."""
    oldest, middle, child = draw.some_names(3)
    age, times, older = draw.number(5, 11), draw.number(3, 4), draw.number(2, 9)
    return (
        f"{child} is {age} years old. {middle} is {times} times as old as {child}, and"
        f" {oldest} is {older} years older than {middle}. How old is {oldest}?"
    ), age * times + older


def leftover(draw: Draw) -> Sum:
    """Things that do not fill a carton."""
    who = draw.name()
    while True:
        morning, noon = draw.number(14, 45), draw.number(11, 38)
        size = draw.pick((6, 8, 10, 12))
        if (morning + noon) % size:
            return (
                f"{who} collects {morning} eggs in the morning and {noon} eggs in the"
                f" afternoon and fills as many cartons of {size} eggs as possible. How"
                f" many eggs are left over?"
            ), (morning + noon) % size


def output(draw: Draw) -> Sum:
    """Output of a machine over a longer time, at the same rate."""
    does, unit = draw.pick(
        (
            ("A machine fills", "bottles"),
            ("A printer prints", "leaflets"),
            ("A robot packs", "parcels"),
            ("A press stamps", "lids"),
        )
    )
    each, span = draw.number(6, 25), draw.number(3, 6)
    times, broken = draw.number(4, 12), draw.number(2, 5)
    return (
        f"{does} {each} {unit} every {span} minutes. How many {unit} are good after"
        f" {span * times} minutes, if {broken} of them turn out broken?"
    ), each * times - broken


def tank(draw: Draw) -> Sum:
    """Time until a tank with a leak is full."""
    drain, net = draw.number(2, 6), draw.number(5, 14)
    minutes, start = draw.number(6, 20), draw.number(20, 90, 10)
    full = start + net * minutes
    return (
        f"A tank that holds {full} litres has {start} litres in it. A pump adds"
        f" {drain + net} litres a minute while a leak loses {drain} litres a minute."
        f" How many minutes pass until the tank is full?"
    ), minutes


EASY: tuple[Callable[[Draw], Sum], ...] = (
    gain,
    loss,
    groups,
    shares,
    lead,
    birthday,
    purse,
)
MEDIUM: tuple[Callable[[Draw], Sum], ...] = (
    *(shopping, change, journey, packing, fence, family, leftover, output, tank),
)
