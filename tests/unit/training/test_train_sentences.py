"""The bundled sentences to train on: like those of the task, and none of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations

import pytest

from pytest_llmlat.values.bundled import bundled
from tests.unit.tasks.bundled_tasks import BUNDLED

TASK = BUNDLED.entries["sentiment/polarity"]


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of sentences."""
    text = bundled("data", "sentiment", name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


TRAIN = rows("sentiment_train.jsonl")
TEST = rows("polarity.jsonl")


def words(text: str) -> list[str]:
    """Return a text's words, whatever their case and the marks between them."""
    return re.findall(r"\w+", text.casefold())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return every run of so many words."""
    found = words(text)
    return {tuple(found[n : n + length]) for n in range(len(found) - length + 1)}


def alike(one: str, other: str) -> float:
    """Return the share of the two texts' words that both have."""
    mine, theirs = set(words(one)), set(words(other))
    return len(mine & theirs) / len(mine | theirs)


def test_there_are_enough_sentences_and_as_many_of_each_label() -> None:
    """Over all and within each rank, so that no rank gives a label away."""
    count = Counter((row["difficulty"], row["label"]) for row in TRAIN)

    assert len(TRAIN) >= 240
    for rank in ("easy", "medium", "hard"):
        assert count[rank, "positive"] == count[rank, "negative"] > len(TRAIN) / 10


def test_rows_look_like_those_of_the_task() -> None:
    """The same columns, numbered, a row a line, and no text that nobody sees."""
    text = bundled("data", "sentiment", "sentiment_train.jsonl").read_text("utf-8")

    assert text == "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in TRAIN)
    for number, row in enumerate(TRAIN, 1):
        assert list(row) == list(TEST[0])
        assert row["id"] == f"train-{number:03}"
        assert row["text"].isprintable()
        assert row["text"] == " ".join(row["text"].split())


def test_sentences_name_no_label() -> None:
    """What pleases is to be read, not looked up."""
    named = [
        row["id"] for row in TRAIN if re.search("positiv|negativ", row["text"].lower())
    ]

    assert named == []


@pytest.mark.slow
def test_no_sentence_is_written_twice() -> None:
    """Nor nearly so."""
    near = [
        (one["id"], other["id"])
        for one, other in combinations(TRAIN, 2)
        if alike(one["text"], other["text"]) > 0.5
    ]

    assert near == []


@pytest.mark.slow
def test_no_sentence_is_a_test_item() -> None:
    """Nor like one: no run of four words in common, under 0.3 of the words.

    Else the figures of the trained model would be those of a memory.
    """
    near = [
        (mine["id"], theirs["id"])
        for mine in TRAIN
        for theirs in TEST
        if runs(mine["text"], 4) & runs(theirs["text"], 4)
        or alike(mine["text"], theirs["text"]) > 0.3
    ]

    assert near == []


def test_no_sentence_is_quoted_in_the_prompt() -> None:
    """The examples before a question to a base model are of neither set."""
    shown = runs(TASK.completion_prompt or "", 4)

    assert [row["id"] for row in TRAIN if runs(row["text"], 4) & shown] == []
