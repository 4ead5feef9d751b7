"""Facts hidden in long texts: by seed, at stated depths and lengths."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.task_options import check_options
from pytest_llmlat.tasks.templates import needle_items
from pytest_llmlat.tasks.templates.needles import WORDS_PER_TOKEN
from pytest_llmlat.values.errors import BadCatalogue, UnknownName
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar, Task

NEEDLES = BUNDLED.entries["long_context/needles"]
FACT = re.compile(r"The ([a-z]+ number) of ([A-Z][a-z]+) is ([0-9]{4})\.")


def with_options(**options: Scalar) -> Task:
    """Return the bundled task with other options."""
    return replace(NEEDLES, options=tuple(sorted(options.items())))


@pytest.mark.parametrize("length", ["256", "1k", "4k"])
@pytest.mark.parametrize("depth", [0, 25, 50, 75, 100])
def test_the_fact_stands_where_it_is_said_to(length: str, depth: int) -> None:
    """To within a sentence, in a text of the stated length."""
    (item,) = needle_items(5, 1, {"lengths": length, "depths": str(depth)})
    words = item.context.split()
    tokens = int(length.removesuffix("k")) * (1024 if length.endswith("k") else 1)

    found = FACT.search(item.context)

    assert found is not None
    before = len(item.context[: found.start()].split())
    assert abs(before - depth / 100 * len(words)) <= 20
    assert abs(len(words) - tokens * WORDS_PER_TOKEN) <= 25
    assert item.question == f"What is the {found[1]} of {found[2]}?"
    assert item.answer == found[3]


def test_there_is_no_other_number_in_the_text() -> None:
    """Whoever answers with the only number is right; nothing else could be meant."""
    for item in needle_items(1, 0, {"lengths": "1k"}):
        assert re.findall(r"[0-9]+", item.context) == [item.answer]


def test_distractors_are_of_others_or_of_another_kind() -> None:
    """The question has one answer all the same."""
    for item in needle_items(2, 10, {"lengths": "512", "distractors": 6}):
        facts = FACT.findall(item.context)
        asked = [f for f in facts if f"the {f[0]} of {f[1]}?" in item.question]

        assert len(facts) == 7
        assert [number for *_, number in asked] == [item.answer]
        assert len({number for *_, number in facts}) == 7
        assert any(f"the {f[0]} of" in item.question for f in facts if f not in asked)


def test_a_seed_decides_what_is_drawn() -> None:
    """The same seed the same texts; lengths and depths take turns."""
    options = {"lengths": "256,512", "depths": "0,50"}

    first = needle_items(3, 0, options)

    assert first == needle_items(3, 0, options)
    assert first[0].context != needle_items(4, 0, options)[0].context
    assert [(i.length, i.depth) for i in first] == [
        (length, depth) for length in ("256", "512") for depth in ("0%", "50%")
    ]
    assert needle_items(3, 6, options)[4].length == "256"


@pytest.mark.slow
def test_long_texts_are_drawn_too() -> None:
    """Up to a million tokens can be asked for; 128k are some hundred thousand words."""
    (item,) = needle_items(0, 1, {"lengths": "128k", "depths": "50"})

    assert len(item.context.split()) == pytest.approx(128 * 1024 * 0.8, rel=1e-3)


def test_the_bundled_task_is_a_grid() -> None:
    """Each length at each depth once, told apart by both; guessing earns nothing."""
    samples = load_samples(with_options(lengths="256,512", depths="0,50,100"))

    assert NEEDLES.breakdown == ("length", "depth")
    assert [(s.field("length"), s.field("depth")) for s in samples] == [
        (length, depth) for length in ("256", "512") for depth in ("0%", "50%", "100%")
    ]
    assert all(s.id.endswith("-seed0") for s in samples)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lengths": "1k,many"}, "'many' is no number of tokens"),
        ({"lengths": "12"}, "'12' is no number of tokens from 128"),
        ({"lengths": "9999k"}, "is no number of tokens"),
        ({"depths": "0,101"}, "'101' is no share"),
    ],
)
def test_lengths_and_depths_that_cannot_be_are_told(
    options: dict[str, Scalar], told: str
) -> None:
    """By the part that is wrong."""
    with pytest.raises(BadCatalogue, match=told):
        load_samples(with_options(**options))


def test_options_of_needles_are_known_to_needles_alone() -> None:
    """A typo is told, and so is one on a task of another kind."""
    check_options(with_options(lengths="1k", distractors=2, count=3), where="x")
    with pytest.raises(UnknownName, match="did you mean 'lengths'"):
        check_options(with_options(length="1k"), where="x")
    other = replace(NEEDLES, source="generated:logic", options=(("lengths", "1k"),))
    with pytest.raises(UnknownName, match="lengths"):
        check_options(other, where="x")
