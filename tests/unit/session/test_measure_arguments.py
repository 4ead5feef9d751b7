"""What `measure` takes, and what it says of what it cannot take."""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat import (
    Task,
    measure_models,
)
from pytest_llmlat.session.argument_table import argument_of
from pytest_llmlat.values.errors import (
    BadCatalogue,
    UnknownName,
    UsageError,
)
from pytest_llmlat.values.sampling import DrawnAnswers
from pytest_llmlat.values.settings import Settings
from tests.unit.session.parrots import OWL, PARROT, a_tiny_task, runs

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Task

pytestmark = pytest.mark.slow


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Give a task of six samples, half of which the parrot gets right."""
    return a_tiny_task(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"models": "parot"}, r"^models: unknown model 'parot'; did you mean 'parrot'"),
        ({"models": []}, r"^models: there is none"),
        ({"models": 3}, r"^models: give a name or a ModelSpec"),
        ({"models": [PARROT, replace(OWL, name="parrot")]}, r"^models: two of them"),
        ({"tasks": "sentiment/tny"}, r"^tasks: unknown task"),
        ({"tasks": PARROT}, r"^tasks: give a name or a Task"),
        ({"samples": 0}, r"^samples: must be a whole number of at least 1"),
        ({"samples": True}, r"^samples: must be a whole number"),
        ({"samples": 2.5}, r"^samples: "),
        ({"samples": []}, r"^samples: "),
        ({"samples": "many"}, r"^samples: give a whole number above 0, 'all', or"),
        ({"seed": -1}, r"^seed: must be a whole number of at least 0"),
        ({"requests": 0}, r"^requests: must be"),
        ({"scenario": "concurrent"}, r"^scenario: "),
        ({"devices": "gpu"}, r"^devices: unknown device 'gpu'"),
        ({"slo": "ttft<soon"}, r"^slo: "),
        ({"timeout": 0}, r"^timeout: must be above 0 s"),
        ({"timeout": "soon"}, r"^timeout: "),
        ({"balance": "mean"}, r"^balance: must be a mean"),
        ({"sandbox": "sand"}, r"^sandbox: unknown value"),
        ({"code_limits": "time"}, r"^code_limits: "),
        ({"data": "absent"}, r"^data: there is no folder"),
        ({"against": "parrot"}, r"^against=parrot: is what models names too"),
        ({"against": "owl", "vary": "ttft_s=1,2"}, r"^against=owl: .* and vary makes"),
        ({"against": "owl", "requests": 3}, r"^against=owl: .* requests has no place"),
        ({"against": "nobody"}, r"^against: unknown model 'nobody'"),
        ({"tolerances": "e2e=fast"}, r"^tolerances: "),
        ({"limits": "quality>0.5"}, r"^limits: "),
        ({"new_cells": "what"}, r"^new_cells: unknown value"),
        ({"inconclusive": "what"}, r"^inconclusive: unknown value"),
        ({"vary": "a"}, r"^vary: "),
    ],
)
def test_a_complaint_names_the_argument(
    tmp_path: Path, task: Task, arguments: dict[str, Any], told: str
) -> None:
    """A typo is told before anything is loaded, in words of Python; nothing is left."""
    catalogue = tmp_path / "pyproject.toml"
    entry = '[tool.pytest-llmlat.models.{}]\nbackend = "scripted"\ndevices = ["cpu"]\n'
    catalogue.write_text(entry.format("parrot") + entry.format("owl"), "utf-8")
    given = {"models": PARROT, "tasks": task, "root": tmp_path, **arguments}

    with pytest.raises(UsageError, match=told) as caught:
        measure_models(**given)

    assert not re.search(r"--llm(?!-models FILE|-tasks FILE)", str(caught.value))
    assert not runs(tmp_path)


def test_an_unknown_name_keeps_its_type(tmp_path: Path, task: Task) -> None:
    """Whoever catches errors by type can tell a typo from a lack of memory."""
    with pytest.raises(UnknownName):
        measure_models("parot", task, root=tmp_path)


def test_an_argument_that_there_is_not_is_told_with_the_nearest(task: Task) -> None:
    """As any function does; nothing is read before."""
    with pytest.raises(TypeError, match=r"'sample'; did you mean 'samples'\?"):
        measure_models("nobody", task, sample=3)  # type: ignore[call-arg]


def test_help_tells_what_each_argument_means() -> None:
    """A notebook asks the function itself; positions are as they are written."""
    told = inspect.getdoc(measure_models) or ""
    shown = list(inspect.signature(measure_models).parameters)

    assert shown[:3] == ["models", "tasks", "samples"]
    for name in shown:
        assert re.search(rf"^ +{name}: \w", told, re.MULTILINE), name


def test_every_setting_is_an_argument_and_every_argument_is_documented() -> None:
    """What a complaint names can be changed, and the page lists all there is."""
    arguments = set(inspect.signature(measure_models).parameters)
    settings = {field.name for field in dataclasses.fields(Settings)}
    of_pytest = {"folder", "names_given", "benchmark", "power"}
    of_pytest |= {"gate_from", "base", "proposed", "changed", "addressed"}
    of_pytest |= {"sitting", "joined"}
    page = (Path(__file__).parents[3] / "docs" / "python.md").read_text("utf-8")

    assert {argument_of(name) for name in settings - of_pytest} <= arguments
    for name in arguments:
        assert re.search(rf"`{name}[`=]", page), name


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"temperature": -1.0}, "temperature must be a number, 0 or more, not -1.0"),
        ({"top_p": 2.0}, "top_p must be above 0 and at most 1, not 2.0"),
        ({"repeats": 0}, "repeats must be a whole number above 0, not 0"),
    ],
)
def test_what_cannot_be_drawn_names_the_argument(
    tmp_path: Path, task: Task, given: dict[str, Any], told: str
) -> None:
    """Before anything is loaded."""
    with pytest.raises(UsageError, match=told):
        measure_models(PARROT, task, root=tmp_path, **given)


def test_arguments_say_how_answers_are_drawn(tmp_path: Path, task: Task) -> None:
    """What an entry says comes after them, and is a fact of the model."""
    warm = replace(PARROT, options=(*PARROT.options, ("temperature", 0.6)))

    run = measure_models(warm, task, root=tmp_path, top_p=0.9, repeats=2)
    hot = measure_models(warm, task, root=tmp_path, temperature=1.0)

    (summary,) = run.summaries
    assert summary.drawn == DrawnAnswers(repeats=2, temperature=0.6, top_p=0.9)
    assert dict(summary.backend)["temperature"] == 0.6
    assert "temperature" not in dict(hot.summaries[0].backend)
    assert summary.task_revision != hot.summaries[0].task_revision


def test_an_entry_with_a_temperature_that_is_none_is_refused(
    tmp_path: Path, task: Task
) -> None:
    """It names the entry and the option."""
    cold = replace(PARROT, options=(("temperature", -1),))

    with pytest.raises(BadCatalogue, match="option temperature = -1: must be a number"):
        measure_models(cold, task, root=tmp_path)


def test_each_of_two_models_in_turn_is_drawn_as_its_own_entry_says(
    tmp_path: Path, task: Task
) -> None:
    """The reference is not to be measured as the candidate's entry has it."""
    warm = replace(PARROT, name="warm", options=(("temperature", 0.6),))

    run = measure_models(PARROT, task, root=tmp_path, against=warm)
    same = measure_models(PARROT, task, root=tmp_path, against=warm, temperature=1.0)

    drawn = {s.cell.model: s.drawn for s in run.summaries}
    assert {name: how.temperature for name, how in drawn.items() if how} == {
        "parrot": 0.0,
        "warm": 0.6,
    }
    assert {s.drawn.temperature for s in same.summaries if s.drawn} == {1.0}
