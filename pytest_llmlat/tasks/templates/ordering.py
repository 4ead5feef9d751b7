"""Puzzles about a row: who comes first, second or last."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import permutations
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.tasks.templates.puzzles import Choice, Clue, puzzle
from pytest_llmlat.tasks.templates.seeded_draw import NAMES, listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.tasks.templates.puzzles import ChoiceTemplate
    from pytest_llmlat.tasks.templates.seeded_draw import Draw

Lineup: TypeAlias = tuple[str, ...]
Relation: TypeAlias = Literal[
    "before", "after", "just before", "beside", "one between", "not first", "not last"
]
_COUNTS = {3: "Three", 4: "Four", 5: "Five", 6: "Six"}
_MOST_CLUES = 6


@dataclass(frozen=True, slots=True)
class _Theme:
    """One kind of row, and how to speak of it."""

    things: tuple[str, ...]
    scene: str
    says: Mapping[Relation, str]
    asks: Mapping[str, str]
    """The question for each place that it makes sense to ask for."""
    one: str = "{}"
    """How the scene names one of the things."""


_QUEUE = _Theme(
    things=NAMES,
    scene="{all} are waiting in one queue at a bakery.",
    says={
        "before": "{a} is somewhere ahead of {b}.",
        "after": "{a} is somewhere behind {b}.",
        "just before": "{a} is directly ahead of {b}.",
        "beside": "{a} and {b} are next to each other.",
        "one between": "Exactly one person is between {a} and {b}.",
        "not first": "{a} is not first in the queue.",
        "not last": "{a} is not last in the queue.",
    },
    asks={
        "first": "Who is first in the queue?",
        "second": "Who is second in the queue?",
        "last": "Who is last in the queue?",
    },
)
_AGES = _Theme(
    things=NAMES,
    scene="{all} were all born in different years.",
    says={
        "before": "{a} is older than {b}.",
        "after": "{a} is younger than {b}.",
        "one between": "Exactly one of them is between {a} and {b} in age.",
        "not first": "{a} is not the oldest.",
        "not last": "{a} is not the youngest.",
    },
    asks={
        "first": "Who is the oldest?",
        "second": "Who is the second oldest?",
        "last": "Who is the youngest?",
    },
)
_SHELF = _Theme(
    things=("red", "blue", "green", "white", "black", "yellow", "brown", "grey"),
    scene="{count} cups stand in a row on a shelf: {all}.",
    says={
        "before": "The {a} cup is somewhere to the left of the {b} cup.",
        "after": "The {a} cup is somewhere to the right of the {b} cup.",
        "just before": "The {a} cup is directly to the left of the {b} cup.",
        "beside": "The {a} cup and the {b} cup are next to each other.",
        "one between": "Exactly one cup is between the {a} cup and the {b} cup.",
        "not first": "The {a} cup is not at the left end.",
        "not last": "The {a} cup is not at the right end.",
    },
    asks={
        "first": "What colour is the cup at the left end?",
        "second": "What colour is the second cup from the left?",
        "last": "What colour is the cup at the right end?",
    },
    one="one {}",
)
_RACE = _Theme(
    things=NAMES,
    scene="{all} ran a race, and no two finished at the same time.",
    says={
        "before": "{a} finished before {b}.",
        "after": "{a} finished after {b}.",
        "just before": "{a} finished right before {b}.",
        "beside": "Nobody finished between {a} and {b}.",
        "one between": "Exactly one runner finished between {a} and {b}.",
        "not first": "{a} did not win.",
        "not last": "{a} did not come last.",
    },
    asks={
        "first": "Who won the race?",
        "second": "Who came second?",
        "last": "Who came last?",
    },
)
_THEMES = (_QUEUE, _AGES, _SHELF, _RACE)
_PLACES = {"first": 0, "second": 1, "last": -1}


def _true_of(row: Lineup, relation: Relation, a: str, b: str) -> bool:
    """Say whether ``a`` stands in ``relation`` to ``b`` within ``row``."""
    step, over_one = row.index(b) - row.index(a), 2
    return {
        "before": step > 0,
        "after": step < 0,
        "just before": step == 1,
        "beside": abs(step) == 1,
        "one between": abs(step) == over_one,
        "not first": row[0] != a,
        "not last": row[-1] != a,
    }[relation]


def _holds(row: Lineup, *, relation: Relation, a: str, b: str) -> bool:
    return _true_of(row, relation, a, b)


def _clues(theme: _Theme, row: Lineup, *, plain: bool) -> list[Clue[Lineup]]:
    """Give all that could be said about ``row``; if ``plain``, in simple terms."""
    clues = []
    for relation, form in theme.says.items():
        if plain and relation in {"beside", "one between"}:
            continue
        pairs = list(permutations(row, 2))
        if relation in {"beside", "one between"}:
            pairs = [(a, b) for a, b in pairs if a < b]
        elif relation.startswith("not"):
            pairs = [(a, a) for a in row]
        clues += [
            Clue(form.format(a=a, b=b), partial(_holds, relation=relation, a=a, b=b))
            for a, b in pairs
            if _true_of(row, relation, a, b)
        ]
    return clues


def _ordering(draw: Draw, *, theme: _Theme, sizes: tuple[int, ...]) -> Choice:
    """Draw until the clues leave one row, are few, and none tells the answer."""
    while True:
        size = draw.pick(sizes)
        row = tuple(draw.some(theme.things, size))
        place = draw.pick(tuple(theme.asks))
        index = _PLACES[place]
        said = puzzle(
            draw,
            list(permutations(sorted(row))),
            _clues(theme, row, plain=size == min(_COUNTS)),
            itemgetter(index),
        )
        if said is None or len(said) > _MOST_CLUES:
            continue
        names = draw.shuffled(row)
        scene = theme.scene.format(
            count=_COUNTS[size], all=listing([theme.one.format(name) for name in names])
        )
        question = " ".join((scene, *said, theme.asks[place]))
        return Choice(question, row[index], tuple(names))


def _templates(*sizes: int) -> tuple[ChoiceTemplate, ...]:
    return tuple(partial(_ordering, theme=theme, sizes=sizes) for theme in _THEMES)


EASY = _templates(3)
MEDIUM = _templates(4)
HARD = _templates(5, 6)
