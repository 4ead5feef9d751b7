"""Generated puzzles are solved again here, from nothing but their own sentences."""

from __future__ import annotations

import re
from collections import ChainMap, Counter
from itertools import permutations, product
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.tasks.templates import Item, logic_items
from tests.unit.example_counts import at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

World: TypeAlias = Any
Test: TypeAlias = "Callable[[World], bool]"
Puzzle: TypeAlias = "tuple[list[World], list[Test], Callable[[World], str]]"
"""All ways in which things could be, what rules some out, and what each answers."""
SEEDS = st.integers(min_value=0, max_value=2**40)
CALM = settings(max_examples=at_most(12), deadline=None)
YES = {"true": True, "false": False}

ROW_CLUES: dict[str, Callable[[int, int, int], bool]] = {
    r"(\w+) is (?:somewhere ahead of|older than|somewhere to the left of) (\w+)"
    r"|(\w+) finished before (\w+)": lambda a, b, _: a < b,
    r"(\w+) is (?:somewhere behind|younger than|somewhere to the right of) (\w+)"
    r"|(\w+) finished after (\w+)": lambda a, b, _: a > b,
    r"(\w+) is directly (?:ahead|to the left) of (\w+)"
    r"|(\w+) finished right before (\w+)": lambda a, b, _: b - a == 1,
    r"(\w+) and (\w+) are next to each other"
    r"|Nobody finished between (\w+) and (\w+)": lambda a, b, _: abs(a - b) == 1,
    r"Exactly one (?:person|of them|cup) is between (\w+) and (\w+)(?: in age)?"
    r"|Exactly one runner finished between (\w+) and (\w+)": (
        lambda a, b, _: abs(a - b) == 2
    ),
    r"(\w+) is not (?:first in the queue|the oldest|at the left end)"
    r"|(\w+) did not win": lambda a, _b, _: a != 0,
    r"(\w+) is not (?:last in the queue|the youngest|at the right end)"
    r"|(\w+) did not come last": lambda a, _b, last: a != last,
}
PLACES = {"second": 1, "first|the oldest|left end|won": 0, "last|young|right end": -1}
VERB = r"(?:play|wear|own|speak|keep|sing|ride|bake|collect|grow)s? [\w ]+?"


def one_match(table: Iterable[str], text: str) -> tuple[str, list[str]]:
    """Give the only pattern of ``table`` that is found in ``text``, and its groups."""
    found = [(form, hit) for form in table if (hit := re.search(form, text))]
    assert len(found) == 1, (text, found)
    return found[0][0], [group for group in found[0][1].groups() if group]


def all_ways(keys: list[Any]) -> list[World]:
    """Give every way in which each of ``keys`` could be true or not."""
    values = product((False, True), repeat=len(keys))
    return [dict(zip(keys, way, strict=True)) for way in values]


def ordering(item: Item) -> Puzzle:
    """Read the clues of a row; a world is the row itself."""
    plain = re.sub(r"\b[Tt]he (\w+) cup\b", r"\1", item.question)
    _, *said, ask = plain.split(". ")

    def test(sentence: str) -> Test:
        form, names = one_match([rf"^(?:{form})$" for form in ROW_CLUES], sentence)
        rule = ROW_CLUES[form[4:-2]]
        a, b = names[0], names[-1]
        return lambda row: rule(row.index(a), row.index(b), len(row) - 1)

    place = next(at for form, at in PLACES.items() if re.search(form, ask))
    worlds = list(permutations(item.options))
    return worlds, [test(text) for text in said], lambda row: str(row[place])


def owning(item: Item) -> Puzzle:
    """Read who may have what; a world says for each thing who has it."""
    scene, *said, ask = item.question.split(". ")
    groups = [re.findall(r"the (\w+)", scene)]
    if "pets" in said[0]:
        pets, drinks = said.pop(0).split("; the drinks are ")
        groups = [re.findall(r"the (\w+)", pets), re.split(r", | and ", drinks)]
    ways = [
        [dict(zip(group, who, strict=True)) for who in permutations(item.options)]
        for group in groups
    ]
    worlds = [dict(ChainMap(*way)) for way in product(*ways)]

    def test(text: str) -> Test:
        words = text.split()
        if words[0] == "Either":
            return lambda world: world[words[-1]] in (words[1], words[3])
        who = (lambda world: world[words[3]]) if words[0] == "Whoever" else None
        return lambda world: (
            (world[words[-1]] == (who(world) if who else words[0])) != ("not" in words)
        )

    return worlds, [test(text) for text in said], lambda w: w[ask[:-1].split()[-1]]


