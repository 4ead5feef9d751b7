"""The options of questions that are answered by ranking, from entry to row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.answer_options import answer_options
from pytest_llmlat.tasks.data import revision
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_sample, a_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

ENTRY = """
[tasks."reasoning/parts"]
source = "parts.jsonl"
ranked = true
metric = "accuracy"
budget_s = 1
completion_prompt = "{{ question }}"
"""
RANKED = replace(
    a_task("reasoning/parts", extractor="verbatim"),
    ranked="total",
    continuation=" {{ option }}",
)


def loaded(folder: Path, text: str) -> Task:
    """Read an entry."""
    path = folder / "tasks.toml"
    path.write_text(text, "utf-8")
    return load_tasks([path]).entries["reasoning/parts"]


def test_a_ranked_entry_says_nothing_of_writing(tmp_path: Path) -> None:
    """No extractor, no bound of tokens and no chat: the options are the answers."""
    task = loaded(tmp_path, ENTRY)

    assert (task.ranked, task.continuation) == ("total", " {{ option }}")
    assert (task.extractor, task.max_new_tokens, task.chat) == ("verbatim", 0, False)


@pytest.mark.parametrize("way", ["total", "character", "byte"])
def test_by_what_is_said(tmp_path: Path, way: str) -> None:
    """The figure that is compared, and what stands behind the prompt."""
    changed = ENTRY.replace("true", f'"{way}"') + 'continuation = "\\n{{ option }}."\n'
    task = loaded(tmp_path, changed)

    assert (task.ranked, task.continuation) == (way, "\n{{ option }}.")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("max_new_tokens = 8", "max_new_tokens"),
        ('completion_stop = ["."]', "completion_stop"),
        ("temperature = 0.5", "temperature"),
        ("repeats = 3", "repeats"),
        ("chat = true", "chat"),
        ('extractor = "number"', "extractor"),
    ],
)
def test_what_a_ranked_answer_has_no_use_for_is_refused(
    tmp_path: Path, line: str, key: str
) -> None:
    """Rather than left aside in silence."""
    with pytest.raises(BadCatalogue, match=f"{key}: "):
        loaded(tmp_path, ENTRY + line)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("ranked = true", 'ranked = "words"', "one of total, character, byte"),
        ("ranked = true", 'continuation = "x"', "ranked = true"),
        ('"{{ question }}"', '"{{ question }}"\ncontinuation = "{{ x"', "template"),
    ],
)
def test_what_is_no_ranking_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """By the key."""
    with pytest.raises(BadCatalogue, match=told):
        loaded(tmp_path, ENTRY.replace(old, new))


def test_an_entry_may_rank_what_another_asks_for_in_words(tmp_path: Path) -> None:
    """What belongs to writing stays behind."""
    path = tmp_path / "tasks.toml"
    path.write_text(
        '[tasks."sentiment/words"]\nextends = "sentiment/polarity"\nranked = true\n'
    )

    task = load_tasks([path]).entries["sentiment/words"]

    assert (task.ranked, task.max_new_tokens, task.chat_stop) == ("total", 0, ())
    assert task.labels


def test_labels_are_options() -> None:
    """In the order of the task, whichever is right."""
    task = replace(RANKED, labels=("negative", "positive"))

    options = answer_options(task, a_sample("s", "positive"))

    assert [(o.answer, o.text, o.continuation) for o in options] == [
        ("negative", "negative", " negative"),
        ("positive", "positive", " positive"),
    ]


@pytest.mark.parametrize(
    ("right", "answers"),
    [
        ("a blue one", ["a red one", "A blue one"]),
        ("B", ["A", "B"]),
        ("b", ["A", "B"]),
    ],
)
def test_the_options_of_a_row(right: str, answers: list[str]) -> None:
    """What is right is the text of one, or its letter; so are the answers."""
    sample = a_sample("s", right, options=["a red one", "A blue one"])

    options = answer_options(RANKED, sample)

    assert [option.answer for option in options] == answers
    assert [option.text for option in options] == ["a red one", "A blue one"]


def test_a_continuation_sees_the_row_and_the_letter() -> None:
    """So that a letter alone can be ranked, too."""
    task = replace(RANKED, continuation=" {{ answer_option }}{{ tail }}")

    options = answer_options(task, a_sample("s", "B", options=["x", "y"], tail="!"))

    assert [option.continuation for option in options] == [" A!", " B!"]
    assert [option.text for option in options] == ["x", "y"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (None, "column 'options'"),
        ([], "column 'options'"),
        (["4"], "two options or more"),
        (["4", "4"], "two options or more"),
        (["4", " "], "empty"),
        (["5", "6"], "no option is right"),
    ],
)
def test_a_row_that_cannot_be_ranked_names_itself(options: object, told: str) -> None:
    """Before any model is asked."""
    with pytest.raises(BadCatalogue, match=f"'s1'.*{told}"):
        answer_options(RANKED, a_sample("s1", "4", options=options))


def test_a_written_task_has_no_options_and_its_old_digest() -> None:
    """Nothing is ranked unless it is said, and older runs can still be compared."""
    task, sample = a_task(), a_sample("s", options=["4", "5"])

    assert answer_options(task, sample) == ()
    assert revision(task, [sample]) != revision(
        replace(task, ranked="total", continuation=" {{ option }}"), [sample]
    )


def test_a_written_task_has_the_digest_that_it_ever_had() -> None:
    """Of a version that could not rank."""
    assert revision(a_task(), [a_sample()]) == "76814954ac1ab2a0"
