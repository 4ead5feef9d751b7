"""Misuses of every kind are told before the first token, and nothing is measured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.plugin.misuses import MISUSES

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

ENDS = (
    pytest.ExitCode.USAGE_ERROR,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


@pytest.mark.parametrize("name", MISUSES)
def test_a_misuse_is_told_before_the_first_token(
    project: Project, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is that of a model or a test that would come last."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", "/nowhere")
    misuse, home = MISUSES[name], project.pytester.path
    for file, text in misuse.files.items():
        project.write(file, text)
    if misuse.instead is not None:
        file, part, instead = misuse.instead
        text = (home / file).read_text("utf-8")
        assert part in text
        project.write(file, text.replace(part, instead, 1))
    for file, more in (("models.toml", misuse.models), ("tasks.toml", misuse.tasks)):
        project.write(file, (home / file).read_text("utf-8") + more)
    if misuse.marker:
        project.write(
            "test_new.py",
            f"import pytest\n\n@pytest.mark.llm({misuse.marker})\n"
            "def test_new(llm, llmlat):\n    llmlat.run(llm)\n",
        )

    result = project.run(*misuse.args)

    told = " ".join((result.stdout.str() + result.stderr.str()).split())
    assert re.search(misuse.told, told), told
    assert result.ret in ENDS, told
    assert not list(home.rglob("records.jsonl"))
    assert "Traceback" not in told
    assert "INTERNALERROR" not in told


def test_what_one_model_cannot_do_leaves_the_others(project: Project) -> None:
    """It is told when tests were collected, and fails its own test unloaded."""
    models = (project.pytester.path / "models.toml").read_text("utf-8")
    alone = '\n[models.base]\nbackend = "scripted"\ndevices = ["cpu"]\nchat = false\n'
    project.write("models.toml", models + alone)
    tasks = (project.pytester.path / "tasks.toml").read_text("utf-8")
    project.write(
        "tasks.toml", tasks.replace('completion_prompt = "{{ text }} is"', "")
    )

    result = project.run("--llm=parrot", "--llm=base", "-k", "sentiment")

    result.assert_outcomes(passed=1, errors=1)
    lines = result.outlines
    (told,) = [
        n for n, line in enumerate(lines) if line.startswith("llmlat: will fail")
    ]
    assert "has no completion_prompt, and model 'base'" in lines[told]
    assert told < next(n for n, line in enumerate(lines) if line.startswith("test_mod"))
