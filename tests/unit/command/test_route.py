"""``llmlat route``: what it prints, and that its lines can be pasted."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command import MISUSED, main
from tests.unit.builders import a_cell, a_record, a_timing
from tests.unit.stored_runs import ODD, a_stored_run

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record

COUNT = 60


def answers(model: str, seconds: float, every: int) -> list[Record]:
    """Return answers of which every so-manieth cannot be read."""
    return [
        replace(
            a_record(
                f"s{n:02}",
                cell=a_cell(model),
                value=float(n % every != 0),
                timing=a_timing(seconds * (1 + n % 5 / 100)),
            ),
            unparsed=n % every == 0,
        )
        for n in range(COUNT)
    ]


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """Give the folder of a run in which a cascade is better than both models."""
    folder = a_stored_run(
        tmp_path / "runs" / "r1",
        answers("small", 0.1, 2),
        answers("large", 1.0, 20),
    )
    return str(folder)


@pytest.mark.slow
def test_the_terminal_names_the_best_and_how_sure_it_is(
    stored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last sentence is what a person wanted to know."""
    assert main(["route", stored]) == 0

    told = capsys.readouterr().out
    assert "Best balance: small > large if unparsed" in told
    assert 'steps = ["small", "large"]' in told
    assert told.splitlines()[-1].startswith(
        "small > large if unparsed has a better balance than large alone"
    )


@pytest.mark.slow
def test_the_lines_of_a_catalogue_can_be_read(
    stored: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Appended to a file that has both models they make a third."""
    assert main(["route", stored, "--toml"]) == 0

    lines = capsys.readouterr().out
    steps = "".join(
        f'[models.{name}]\nbackend = "scripted"\ndevices = ["cpu"]\n'
        for name in ("small", "large")
    )
    path = tmp_path / "models.toml"
    path.write_text(steps + lines, "utf-8")
    entry = load_models([path]).entries["small-then-large"]
    assert [step.name for step in entry.steps] == ["small", "large"]
    assert entry.go_on[0].unparsed


@pytest.mark.slow
def test_names_from_elsewhere_are_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name with quotes and slashes makes neither other keys nor other Markdown."""
    folder = a_stored_run(
        tmp_path / "runs" / "r1", answers(ODD, 0.1, 2), answers("large", 1.0, 20)
    )

    assert main(["route", str(folder), "--toml"]) == 0
    read = tomllib.loads(capsys.readouterr().out)
    assert main(["route", str(folder), "--markdown"]) == 0
    told = capsys.readouterr().out

    (entry,) = read["models"].values()
    assert entry["steps"] == [ODD, "large"]
    assert "$x_1$" not in told.partition("```toml")[0]


@pytest.mark.slow
def test_json_has_all_routes_and_intervals(
    stored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing is null, and nothing is a number that JSON has not."""
    assert main(["route", stored, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    best = told["chosen"][0]
    assert best["route"]["go_on"] == [{"unparsed": True}]
    assert best["predicted"]["low"] < best["predicted"]["high"]
    assert best["better"] is True
    assert [one["route"]["words"] for one in told["models"]] == ["large", "small"]
    assert told["currency"] is None
    assert told["items"] == COUNT


@pytest.mark.slow
def test_models_of_several_runs_are_routed_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each may have been measured in a run of its own."""
    folders = [
        str(a_stored_run(tmp_path / "runs" / name, own))
        for name, own in {
            "r1": answers("small", 0.1, 2),
            "r2": answers("large", 1.0, 20),
        }.items()
    ]

    assert main(["route", *folders]) == 0
    assert "small > large if unparsed" in capsys.readouterr().out


@pytest.mark.slow
def test_another_machine_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times of two machines are added, which nobody could run so."""
    one = a_stored_run(tmp_path / "runs" / "r1", answers("small", 0.1, 2), host="desk")
    two = a_stored_run(tmp_path / "runs" / "r2", answers("large", 1.0, 20), host="lap")

    assert main(["route", str(one), str(two)]) == 0
    assert "desk, lap" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--model", "smal"], "did you mean 'small'"),
        (["--model", "small"], "only 'small' was measured"),
        (["--not-worse-than", "larg"], "did you mean 'large'"),
        (["--tolerance", "2"], "between 0 and 1"),
        (["--tolerance", "nan"], "between 0 and 1"),
        (["--device", "mps"], "cpu"),
        (["--balance", "quality=1 speed=1 cost=1"], "the cheapest route"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    stored: str, given: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the status of a misuse."""
    assert main(["route", stored, *given]) == MISUSED
    assert told in capsys.readouterr().err


def test_a_run_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As any other command does."""
    assert main(["route", str(tmp_path / "absent")]) == MISUSED
    assert "no such folder" in capsys.readouterr().err
