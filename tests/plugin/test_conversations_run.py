"""Conversations and long texts, from the command line to the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.values.bundled import bundled

if TYPE_CHECKING:
    import pytest

    from tests.plugin.conftest import Project

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MODEL = '[models.wise]\nbackend = "scripted"\ndevices = ["cpu"]\n'


def ran(
    project: Project, task: str, answers: object, *options: str, keys: str = ""
) -> pytest.RunResult:
    """Run the bundled benchmarks with one task, on a model with a script."""
    project.write("wise.json", json.dumps(answers))
    entry = f'{MODEL}options = {{ script = "./wise.json", context = 700 }}\n'
    project.write("models.toml", entry + keys)
    project.write(
        "tasks.toml",
        '[tasks."long_context/near"]\nextends = "long_context/needles"\n'
        'options = { lengths = "256,512,1k", depths = "0,100", seed = 3 }\n',
    )
    return project.run(
        str(BENCHMARKS),
        "-c=tox.ini",
        f"--rootdir={project.pytester.path}",
        "--llm=wise",
        f"--llm-task={task}",
        *options,
    )


def right_answers() -> dict[str, str]:
    """Return the right answer to each turn of the bundled conversations."""
    rows = bundled("data/conversation/orders.jsonl").read_text("utf-8").splitlines()
    turns = [m for row in rows for m in json.loads(row)["messages"]]
    asked = [m for m in turns if m["role"] == "user"]
    assert len({m["content"] for m in asked}) == len(asked)
    return {m["content"]: m.get("answer", "OK") for m in asked}


def test_a_model_that_is_always_right_scores_one(project: Project) -> None:
    """Whole conversations are drawn; each turn has its line in every report."""
    result = ran(
        project,
        "conversation/orders",
        right_answers(),
        "--llm-samples=3",
        "--llm-report=report",
    )

    result.assert_outcomes(passed=1)
    (cell,) = project.summary()["cells"]
    assert (cell["quality"]["value"], cell["samples"]) == (1.0, 15)
    groups = cell["breakdown"]
    assert [group["values"] for group in groups] == [[str(n)] for n in range(1, 6)]
    assert [g["quality"] for g in groups] == [None, 1.0, 1.0, 1.0, 1.0]
    records = project.records()
    assert [r["turn"] for r in records] == [1, 2, 3, 4, 5] * 3
    assert [r["graded"] for r in records[:5]] == [False, True, True, True, True]
    result.stdout.fnmatch_lines(["conversation/orders by turn:", "model*ttft p50*"])
    folder = project.pytester.path / "report"
    assert "### conversation/orders by turn" in (folder / "report.md").read_text()
    assert "conversation/orders by turn" in (folder / "report.html").read_text()


def test_conversations_are_gated_as_wholes(project: Project) -> None:
    """A model that forgets is seen against its baseline; itself it is no worse than."""
    right, name = right_answers(), "--llm-baseline=base.json"
    ran(project, "conversation/orders", right, "--llm-save-baseline=base.json")

    same = ran(project, "conversation/orders", right, name)
    quality = {v["quantity"]: v for v in project.summary()["verdicts"]}["quality"]
    forgetful = {text: "1" if text[-1] == "?" else "OK" for text in right}
    worse = ran(project, "conversation/orders", forgetful, name)
    lost = {v["quantity"]: v for v in project.summary()["verdicts"]}["quality"]

    assert same.ret == 0
    assert (quality["change"], quality["samples"]) == (0.0, 6)
    assert worse.ret
    assert (lost["outcome"], lost["change"], lost["samples"]) == ("regression", 1.0, 6)


def test_two_models_in_turn_have_conversations_of_their_own(project: Project) -> None:
    """Each turn is asked with the answers of the very model, in the very round."""
    other = '[models.dull]\nbackend = "scripted"\ndevices = ["cpu"]\n'
    result = ran(
        project,
        "conversation/orders",
        right_answers(),
        "--llm-against=dull",
        "--llm-samples=5",
        keys=other + 'options = { answer = "1" }\n',
    )

    result.assert_outcomes(passed=1)
    cells = {cell["model"]: cell for cell in project.summary()["cells"]}
    assert cells["wise"]["quality"]["value"] == 1.0
    assert cells["dull"]["quality"]["value"] == 0.0
    assert all(cell["samples"] == 50 for cell in cells.values())


def test_a_prompt_that_is_too_long_is_told(project: Project) -> None:
    """In the cell's notes, beside its length, and in its record."""
    result = ran(project, "long_context/near", {"": "The locker number is 12."})

    result.assert_outcomes(passed=1)
    (cell,) = project.summary()["cells"]
    assert cell["context_overflows"] == 2
    told = {(*g["by"], *g["values"]): g["context_overflows"] for g in cell["breakdown"]}
    assert told["length", "1k"] == 2
    assert told["length", "512"] == 0
    assert told["depth", "0%"] == 1
    assert "context overflow: the prompt of" in project.records()[-1]["error"]
    result.stdout.fnmatch_lines(
        ["*2 context overflows*", "long_context/near by length:"]
    )


def test_conversations_run_under_a_load(project: Project) -> None:
    """Every turn has its record, and the table by turn is of the load."""
    result = ran(
        project,
        "conversation/orders",
        right_answers(),
        "--llm-samples=3",
        "--llm-scenario=concurrent:2",
    )

    result.assert_outcomes(passed=1)
    (cell,) = project.summary()["cells"]
    assert (cell["samples"], cell["quality"]["value"]) == (15, 1.0)
    assert cell["load"]["in_flight"] == 2
    assert {record["turn"] for record in project.records()} == {1, 2, 3, 4, 5}


def test_a_model_that_does_not_chat_is_refused(project: Project) -> None:
    """Messages are a chat, unless the task says how they read as one text."""
    result = ran(project, "conversation/orders", {"": "1"}, keys="chat = false\n")

    assert result.ret
    result.stdout.fnmatch_lines(["*is asked as a chat*does not chat*"])