def club(item: Item) -> Puzzle:
    """Read rules and facts about habits; a world says who has which."""
    scene, *said, _ = item.question.split(". ")
    habit = rf"(does not )?({VERB})"
    rule, fact = rf"(Everyone|Nobody) there who {habit} {habit}", rf"(\w+) {habit}"
    read = [re.fullmatch(rule, text) or re.fullmatch(fact, text) for text in said]
    parsed = [[base(g) for g in hit.groups("")] for hit in read if hit]
    assert len(parsed) == len(said)
    asked = base(scene.split("of them ")[1])
    keys = list(product(item.options, {asked, *(h for p in parsed for h in p[2::2])}))
    worlds = [
        w for w in all_ways(keys) if sum(w[who, asked] for who in item.options) == 1
    ]

    def test(who: str, no: str, one: str, not_: str = "", other: str = "") -> Test:
        if not other:
            return lambda world: world[who, one] != bool(no)
        lacks = bool(not_) != (who == "Nobody")
        return lambda world: all(
            world[name, one] == bool(no) or world[name, other] != lacks
            for name in item.options
        )

    def answer(world: World) -> str:
        return next(name for name in item.options if world[name, asked])

    return worlds, [test(*parts) for parts in parsed], answer


def base(text: str) -> str:
    """Give a habit without the ``s`` of its verb; leave other words alone."""
    return re.sub(r"^(\w+?)s (?!not)", r"\1 ", text) if " " in text else text


def deed(item: Item) -> Puzzle:
    """Read who blames whom; a world is the culprit."""
    lines = re.findall(
        r'(\w+) says: "It was (not )?(\w+)(?: or (\w+))?\."', item.question
    )
    assert sorted(line[0] for line in lines) == sorted(item.options)
    liars = 1 if "one of them lies" in item.question else len(lines) - 1

    def test(world: World) -> bool:
        true = [
            (world in (speaker if one == "me" else one, other)) != bool(no)
            for speaker, no, one, other in lines
        ]
        return true.count(False) == liars

    return list(item.options), [test], str


def solve(item: Item) -> Puzzle:
    """Read a question with names as answers, whichever template it comes from."""
    if item.kind == "ordering":
        return ordering(item)
    if "in a small club" in item.question:
        return club(item)
    return deed(item) if "says:" in item.question else owning(item)


def fact(text: str) -> bool:
    """Decide a statement about numbers."""
    table: dict[str, Callable[..., bool]] = {
        r"^(\d+) is greater than (\d+)$": lambda a, b: a > b,
        r"^(\d+) is less than (\d+)$": lambda a, b: a < b,
        r"^(\d+) is even$": lambda a: a % 2 == 0,
        r"^(\d+) is odd$": lambda a: a % 2 == 1,
        r"^(\d+) is divisible by (\d+)$": lambda a, b: a in range(b, a + 1, b),
        r"^(\d+) plus (\d+) equals (\d+)$": lambda a, b, c: c - b == a,
    }
    form, numbers = one_match(table, text)
    return table[form](*map(int, numbers))


def formula(question: str) -> bool:
    """Rewrite a formula from the inside out until one word is left."""
    text = "(" + one_match([r'formula "(.+)"'], question)[1][0] + ")"
    for name, value in re.findall(r"\b([P-T]) is (true|false)", question):
        text = re.sub(rf"\b{name}\b", value, text)
    text = text.replace("not true", "FALSE").replace("not false", "TRUE").lower()
    rules: dict[str, Callable[[bool, bool], bool]] = {
        "and": lambda a, b: a and b,
        "or": lambda a, b: a or b,
        "xor": lambda a, b: a is not b,
        "implies": lambda a, b: b or not a,
    }
    while "(" in text:
        text = re.sub(
            r"\((true|false) (\w+) (true|false)\)",
            lambda hit: str(rules[hit[2]](YES[hit[1]], YES[hit[3]])).lower(),
            text,
        )
    return YES[text]


