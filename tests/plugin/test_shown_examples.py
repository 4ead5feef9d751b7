"""How many examples a test shows before each question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SHOWING = """
[tasks."sentiment/shown"]
extends = "sentiment/tiny"
shots = 1
"""


@pytest.fixture
def showing(project: Project) -> Project:
    """Give a project with a task that shows an example."""
    tasks = project.pytester.path / "tasks.toml"
    tasks.write_text(tasks.read_text("utf-8") + SHOWING, "utf-8")
    return project


def marked(project: Project, arguments: str) -> None:
    """Write a test whose marker has these arguments."""
    project.write(
        "test_models.py",
        f"""
import pytest

@pytest.mark.llm({arguments})
def test_it(llm, llmlat):
    llmlat.run(llm)
""",
    )


def shown(project: Project) -> set[int]:
    """Return how many examples stood before each question."""
    return {len(record["shots"]) for record in project.records()}


@pytest.mark.parametrize(
    ("said", "options", "count"),
    [("", (), 1), (", shots=2", (), 2), (", shots=0", (), 0)],
)
def test_the_marker_says_how_many(
    showing: Project, said: str, options: tuple[str, ...], count: int
) -> None:
    """Else the entry of the task does."""
    marked(showing, f"'sentiment/shown'{said}")

    showing.run(*options).assert_outcomes(passed=1)

    assert shown(showing) == {count}


def test_the_command_line_comes_first(showing: Project) -> None:
    """As for whatever else a marker says."""
    marked(showing, "'sentiment/shown', shots=2")

    showing.run("--llm-shots=3").assert_outcomes(passed=1)

    assert shown(showing) == {3}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("'sentiment/tiny', shots=2", "*'sentiment/tiny' shows no examples*"),
        ("'sentiment/shown', shots=-1", "*shots must be a whole number from 0*"),
        ("'sentiment/shown', shots=True", "*shots must be a whole number from 0*"),
    ],
)
def test_what_cannot_be_shown_is_told_at_collection(
    showing: Project, arguments: str, told: str
) -> None:
    """With the test and the task."""
    marked(showing, arguments)

    result = showing.run()

    assert result.ret != 0
    (result.stdout if "llm" in result.stdout.str() else result.stderr).fnmatch_lines(
        [told]
    )
