"""A change is held to the rules of its base, and measured beside its base."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.plugin.gated import (
    FAILED,
    FAST,
    OK,
    SLOW,
    USAGE,
    Gated,
    at_rest,
    model,
)

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

BASE = "--llm-gate-from=base"


@pytest.fixture
def gated(project: Project, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """Give a project whose base branch stands in ``base``, alike."""
    at_rest(monkeypatch)
    made = Gated(project)
    made.samples(24)
    made.limits(quality=">=0.6")
    project.write("wise.json", '{"good": "positive", "bad": "negative"}')
    project.write("models.toml", model("wise", "wise"))
    made.ini("llm = wise", "llm_tolerance = e2e=5%", "addopts = test_models.py")
    (made.folder / "base").mkdir()
    for path in list(made.folder.iterdir()):
        if path.is_file():
            shutil.copy(path, made.folder / "base")
    return made


def notes(gated: Gated, quantity: str = "rules") -> list[str]:
    """Return what was said of the rules."""
    told = gated.project.summary()["verdicts"]
    return [f"{v['outcome']}: {v['note']}" for v in told if v["quantity"] == quantity]


def test_a_change_cannot_widen_what_it_is_held_to(gated: Gated) -> None:
    """Its own tolerance and its own marker's limit are shown and not followed."""
    gated.ini("llm_tolerance = e2e=10000%", "llm_limit = quality>=0.1")
    gated.limits(quality=">=0.05")
    gated.project.write("models.toml", model("wise", "wise", SLOW))

    result = gated.run(BASE, "--llm-against=wise")

    assert result.ret == FAILED
    told = gated.project.summary()["verdicts"]
    e2e = [v for v in told if v["quantity"] == "e2e"]
    assert [(v["outcome"], v["tolerance"]) for v in e2e] == [("regression", 0.05)]
    limits = [v["against"] for v in told if v["quantity"] == "quality"]
    assert "quality>=0.6" in limits
    assert "quality>=0.05" not in limits
    loosened = [n for n in notes(gated) if n.startswith("warned: this change loosens")]
    assert len(loosened) == 2
    assert any("e2e 5 % → 10000 %" in note for note in loosened)
    assert any("quality>=0.6 → quality>=0.05" in note for note in loosened)
    assert any(
        note.startswith("pass: this change tightens: limit quality>=0.1 is new")
        for note in notes(gated)
    )
    result.stdout.fnmatch_lines(["*this change loosens: e2e 5 % → 10000 %*"])


def test_the_reference_is_the_entry_of_the_base(gated: Gated) -> None:
    """The same name beside itself: the head's entry against the base's."""
    gated.project.write("models.toml", model("wise", "wise", SLOW))
    (gated.folder / "base" / "wise.json").write_text('{"": "positive"}')

    result = gated.run(BASE, "--llm-against=wise")

    assert result.ret == FAILED
    cells = {row["cell"].split("|")[1] for row in gated.project.records()}
    assert cells == {"wise", "wise@base"}
    verdicts = {
        v["quantity"]: v for v in gated.project.summary()["verdicts"] if v["samples"]
    }
    assert verdicts["e2e"]["against"] == "wise@base"
    # The script beside the base's catalogue is the base's.
    assert verdicts["balanced"]["baseline"] < 0.5


def test_nothing_changed_is_nothing_said(gated: Gated) -> None:
    """Equal rules need no words."""
    gated.project.write("models.toml", model("wise", "wise", FAST))

    assert gated.run(BASE, "--llm-limit=quality>=0.1").ret == USAGE
    assert gated.run(BASE).ret == OK
    assert notes(gated) == []


def test_the_tests_of_the_base_are_not_run(gated: Gated) -> None:
    """Pytest would collect them too where no folder of benchmarks is named."""
    result = gated.run(BASE, "-o", "addopts=")

    assert result.ret == OK
    result.assert_outcomes(passed=1)


def test_an_ini_file_that_the_change_adds_is_not_found_first(gated: Gated) -> None:
    """Pytest would take pytest.ini before tox.ini; the base has only the latter."""
    own = (gated.folder / "tox.ini").read_text("utf-8")
    gated.project.write("pytest.ini", own.replace("e2e=5%", "e2e=500%"))

    assert gated.run(BASE).ret == OK
    assert any("e2e 5 % → 500 %" in note for note in notes(gated))


def test_rules_that_are_typed_are_refused(gated: Gated) -> None:
    """A change can type them in addopts."""
    gated.ini("addopts = test_models.py --llm-tolerance=e2e=500%")

    result = gated.run(BASE)

    assert result.ret == USAGE
    result.stderr.fnmatch_lines(["*--llm-tolerance: --llm-gate-from takes it from*"])


def test_a_base_that_is_not_there_is_an_error(gated: Gated) -> None:
    """Not a gate with the change's own rules."""
    result = gated.run("--llm-gate-from=origin/nowhere")

    assert result.ret == USAGE
    result.stderr.fnmatch_lines(["*no such folder or file, and no such commit*"])


def test_an_ini_file_alone_may_be_named(gated: Gated) -> None:
    """It need not be called as pytest's."""
    gated.project.write("gate.ini", "[pytest]\nllm_tolerance =\n    e2e=1%\n")

    assert gated.run("--llm-gate-from=gate.ini").ret == OK
    assert any("loosens: e2e 1 % → 5 %" in note for note in notes(gated))
