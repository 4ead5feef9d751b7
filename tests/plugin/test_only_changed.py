"""Only what has changed since the base is measured, and the rest is named."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.plugin.gated import FAILED, OK, USAGE, Gated, at_rest, model

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin.conftest import Project

OPTIONS = ("--llm-changed", "--llm-gate-from=base", "--llm-against=wise")


@pytest.fixture
def gated(project: Project, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """Give a project that is as its base branch is."""
    at_rest(monkeypatch)
    made = Gated(project)
    made.samples(24)
    made.limits()
    project.write("wise.json", json.dumps({"good": "positive", "bad": "negative"}))
    project.write("models.toml", model("wise", "wise"))
    made.ini("llm = wise", "addopts = test_models.py")
    (made.folder / "base").mkdir()
    for path in list(made.folder.iterdir()):
        if path.is_file():
            shutil.copy(path, made.folder / "base")
    return made


def left_out(gated: Gated) -> list[str]:
    """Return what was said of cells that were not measured, in the latest run."""
    text = (gated.project.runs[-1] / "verdicts.jsonl").read_text("utf-8")
    return [json.loads(line)["note"] for line in text.splitlines()]


def test_nothing_changed_is_nothing_measured(gated: Gated) -> None:
    """The run passes, and says of each cell why it has no figures."""
    result = gated.run(*OPTIONS)

    assert result.ret == OK
    result.assert_outcomes(skipped=1)
    told = "not measured: prompt, data and model are unchanged"
    # The reference is left out with its cell, which is no result of its own.
    result.stdout.no_fnmatch_line("*wise@base*")
    assert left_out(gated) == [told, told]
    result.stdout.fnmatch_lines(["*not measured: prompt, data and model are unchanged"])
    assert not (gated.project.runs[-1] / "records.jsonl").exists()


def test_what_is_left_out_lacks_nothing(gated: Gated) -> None:
    """Beside a cell that was measured neither it nor its reference is partial."""
    tasks = (gated.folder / "tasks.toml").read_text("utf-8")
    other = tasks.split("[tasks.")[1].replace("sentiment/tiny", "sentiment/other")
    for folder in (gated.folder, gated.folder / "base"):
        (folder / "tasks.toml").write_text(f"{tasks}\n[tasks.{other}", "utf-8")
    test = (gated.folder / "test_models.py").read_text("utf-8")
    gated.project.write(
        "test_models.py", test.replace('"sentiment/tiny"', '"sentiment"')
    )
    own = (gated.folder / "tasks.toml").read_text("utf-8")
    gated.project.write("tasks.toml", own.replace("Is this", "Is it", 1))

    result = gated.run(*OPTIONS)

    assert "skipped" in result.parseoutcomes()
    cells = [cell["id"] for cell in gated.project.summary()["cells"]]
    assert cells == [
        "sentiment/tiny|wise|cpu|single",
        "sentiment/tiny|wise@base|cpu|single",
    ]
    result.stdout.no_fnmatch_line("*never begun*")


def other_prompt(gated: Gated) -> None:
    """Change the words."""
    text = (gated.folder / "tasks.toml").read_text("utf-8")
    gated.project.write("tasks.toml", text.replace("Is this", "Is it"))


def other_rows(gated: Gated) -> None:
    """Change the data."""
    gated.samples(25)


def other_weights(gated: Gated) -> None:
    """Change what the entry's file holds, under the same name."""
    gated.project.write(
        "wise.json", '{"good": "positive", "bad": "negative", "x": "y"}'
    )


def other_settings(gated: Gated) -> None:
    """Change the entry."""
    gated.project.write("models.toml", model("wise", "wise", 0.003))


@pytest.mark.parametrize(
    "change", [other_prompt, other_rows, other_weights, other_settings]
)
def test_what_has_changed_is_measured(
    gated: Gated, change: Callable[[Gated], None]
) -> None:
    """Each of prompt, data and model by itself."""
    change(gated)

    result = gated.run(*OPTIONS)

    # Whether it passes is the gate's to say, and depends on how busy the machine is.
    assert "skipped" not in result.parseoutcomes()
    assert gated.project.records()


def test_beside_a_stored_run_digests_tell(gated: Gated) -> None:
    """The same machine, model, task and rows as the newest run."""
    gated.save()

    assert gated.compare("--llm-changed").ret == OK
    assert left_out(gated) == ["not measured: prompt, data and model are unchanged"]
    other_prompt(gated)
    assert "skipped" not in gated.compare("--llm-changed").parseoutcomes()


def test_a_task_that_the_base_has_not_is_measured(gated: Gated) -> None:
    """It is new, and nothing is known of it."""
    text = (gated.folder / "base" / "tasks.toml").read_text("utf-8")
    (gated.folder / "base" / "tasks.toml").write_text(text.replace("/tiny", "/other"))

    assert "skipped" not in gated.run(*OPTIONS).parseoutcomes()


def test_without_a_base_nobody_knows(gated: Gated) -> None:
    """To leave out everything would be no gate."""
    result = gated.run("--llm-changed")

    assert result.ret == USAGE
    result.stderr.fnmatch_lines(["*--llm-changed: since when?*"])


def test_a_run_with_holes_is_not_stored(gated: Gated) -> None:
    """Later runs would be compared with less."""
    result = gated.run(*OPTIONS[:2], "--llm-save-baseline")

    assert result.ret == USAGE


def test_a_run_that_measured_nothing_for_another_reason_fails(gated: Gated) -> None:
    """A gate that saw nothing is not passed."""
    assert gated.run(*OPTIONS, "-k", "nothing").ret in (FAILED, 5)
