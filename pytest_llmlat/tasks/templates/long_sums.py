"""Word problems with four steps and more, with percentages and with remainders."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.tasks.templates.seeded_draw import Draw
    from pytest_llmlat.tasks.templates.sums import Sum

_FULL_WEEK = 40
_OLD = 78
_BEST_SCORE = 100
_LEAST_SCORE = 40


def sale(draw: Draw) -> Sum:
    """A reduced price, several times, with a voucher."""
    who = draw.name()
    ware, low, high = draw.pick(
        (("chairs", 40, 120), ("coats", 60, 140), ("lamps", 20, 60), ("rugs", 80, 160))
    )
    price, percent = draw.number(low, high, 20), draw.number(10, 45, 5)
    count, voucher = draw.number(2, 5), draw.number(5, 15)
    return (
        f"A shop sells {ware} for {price} dollars each. In a sale the price falls by"
        f" {percent}%. {who} buys {count} {ware} in the sale and hands in a voucher"
        f" that takes {voucher} dollars off the bill. How many dollars does {who} pay?"
    ), price * (100 - percent) // 100 * count - voucher


def shift(draw: Draw) -> Sum:
    """Two machines, one of which stops, and some waste."""
    while True:
        slow, fast = draw.number(12, 24, 2), draw.number(26, 44, 2)
        both, alone = draw.number(2, 5), draw.number(2, 4)
        percent, part = draw.pick((5, 10, 20, 25)), draw.pick(("bolts", "cups", "tins"))
        total = (slow + fast) * both + fast * alone
        if total * percent % 100 == 0:
            return (
                f"An old machine makes {slow} {part} an hour and a new one makes"
                f" {fast} {part} an hour. Both run for {both} hours; then the old one"
                f" stops and the new one runs for {alone} hours more. In the end"
                f" {percent}% of all {part} are thrown away. How many {part} remain?"
            ), total - total * percent // 100


def approach(draw: Draw) -> Sum:
    """Two vehicles that drive towards each other, one of them with a rest."""
    one, other = draw.number(50, 80, 5), draw.number(60, 95, 5)
    hours, rest = draw.number(3, 5), draw.number(1, 2)
    apart = draw.number(30, 120, 10)
    road = one * (hours - rest) + other * hours + apart
    stop = "1 hour" if rest == 1 else f"{rest} hours"
    return (
        f"Two towns lie {road} kilometres apart on one road. A truck leaves the first"
        f" town at {one} kilometres an hour, and at the same moment a car leaves the"
        f" second town towards it at {other} kilometres an hour. On its way the truck"
        f" stands still for {stop}; the car does not stop. How many kilometres lie"
        f" between the two {hours} hours after they left?"
    ), apart


def beads(draw: Draw) -> Sum:
    """Beads that are left over once some are used and the rest fills jars."""
    who = draw.name()
    while True:
        boxes, each, loose = (
            draw.number(4, 9),
            draw.number(24, 60, 2),
            draw.number(5, 19),
        )
        chains, used, jar = draw.number(3, 6), draw.number(14, 28), draw.number(7, 15)
        rest = boxes * each + loose - chains * used
        if rest > 2 * jar and rest % jar:
            return (
                f"{who} has {boxes} boxes of {each} beads and {loose} loose beads."
                f" {who} uses {used} beads for each of {chains} necklaces and puts all"
                f" other beads in jars, {jar} to a jar, as far as full jars go. How"
                f" many beads are left over?"
            ), rest % jar


def wages(draw: Draw) -> Sum:
    """A week with overtime, and a part of it saved."""
    who = draw.name()
    while True:
        hourly, extra = draw.number(12, 28, 2), draw.number(2, 10)
        percent = draw.pick((10, 15, 20, 25))
        pay = hourly * _FULL_WEEK + hourly * 3 // 2 * extra
        if pay * percent % 100 == 0:
            return (
                f"{who} earns {hourly} dollars an hour for the first {_FULL_WEEK} hours"
                f" of a week and half as much again for each further hour. In a week of"
                f" {_FULL_WEEK + extra} hours {who} saves {percent}% of the pay and"
                f" spends the rest. How many dollars does {who} spend?"
            ), pay - pay * percent // 100


def members(draw: Draw) -> Sum:
    """Membership that rises by a share, falls by a share, and grows by some more."""
    club = draw.pick(("A chess club", "A library", "A choir school", "A sports club"))
    while True:
        start, joined = draw.number(200, 900, 20), draw.number(11, 48)
        rise, fall = draw.pick((5, 10, 15, 20, 25, 30)), draw.pick((5, 10, 20, 25))
        risen = start * (100 + rise)
        if risen % 100 == 0 and risen // 100 * fall % 100 == 0:
            left = risen // 100 * (100 - fall) // 100
            return (
                f"{club} has {start} members. In the first year the number grows by"
                f" {rise}%, in the second year it shrinks by {fall}%, and in the third"
                f" year {joined} people join and nobody leaves. How many members are"
                f" there then?"
            ), left + joined


def carpet(draw: Draw) -> Sum:
    """An area less an area, at a price, with a fee."""
    room = draw.pick(("hall", "gym", "studio", "meeting room"))
    wide, stage = draw.number(7, 12), draw.number(2, 4)
    long = wide + draw.number(2, 8)
    price, fee = draw.number(6, 18), draw.number(60, 200, 10)
    return (
        f"The floor of a {room} is {long} metres long and {wide} metres wide. All of it"
        f" gets carpet, except a square stage with sides of {stage} metres. Carpet"
        f" costs {price} dollars per square metre, and laying it costs {fee} dollars on"
        f" top. How many dollars does the whole job cost?"
    ), (long * wide - stage * stage) * price + fee


def average(draw: Draw) -> Sum:
    """The score that lifts an average."""
    who = draw.name()
    while True:
        rounds, mean = draw.number(3, 6), draw.number(55, 85)
        goal = mean + draw.number(1, 5)
        needed = goal * (rounds + 1) - mean * rounds
        if _LEAST_SCORE < needed <= _BEST_SCORE:
            return (
                f"After {rounds} quiz rounds {who} has an average of {mean} points. How"
                f" many points must {who} score in the next round so that the average"
                f" of all rounds becomes {goal}?"
            ), needed


def ages(draw: Draw) -> Sum:
    """Ages: so many times as old now, and so many times as old then."""
    older, younger = draw.some_names(2)
    while True:
        now, then = draw.pick(((3, 2), (4, 2), (5, 2), (4, 3), (5, 3), (6, 2)))
        years = draw.number(3, 18)
        young, rest = divmod(years * (then - 1), now - then)
        if not rest and young > 1 and now * young < _OLD:
            times = {2: "twice"}.get(then, f"{then} times")
            return (
                f"{older} is {now} times as old as {younger}. In {years} years {older}"
                f" will be only {times} as old as {younger}. How old is {older} today?"
            ), now * young


def coaches(draw: Draw) -> Sum:
    """The seats that stay empty."""
    while True:
        classes, pupils = draw.number(4, 9), draw.number(19, 29)
        adults, seats = draw.number(2, 3), draw.number(38, 56, 2)
        empty = -classes * (pupils + adults) % seats
        if empty:
            return (
                f"A school takes {classes} classes of {pupils} pupils on a trip, each"
                f" class with {adults} adults. They order as few coaches as will do,"
                f" and each coach has {seats} seats for passengers. How many of these"
                f" seats stay empty?"
            ), empty


HARD: tuple[Callable[[Draw], Sum], ...] = (
    *(sale, shift, approach, beads, wages, members, carpet, average, ages, coaches),
)
