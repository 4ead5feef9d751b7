"""One task in other words: from a file, or from its entry by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import revision
from pytest_llmlat.tasks.prompt_variants import (
    in_words_of,
    prompt_names,
    prompt_variants,
)
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import BadCatalogue, UnknownName, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

ENTRY = """
[tasks."sentiment/tiny"]
source = "tiny.jsonl"
reference = "label"
labels = ["positive", "negative"]
extractor = "label"
metric = "accuracy"
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "Is this positive? {{ text }}"
completion_prompt = "{{ text }} is"
prompts = { short = "{{ text }}" }
"""


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Return a task with one further prompt."""
    (tmp_path / "tasks.toml").write_text(ENTRY)
    return load_tasks([tmp_path / "tasks.toml"]).entries["sentiment/tiny"]


@pytest.mark.parametrize(
    ("text", "names"),
    [("new.txt", ("own", "new.txt")), (" own , short ", ("own", "short"))],
)
def test_one_prompt_is_measured_beside_the_tasks_own(
    text: str, names: tuple[str, str]
) -> None:
    """The reference comes first."""
    assert prompt_names(text, where="--it") == names


@pytest.mark.parametrize("text", ["a,b,c", "a,", ",", "a,a", "own"])
def test_anything_but_two_prompts_is_refused(text: str) -> None:
    """A prompt beside itself would be no comparison."""
    with pytest.raises(UsageError, match="write two prompts"):
        prompt_names(text, where="--it")


def test_prompts_come_from_the_entry_and_from_files(task: Task, tmp_path: Path) -> None:
    """They take the place of both forms; the rest of the task stays."""
    (tmp_path / "new one.txt").write_text("Good or bad?\n{{ text }}\n")
    names = ("own", "short", str(tmp_path / "new one.txt"))

    own, short, new = prompt_variants(task, names, where="--it")

    assert own.task == task
    assert [own.label, short.label, new.label] == ["own", "short", "new-one"]
    assert short.task.chat_prompt == short.task.completion_prompt == "{{ text }}"
    assert new.task.chat_prompt == "Good or bad?\n{{ text }}"
    assert replace(new.task, chat_prompt="", completion_prompt="") == replace(
        task, chat_prompt="", completion_prompt=""
    )


def test_a_task_that_only_chats_has_no_other_form(task: Task) -> None:
    """It would be asked of a model that does not chat."""
    (short,) = prompt_variants(replace(task, chat=True), ["short"], where="--it")

    assert short.task.completion_prompt is None


def test_two_files_of_one_name_are_told_apart(task: Task, tmp_path: Path) -> None:
    """By the folders in which they differ."""
    names = []
    for folder in ("base", "head"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "ask.txt"
        path.write_text(f"{folder} {{{{ text }}}}")
        names.append(str(path))

    found = prompt_variants(task, names, where="--it")

    assert [each.label for each in found] == ["base-ask", "head-ask"]


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (("ask.txt", "ask.md"), ["ask.txt", "ask.md"]),
        (("ask.txt", "ask/ask.txt"), ["ask-1", "ask-2"]),
        (("a b.txt", "a-b.txt"), ["a-b-1", "a-b-2"]),
        (("___.txt", "new.txt"), ["txt", "new.txt"]),
        ((f"a{'x' * 50}", f"b{'x' * 50}"), [f"{'x' * 36}-1", f"{'x' * 36}-2"]),
    ],
)
def test_files_whose_names_are_alike_are_told_apart(
    task: Task, tmp_path: Path, files: tuple[str, str], labels: list[str]
) -> None:
    """No two prompts have one label, and none has an empty one."""
    paths = [tmp_path / name for name in files]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("{{ text }}")

    found = prompt_variants(task, [*map(str, paths)], where="--it")

    assert [each.label for each in found] == labels


def test_a_name_that_no_file_can_have_is_told(task: Task) -> None:
    """As one that is not there."""
    with pytest.raises(UnknownName, match="unknown prompt"):
        prompt_variants(task, ["own", "x" * 5000], where="--it")


def test_a_prompt_that_is_not_there_is_told(task: Task) -> None:
    """With those that are."""
    with pytest.raises(UnknownName, match="short"):
        prompt_variants(task, ["own", "shrt"], where="--it")


def test_a_file_that_is_no_template_is_told(task: Task, tmp_path: Path) -> None:
    """Before a model is loaded."""
    (tmp_path / "bad.txt").write_text("{{ text")

    with pytest.raises(BadCatalogue, match=r"bad\.txt: template, line 1"):
        prompt_variants(task, [str(tmp_path / "bad.txt")], where="--it")


def test_messages_are_no_prompt(task: Task) -> None:
    """There is nothing in whose place another could be."""
    with pytest.raises(UsageError, match="asks the messages of its rows"):
        prompt_variants(replace(task, messages="turns"), ["short"], where="--it")


def test_further_prompts_are_no_part_of_what_a_task_asks(task: Task) -> None:
    """An older run stays comparable when one is added."""
    assert revision(replace(task, prompts=()), []) == revision(task, [])


def test_words_of_another_leave_rows_and_marks(task: Task) -> None:
    """Both sides answer the same and are judged alike."""
    other = replace(
        task, chat_prompt="Other {{ text }}", extractor="last", budget_s=9.0, source="x"
    )

    found = in_words_of(other, task)

    assert (found.chat_prompt, found.extractor) == ("Other {{ text }}", "last")
    assert (found.budget_s, found.source) == (task.budget_s, task.source)