def entailed(question: str) -> bool:
    """Try all ways in which things could be; the rules must settle the question."""
    literals = re.findall(r"the (\w+) is (not )?(\w+)", question)
    names = sorted({thing for thing, _, _ in literals})
    every = all_ways(names)

    def so(world: World, literal: tuple[str, str, str]) -> bool:
        return bool(world[literal[0]]) != bool(literal[1])

    *chain, now, asked = literals
    rules = list(zip(chain[::2], chain[1::2], strict=True))
    answers = {
        so(world, asked)
        for world in every
        if so(world, now) and all(so(world, b) or not so(world, a) for a, b in rules)
    }
    assert len(answers) == 1
    return answers.pop()


def islanders(question: str) -> bool:
    """Try all ways in which islanders could be knights; one way must remain."""
    lines = re.findall(r'(\w+) says: "(.+?)\."', question)
    names = [name for name, _ in lines]

    def so(world: World, speaker: str, text: str) -> bool:
        found = [speaker if w in {"I", "me"} else w for w in re.findall(r"\w+", text)]
        kinds = [world[name] for name in found if name in names]
        if "same kind" in text:
            return len(set(kinds)) == 1
        if "At least one" in text:
            return not all(kinds)
        return all(kinds) if "knight" in text else not any(kinds)

    every = all_ways(names)
    found = [w for w in every if all(so(w, who, text) == w[who] for who, text in lines)]
    assert len(found) == 1
    (who, kind) = one_match([r"that (\w+) is a (knight|knave)\?"], question)[1]
    return bool(found[0][who]) == (kind == "knight")


def verdict(question: str) -> bool:
    """Decide a question of true or false, whichever template it comes from."""
    if "formula" in question:
        return formula(question)
    if "islanders" in question:
        return islanders(question)
    if "Right now" in question:
        return entailed(question)
    if "claims" in question:
        count = [fact(t) for t in re.findall(r"\(\d\) (.+?)\.", question)].count(True)
        bound, word = one_match([r'"(.+) (\w+) of them'], question)[1]
        limit = ["zero", "one", "two", "three", "four"].index(word)
        low, high = bound == "At least", bound == "At most"
        return count >= limit if low else count <= limit if high else count == limit
    text = one_match([r'"(.+)\."'], question)[1][0]
    parts = re.split(", and |, or ", text.removesuffix(", or both"))
    facts = [fact(part) for part in parts]
    return any(facts) if "both" in text else all(facts)


@pytest.mark.slow
@CALM
@given(seed=SEEDS)
def test_every_puzzle_has_one_solution_that_no_clue_states(seed: int) -> None:
    """All clues together leave one answer; any of them alone leaves several."""
    for item in logic_items(seed, 36):
        if item.kind == "truth":
            continue
        worlds, clues, answer = solve(item)
        left = [world for world in worlds if all(clue(world) for clue in clues)]
        assert {answer(world) for world in left} == {item.answer}, item
        for clue in clues[: 0 if "says:" in item.question else None]:
            assert len({answer(world) for world in worlds if clue(world)}) > 1, item


@pytest.mark.slow
@CALM
@given(seed=SEEDS)
def test_every_statement_is_judged_rightly(seed: int) -> None:
    """A question of true or false has the answer that its own sentences give."""
    for item in logic_items(seed, 45):
        if item.kind == "truth":
            assert verdict(item.question) == YES[item.answer], item
            assert item.options == ("true", "false")


@pytest.mark.slow
def test_the_first_name_of_a_question_is_no_hint() -> None:
    """Where the right name is first mentioned says nothing about it."""
    ranks: Counter[int] = Counter()
    for item in (i for seed in range(25) for i in logic_items(seed, 36)):
        if len(item.options) == 3:
            spots = sorted(item.options, key=item.question.index)
            ranks[spots.index(item.answer)] += 1
    assert all(0.26 < count / ranks.total() < 0.41 for count in ranks.values())
