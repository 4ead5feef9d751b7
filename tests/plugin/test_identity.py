"""One cell is measured once in a run, whoever asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

TWO = """
import pytest

@pytest.mark.llm("sentiment/tiny", samples=4)
def test_long(llm, llmlat):
    assert llmlat.run(llm).samples == 4

@pytest.mark.llm("sentiment/tiny", samples={count})
def test_short(llm, llmlat):
    assert llmlat.run(llm).samples == {count}
"""
CELL = "sentiment/tiny|parrot|cpu|single"


def cells(project: Project) -> dict[str, int]:
    """Return the samples of each cell of the last run."""
    return {cell["id"]: cell["samples"] for cell in project.summary()["cells"]}


@pytest.mark.parametrize(("count", "told"), [(2, "do not ask"), (4, "ask the same")])
def test_two_tests_of_one_cell_are_refused_before_anything_is_measured(
    project: Project, count: int, told: str
) -> None:
    """Half of each would stand in one row; both are named, and what to do."""
    project.write("test_models.py", TWO.format(count=count))

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: {CELL}: *::test_long[[]*] and *::test_short[[]*] both *{told}*-k*"]
    )
    assert not project.runs


def test_one_of_two_tests_may_be_chosen(project: Project) -> None:
    """What is deselected measures nothing."""
    project.write("test_models.py", TWO.format(count=2))

    project.run("-k", "short").assert_outcomes(passed=1, deselected=1)

    assert cells(project) == {CELL: 2}


def test_a_variant_tells_two_tests_apart(project: Project) -> None:
    """Each has a row of its own, with all of its own samples."""
    text = TWO.format(count=2).replace("samples=2", 'samples=2, variant="short"')
    project.write("test_models.py", text)

    project.run().assert_outcomes(passed=2)

    assert cells(project) == {CELL: 4, "sentiment/tiny#short|parrot|cpu|single": 2}


def test_a_variant_that_would_break_an_id_is_refused(project: Project) -> None:
    """An id is taken apart at its bars."""
    text = TWO.format(count=2).replace("samples=2", 'samples=2, variant="a|b"')
    project.write("test_models.py", text)

    project.run().stdout.fnmatch_lines(["*variant 'a|b': *letters, digits*"])


def test_the_parameters_of_a_test_are_its_variant(project: Project) -> None:
    """A test that parametrize multiplies measures a cell for each of them."""
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.parametrize("count", [1, 2], ids=["one", "t w/o"])
@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat, count):
    task = llmlat.find("sentiment/tiny")
    llmlat.run(llm, temperature=float(count))
""",
    )

    project.run().assert_outcomes(passed=2)

    assert set(cells(project)) == {
        "sentiment/tiny#one|parrot|cpu|single",
        "sentiment/tiny#t-w-o|parrot|cpu|single",
    }
    assert {(r["cell"], r["temperature"]) for r in project.records()} == {
        ("sentiment/tiny#one|parrot|cpu|single", 1.0),
        ("sentiment/tiny#t-w-o|parrot|cpu|single", 2.0),
    }


def test_a_second_measurement_in_one_test_is_refused_and_the_first_stays_whole(
    project: Project,
) -> None:
    """It would take the place of the first, sample by sample."""
    project.write(
        "test_models.py",
        """
from dataclasses import replace

def test_it(llm, llmlat):
    task = llmlat.find("sentiment/tiny")
    assert llmlat.run(llm, task).samples == 6
    llmlat.run(llm, replace(task, max_new_tokens=1))
""",
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"{CELL}: *::test_it[[]*] measures it twice, and they do not ask the same*"]
    )
    assert cells(project) == {CELL: 6}
    assert len(project.records()) == 6


def test_tests_without_a_marker_are_refused_when_the_second_begins(
    project: Project,
) -> None:
    """What such a test measures is not known before; the first stays whole."""
    project.write(
        "test_models.py",
        """
def test_first(llm, llmlat):
    llmlat.run(llm, "sentiment/tiny")

def test_second(llm, llmlat):
    llmlat.run(llm, "sentiment/tiny")

def test_third(llm, llmlat):
    llmlat.run(llm, "sentiment/tiny", variant="third")
""",
    )

    result = project.run()

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [f"{CELL}: *::test_first[[]*] and *::test_second[[]*] both measure it*"]
    )
    assert cells(project) == {CELL: 6, "sentiment/tiny#third|parrot|cpu|single": 6}
    assert len(project.records()) == 12


@pytest.mark.slow
def test_tests_in_two_workers_are_refused_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was first is known to every process of a run."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("first", "second"):
        project.write(
            f"test_{name}.py",
            f"def test_{name}(llm, llmlat):\n    llmlat.run(llm, 'sentiment/tiny')\n",
        )
    project.write("test_models.py", "")

    result = project.run_apart("-n", "2", "--dist", "loadfile")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"{CELL}: *::test_* and *::test_* both measure it*"])
    assert cells(project) == {CELL: 6}
    assert len(project.records()) == 6


@pytest.mark.slow
def test_marked_tests_in_workers_fail_by_name(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that raised at collection would end the run without a word."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    project.write("test_models.py", TWO.format(count=2))

    result = project.run_apart("-n", "2")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{CELL}: *::test_long* and *::test_short* both*"])
    assert cells(project) == {CELL: 4}


RERUN = """
tries = []

def pytest_runtest_protocol(item, nextitem):
    # As pytest-rerunfailures does: the item again, with its fixtures made anew.
    from _pytest.runner import runtestprotocol
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for number in range(3):
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if number == 2 or all(report.passed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
"""


def test_a_rerun_asserts_on_what_the_first_try_measured(project: Project) -> None:
    """The best of three would flatter; how often it ran is told."""
    project.write("conftest.py", RERUN)
    project.write(
        "test_models.py",
        """
import pytest

seen = []

@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat):
    seen.append(llmlat.run(llm))
    assert seen[0] is seen[-1]
    assert len(seen) == 3
""",
    )

    ran = project.run()

    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines([f"run again: {CELL}: its test ran 3 times; the first *"])
    assert len(project.records()) == 6
    assert project.rows("cells.jsonl")[-1]["reruns"] == 2
    assert project.summary()["run"]["problems"] == [
        f"{CELL}: its test ran 3 times; its first measurement counts"
    ]


def test_a_try_that_broke_off_is_measured_again(project: Project) -> None:
    """There is nothing whole to assert on; what counts is measured in one go."""
    project.write(
        "conftest.py",
        RERUN
        + """
def pytest_llmlat_record(record):
    tries.append(record)
    if len(tries) == 2:
        raise RuntimeError("broke off")
""",
    )
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat):
    llmlat.run(llm)
""",
    )

    project.run().assert_outcomes(passed=1)

    assert len(project.records()) == 8
    assert cells(project) == {CELL: 6}
