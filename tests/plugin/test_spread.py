"""``--llm-spread``: workers measure, and pytest is the front as before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine import devices, nvidia
from tests.unit.nvml_driver import Driver

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytest.importorskip("fcntl")
HERE = Path(__file__).parents[2]
CARDS = """
from pytest_llmlat.machine import devices, nvidia
from tests.unit.nvml_driver import Driver

CARDS = Driver({0: [], 1: []}, {0: 0, 1: 0}, names=("NVIDIA RTX A6000",) * 2)
nvidia.load_driver = devices.load_driver = lambda: (CARDS, "a stand-in")
"""
DIES = """
import os, signal
from pathlib import Path
from pytest_llmlat.measure import cell

def die_once(run):
    def measured(plan, model, tools):
        add = tools.on_record
        def on_record(record):
            add(record)
            flag = Path("died")
            if record.sample == "t2" and not flag.exists():
                flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return run(plan, model, replace(tools, on_record=on_record))
    return measured

from dataclasses import replace
import pytest_llmlat.session.run as session
session.run_cell = die_once(session.run_cell)
"""
SEVERAL = """
import pytest

@pytest.mark.parametrize("number", range(4))
@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat, number):
    assert llmlat.run(llm).samples == 6
"""


def in_workers(
    project: Project, monkeypatch: pytest.MonkeyPatch, code: str = ""
) -> None:
    """Let each worker process run some code at its start."""
    (project.pytester.path / "beside").mkdir()
    path = project.pytester.path / "beside" / "sitecustomize.py"
    path.write_text(f"import sys\nif sys.argv[0] == '-c':\n{_indented(code)}\n")
    paths = os.pathsep.join([str(path.parent), str(HERE)])
    monkeypatch.setenv("PYTHONPATH", paths)
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.pytester.path / "cache"))


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in ["pass", *code.splitlines()])


def test_items_pass_and_fail_as_without(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Assertions are the tests'; records, hooks and the scoreboard are the run's."""
    in_workers(project, monkeypatch)
    project.pytester.makeconftest(
        """
        def pytest_llmlat_record(config, record):
            print("seen", record.cell.task, record.sample)
        """
    )
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_sentiment(llm, llmlat):
    assert llmlat.run(llm).quality.value > 0.9

def test_own(llm, llmlat):
    assert llmlat.run(llm, "reasoning/tiny", samples=None).samples == 4
""",
    )

    result = project.run("--llm-spread=auto", "-m", "cpu", "-s", "--junitxml=j.xml")

    result.assert_outcomes(passed=1, failed=1)
    assert result.stdout.str().count("seen ") == 10
    assert [len(project.rows(name)) for name in ("records.jsonl",)] == [10]
    assert {row["node"]["name"] for row in project.rows("cells.jsonl")} != {None}
    result.stdout.fnmatch_lines(["node *: 2 cells: *"])
    junit = (project.pytester.path / "j.xml").read_text("utf-8")
    assert "sentiment/tiny|parrot|cpu|single" in junit


def test_two_cards_measure_side_by_side(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker has one of them; cells of both are told with their card."""
    in_workers(project, monkeypatch, CARDS)
    made = Driver({0: [], 1: []}, {0: 0, 1: 0}, names=("NVIDIA RTX A6000",) * 2)
    for module in (nvidia, devices):
        monkeypatch.setattr(module, "load_driver", lambda: (made, "a stand-in"))
    project.write("test_models.py", SEVERAL)

    result = project.run("--llm-spread=auto", "-m", "a6000")

    result.assert_outcomes(passed=4, deselected=4)
    ended = [row for row in project.rows("cells.jsonl") if row["finished"]]
    used = {card for row in ended for card in row["node"]["cards"]}
    assert used == {"GPU-0", "GPU-1"}
    locks = project.pytester.path / "cache" / "pytest-llmlat" / "leases"
    assert {"GPU-0.lock", "GPU-1.lock"} <= {path.name for path in locks.iterdir()}


def test_a_cell_whose_worker_dies_is_measured_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, from its beginning, and told; what was lost counts for no figure."""
    in_workers(project, monkeypatch, DIES)

    result = project.run("--llm-spread=auto", "-m", "cpu", "-k", "sentiment")

    result.assert_outcomes(passed=1, deselected=1)
    (cell,) = project.summary()["cells"]
    assert cell["samples"] == 6
    assert cell["anew"].startswith("measured anew: its worker on ")
    assert len(project.records()) == 8
    result.stdout.fnmatch_lines(["resumed: sentiment/tiny|parrot|cpu|single: *lost*"])


def test_the_first_failure_ends_the_workers(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With -x nothing is begun any more, and what was measured is written."""
    in_workers(project, monkeypatch)
    project.write("test_models.py", SEVERAL.replace("== 6", "== 7"))

    result = project.run("--llm-spread=auto", "-m", "cpu", "-x")

    result.assert_outcomes(failed=1)
    assert project.summary()["cells"][0]["samples"] == 6


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--llm-spread=moon",), "unknown place for cells 'moon'"),
        (("--llm-spread=moon://x",), "is no address of a cluster"),
        (("--llm-spread=auto", "--llm-spend=minutes=3"), "has no place beside it"),
        (("--llm-spread=auto", "-n2"), "workers of pytest-xdist have a card each"),
    ],
)
def test_what_cannot_be_is_refused(
    project: Project, more: tuple[str, ...], told: str
) -> None:
    """At the start, with what to do."""
    result = project.run(*more)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{told}*"])


def test_where_nothing_was_collected_no_workers_are_opened(project: Project) -> None:
    """A mistyped path is told by pytest, also where the workers' extra is missing."""
    result = project.run("--llm-spread=ray", "nowhere")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*file or directory not found: nowhere*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_test_that_asks_otherwise_than_its_marker_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cell was measured before it ran, and two halves would be one row."""
    in_workers(project, monkeypatch)
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat):
    llmlat.run(llm, repeats=2)
""",
    )

    result = project.run("--llm-spread=auto", "-m", "cpu")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*asks something else than its marker says*"])


def test_extensions_of_hooks_are_refused(project: Project) -> None:
    """A worker reads no conftest.py, and would not know them."""
    project.pytester.makeconftest(
        """
        from pytest_llmlat.values.families import Family

        def pytest_llmlat_families():
            return {"intent": Family(labels=True)}
        """
    )

    result = project.run("--llm-spread=auto", "-m", "cpu")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*families 'intent' came by a hook*"])
