"""Two prompts of one model in turn, as a user types it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.plugin.gated import FAILED, OK, USAGE, Gated, at_rest, model

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


@pytest.fixture
def gated(project: Project, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """Give a model that is right only when it is asked politely."""
    at_rest(monkeypatch)
    made = Gated(project)
    made.samples(24)
    made.limits()
    script = {"please good": "positive", "please bad": "negative", "": "negative"}
    project.write("wise.json", json.dumps(script))
    project.write("models.toml", model("wise", "wise"))
    project.write("polite.txt", "please {{ text }}\n")
    project.write("rude.txt", "{{ text }}\n")
    made.ini("llm = wise", "addopts = test_models.py")
    return made


def quality(gated: Gated) -> tuple[str, str, float, float]:
    """Return what the gate says of quality."""
    (found,) = (
        v
        for v in gated.project.summary()["verdicts"]
        if v["quantity"] == "quality" and v["samples"]
    )
    return found["outcome"], found["against"], found["baseline"], found["candidate"]


def test_a_worse_prompt_is_a_regression(gated: Gated) -> None:
    """Judged beside the first, on the same samples, each asked twice of both."""
    result = gated.run("--llm-prompt=polite.txt,rude.txt")

    assert result.ret == FAILED
    assert quality(gated) == ("regression", "prompt polite", 1.0, 0.5)
    cells = [row["cell"] for row in gated.project.records()]
    assert {c: cells.count(c) for c in cells} == {
        "sentiment/tiny#rude|wise|cpu|single": 48,
        "sentiment/tiny#polite|wise|cpu|single": 48,
    }
    quantities = {v["quantity"] for v in gated.project.summary()["verdicts"]}
    assert {"e2e", "ttft", "quality", "balanced"} <= quantities


def test_one_prompt_is_beside_the_tasks_own(gated: Gated) -> None:
    """A better one passes."""
    assert gated.run("--llm-prompt=polite.txt").ret == OK
    assert quality(gated) == ("pass", "prompt own", 0.5, 1.0)


def test_the_prompt_of_the_base_branch_is_asked_beside_it(gated: Gated) -> None:
    """The same model, whose task asks otherwise now: both halves are gated."""
    tasks = (gated.folder / "tasks.toml").read_text("utf-8")
    own = "Is this positive or negative? {{ text }}"
    assert own in tasks
    (gated.folder / "base").mkdir()
    for name in ("models.toml", "wise.json", "tox.ini", "tiny.jsonl"):
        text = (gated.folder / name).read_text("utf-8")
        (gated.folder / "base" / name).write_text(text)
    polite = tasks.replace(own, "please {{ text }}")
    (gated.folder / "base" / "tasks.toml").write_text(polite)

    result = gated.run("--llm-against=wise", "--llm-gate-from=base")

    assert result.ret == FAILED
    assert quality(gated) == ("regression", "wise@base", 1.0, 0.5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--llm-prompt=a,b,c"], "*write two prompts*"),
        (
            ["--llm-prompt=polite.txt", "--llm-save-baseline"],
            "*has no place beside it*",
        ),
        (["--llm-prompt=nowhere.txt"], "*unknown prompt 'nowhere.txt'*"),
    ],
)
def test_what_cannot_be_compared_is_told(
    gated: Gated, options: list[str], told: str
) -> None:
    """Before anything is measured."""
    result = gated.run(*options)

    assert result.ret in (FAILED, USAGE)
    assert (
        not gated.project.runs
        or not (gated.project.runs[-1] / "records.jsonl").exists()
    )
    (result.stdout if result.ret == FAILED else result.stderr).fnmatch_lines([told])
