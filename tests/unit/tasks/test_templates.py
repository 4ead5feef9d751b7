"""Generated items: sums that are right, draws that repeat, lists in balance."""

from __future__ import annotations

import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.tasks.templates import Item, arithmetic_items, logic_items
from tests.unit.example_counts import at_most

if TYPE_CHECKING:
    from collections.abc import Callable

Draws: TypeAlias = "Callable[[int, int], list[Item]]"
DATA = Path(__file__).parents[3] / "fixtures" / "data" / "reasoning"
BUNDLED = {"arithmetic": arithmetic_items, "logic": logic_items}
DRAWS = pytest.mark.parametrize("draw", BUNDLED.values(), ids=BUNDLED)
SEEDS = st.integers(min_value=0, max_value=2**40)
CALM = settings(max_examples=at_most(15), deadline=None)

# For each template a phrase that no other has, and the sum in the order of its numbers.
SUMS: dict[str, Callable[..., Fraction | int]] = {
    r"more\. How many \w+ does \w+ have now": lambda has, more: has + more,
    "picks": lambda has, given: has - given,
    "on a table": lambda count, each: sum([each] * count),
    "shares": Fraction,
    "How many more": lambda high, low: high - low,
    "How old will": lambda age, years: age + years,
    "have left": lambda has, price: has - price,
    "pay in total": lambda a, x, b, y: a * x + b * y,
    "of change": lambda count, price, note: note - sum([price] * count),
    "cycles": lambda hours, ride, more, walk: hours * ride + more * walk,
    "bakes": lambda trays, each, kept, size: Fraction(trays * each - kept, size),
    "fence": lambda long, wide, gate: long + wide + long + wide - gate,
    "years older than": lambda age, times, older: times * age + older,
    "cartons": lambda am, pm, size: am + pm - (am + pm) // size * size,
    "good after": lambda each, span, time, bad: Fraction(time, span) * each - bad,
    "A tank": lambda full, start, gain, loss: Fraction(full - start, gain - loss),
    "voucher": lambda price, off, n, less: part(price * n, 100 - off) - less,
    "An old machine": lambda slow, fast, both, alone, bad: part(
        slow * both + fast * (both + alone), 100 - bad
    ),
    "Two towns": lambda road, truck, car, rest, hours: (
        road - truck * (hours - rest) - car * hours
    ),
    "necklaces": lambda boxes, each, loose, used, chains, jar: (
        (boxes * each + loose - used * chains) % jar
    ),
    "earns": lambda hourly, full, hours, saved: part(
        hourly * hours + Fraction(hourly, 2) * (hours - full), 100 - saved
    ),
    "members": lambda start, up, down, more: (
        part(part(start, 100 + up), 100 - down) + more
    ),
    "carpet": lambda long, wide, stage, price, fee: (
        long * wide * price - stage**2 * price + fee
    ),
    "quiz": lambda rounds, mean, goal: next(
        score for score in range(101) if rounds * mean + score == goal * (rounds + 1)
    ),
    "will be only": lambda now, years, then: next(
        now * age for age in range(99) if now * age + years == then * (age + years)
    ),
    "coaches": lambda classes, pupils, adults, seats: next(
        seats * n - classes * (pupils + adults)
        for n in range(99)
        if seats * n >= classes * (pupils + adults)
    ),
}


def part(whole: Fraction | int, percent: int) -> Fraction:
    """Give ``percent`` of ``whole``, without rounding."""
    return Fraction(whole * percent, 100)


def compute(question: str) -> Fraction | int:
    """Solve a word problem from its numbers."""
    fit = [solve for phrase, solve in SUMS.items() if re.search(phrase, question)]
    assert len(fit) == 1, question
    numbers = re.findall(r"\d+", question.replace("twice", "2 times"))
    return fit[0](*map(int, numbers))


@CALM
@given(seed=SEEDS)
def test_every_sum_comes_out_the_same_when_it_is_solved_again(seed: int) -> None:
    """The answer to a word problem follows from its numbers, and is not negative."""
    for item in arithmetic_items(seed, 60):
        assert compute(item.question) == int(item.answer) >= 0, item
        assert item.options == ()


