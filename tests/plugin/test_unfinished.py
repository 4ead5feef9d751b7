"""What was not measured has a row, and a model that never answers passes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CUT = """
import os, signal
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_whole(llm, llmlat):
    llmlat.run(llm)

@pytest.mark.llm("reasoning/tiny")
def test_cut(llm, llmlat):
    {what}
    llmlat.run(llm)
"""
SENT = "os.kill(os.getpid(), signal.{name})"
USUAL = "signal.signal(signal.{name}, signal.SIG_DFL)\n"
"""Whoever runs this under nohup has hung-up signals ignored, and we leave that so."""
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
SUMS = "reasoning/tiny|parrot|cpu|single"


def cells(project: Project) -> dict[str, dict[str, object]]:
    """Return the cells of the latest run's summary by their ids."""
    return {cell["id"]: cell for cell in project.summary()["cells"]}


@pytest.mark.slow
def test_a_run_killed_between_two_cells_is_not_whole(project: Project) -> None:
    """The cell that was to come has a row, and every row of the run is partial."""
    project.write("test_models.py", CUT.format(what=KILLED))

    project.run_apart("--llm=parrot", "--llm=owl")

    run = open_run(project.runs[-1])
    board = board_of(run, balance="geometric", seed=0)
    assert [cell.id for cell in run.unbegun] == [
        SUMS,
        "sentiment/tiny|owl|cpu|single",
        "reasoning/tiny|owl|cpu|single",
    ]
    assert [(s.model, s.partial) for s in board.standings] == [
        ("parrot", True),
        ("owl", True),
    ]
    assert {s.cell.id: (s.planned, s.samples, s.partial) for s in board.summaries} == {
        "sentiment/tiny|parrot|cpu|single": (6, 6, False),
        SUMS: (None, 0, True),
        "sentiment/tiny|owl|cpu|single": (None, 0, True),
        "reasoning/tiny|owl|cpu|single": (None, 0, True),
    }
    assert "has no end" in run.problems[0]
    assert f"3 of 4 planned cells were never begun: {SUMS}" in run.problems[1]


@pytest.mark.slow
def test_a_run_killed_before_its_first_cell_lacks_all(project: Project) -> None:
    """The plan is there from the end of collection, while a model is loaded."""
    project.write(
        "conftest.py", f"import os, signal\n\ndef pytest_runtestloop():\n    {KILLED}\n"
    )

    project.run_apart()

    run = open_run(project.runs[-1])
    assert run.facts == ()
    assert len(run.unbegun) == 2
    board = board_of(run, balance="geometric", seed=0)
    assert [s.partial for s in board.standings] == [True]
    assert [s.balanced.value for s in board.standings] == [None]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_end_keeps_what_was_measured(project: Project, name: str) -> None:
    """As Ctrl-C does: docker, Slurm and a closed terminal leave a summary."""
    text = CUT.format(what=SENT.format(name=name)) + USUAL.format(name=name)
    project.write("test_models.py", text)

    result = project.run_apart("--llm-report=out")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"ended early: the process was sent {name}"])
    assert cells(project)["sentiment/tiny|parrot|cpu|single"]["samples"] == 6
    assert cells(project)[SUMS]["planned"] is None
    assert (project.pytester.path / "out" / "report.html").is_file()


def test_a_cell_whose_test_failed_before_it_measured_has_a_row(
    project: Project,
) -> None:
    """So has one that ``-x`` did not reach; a row that was measured whole is whole."""
    project.write("test_models.py", CUT.format(what="assert llm is None"))

    result = project.run("-x", "--llm-report=out")

    told = f"not measured: 1 of 2 cells were planned and never begun: {SUMS}"
    result.stdout.fnmatch_lines([told])
    found = cells(project)
    assert found[SUMS]["partial"]
    assert found[SUMS]["planned"] is None
    assert found[SUMS]["quality"] == {"value": None, "low": None, "high": None}
    assert not found["sentiment/tiny|parrot|cpu|single"]["partial"]
    assert [model["partial"] for model in project.summary()["models"]] == [True]
    (problem,) = project.summary()["run"]["problems"]
    assert "1 of 2 planned cells were never begun" in problem
    for name in ("report.html", "report.md"):
        text = (project.pytester.path / "out" / name).read_text("utf-8")
        assert "planned and never begun" in text


def test_a_run_that_ended_is_whole(project: Project) -> None:
    """Nothing is partial that was measured to its end, also of several processes."""
    project.run("--llm=parrot", "--llm=owl", "-n2")

    assert [cell["partial"] for cell in project.summary()["cells"]] == [False] * 4
    assert [model["partial"] for model in project.summary()["models"]] == [False] * 2
    assert "problems" not in project.summary()["run"]


def test_the_reference_is_planned_too(project: Project) -> None:
    """A pair that was not reached lacks both."""
    project.write("test_models.py", CUT.format(what="assert llm is None"))

    project.run("--llm-against=owl")

    assert cells(project)["reasoning/tiny|owl|cpu|single"]["partial"]
    assert len(cells(project)) == 4


@pytest.mark.parametrize("args", [["--collect-only"], ["-k", "nothing"]])
def test_a_run_without_cells_leaves_nothing(project: Project, args: list[str]) -> None:
    """Nor does one that only lists them."""
    project.run(*args)

    assert project.runs == []


