"""Puzzles whose answer is a name: who owns what, who belongs, who did it."""

from __future__ import annotations

from functools import partial
from itertools import combinations, permutations, product
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pytest_llmlat.tasks.templates.puzzles import Choice, Clue, puzzle
from pytest_llmlat.tasks.templates.seeded_draw import listing

if TYPE_CHECKING:
    from pytest_llmlat.tasks.templates.puzzles import ChoiceTemplate
    from pytest_llmlat.tasks.templates.seeded_draw import Draw

Owners: TypeAlias = dict[str, str]
"""Who has each thing."""
Habits: TypeAlias = tuple[bool, ...]
"""Which habits one person has."""

_SETS = (
    ("kite", "lamp", "drum", "globe", "teapot"),
    ("violin", "flute", "harp", "cello", "trumpet"),
    ("tent", "rope", "map", "stove", "compass"),
    ("novel", "atlas", "diary", "cookbook", "dictionary"),
)
_PETS = ("cat", "dog", "parrot", "rabbit", "tortoise", "hamster")
_DRINKS = ("tea", "coffee", "milk", "cocoa", "lemonade", "cider")
_HABITS = (
    *(("plays chess", "play chess"), ("wears glasses", "wear glasses")),
    *(("owns a boat", "own a boat"), ("speaks Danish", "speak Danish")),
    *(("keeps bees", "keep bees"), ("sings in the choir", "sing in the choir")),
    *(("rides a scooter", "ride a scooter"), ("bakes bread", "bake bread")),
    *(("collects maps", "collect maps"), ("grows roses", "grow roses")),
)
_DEEDS = (
    *("broke the window", "ate the last cake", "hid the keys", "left the gate open"),
    *("took the umbrella", "rang the bell at night", "spilled the paint"),
)
_EASY_SIZE, _PAIR = 3, 2
_ONE_TELLS, _ONE_LIES = "one of them tells the truth", "one of them lies"


def _has(world: Owners, *, who: str, thing: str) -> bool:
    return world[thing] == who


def _lacks(world: Owners, *, who: str, thing: str) -> bool:
    return world[thing] != who


def _either(world: Owners, *, both: tuple[str, str], thing: str) -> bool:
    return world[thing] in both


def _goes_with(world: Owners, *, one: str, other: str, same: bool) -> bool:
    return (world[one] == world[other]) == same


def _owning(people: list[str], things: list[str]) -> list[Owners]:
    """Give every way in which ``people`` have one of ``things`` each."""
    return [dict(zip(things, order, strict=True)) for order in permutations(people)]


def _owner(draw: Draw, *, size: int) -> Choice:
    """Who has the thing, when each person has one."""
    while True:
        people = draw.some_names(size)
        things = draw.some(draw.pick(_SETS), size)
        truth = dict(zip(things, people, strict=True))
        clues: list[Clue[Owners]] = []
        for who, thing in product(people, things):
            if truth[thing] == who:
                text = f"{who} has the {thing}."
                clues.append(Clue(text, partial(_has, who=who, thing=thing)))
            else:
                text = f"{who} does not have the {thing}."
                clues.append(Clue(text, partial(_lacks, who=who, thing=thing)))
        for both, thing in product(combinations(draw.shuffled(people), 2), things):
            if size > _EASY_SIZE and truth[thing] in both:
                text = f"Either {both[0]} or {both[1]} has the {thing}."
                clues.append(Clue(text, partial(_either, both=both, thing=thing)))
        asked = draw.pick(things)
        worlds = _owning(people, things)
        said = puzzle(draw, worlds, clues, itemgetter(asked))
        if said is None:
            continue
        scene = (
            f"{listing(draw.shuffled(people))} shared out"
            f" {listing([f'the {thing}' for thing in draw.shuffled(things)])},"
            f" one each."
        )
        question = " ".join((scene, *said, f"Who has the {asked}?"))
        return Choice(question, truth[asked], tuple(people))


def _trait_clues(people: list[str], truth: Owners) -> list[Clue[Owners]]:
    """Give all that could be said about who keeps which pet and drinks what."""
    pets = [thing for thing in truth if thing in _PETS]
    drinks = [thing for thing in truth if thing in _DRINKS]
    clues: list[Clue[Owners]] = []
    for who, thing in product(people, truth):
        yes, no = ("keeps the", "keep the") if thing in pets else ("drinks", "drink")
        if truth[thing] == who:
            holds = partial(_has, who=who, thing=thing)
            clues.append(Clue(f"{who} {yes} {thing}.", holds))
        else:
            holds = partial(_lacks, who=who, thing=thing)
            clues.append(Clue(f"{who} does not {no} {thing}.", holds))
    for pet, drink in product(pets, drinks):
        same = truth[pet] == truth[drink]
        verb = "drinks" if same else "does not drink"
        text = f"Whoever keeps the {pet} {verb} {drink}."
        clues.append(Clue(text, partial(_goes_with, one=pet, other=drink, same=same)))
    return clues


def _two_traits(draw: Draw, *, size: int) -> Choice:
    """Who keeps the pet or drinks the drink, when each person does one of each."""
    while True:
        people = draw.some_names(size)
        pets, drinks = draw.some(_PETS, size), draw.some(_DRINKS, size)
        worlds = [
            first | second
            for first, second in product(_owning(people, pets), _owning(people, drinks))
        ]
        truth = draw.pick(worlds)
        asked = draw.pick([*pets, *drinks])
        clues = _trait_clues(people, truth)
        said = puzzle(draw, worlds, clues, itemgetter(asked))
        if said is None or not any(text.startswith("Whoever") for text in said):
            continue
        scene = (
            f"{listing(draw.shuffled(people))} each keep one pet and drink one thing,"
            f" and no two the same. The pets are"
            f" {listing([f'the {pet}' for pet in draw.shuffled(pets)])}; the drinks are"
            f" {listing(draw.shuffled(drinks))}."
        )
        ask = f"Who keeps the {asked}?" if asked in pets else f"Who drinks {asked}?"
        return Choice(" ".join((scene, *said, ask)), truth[asked], tuple(people))