@pytest.mark.slow
@DRAWS
def test_a_seed_decides_the_items(draw: Draws) -> None:
    """The same seed gives the same items, another seed others, more the same first."""
    assert draw(7, 40) == draw(7, 40)
    assert draw(7, 40)[:11] == draw(7, 11)
    ours, theirs = ({item.question for item in draw(seed, 40)} for seed in (7, 8))
    assert len(ours) == len({item.id for item in draw(7, 40)}) == 40
    assert len(ours & theirs) < 5
    assert draw(7, 0) == []


@pytest.mark.slow
@DRAWS
def test_difficulties_take_turns(draw: Draws) -> None:
    """A third of the items is easy, a third medium, a third hard."""
    counts = Counter(item.difficulty for item in draw(3, 33))
    assert counts == {"easy": 11, "medium": 11, "hard": 11}


@pytest.mark.slow
@CALM
@given(seed=SEEDS)
def test_neither_option_nor_kind_is_favoured(seed: int) -> None:
    """Kinds, true and false, and places of the right option come equally often."""
    items = logic_items(seed, 36)
    assert set(Counter(item.kind for item in items).values()) == {12}
    said = Counter(item.answer for item in items if item.kind == "truth")
    assert said == {"true": 6, "false": 6}
    places: dict[int, Counter[int]] = {}
    for item in (item for item in items if item.kind != "truth"):
        size = len(set(item.options))
        assert size == len(item.options)
        places.setdefault(size, Counter(dict.fromkeys(range(size), 0)))
        places[size][item.options.index(item.answer)] += 1
    assert all(max(c.values()) - min(c.values()) <= 1 for c in places.values())


@DRAWS
def test_bad_requests_are_refused(draw: Draws) -> None:
    """A negative seed would repeat a positive one; a negative count means nothing."""
    with pytest.raises(ValueError, match="seed must be 0 or more, not -1"):
        draw(-1, 3)
    with pytest.raises(ValueError, match="count must be 0 or more, not -2"):
        draw(1, -2)


def test_an_exhausted_template_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than repeat a question, the generator stops."""
    same = dict.fromkeys(("easy", "medium", "hard"), (lambda _: ("Why?", 1),))
    monkeypatch.setattr("pytest_llmlat.tasks.templates.items._SUMS", same)
    with pytest.raises(ValueError, match="ask for fewer items"):
        arithmetic_items(1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_the_bundled_half_is_what_the_generator_gives(name: str) -> None:
    """Lines 34 to 66 of a data file are a draw, to the letter and field by field."""
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    drawn = BUNDLED[name](seed=20261122, count=33)
    assert lines[33:] == [json.dumps(i.row(), ensure_ascii=False) for i in drawn]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_items_are_balanced(name: str) -> None:
    """66 different items, 22 of each difficulty, with all the fields of a row."""
    text = (DATA / f"{name}.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    fields = ["id", "difficulty", "kind", "question", "answer", "options"]
    assert len({row["id"] for row in rows}) == len({r["question"] for r in rows}) == 66
    assert set(Counter(row["difficulty"] for row in rows).values()) == {22}
    assert all(row["question"].endswith(("?", "decimal number.")) for row in rows)
    if name == "arithmetic":
        assert all(list(row) == fields[:5] for row in rows)
        assert all(Fraction(row["answer"]) >= 0 for row in rows)
        return
    assert all(list(row) == fields and row["answer"] in row["options"] for row in rows)
    assert set(Counter(row["kind"] for row in rows).values()) == {22}
    said = Counter(row["answer"] for row in rows if row["kind"] == "truth")
    assert said == {"true": 11, "false": 11}
    named = [row for row in rows if row["kind"] != "truth"]
    for size, spread in ((3, 0), (4, 1)):
        of_size = [row for row in named if len(row["options"]) == size]
        spots = Counter(row["options"].index(row["answer"]) for row in of_size)
        assert max(spots.values()) - min(spots.values()) <= spread
