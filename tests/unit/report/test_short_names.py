"""Long addresses have short names in what people read, each told once."""

from __future__ import annotations

import json
from html import unescape
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.report.short_names import renamed
from pytest_llmlat.values.results import Tuning
from tests.unit.stored_runs import a_stored_run, answers

if TYPE_CHECKING:
    from pathlib import Path

LONG = "gguf:/srv/weights/checkpoints/2026/support-q4.gguf"
OTHER = "http://models.example.invalid:8000/v1#support-q4"


def shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *models: str
) -> tuple[Path, str]:
    """Return a run of some models, and its scoreboard on a terminal."""
    run = a_stored_run(tmp_path / "runs" / "r1", *map(answers, models))
    assert main(["show", str(run)]) == 0
    return run, capsys.readouterr().out


@pytest.mark.slow
def test_a_long_address_stands_once_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All else calls the model by the last part of it."""
    _, told = shown(tmp_path, capsys, LONG, "owl")

    assert told.count(LONG) == 1
    assert f"name support-q4: {LONG}\n" in told
    assert "support-q4 on cpu " in told


@pytest.mark.slow
def test_two_models_never_get_the_same_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor one the name of a third that is short already."""
    _, told = shown(tmp_path, capsys, LONG, OTHER, "support-q4")

    assert f"name support-q4-2: {LONG}\n" in told
    assert f"name support-q4-3: {OTHER}\n" in told


def test_settings_of_one_model_share_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is varied stays to be read."""
    _, told = shown(tmp_path, capsys, f"{LONG}[threads=1]", f"{LONG}[threads=2]")

    assert "support-q4[threads=2] on cpu" in told
    assert told.count(LONG) == 1


@pytest.mark.slow
def test_names_that_fit_stay_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name of a catalogue is the user's own word."""
    _, told = shown(tmp_path, capsys, "hf:org/name", "a-long-name-that-is-no-address")

    assert "\nname " not in told
    assert "hf:org/name on cpu" in told


@pytest.mark.slow
def test_page_and_report_tell_it_and_programs_get_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the files of programs the address is the model's identity."""
    run, _ = shown(tmp_path, capsys, LONG)
    out = tmp_path / "out"

    assert main(["report", str(run), "--out", str(out)]) == 0

    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["models"][0]["model"] == LONG
    told = unescape((out / "report.md").read_text("utf-8")).replace("<!-- -->", "")
    assert told.count(LONG) == 1
    page = (out / "report.html").read_text("utf-8")
    assert "<title>support-q4 on cpu - pytest-llmlat</title>" in page
    assert f"support-q4: {LONG}" in page


def test_an_entry_to_be_copied_names_the_real_place() -> None:
    """A table of figures may be short; a catalogue may not."""
    names = {LONG: "short"}
    tuning = Tuning(
        model=LONG,
        device="cpu",
        scenario="single",
        best=f"{LONG}[threads=2]",
        balanced=0.5,
        gain=None,
        front=(LONG,),
        left_out=(),
        entry=f'weights = "{LONG}"',
    )

    told = renamed(tuning, names)

    assert (told.model, told.best, told.front) == (
        "short",
        "short[threads=2]",
        ("short",),
    )
    assert told.entry == tuning.entry
    assert renamed(tuning, {}) is tuning
