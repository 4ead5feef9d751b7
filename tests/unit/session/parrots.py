"""Scripted models and a task of two labels, for tests of runs without pytest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat import (
    ModelSpec,
    Task,
)

if TYPE_CHECKING:
    from pathlib import Path

PARROT = ModelSpec(
    name="parrot",
    backend="scripted",
    devices=("cpu",),
    options=(("answer", "positive"),),
)
OWL = replace(PARROT, name="owl", options=(("answer", "negative"),))
ROWS = [
    {"id": f"t{n}", "text": f"text {n}", "label": ("positive", "negative")[n % 2]}
    for n in range(6)
]


def a_tiny_task(tmp_path: Path) -> Task:
    """Return a task of six samples, half of which the parrot gets right."""
    source = tmp_path / "tiny.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return Task(
        name="sentiment/tiny",
        family="sentiment",
        title="tiny",
        source=str(source),
        chat_prompt="Good or bad? {{ text }}",
        completion_prompt="{{ text }} is",
        extractor="label",
        metric="accuracy",
        max_new_tokens=4,
        budget_s=1.0,
        chance=0.5,
        labels=("positive", "negative"),
        reference="label",
    )


def runs(root: Path) -> list[Path]:
    """Return the folders of all runs."""
    return sorted((root / ".llmlat" / "runs").glob("*"))