def test_a_run_of_which_all_was_skipped_leaves_nothing(project: Project) -> None:
    """The newest run is one that measured something."""
    project.write(
        "conftest.py",
        "import pytest\n\n@pytest.fixture(autouse=True)\n"
        "def no():\n    pytest.skip('no')\n",
    )

    project.run()

    assert project.runs == []


GHOST = """
from dataclasses import replace

from pytest_llmlat import Scripted
from pytest_llmlat.backends.backend_kind import BackendKind

class Ghost(Scripted):
    def generate(self, request, meter):
        return replace(super().generate(request, meter), finish="timeout")

def pytest_llmlat_backends():
    kind = BackendKind(
        name="ghost",
        open=lambda deployment, clock: Ghost({"": "positive"}, clock=clock),
        needs=None,
        devices=("cpu",),
        prefixes=("ghost:",),
    )
    return {"ghost": kind}
"""
"""A backend that times out on every request."""


def test_a_model_that_never_answers_fails(project: Project) -> None:
    """Time-outs are counted, and a cell of nothing else is no measurement."""
    project.pytester.makeconftest(GHOST)

    result = project.run("--llm=ghost:x", "--llm-save-baseline=main.json")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*no request was answered: 6 timed out and 0 broke*"])
    assert not (project.pytester.path / "main.json").exists()


WEARY = GHOST.replace(
    'finish="timeout")',
    'finish="stop" if "fine" in request.prompt else "timeout")',
)
"""A backend that answers one of three requests, and times out on the others."""


def test_a_model_that_answers_one_of_three_fails(project: Project) -> None:
    """It passed while it had answered anything, and later runs were held to it."""
    project.pytester.makeconftest(WEARY)
    asked = ("--llm=ghost:x", "-k", "sentiment", "--llm-save-baseline=main.json")

    result = project.run(*asked)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*2 of 6 requests were answered, and 50 % are to be (--llm-answered): 4 *"]
    )
    assert not (project.pytester.path / "main.json").exists()
    (verdict, *_) = project.summary()["verdicts"]
    assert (verdict["quantity"], verdict["outcome"]) == ("answers", "failed")
    assert verdict["candidate"] == pytest.approx(1 / 3)


def test_a_share_of_answers_that_is_asked_for_is_enough(project: Project) -> None:
    """What it lost is told where it is stored, and the ini file can say it too."""
    project.pytester.makeconftest(WEARY.replace('"positive"', '"negative"'))
    ini = (project.pytester.path / "tox.ini").read_text("utf-8")
    project.write("tox.ini", f"{ini}\nllm_answered =\n    90%\n    sentiment: 33%\n")
    test = "def test_it(llm, llmlat): llmlat.run(llm)\n"
    mark = 'import pytest\n@pytest.mark.llm("sentiment/tiny")\n'
    project.write("test_models.py", f"{mark}{test}")

    result = project.run("--llm=ghost:x", "--llm-save-baseline=main.json")

    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*stored, but 4 of 6 requests of sentiment/tiny*"])
    assert (project.pytester.path / "main.json").exists()


def test_nothing_passes_beside_a_model_that_never_answers(project: Project) -> None:
    """Beside time-outs every time would be a gain."""
    project.pytester.makeconftest(GHOST)

    result = project.run("--llm-against=ghost:x", "-k", "sentiment")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*ghost:x answered no request in time*"])


@pytest.mark.slow
def test_a_load_that_breaks_off_while_it_is_graded_keeps_its_answers(
    project: Project,
) -> None:
    """Those that were not graded any more stand without a grade among the records."""
    project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            if record.sample == "t3":
                raise KeyboardInterrupt
        """
    )

    project.run_apart("-k", "sentiment", "--llm-scenario=offline")

    graded = {one["sample"]: one["graded"] for one in project.records()}
    assert graded == {f"t{n}": n <= 3 for n in range(1, 7)}
    assert not (project.runs[-1] / "spool").exists()
    (cell,) = project.summary()["cells"]
    assert (cell["partial"], cell["samples"]) == (True, 6)
    assert cell["requests_per_s"] is None


LOAD = """
import os, signal
import pytest

@pytest.mark.llm("sentiment/tiny", scenario={scenario!r})
def test_load(llm, llmlat):
    generate, left = llm.backend.generate, iter(range({after}))

    def killed(request, meter):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return generate(request, meter)

    llm.backend.generate = killed
    llmlat.run(llm)
"""


WAITING = """
[models.parrot]
backend = "scripted"
devices = ["cpu"]
options = { answer = "positive", ttft_s = 0.005 }
"""
"""It gives the thread that writes some time, as every model does."""


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["offline", "concurrent:2"])
def test_a_load_that_is_killed_keeps_its_answers(
    project: Project, scenario: str
) -> None:
    """All but those under way: their texts and times, in a cell that is partial."""
    project.write("models.toml", WAITING)
    project.write("test_models.py", LOAD.format(scenario=scenario, after=12))

    project.run_apart("--llm-requests=24")

    run = open_run(project.runs[-1])
    told: list[str] = []
    board = board_of(run, balance="geometric", seed=0, tell=told.append)
    ((_, records),) = records_of(run, tell=told.append)
    assert len(records) >= 3
    assert {record.answer for record in records} == {"positive"}
    assert all(record.timing is not None for record in records)
    (summary,) = board.summaries
    assert summary.partial
    assert summary.samples == len(records)
    assert summary.quality.value is None
    assert summary.requests_per_s is None
    assert f"{len(records)} of its answers had no grade" in told[0]
