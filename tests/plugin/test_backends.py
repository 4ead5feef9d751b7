"""A backend of a conftest file is one of all: entries and addresses name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.backend_kind import BACKENDS

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CONFTEST = """
from pytest_llmlat import Scripted
from pytest_llmlat.backends.backend_kind import BackendKind

def open_echo(deployment, clock):
    return Scripted({"": deployment.model.weights or "positive"}, clock=clock)

def pytest_llmlat_backends():
    kind = BackendKind(
        name="echo", open=open_echo, needs=None, devices=("cpu",), prefixes=("echo:",)
    )
    return {"echo": kind}
"""
ENTRY = """
[models.mine]
backend = "echo"
"""


def test_a_backend_of_a_conftest_runs(project: Project) -> None:
    """By an entry of a catalogue and by an address; its time of loading is told."""
    project.pytester.makeconftest(CONFTEST)
    (project.pytester.path / "more.toml").write_text(ENTRY, "utf-8")

    result = project.run(
        *("--llm-models=more.toml", "--llm=mine", "--llm=echo:positive"),
        *("-k", "sentiment"),
    )

    result.assert_outcomes(passed=2)
    cells = project.summary()["cells"]
    assert {cell["model"] for cell in cells} == {"mine", "echo:positive"}
    assert all(cell["load_s"] is not None for cell in cells)


def test_a_backend_of_a_conftest_ends_with_its_session(project: Project) -> None:
    """The next session in this process does not know it."""
    project.pytester.makeconftest(CONFTEST)
    project.run("--llm=echo:positive", "--collect-only")

    assert "echo" not in BACKENDS


def test_a_backend_that_is_none_is_a_usage_error(project: Project) -> None:
    """With the hook that gave it and what is wrong."""
    project.pytester.makeconftest("def pytest_llmlat_backends(): return {'x': print}")

    result = project.run("--llm=parrot")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*backend 'x' of pytest_llmlat_backends in *: must be a BackendKind*"]
    )
