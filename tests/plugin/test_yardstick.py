"""A yardstick beside each cell, so that a stored run of another machine compares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.store import baselines
from tests.plugin.gated import CELL, FAILED, OK, USAGE, Gated, at_rest, model

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

YARD = "--llm-yardstick=rod"
BESIDE = "sentiment/tiny|rod@yardstick|cpu|single"
QUICK, TWICE = 0.02, 0.04


def machine(gated: Gated, *, wise: float, rod: float) -> None:
    """Let both models take so long, as on another machine or after a change."""
    entries = model("wise", "wise", wise) + model("rod", "wise", rod)
    gated.project.write("models.toml", entries)


@pytest.fixture
def gated(project: Project, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """Give a project whose run was stored, with a yardstick, on a quick machine."""
    at_rest(monkeypatch)
    made = Gated(project)
    made.samples(24)
    made.limits()
    script = {"good": "positive", "bad": "negative"}
    project.write("wise.json", json.dumps(script))
    made.ini("llm = wise", "addopts = test_models.py")
    machine(made, wise=QUICK, rod=QUICK)
    assert made.run(YARD, "--llm-save-baseline=baseline.json").ret == OK
    return made


def test_a_slower_machine_is_no_regression(gated: Gated) -> None:
    """With a yardstick; without one, twice the time is."""
    machine(gated, wise=TWICE, rod=TWICE)

    assert gated.compare().ret == FAILED
    result = gated.compare(YARD)

    assert result.ret == OK
    told = [v for v in gated.project.summary()["verdicts"] if v["quantity"] == "e2e"]
    assert all("by the yardstick, which took" in v["note"] for v in told)
    assert all(abs(v["change"]) < 0.3 for v in told)
    assert all(v["baseline"] > 1.5 * QUICK for v in told)


def test_a_slower_model_is_one_all_the_same(gated: Gated) -> None:
    """On a machine of the same speed, and on a faster one, where it looks the same."""
    machine(gated, wise=TWICE, rod=QUICK)
    assert gated.compare(YARD).ret == FAILED
    machine(gated, wise=QUICK, rod=QUICK / 4)
    assert gated.compare(YARD).ret == FAILED


def test_its_records_are_kept_and_are_no_row(gated: Gated) -> None:
    """It is stored beside the cell, its cost told, and nobody is ranked against it."""
    stored = baselines.load(gated.baseline)

    assert [cell.cell.id for cell in stored.cells] == [CELL, BESIDE]
    assert [c["id"] for c in gated.project.summary()["cells"]] == [CELL]
    cells = [row["cell"] for row in gated.project.records()]
    assert (cells.count(CELL), cells.count(BESIDE)) == (24, 24)
    assert {*cells[:2]} == {*cells[2:4]} == {CELL, BESIDE}
    (told,) = (
        v for v in gated.project.summary()["verdicts"] if v["quantity"] == "yardstick"
    )
    assert told["note"].startswith("rod@yardstick took")


def test_a_baseline_without_one_is_compared_as_ever(gated: Gated) -> None:
    """There is nothing to scale its times by."""
    gated.baseline.unlink()
    assert gated.run("--llm-save-baseline=baseline.json").ret == OK

    assert gated.compare(YARD).ret == OK
    notes = [v["note"] or "" for v in gated.project.summary()["verdicts"]]
    assert not any("by the yardstick" in note for note in notes)


def test_what_is_compared_in_turn_needs_none(gated: Gated) -> None:
    """It would only cost time."""
    result = gated.run(YARD, "--llm-against=rod")

    assert result.ret == USAGE
    result.stderr.fnmatch_lines(["*needs no yardstick*"])


def test_a_model_may_be_its_own_yardstick(gated: Gated) -> None:
    """Under another name, so that no cell is measured twice."""
    assert gated.run("--llm-yardstick=wise").ret == OK
    assert {row["cell"].split("|")[1] for row in gated.project.records()} == {
        "wise",
        "wise@yardstick",
    }


def test_stored_runs_are_compared_by_it_afterwards_too(gated: Gated) -> None:
    """The command reads what a run of the gate reads, and calls no yardstick a cell."""
    machine(gated, wise=TWICE, rod=TWICE)
    assert gated.run(YARD).ret == OK

    told = main(["compare", str(gated.baseline), str(gated.project.runs[-1])])

    assert told == 0
