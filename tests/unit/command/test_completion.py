"""A shell completes what is there: commands, options, runs and models."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command.completion import model_names, run_names
from tests.unit.stored_runs import a_stored_run, answers

if TYPE_CHECKING:
    from pathlib import Path

CALL = "from pytest_llmlat.command import main; main()"


def completed(folder: Path, line: str) -> list[str]:
    """Return what the command offers for a line, as a shell asks it."""
    pytest.importorskip("argcomplete")
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(folder / "offered"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", CALL],
        cwd=folder,
        env={**os.environ, **asked},
        check=True,
    )
    return [word.strip() for word in (folder / "offered").read_text().splitlines()]


@pytest.mark.slow
def test_commands_options_and_runs_are_completed(tmp_path: Path) -> None:
    """Each where it may stand."""
    a_stored_run(tmp_path / ".llmlat" / "runs" / "r1", answers())

    assert completed(tmp_path, "llmlat wat") == ["watch"]
    assert completed(tmp_path, "llmlat watch --pa") == ["--page"]
    assert completed(tmp_path, "llmlat show l") == ["last"]
    assert completed(tmp_path, "llmlat show .llm") == [".llmlat/runs/r1"]


def test_names_are_those_of_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest run first; a catalogue that is broken offers nothing."""
    monkeypatch.chdir(tmp_path)
    assert run_names() == ["last"]
    for name in ("2026-1", "2026-2"):
        a_stored_run(tmp_path / ".llmlat" / "runs" / name, answers())

    assert run_names()[:2] == ["last", ".llmlat/runs/2026-2"]
    assert "smollm2-135m" in model_names()
    (tmp_path / "pyproject.toml").write_text("[tool", "utf-8")
    assert model_names() == []
