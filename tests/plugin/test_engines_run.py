"""An engine that is started for a run, measured and stopped; a real process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.measure import managed_servers

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


def two(project: Project) -> tuple[str, ...]:
    """Write the entries of two engines; return the options that compare them."""
    options = an_engine(project, "")
    entries = project.pytester.path / "engines.toml"
    text = entries.read_text("utf-8")
    more = text.replace("[models.fake]", "[models.other]")
    entries.write_text(text + more, "utf-8")
    return (*options, "--llm-against=other")


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
    project.run(*two(project), "-k", "reasoning")

    cells = {cell["model"]: cell for cell in project.summary()["cells"]}
    assert set(cells) == {"fake", "other"}
    assert all(cell["errors"] == 0 for cell in cells.values())
    assert all(cell["engine"]["starts"] == 1 for cell in cells.values())


def test_engines_that_memory_does_not_hold_take_turns(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is started for its block, and stopped before the other is."""
    monkeypatch.setattr(managed_servers, "available_bytes", lambda: 1)

    result = project.run(*two(project), "-k", "sentiment")

    cells = {cell["model"]: cell for cell in project.summary()["cells"]}
    assert set(cells) == {"fake", "other"}
    assert all(cell["errors"] == 0 for cell in cells.values())
    assert all(cell["partial"] is False for cell in cells.values())
    starts = [cell["engine"]["starts"] for cell in cells.values()]
    # Six pairs of blocks, each with three starts.
    assert sum(starts) >= 6 * 3
    told = result.stdout.str()
    assert "6 pairs of blocks of 1 requests or more" in told
    assert "engines started anew for each" in told


def test_too_few_samples_for_engines_in_turn_are_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what would be enough."""
    monkeypatch.setattr(managed_servers, "available_bytes", lambda: 1)

    result = project.run(*two(project), "-k", "reasoning")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = " ".join(result.stdout.str().split())
    assert "memory holds one of the two engines" in told
    assert "ask 6 samples or more" in told
