"""Families are open: a new name begins one, unless it looks like a typo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

KEYS = """
source = "x.jsonl"
extractor = "text"
metric = "accuracy"
max_new_tokens = 8
budget_s = 1.0
chat_prompt = "{{ text }}"
completion_prompt = "{{ text }}"
"""


def a_file(folder: Path, *names: str, before: str = "") -> Path:
    """Write a catalogue of such tasks."""
    path = folder / "tasks.toml"
    path.write_text(
        before + "".join(f'[tasks."{name}"]{KEYS}' for name in names), "utf-8"
    )
    return path


def complaint(path: Path) -> str:
    """Return what is said of a catalogue, without its folder."""
    with pytest.raises(UsageError) as caught:
        load_tasks([path])
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("family", ["intent", "code", "math", "summary", "qa"])
def test_a_new_name_begins_a_family(tmp_path: Path, family: str) -> None:
    """Its tasks can be named together, as those of ours."""
    catalogue = load_tasks([a_file(tmp_path, f"{family}/a", f"{family}/b")])

    found = catalogue.find(family, where="--llm-task")

    assert [task.name for task in found] == [f"{family}/a", f"{family}/b"]
    assert {task.family for task in found} == {family}


@pytest.mark.parametrize(
    ("family", "near"),
    [
        ("sentimnt", "sentiment"),
        ("Sentiment", "sentiment"),
        ("summarisation", "summarization"),
        ("translations", "translation"),
        ("code-completion", "code_completion"),
    ],
)
def test_a_name_that_looks_like_a_typo_is_told(
    tmp_path: Path, family: str, near: str
) -> None:
    """Its cells would stand beside the family's and not in it."""
    path = a_file(tmp_path, f"{family}/mine")

    assert complaint(path) == (
        f"FILE: tasks.{family}/mine: unknown family {family!r}; did you mean {near!r}?"
        f" If it is one of its own, say so by a line [families.{family}]"
    )
    load_tasks([a_file(tmp_path, f"{family}/mine", before=f"[families.{family}]\n")])


def test_a_project_is_told_the_table_of_its_file(tmp_path: Path) -> None:
    """In pyproject.toml a catalogue stands below the tool's name."""
    path = tmp_path / "pyproject.toml"
    path.write_text(f'[tool.pytest-llmlat.tasks."sentimnt/a"]{KEYS}', "utf-8")

    assert complaint(path).endswith("a line [tool.pytest-llmlat.families.sentimnt]")


def test_two_new_names_that_are_near_are_told(tmp_path: Path) -> None:
    """One of them is the typo."""
    path = a_file(tmp_path, "intent/a", "intents/b")

    assert "unknown family 'intents'; did you mean 'intent'?" in complaint(path)


def test_a_family_has_no_keys_and_a_plain_name(tmp_path: Path) -> None:
    """A name with a bar could not be told from the rest of a cell's id."""
    keyed = a_file(tmp_path, before="[families.a]\ntitle = 'A'\n")
    assert "families.a.title: unknown key" in complaint(keyed)

    barred = a_file(tmp_path, before='[families."a|b"]\n')
    assert "the name of a family has no '/' and no '|'" in complaint(barred)
    assert "a task is named FAMILY/NAME, without '|'" in complaint(
        a_file(tmp_path, "a/b|c")
    )
