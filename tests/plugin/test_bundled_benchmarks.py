"""The six modules of ``benchmarks/`` as they are, before a user sets limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.plugin.conftest import Project

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def _run(project: Project, options: str) -> pytest.RunResult:
    project.write(
        "models.toml",
        '[models.parrot]\nbackend = "scripted"\ndevices = ["cpu"]\n'
        f"options = {options}\n",
    )
    project.write("tasks.toml", "")
    return project.run(
        str(BENCHMARKS),
        "-c=tox.ini",
        f"--rootdir={project.pytester.path}",
        "--llm-samples=1",
    )


def test_a_model_that_knows_nothing_passes(project: Project) -> None:
    """How good it is, is reported: the first run of a new user ends green."""
    _run(project, '{ answer = "I do not know." }').assert_outcomes(passed=10)


def test_a_model_that_fails_does_not(project: Project) -> None:
    """An error is no answer, and is gated."""
    project.write("broken.json", '{"": {"error": "the cable was pulled"}}')

    _run(project, '{ script = "./broken.json" }').assert_outcomes(failed=10)


def test_a_model_that_says_nothing_does_not(project: Project) -> None:
    """Neither is silence."""
    _run(project, '{ answer = "" }').assert_outcomes(failed=10)
