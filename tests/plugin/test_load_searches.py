"""Load searches, from what is typed to what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.store.run_reader import open_run
from tests.plugin.test_loads import refused

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SEARCH = ("--llm-scenario=concurrent:search", "-k", "sentiment")
FAST = ("--llm-slo=e2e<9s", "--llm-search=from=1 to=4")


def test_it_finds_at_least_what_may_be_tried(project: Project) -> None:
    """One item measures the samples alone, and then each level."""
    result = project.run(*SEARCH, *FAST)

    result.assert_outcomes(passed=1, deselected=1)
    (found,) = project.summary()["searches"]
    assert (found["end"], found["level"], found["low"]) == ("at least", 4.0, 4.0)
    assert [each["level"] for each in found["levels"]] == [1.0, 2.0, 4.0]
    assert {each["changed"] for each in found["levels"]} == {0}
    scenarios = [cell["scenario"] for cell in project.summary()["cells"]]
    assert scenarios == ["single", "concurrent:1", "concurrent:2", "concurrent:4"]
    told = "highest load that is good and correct: at least 4 in flight"
    assert project.summary()["sentence"].startswith(told)
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_no_load_within_the_objectives_is_told_with_the_lowest(
    project: Project,
) -> None:
    """It is no failure: nothing was limited."""
    result = project.run(*SEARCH, "--llm-slo=e2e<1us", "--llm-search=to=4")

    result.assert_outcomes(passed=1, deselected=1)
    (found,) = project.summary()["searches"]
    assert (found["end"], found["level"]) == ("none", None)
    assert (
        "none; even of the lowest tried, 1 in flight" in project.summary()["sentence"]
    )


def test_a_floor_of_quality_that_is_missed_counts(project: Project) -> None:
    """Fast and wrong is no load that holds: half of the answers are right."""
    result = project.run(*SEARCH, "--llm-slo=e2e<9s", "--llm-search=quality=0.9 to=4")

    result.assert_outcomes(passed=1, deselected=1)
    (found,) = project.summary()["searches"]
    assert found["level"] is None
    assert found["levels"][0]["why"] == "quality"


def test_a_limit_is_judged_at_the_load_that_holds(project: Project) -> None:
    """Of levels above it nobody expects anything."""
    good = project.run(*SEARCH, *FAST, "--llm-limit=quality>=0.1")
    good.assert_outcomes(passed=1, deselected=1)
    bad = project.run(*SEARCH, *FAST, "--llm-limit=quality>=0.99")
    bad.assert_outcomes(failed=1, deselected=1)


def test_the_same_comes_of_the_records(project: Project) -> None:
    """Whoever reads the run again gets the same result."""
    project.run(*SEARCH, *FAST)
    (folder,) = (project.pytester.path / ".llmlat" / "runs").iterdir()
    run = open_run(folder)
    asked = asked_for(run)
    board = board_of(run, balance=asked.balance, seed=asked.seed, slo=asked.slo)

    (found,) = board.searches
    assert (found.end, found.level, len(found.levels)) == ("at least", 4.0, 3)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--llm-scenario=server:search"], "when is a request good?"),
        (
            ["--llm-scenario=server:search", "--llm-scenario=single", FAST[0]],
            "asks the same samples alone itself",
        ),
        (
            [*SEARCH, FAST[0], "--llm-save-baseline=b.json"],
            "--llm-save-baseline has no place beside it",
        ),
        ([*SEARCH, FAST[0], "--llm-requests=20"], "takes at least 129"),
        ([*SEARCH, FAST[0], "--llm-search=shore=1"], "'shore=1' is not understood"),
        (["--llm-scenario=offline", "--llm-search=to=4"], "is about a search"),
        (["--llm-scenario=single:search"], "is no scenario"),
    ],
)
def test_what_has_no_place_is_refused(
    project: Project, args: list[str], told: str
) -> None:
    """Before anything is measured."""
    assert told in refused(project.run("--llm=parrot", *args))


def test_a_model_that_breaks_ends_the_search(project: Project) -> None:
    """Without a result that nobody measured."""
    project.write("owl.json", '{"": {"error": "gone"}}')
    result = project.run("--llm=owl", *SEARCH, *FAST)

    assert result.parseoutcomes().get("failed") == 1
    assert project.summary()["searches"] == []
    result.stdout.fnmatch_lines(["*nothing answers any more*"])
