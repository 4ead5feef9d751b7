"""The command ``llmlat`` as a shell would call it, whatever the subcommand."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import COMMANDS, main, parser
from pytest_llmlat.command import tasks as tasks_command
from tests.test_layers import HEAVY
from tests.unit.stored_runs import HOSTILE, ODD, a_stored_run, answers

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs" / "command.md"


def subcommand(name: str) -> argparse.ArgumentParser:
    """Return the parser of a subcommand, with its arguments."""
    whole = parser([name])
    (choices,) = [
        action.choices
        for action in whole._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    found: argparse.ArgumentParser = choices[name]
    return found


def options(name: str) -> Iterator[str]:
    """Yield what can be typed after a subcommand."""
    for action in subcommand(name)._actions:
        if "--help" not in action.option_strings:
            yield from action.option_strings or [str(action.metavar)]


def test_help_lists_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, as success."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(name in told for name in COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it does, and each of its arguments."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(option in told for option in options(name))
    assert subcommand(name).description


@pytest.mark.slow
def test_help_loads_nothing_heavy() -> None:
    """Whoever only asks how it is called does not wait for a library, nor for ours."""
    code = (
        "import sys\nfrom pytest_llmlat.command import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([n for n in {sorted([*HEAVY, 'pytest'])!r} if n in sys.modules])\n"
        "print([n for n in sys.modules if n.startswith('pytest_llmlat.')])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    *_, heavy, ours = done.stdout.splitlines()
    assert heavy == "[]"
    assert ours == "['pytest_llmlat.command']"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_documentation_names_every_option(name: str) -> None:
    """An option that nobody reads of is not there."""
    if not DOCS.is_file():
        pytest.skip("docs/ is not beside the tests")
    section = DOCS.read_text("utf-8").partition(f"\n## llmlat {name}\n")[2]

    text = section.partition("\n## ")[0]

    assert [option for option in options(name) if f"`{option}" not in text] == []
    assert f"llmlat {name}" in text


def test_a_command_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage says which there are."""
    with pytest.raises(SystemExit) as ended:
        main(["calibrat"])

    assert ended.value.code == 2
    assert "did you mean 'calibrate'?" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As whoever reports a fault is asked for it."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"pytest-llmlat {version('pytest-llmlat')}\n"


def test_a_problem_is_one_line_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Misuse is status 2; the name is shown with nothing that a terminal obeys."""
    assert main(["show", "absent\x1b[2J"]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith(
        "llmlat: run absent\N{REPLACEMENT CHARACTER}[2J: there is no"
    )


def test_a_file_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its name, and as a failure: it was called as it should be."""
    run = a_stored_run(tmp_path / "runs" / "r", answers())
    target = tmp_path / "absent" / "rows.jsonl"

    assert main(["export", str(run), "--to", str(target)]) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"llmlat: {target.parent}")
    assert "No such file or directory" in line


def test_ctrl_c_ends_it_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the status that a shell knows."""

    def interrupted(given: argparse.Namespace) -> int:
        raise KeyboardInterrupt(given.command)

    monkeypatch.setattr(tasks_command, "run", interrupted)

    assert main(["tasks"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error() -> None:
    """As in ``llmlat tasks | head -1``: no traceback, and no complaint at the exit."""
    command = [sys.executable, "-m", "pytest_llmlat.command", "tasks"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()

    assert told == ""
    assert process.returncode == 141


@pytest.mark.slow
def test_letters_that_the_terminal_lacks_are_escaped(tmp_path: Path) -> None:
    """A name with an owl does not break a run of a terminal that knows ASCII alone."""
    run = a_stored_run(tmp_path / "runs" / "r", answers(ODD))

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-m", "pytest_llmlat.command", "show", str(run)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert rb'hf:org/\U0001f989 "owl"' in done.stdout


@pytest.mark.parametrize("arguments", [["show"], ["show", "--wrong"], ["history"]])
def test_output_has_no_control_characters(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No colour of ours, and nothing that a name or an answer would have obeyed."""
    name, *rest = arguments
    run = a_stored_run(
        tmp_path / "runs" / "r", answers(HOSTILE, right=3), commit=HOSTILE
    )
    folder = run.parent if name == "history" else run

    assert main([name, str(folder), *rest]) == 0

    told = capsys.readouterr().out
    assert "evil" in told
    assert not {"\x1b", "\u202e", "\r"} & set(told)