class _Rule(NamedTuple):
    """Whoever has (or lacks) one habit has (or lacks) the next."""

    habit: int
    when: bool
    then: bool

    def holds(self, habits: Habits) -> bool:
        """Say whether a person with these ``habits`` keeps to the rule."""
        return habits[self.habit] != self.when or habits[self.habit + 1] == self.then

    def text(self, habits: list[tuple[str, str]]) -> str:
        """Put the rule in words."""
        (one, not_one), (other, not_other) = habits[self.habit : self.habit + 2]
        if self.when:
            return f"{'Everyone' if self.then else 'Nobody'} there who {one} {other}."
        then = other if self.then else f"does not {not_other}"
        return f"Everyone there who does not {not_one} {then}."


class _Fact(NamedTuple):
    """One habit that one person has or lacks."""

    who: str
    habit: int
    has: bool

    def text(self, habits: list[tuple[str, str]]) -> str:
        """Put the fact in words."""
        has, lacks = habits[self.habit]
        return f"{self.who} {has if self.has else f'does not {lacks}'}."


def _suspects(
    people: list[str], steps: int, rules: list[_Rule], facts: list[_Fact]
) -> set[str]:
    """Give all who could be the only one with the last habit."""
    every = list(product((False, True), repeat=steps + 1))
    last = [
        {
            habits[-1]
            for habits in every
            if all(rule.holds(habits) for rule in rules)
            and all(habits[f.habit] == f.has for f in facts if f.who == who)
        }
        for who in people
    ]
    # Rules speak of one person at a time, so that people vary without each other.
    return {people[w.index(True)] for w in product(*last) if sum(w) == 1}


def _spare(
    people: list[str], steps: int, rules: list[_Rule], facts: list[_Fact]
) -> bool:
    """Say whether the answer would be as certain without one of the sentences."""
    fewer_rules = [([r for r in rules if r != rule], facts) for rule in rules]
    fewer_facts = [(rules, [f for f in facts if f != fact]) for fact in facts]
    return any(
        len(_suspects(people, steps, some, told)) == 1
        for some, told in fewer_rules + fewer_facts
    )


def _member(draw: Draw, *, size: int, steps: int) -> Choice:
    """Who is the one with the last habit, along a chain of rules."""
    while True:
        people, habits = draw.some_names(size), draw.some(_HABITS, steps + 1)
        rules = [
            _Rule(habit, steps == 1 or draw.coin() or draw.coin(), draw.coin())
            for habit in range(steps)
        ]
        told = draw.some(people, draw.number(min(steps, 2), size))
        facts = [_Fact(who, draw.below(min(steps, 2)), draw.coin()) for who in told]
        found = _suspects(people, steps, rules, facts)
        if len(found) != 1 or _spare(people, steps, rules, facts):
            continue
        said = [rule.text(habits) for rule in rules]
        said += [fact.text(habits) for fact in facts]
        has = habits[-1][0]
        question = (
            f"{listing(draw.shuffled(people))} are in a small club, and exactly one of"
            f" them {has}. {' '.join(said)} Who {has}?"
        )
        return Choice(question, found.pop(), tuple(people))


def _says(draw: Draw, speaker: str, people: list[str]) -> tuple[str, frozenset[str]]:
    """Give what a person says, and the culprits of whom it is true."""
    others = [name for name in people if name != speaker]
    form = draw.below(4 if len(others) > _PAIR else 3)
    one, other = draw.some(others, 2)
    return (
        ("It was not me.", frozenset(others)),
        (f"It was {one}.", frozenset({one})),
        (f"It was not {one}.", frozenset(people) - {one}),
        (f"It was {one} or {other}.", frozenset({one, other})),
    )[form]


def _culprit(draw: Draw, *, size: int) -> Choice:
    """Who did it, when it is known how many of them tell the truth."""
    while True:
        people, deed = draw.some_names(size), draw.pick(_DEEDS)
        lines = {who: _says(draw, who, people) for who in people}
        truths = {who: sum(who in true for _, true in lines.values()) for who in people}
        rule = draw.pick((_ONE_TELLS, _ONE_LIES))
        wanted = 1 if rule == _ONE_TELLS else size - 1
        found = [who for who, count in truths.items() if count == wanted]
        if len(found) != 1 or len({text for text, _ in lines.values()}) == 1:
            continue
        said = " ".join(f'{who} says: "{text}"' for who, (text, _) in lines.items())
        return Choice(
            f"One of {listing(draw.shuffled(people))} {deed}. {said} Exactly {rule}."
            f" Who {deed}?",
            found[0],
            tuple(people),
        )


EASY: tuple[ChoiceTemplate, ...] = (
    partial(_owner, size=3),
    partial(_member, size=3, steps=1),
)
MEDIUM: tuple[ChoiceTemplate, ...] = (
    partial(_owner, size=4),
    partial(_member, size=3, steps=2),
    partial(_culprit, size=3),
)
HARD: tuple[ChoiceTemplate, ...] = (
    partial(_two_traits, size=3),
    partial(_member, size=3, steps=3),
    partial(_culprit, size=4),
)
