"""``llmlat tasks --check``: whether an answer can be right on each row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main

if TYPE_CHECKING:
    from pathlib import Path

TASK = """
[tasks."reasoning/own"]
source = "rows.jsonl"
extractor = "number"
metric = "accuracy"
max_new_tokens = 8
budget_s = 1.0
chat_prompt = "?"
completion_prompt = "?"
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Write a catalogue whose rows are to be written."""
    path = tmp_path / "tasks.toml"
    path.write_text(TASK, "utf-8")
    return path


def written(catalogue: Path, *references: str) -> str:
    """Write rows, and return where they lie."""
    path = catalogue.parent / "rows.jsonl"
    rows = ({"id": str(n), "reference": it} for n, it in enumerate(references))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return str(path)


def test_rows_that_can_be_answered_are_counted(
    catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each task that is named."""
    written(catalogue, "4", "31 dollars")

    assert main(["tasks", "--tasks", str(catalogue), "--check", "reasoning/own"]) == 0
    assert capsys.readouterr().out == "reasoning/own: 2 rows, nothing wrong\n"


def test_a_row_that_cannot_is_an_error(
    catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By file and line."""
    path = written(catalogue, "4", "12,5")

    assert main(["tasks", "--tasks", str(catalogue), "--check", "reasoning/own"]) == 2
    assert f"{path}:2: no answer could equal" in capsys.readouterr().err


def test_a_check_is_of_something(capsys: pytest.CaptureFixture[str]) -> None:
    """All tasks there are would be the public sets too."""
    assert main(["tasks", "--check"]) == 2
    assert "needs the name of a task" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("shots = 9", "shots = 9, but only"),
        ('shots = 1\nshots_file = "none.jsonl"', "none.jsonl"),
        ('chat = false\nmapping.x = "id"\npreface = ""', None),
    ],
)
def test_prompts_and_their_examples_are_tried(
    catalogue: Path, capsys: pytest.CaptureFixture[str], more: str, told: str | None
) -> None:
    """Before a model is loaded for them."""
    text = TASK.replace('"?"', '"{{ id }}?"')
    catalogue.write_text(text + more, "utf-8")
    written(catalogue, "4", "5")

    code = main(["tasks", "--tasks", str(catalogue), "--check", "reasoning/own"])

    assert code == (0 if told is None else 2)
    assert (told or "") in capsys.readouterr().err


def test_a_template_that_does_not_fit_a_row_is_an_error(
    catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In whichever form the task has it."""
    text = TASK.replace('completion_prompt = "?"', 'completion_prompt = "{{ gone }}"')
    catalogue.write_text(text, "utf-8")
    written(catalogue, "4")

    assert main(["tasks", "--tasks", str(catalogue), "--check", "reasoning/own"]) == 2
    assert "'gone' is undefined" in capsys.readouterr().err
