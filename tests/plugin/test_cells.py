"""A cell is one item: measured once, recorded, summed up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


def test_each_task_on_each_model_is_one_item(project: Project) -> None:
    """Two tasks on two models are four items and four cells."""
    result = project.run("--llm=parrot", "--llm=owl")

    result.assert_outcomes(passed=4)
    assert [cell["id"] for cell in project.summary()["cells"]] == [
        "sentiment/tiny|parrot|cpu|single",
        "reasoning/tiny|parrot|cpu|single",
        "sentiment/tiny|owl|cpu|single",
        "reasoning/tiny|owl|cpu|single",
    ]


def test_a_model_is_loaded_once_for_all_its_cells(project: Project) -> None:
    """All items of a model come together, so that two models mean two loads."""
    project.run("--llm=parrot", "--llm=owl")

    loads = [(row["model"], row["load_s"]) for row in project.rows("cells.jsonl")]
    assert [model for model, _ in dict.fromkeys(loads)] == ["parrot", "owl"]


def test_every_sample_leaves_a_record_with_answer_grade_and_stamps(
    project: Project,
) -> None:
    """Speed and quality of a record belong to the same answer."""
    project.run("-k", "sentiment")

    records = project.records()
    assert [r["sample"] for r in records] == ["t1", "t2", "t3", "t4", "t5", "t6"]
    assert [r["grade"]["correct"] for r in records] == [True, False, True] * 2
    for record in records:
        assert record["answer"] == "positive"
        assert 0 < record["ttft_s"] <= record["e2e_s"]
        assert record["timing"]["stamp_tokens"] == [1]


def test_the_scoreboard_shows_model_device_and_both_halves(project: Project) -> None:
    """The session ends with a line for each cell and a row for each model."""
    result = project.run("--llm=owl")

    result.stdout.fnmatch_lines(
        [
            "*llmlat: speed and quality of the same answers*",
            "owl on cpu *n *metric *quality*balanced *e2e p50*",
            "sentiment/tiny *6 *accuracy *1.000*",
            "model *device *quality *speed *balanced*ttft p50*e2e p50*tok/s*memory*",
            "owl *cpu *",
            "owl on cpu: quality 0.625, half of its answers within *",
            "written to *",
            "as a page: llmlat report *",
        ]
    )


def test_the_record_hook_sees_every_record_after_it_is_on_disk(
    project: Project,
) -> None:
    """A conftest may follow a run; what it raises cannot lose the measurement."""
    project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            if record.sample == "t2":
                raise RuntimeError("a hook that breaks")
        """
    )

    result = project.run("-k", "sentiment")

    result.assert_outcomes(failed=1)
    assert [record["sample"] for record in project.records()] == ["t1", "t2"]


def test_two_runs_give_the_same_answers(project: Project) -> None:
    """Decoding is greedy: the answers of a second run are those of the first."""
    project.run("--llm=owl")
    first = [record["answer"] for record in project.records()]
    project.run_apart("--llm=owl")

    assert [record["answer"] for record in project.records()] == first


def test_the_task_and_the_samples_may_be_the_tests_own(project: Project) -> None:
    """A Task object needs no catalogue, and samples no file."""
    project.write(
        "test_models.py",
        """
from dataclasses import replace
from pytest_llmlat import Sample

def test_own(llm, llmlat):
    known = llmlat.find("sentiment/tiny")
    task = replace(known, name="sentiment/own", chance=0.0)
    sample = Sample(id="x", difficulty=None, stratum="", reference="positive",
                    fields=(("text", "splendid"),))

    result = llmlat.run(llm, task, samples=[sample])

    assert result.quality.value == 1
    assert result.cell.id == "sentiment/own|parrot|cpu|single"
""",
    )

    result = project.run()

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("given", ["8", "'8'", "[1, 2]"])
def test_a_number_of_samples_is_no_items(project: Project, given: str) -> None:
    """The test says in one line where a number is said instead."""
    project.write(
        "test_models.py",
        f"""
def test_own(llm, llmlat):
    llmlat.run(llm, "sentiment/tiny", samples={given})
""",
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*llmlat.run: samples are the items themselves*=8"])
    result.stdout.no_fnmatch_line("*TypeError*")


def test_a_failed_limit_is_a_plain_assertion(project: Project) -> None:
    """A test that asks for more than the model gives fails like any other test."""
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_too_much(llm, llmlat):
    assert llmlat.run(llm).quality.value > 0.9
""",
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*0.666* > 0.9*"])


def test_the_report_folder_gets_summary_and_records(project: Project) -> None:
    """``--llm-report`` copies what the journal holds."""
    project.run("--llm-report=out/report")

    folder = project.pytester.path / "out" / "report"
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    lines = (folder / "records.jsonl").read_text("utf-8").splitlines()
    assert summary["schema"] == 1
    assert summary["run"]["settings"]["seed"] == 0
    assert len(lines) == 10


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-p", "no:xdist")])
def test_workers_measure_the_same_cells(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    """Under pytest-xdist the controller sums up what its workers measured."""
    # The tests of the project may run under pytest-xdist themselves.
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    result = project.run_apart("--llm=parrot", "--llm=owl", *arguments)

    result.assert_outcomes(passed=4)
    assert len(project.records()) == 20
    assert len(project.summary()["cells"]) == 4
    result.stdout.fnmatch_lines(["owl *cpu *"])
    # They took turns, and their times are as good as those of one process.
    warnings = [w for c in project.summary()["cells"] for w in c["warnings"]]
    assert not any("xdist" in warning for warning in warnings)


ONE_FORM = """
[models.base]
backend = "scripted"
devices = ["cpu"]
chat = false
options = { answer = "positive" }
"""


def test_a_task_without_a_prompt_for_a_model_fails_before_it_is_loaded(
    project: Project,
) -> None:
    """The cell says what to add, and cells of other models run."""
    tasks, models = (
        project.pytester.path / f"{name}.toml" for name in ("tasks", "models")
    )
    prompt = 'completion_prompt = "{{ text }} is"'
    project.write("tasks.toml", tasks.read_text("utf-8").replace(prompt, ""))
    project.write("models.toml", models.read_text("utf-8") + ONE_FORM)

    result = project.run("--llm=base", "--llm=parrot", "-k", "sentiment", "-m", "cpu")

    result.assert_outcomes(passed=1, errors=1)
    told = result.stdout.str()
    assert "task 'sentiment/tiny' has no completion_prompt, and model 'base'" in told
    assert "a completion_prompt, or the model's entry chat = true" in told
    assert {record["model"] for record in project.records()} == {"parrot"}
