"""Statements that are true or false: facts, formulas, rules, knights and knaves."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pytest_llmlat.tasks.templates.seeded_draw import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.tasks.templates.seeded_draw import Draw

TruthItem: TypeAlias = tuple[str, bool]
"""A question, and whether the statement in it is true."""
Template: TypeAlias = "Callable[[Draw], TruthItem]"

_THINGS = (
    *(("lamp", "lit"), ("door", "locked"), ("tank", "full"), ("fan", "running")),
    *(("gate", "closed"), ("bell", "silent"), ("oven", "hot"), ("valve", "open")),
    *(("heater", "on"), ("window", "shut"), ("pump", "working"), ("alarm", "armed")),
)
_TWO = 2
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
_WORTH = {True: "true", False: "false"}


def _fact(draw: Draw) -> TruthItem:
    """Give a statement about small whole numbers."""
    one, other, small = draw.number(2, 40), draw.number(2, 40), draw.number(3, 9)
    if one == other:
        other += 1
    quarter = small * draw.number(2, 9) + draw.pick((0, 0, 1, 2))
    total = one + small + draw.pick((0, 0, 1, -1))
    return draw.pick(
        (
            (f"{one} is greater than {other}", one > other),
            (f"{one} is less than {other}", one < other),
            (f"{one} is even", one % _TWO == 0),
            (f"{one} is odd", one % _TWO == 1),
            (f"{quarter} is divisible by {small}", quarter % small == 0),
            (f"{one} plus {small} equals {total}", one + small == total),
        )
    )


def statement(draw: Draw) -> TruthItem:
    """Two facts joined by a word."""
    (one, first), (other, second) = _fact(draw), _fact(draw)
    if draw.coin():
        return (
            f'Here is a statement: "{one}, and {other}." Is the statement true or'
            f" false?"
        ), first and second
    return (
        f'Here is a statement: "{one}, or {other}, or both." Is the statement true or'
        f" false?"
    ), first or second


def tally(draw: Draw, *, size: int) -> TruthItem:
    """How many of a few facts are true."""
    facts = [_fact(draw) for _ in range(size)]
    count, said = sum(true for _, true in facts), draw.number(2, size - 1)
    bound, holds = draw.pick(
        (
            ("Exactly", count == said),
            ("At least", count >= said),
            ("At most", count <= said),
        )
    )
    listed = " ".join(f"({n}) {text}." for n, (text, _) in enumerate(facts, start=1))
    return (
        f"Here are {_NUMBERS[size]} statements. {listed} Somebody claims:"
        f' "{bound} {_NUMBERS[said]} of them are true." Is the claim true or false?'
    ), holds


def _join(draw: Draw, parts: list[TruthItem], words: tuple[str, ...]) -> TruthItem:
    """Make one formula of ``parts``, each of which occurs in it once."""
    while len(parts) > 1:
        (one, first), (other, second) = draw.some(parts, 2)
        rest = [part for part in parts if part[0] not in {one, other}]
        word = draw.pick(words)
        value = {
            "and": first and second,
            "or": first or second,
            "xor": first != second,
            "implies": not first or second,
        }[word]
        parts = [*rest, (f"({one} {word} {other})", value)]
    return parts[0]


def formula(draw: Draw, *, size: int, words: tuple[str, ...]) -> TruthItem:
    """Evaluate a formula with each variable in it once."""
    letters = "PQRST"[:size]
    values = {letter: draw.coin() for letter in letters}
    parts = [
        (f"not {letter}", not value) if draw.coin() else (letter, value)
        for letter, value in values.items()
    ]
    text, holds = _join(draw, parts, words)
    given = listing([f"{name} is {_WORTH[value]}" for name, value in values.items()])
    notes = ""
    if "xor" in text:
        notes += ' "a xor b" means that exactly one of the two is true.'
    if "implies" in text:
        notes += ' "a implies b" is false only if a is true and b is false.'
    return (
        f'{given}.{notes} Is the formula "{text[1:-1]}" true or false?'  # outer ( )
    ), holds


def rules(draw: Draw, *, steps: int) -> TruthItem:
    """Follow a chain of rules, each as it is or turned around."""
    things = draw.some(_THINGS, steps + 1)
    now = [steps == _TWO or draw.coin() for _ in things]

    def text(index: int, *, holds: bool) -> str:
        thing, state = things[index]
        return f"the {thing} is {state if holds else f'not {state}'}"

    said = []
    for index in range(steps):
        # "If a, then b" says the same as "if not b, then not a".
        turned = steps > _TWO and draw.coin()
        start, end = (index + 1, index) if turned else (index, index + 1)
        when, then = now[start] != turned, now[end] != turned
        said.append(f"If {text(start, holds=when)}, then {text(end, holds=then)}.")
    if steps > _TWO:
        said = draw.shuffled(said)
    asked = draw.coin()
    return (
        f"{' '.join(said)} Right now {text(0, holds=now[0])}. Is it true or false that"
        f" {text(steps, holds=asked)}?"
    ), asked == now[steps]


class _Line(NamedTuple):
    """What one islander says, and when it is so."""

    text: str
    so: Callable[[Mapping[str, bool]], bool]


def _line(draw: Draw, speaker: str, people: list[str]) -> _Line:
    """Draw what ``speaker`` says about the others."""
    others = draw.shuffled([name for name in people if name != speaker])
    one, other = others[0], others[-1]
    lines = [
        _Line(f"{one} is a knight.", lambda knight: knight[one]),
        _Line(f"{one} is a knave.", lambda knight: not knight[one]),
        _Line(
            f"{one} and I are of the same kind.",
            lambda knight: knight[one] == knight[speaker],
        ),
        _Line(
            f"At least one of {one} and me is a knave.",
            lambda knight: not (knight[one] and knight[speaker]),
        ),
        _Line(
            f"{one} and I are both knaves.",
            lambda knight: not (knight[one] or knight[speaker]),
        ),
    ]
    if one != other:
        lines += [
            _Line(
                f"{one} and {other} are of the same kind.",
                lambda knight: knight[one] == knight[other],
            ),
            _Line(
                f"{one} and {other} are both knights.",
                lambda knight: knight[one] and knight[other],
            ),
        ]
    return draw.pick(lines)


def knights(draw: Draw, *, size: int) -> TruthItem:
    """Find out who lies from what they say of each other."""
    while True:
        people = draw.some_names(size)
        lines = {who: _line(draw, who, people) for who in people}
        worlds = [
            dict(zip(people, kinds, strict=True))
            for kinds in product((False, True), repeat=size)
        ]
        found = [
            world
            for world in worlds
            if all(line.so(world) == world[who] for who, line in lines.items())
        ]
        if len(found) != 1:
            continue
        said = " ".join(f'{who} says: "{line.text}"' for who, line in lines.items())
        who, asked = draw.pick(people), draw.coin()
        return (
            f"On an island, knights only say what is true and knaves only say what is"
            f" false. {listing(draw.shuffled(people))} are islanders. {said} Is it true"
            f" or false that {who} is a {'knight' if asked else 'knave'}?"
        ), found[0][who] == asked


EASY: tuple[Template, ...] = (
    statement,
    partial(formula, size=2, words=("and", "or")),
    partial(rules, steps=2),
)
MEDIUM: tuple[Template, ...] = (
    partial(tally, size=3),
    partial(formula, size=3, words=("and", "or")),
    partial(rules, steps=3),
    partial(knights, size=2),
)
HARD: tuple[Template, ...] = (
    partial(tally, size=5),
    partial(formula, size=5, words=("and", "or", "xor", "implies")),
    partial(rules, steps=5),
    partial(knights, size=3),
)
