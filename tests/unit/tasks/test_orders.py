"""Messages that are drawn, and the orders in them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.tasks.chance import chances, complaint
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.templates.orders import order_items
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample

(TASK,) = BUNDLED.find("extraction/orders", where="test")


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, ...]:
    """The items of the seed that nobody changed."""
    pytest.importorskip("jsonschema")
    return load_samples(TASK)


def test_there_are_sixty_of_all_difficulties(samples: tuple[Sample, ...]) -> None:
    """As many of each; no message twice."""
    difficulties = [sample.difficulty for sample in samples]

    assert len(samples) == len({sample.field("question") for sample in samples}) == 60
    assert {difficulties.count(name) for name in ("easy", "medium", "hard")} == {20}


def test_a_perfect_model_scores_one(samples: tuple[Sample, ...]) -> None:
    """With its JSON on one line or on many."""
    for sample in samples:
        spread = json.dumps(json.loads(sample.reference), indent=2)
        for said in (sample.reference, spread, f"<think>So.</think>\n{spread}\n"):
            _, found = grade(said, TASK, sample, None)
            assert (found.value, found.correct, found.note) == (1, True, None)


def test_what_is_asked_for_stands_in_the_message(samples: tuple[Sample, ...]) -> None:
    """Every name, number and place; a day in some form; and null is told nowhere."""
    for sample in samples:
        message, order = str(sample.field("question")), json.loads(sample.reference)
        words = set(re.findall(r"[A-Za-z]+|\d+(?:\.\d+)?", message))
        assert order["customer"] in words
        for item in order["items"]:
            assert {item["name"], str(item["quantity"])} <= words
        assert order["city"] is None or order["city"] in words
        if order["date"] is not None:
            year, _, day = order["date"].split("-")
            assert year in message
            assert re.search(rf"\b0?{int(day)}\b", message)
        assert (order["total"] is not None) == ("euros" in message)
        haste = re.search(r"urgent|as an express", message)
        assert order["express"] is bool(haste)


@pytest.mark.slow
def test_always_the_same_order_is_no_skill(samples: tuple[Sample, ...]) -> None:
    """What it earns by fields that many orders share is taken off as chance."""
    (chance,) = set(chances(TASK, samples))

    assert 0.1 < chance < 0.5
    assert complaint(TASK, samples) is None


def test_another_seed_draws_other_messages() -> None:
    """The same one the same, and a longer draw begins with the shorter one."""
    assert order_items(5, 9) == order_items(5, 12)[:9]
    assert order_items(5, 9) != order_items(6, 9)
    with pytest.raises(ValueError, match="0 or more"):
        order_items(5, -1)
