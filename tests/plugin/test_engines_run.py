"""An engine that is started for a run, measured and stopped; a real process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups"),
]
FAKE = Path(__file__).parents[1] / "unit" / "backends" / "engines" / "fake_engine.py"


def an_engine(project: Project, flags: str) -> tuple[str, ...]:
    """Write the entry of an engine; return the options that measure it."""
    project.write(
        "engines.toml",
        '[models.fake]\nbackend = "engine"\nweights = "fake"\ndevices = ["cpu"]\n'
        f"command = \"{{python}} '{FAKE}' --port {{port}} --name fake {flags}\"\n"
        "options = { probe = false, retries = 0 }\n",
    )
    return ("--llm-models=engines.toml", "--llm=fake")


def test_a_run_starts_measures_and_stops_it(project: Project) -> None:
    """Its facts stand in the summary, and no process is left."""
    pids = project.pytester.path / "pids"

    result = project.run(*an_engine(project, f"--pids '{pids}'"), "-k", "reasoning")

    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    (cell,) = project.summary()["cells"]
    assert cell["errors"] == 0
    assert cell["engine"]["name"] == "command"
    assert cell["engine"]["starts"] == 1
    assert "--port {port}" in cell["engine"]["command"]
    assert cell["load_s"] == cell["engine"]["startup_s"] > 0
    for pid in pids.read_text("ascii").split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_crash_fails_its_cell_and_the_next_starts_it_anew(project: Project) -> None:
    """What was measured before stays; the last lines are shown."""
    once = project.pytester.path / "died"
    options = an_engine(project, f"--dies-after 3 --once '{once}'")

    result = project.run(*options)

    told = result.stdout.str()
    assert "its engine was killed by SIGKILL; its last lines:" in told
    assert "| out of memory" in told
    first, second = project.summary()["cells"]
    assert first["partial"] is True
    assert first["samples"] == 3
    assert second["partial"] is False
    assert second["errors"] == 0
    assert second["engine"]["starts"] == 2


def test_two_engines_are_asked_in_turn(project: Project) -> None:
    """Both run at once, each on a port of its own, and both are told of."""
    options = an_engine(project, "")
    entries = project.pytester.path / "engines.toml"
    text = entries.read_text("utf-8")
    more = text.replace("[models.fake]", "[models.other]")
    entries.write_text(text + more, "utf-8")

    project.run(*options, "--llm-against=other", "-k", "reasoning")

    cells = {cell["model"]: cell for cell in project.summary()["cells"]}
    assert set(cells) == {"fake", "other"}
    assert all(cell["errors"] == 0 for cell in cells.values())
    assert all(cell["engine"]["starts"] == 1 for cell in cells.values())
