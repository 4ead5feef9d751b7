"""Progress of workers, which have no terminal: their controller tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CONTROLLER = """
from pathlib import Path

import pytest
from pytest_llmlat.plugin import progress

progress.EVERY_NS = 10_000_000
TOLD = Path(__file__).with_name("told")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if hasattr(config, "workerinput"):
        return
    reporter = config.pluginmanager.getplugin("terminalreporter")
    write = reporter.write_line

    def write_line(line, **markup):
        write(line, **markup)
        if line.startswith("llmlat: ") and "sample 2 of" in line:
            TOLD.touch()

    reporter.write_line = write_line
"""

TEST = """
import time
from pathlib import Path

import pytest


@pytest.mark.llm("sentiment/tiny", samples=2)
def test_sentiment(llm, llmlat):
    llmlat.run(llm)
    told = Path(__file__).with_name("told")
    end = time.monotonic() + 60
    while not told.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert told.exists()
"""


@pytest.mark.slow
def test_a_controller_tells_how_far_its_workers_are(project: Project) -> None:
    """A worker that takes hours is heard of before its end, in a log too."""
    project.write("conftest.py", CONTROLLER)
    project.write("test_models.py", TEST)

    result = project.run_apart("-n1", "--llm=parrot")

    result.assert_outcomes(passed=1)
    lines = [line for line in result.outlines if line.startswith("llmlat: ")]
    assert "sample 2 of 2  sentiment/tiny|parrot|cpu|single  acc" in lines[-1]
    assert "\x1b[" not in result.stdout.str()


def test_a_project_without_models_hears_nothing(pytester: pytest.Pytester) -> None:
    """Nor does it find a thread or a folder of ours afterwards."""
    pytester.makepyfile("def test_light(): pass")

    result = pytester.runpytest_subprocess("-n1", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("llmlat:*")
    assert not (pytester.path / ".llmlat").exists()
