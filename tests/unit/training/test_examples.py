"""Examples to learn from: asked as a benchmark asks, in batches that end together."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.huggingface.lora_training import IGNORED
from pytest_llmlat.tasks.train_rows import load_train
from pytest_llmlat.training.examples import (
    Example,
    batches,
    example,
    examples_of,
    padded,
)
from pytest_llmlat.training.recipe import Recipe
from pytest_llmlat.values.errors import UsageError
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Request

TASK = BUNDLED.entries["sentiment/polarity"]
ROW = load_train(TASK).rows[0]
LABEL = "{{ label }}"


class Letters:
    """A stand-in for a tokenizer: a token is a character."""

    end = 0

    def __init__(self, *, chat: bool, context: int = 4096) -> None:
        """Write a chat between marks, or a text behind a first token."""
        self.chat, self.context = chat, context

    def asked(self, request: Request) -> Sequence[int]:
        """Write the system prompt and the last message between marks."""
        if not request.chat:
            return [1, *map(ord, request.prompt)]
        said = "".join(f"<{role}>{text}" for role, text in request.messages)
        return [*map(ord, f"{said}<model>")]

    def said(self, text: str) -> Sequence[int]:
        """Write a text as it is."""
        return [*map(ord, text)]


def test_a_chat_ends_its_answer_with_the_end_token() -> None:
    """So that the model learns to stop."""
    made = example(Letters(chat=True), TASK, ROW, answer=LABEL)

    asked = "".join(map(chr, made.prompt))
    assert asked.startswith("<user>Text: The bakery on Mill Lane")
    assert asked.endswith("<model>")
    assert made.answer == (*map(ord, "positive"), 0)


def test_a_text_ends_its_answer_as_answers_are_cut() -> None:
    """With the task's own stop string, behind a blank."""
    made = example(Letters(chat=False), TASK, ROW, answer=LABEL)

    assert "".join(map(chr, made.prompt)).endswith("\nSentiment:")
    assert made.answer == tuple(map(ord, " positive\n"))


def test_a_task_that_is_never_a_chat_is_learnt_as_a_text() -> None:
    """A benchmark asks a model that chats so too."""
    made = example(
        Letters(chat=True), replace(TASK, chat=False), ROW, answer=" {{ label }}!"
    )

    assert made.answer == tuple(map(ord, " positive!\n"))


def test_the_system_prompt_of_the_task_is_learnt_with() -> None:
    """As it stands before each question of a benchmark."""
    told = replace(TASK, system="Be brief.")

    made = example(Letters(chat=True), told, ROW, answer=LABEL)

    assert "".join(map(chr, made.prompt)).startswith("<system>Be brief.<user>")


@pytest.mark.slow
def test_rows_that_are_too_long_are_left_out() -> None:
    """Those that are left are whole; where none is, that is said."""
    rows = load_train(TASK).rows[:8]
    whole = examples_of(Letters(chat=True), TASK, rows, answer=LABEL, seed=0)
    most = sorted(one.length() for one in whole)[3]

    some = examples_of(
        Letters(chat=True, context=most), TASK, rows, answer=LABEL, seed=0
    )

    assert some == tuple(one for one in whole if one.length() <= most)
    with pytest.raises(UsageError, match="has room for 5: take another base"):
        examples_of(Letters(chat=True, context=5), TASK, rows, answer=LABEL, seed=0)


def test_a_batch_asks_for_the_answers_alone() -> None:
    """They end together; what stands before them is read but not learnt."""
    one = Example(prompt=(5, 6, 7), answer=(8, 0))
    other = Example(prompt=(5,), answer=(9, 9, 0))

    assert padded([one, other], pad=3) == {
        "input_ids": [[5, 6, 7, 8, 0], [3, 5, 9, 9, 0]],
        "attention_mask": [[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]],
        "position_ids": [[0, 1, 2, 3, 4], [0, 0, 1, 2, 3]],
        "labels": [[IGNORED, 8, 0], [9, 9, 0]],
    }


def some_examples(count: int) -> list[Example]:
    """Return examples of different lengths."""
    return [
        Example(prompt=tuple(range(number)), answer=(0,)) for number in range(count)
    ]


def test_every_row_is_seen_once_before_any_is_seen_twice() -> None:
    """In as many batches as it takes."""
    examples = some_examples(320)

    steps = batches(examples, Recipe(steps=80))
    first = [one for batch in islice(steps, 40) for one in batch]
    second = [one for batch in steps for one in batch]

    assert sorted(first, key=Example.length) == examples
    assert sorted(second, key=Example.length) == examples
    assert first != second


def test_fewer_rows_than_a_batch_fill_it_all_the_same() -> None:
    """A small split is gone through as often as it takes."""
    sizes = [len(batch) for batch in batches(some_examples(3), Recipe(steps=5))]

    assert sizes == [8] * 5


def test_a_seed_gives_one_order() -> None:
    """And another seed another."""
    examples = some_examples(60)
    orders = [
        list(batches(examples, Recipe(steps=20, seed=seed))) for seed in (1, 1, 2)
    ]

    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("steps", [1, 2, 80])
def test_the_rate_rises_and_falls(steps: int) -> None:
    """Never above its height, never zero: every step teaches."""
    recipe = Recipe(steps=steps)
    rates = [recipe.rate(step) for step in range(steps)]

    assert max(rates) <= recipe.learning_rate
    assert min(rates) > 0
    assert rates.index(max(rates)) <= steps // 10
