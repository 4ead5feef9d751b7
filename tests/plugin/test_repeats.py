"""Drawn and repeated answers, from the command line to the figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

DRAW = """
[models.dice]
backend = "scripted"
devices = ["cpu"]
options = { script = "./dice.json" }

[models.warm]
backend = "scripted"
devices = ["cpu"]
options = { script = "./dice.json", temperature = 0.6, top_p = 0.9 }
"""


@pytest.fixture
def dice(project: Project) -> Project:
    """Give a project with models that draw, and one test without words of its own."""
    answers = ["positive", "negative", "none"]
    project.write("dice.json", json.dumps({"": answers}))
    models = project.pytester.path / "models.toml"
    models.write_text(models.read_text("utf-8") + DRAW, "utf-8")
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat):
    llmlat.run(llm)
""",
    )
    return project


def test_repeats_are_drawn_and_summed_up(dice: Project) -> None:
    """Every answer with its own seed, and pass@k, a majority and variances of them."""
    result = dice.run("--llm=dice", "--llm-temperature=0.8", "--llm-repeats=5")

    result.assert_outcomes(passed=1)
    records = dice.records()
    assert [r["round"] for r in records] == [n for n in range(5) for _ in range(6)]
    assert len({r["seed"] for r in records}) == 30
    assert {(r["temperature"], r["top_p"]) for r in records} == {(0.8, 1.0)}
    (cell,) = dice.summary()["cells"]
    details = cell["details"]
    assert cell["drawn"] == {"repeats": 5, "temperature": 0.8, "top_p": 1.0}
    assert {f"pass@{k}" for k in range(1, 6)} <= set(details)
    assert details["pass@1"]["value"] == pytest.approx(cell["quality"]["value"])
    assert details["pass@5"]["value"] > details["pass@1"]["value"]
    assert details["pass@1"]["value"] > details["pass^5"]["value"]
    assert "majority@5" in details
    result.stdout.fnmatch_lines(
        ["*temperature 0.8, 5 answers to each sample; pass@5 *; pass^5 *; majority@5 *"]
    )
    assert "answers to each sample; pass" in (dice.runs[-1] / "report.md").read_text(
        "utf-8"
    )


def test_two_sessions_draw_the_same(dice: Project) -> None:
    """A seed follows from session, sample and repeat, and from nothing else."""
    drawn = []
    for seed in ("1", "1", "2"):
        dice.run("--llm=dice", "--llm-temperature=1", f"--llm-seed={seed}")
        drawn.append([(r["answer"], r["seed"]) for r in dice.records()])

    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize(
    ("options", "marker", "told"),
    [
        (["--llm=dice"], "", (0.0, 1.0, 1)),
        (["--llm=dice"], "temperature=0.5, top_p=0.8, repeats=2", (0.5, 0.8, 2)),
        (["--llm=warm"], "", (0.6, 0.9, 1)),
        (["--llm=warm"], "temperature=0.5", (0.5, 0.9, 1)),
        (["--llm=warm", "--llm-temperature=0"], "temperature=0.5", (0.0, 1.0, 1)),
        (["--llm=dice", "--llm-repeats=3"], "repeats=2", (0.0, 1.0, 3)),
        (["--llm=warm", "--llm-top-p=0.7"], "", (0.6, 0.7, 1)),
    ],
)
def test_the_command_line_comes_before_the_test_and_that_before_the_entry(
    dice: Project, options: list[str], marker: str, told: tuple[float, float, int]
) -> None:
    """Each setting by itself; the task says what holds where nobody else does."""
    text = (dice.pytester.path / "test_models.py").read_text("utf-8")
    dice.write("test_models.py", text.replace('tiny"', f'tiny", {marker}'))

    dice.run(*options).assert_outcomes(passed=1)

    (cell,) = dice.summary()["cells"]
    drawn = cell["drawn"]
    assert (drawn["temperature"], drawn["top_p"], drawn["repeats"]) == told


def test_a_task_may_draw(dice: Project) -> None:
    """Its keys are those of the marker."""
    tasks = dice.pytester.path / "tasks.toml"
    text = tasks.read_text("utf-8").replace(
        "budget_s = 1.0", "budget_s = 1.0\ntemperature = 0.3\nrepeats = 2", 1
    )
    tasks.write_text(text, "utf-8")

    dice.run("--llm=dice").assert_outcomes(passed=1)

    (cell,) = dice.summary()["cells"]
    assert cell["drawn"] == {"repeats": 2, "temperature": 0.3, "top_p": 1.0}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--llm-temperature=-1", "--llm-temperature: must be a number, 0 or more"),
        ("--llm-temperature=warm", "--llm-temperature: must be a number, 0 or more"),
        ("--llm-top-p=0", "--llm-top-p: must be above 0 and at most 1"),
        ("--llm-repeats=0", "--llm-repeats: must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_is_refused(dice: Project, option: str, told: str) -> None:
    """It names the option."""
    result = dice.run(option)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}*"])


@pytest.mark.parametrize("marker", ["temperature=-1", "top_p=2", "repeats=0"])
def test_what_cannot_be_in_a_marker_is_refused(dice: Project, marker: str) -> None:
    """It names the test."""
    text = (dice.pytester.path / "test_models.py").read_text("utf-8")
    dice.write("test_models.py", text.replace('tiny"', f'tiny", {marker}'))

    name = marker.partition("=")[0]
    dice.run().stdout.fnmatch_lines([f"*test_it: @pytest.mark.llm: {name} must be *"])
