"""``summary.json`` is what its published schema says, member for member."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.report.summary_json import SCHEMA, summary_text
from pytest_llmlat.values import keeping_up, results, row_comparison, tuning_race
from pytest_llmlat.values.cell_facts import Contention, Instrument, LoadFacts
from pytest_llmlat.values.cost_budget import CostBudget
from pytest_llmlat.values.device_memory import DeviceMemory
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.group_figures import GroupFigures
from pytest_llmlat.values.judging_figures import JudgeFigures, JudgingFigures
from pytest_llmlat.values.keeping_up import Steadiness
from pytest_llmlat.values.price import Price, TokenRate
from pytest_llmlat.values.records import Cell
from pytest_llmlat.values.results import (
    Contrast,
    Distribution,
    Estimate,
    Scoreboard,
    Standing,
    Summary,
    Tuning,
    Verdict,
)
from pytest_llmlat.values.row_comparison import (
    Apart,
    Comparison,
    Front,
    HalfBetter,
    Sweep,
    Unranked,
)
from pytest_llmlat.values.sampling import DrawnAnswers
from pytest_llmlat.values.sittings import ReusedAnswers, Sitting
from pytest_llmlat.values.stopping import Stopping
from pytest_llmlat.values.tuning_race import (
    ConfirmedGain,
    KeyWeight,
    RacedSetting,
    RaceFigure,
    TuningRace,
)
from tests.summary_schema import REFERENCE, reference_text, schema_text
from tests.unit.boards import HOSTILE, a_board, a_run
from tests.unit.builders import a_cell, some_facts
from tests.unit.random_boards import a_random_run
from tests.unit.tuning.races import A_RACE

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).parents[3] / "docs" / "summary.schema.json"
PUBLISHED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
DEFS: dict[str, Any] = PUBLISHED["$defs"]
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)
PARTS = {
    "estimate": Estimate,
    "distribution": Distribution,
    "load": LoadFacts,
    "steadiness": Steadiness,
    "stopping": Stopping,
    "sitting": Sitting,
    "reused_answers": ReusedAnswers,
    "price": Price,
    "cost_budget": CostBudget,
    "device_memory": DeviceMemory,
    "rate": TokenRate,
    "instrument": Instrument,
    "contention": Contention,
    "cell": Summary,
    "judging": JudgingFigures,
    "judge": JudgeFigures,
    "drawn": DrawnAnswers,
    "group": GroupFigures,
    "model": Standing,
    "comparison": Comparison,
    "front": Front,
    "apart": Apart,
    "unranked": Unranked,
    "sweep": Sweep,
    "half": HalfBetter,
    "contrast": Contrast,
    "tuning": Tuning,
    "verdict": Verdict,
    "race": TuningRace,
    "raced_setting": RacedSetting,
    "race_figure": RaceFigure,
    "confirmed_gain": ConfirmedGain,
    "key_weight": KeyWeight,
}
"""Each definition, and the values that it is about."""


def faults(run: dict[str, Any], board: Scoreboard) -> list[str]:
    """Return what the schema has against the file of a board."""
    content = json.loads(summary_text(run, board))
    return [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(content)]


def members(kind: type[Any]) -> set[str]:
    """Return what a value has in the file."""
    return {field.name for field in fields(kind)}


def objects(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - any JSON value
    """Yield every object of a schema, with where it stands."""
    if isinstance(part, dict):
        yield path, part
    for key, inner in (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    ):
        yield from objects(inner, f"{path}/{key}")


@pytest.mark.slow
def test_the_schema_is_one() -> None:
    """By the rules of JSON Schema itself, and of the version that is written."""
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)

    assert PUBLISHED["properties"]["schema"] == {
        "description": "Version of this format.",
        "const": SCHEMA,
    }


def test_figures_stand_in_the_schema_as_they_are_defined() -> None:
    """None is missing or described otherwise; ``python tests/summary_schema.py``."""
    text = FILE.read_text("utf-8")

    assert schema_text(text) == text


def test_a_figure_that_is_new_comes_into_both_documents() -> None:
    """Whatever stood there of it before, and nothing else changes."""
    schema, reference = FILE.read_text("utf-8"), REFERENCE.read_text("utf-8")
    old = json.loads(schema)
    del old["$defs"]["cell"]["properties"]["e2e_s"]
    row = next(ln for ln in reference.splitlines() if ln.startswith("| `e2e_s` "))

    assert json.loads(schema_text(json.dumps(old))) == PUBLISHED
    assert reference_text(reference.replace(f"{row}\n", "")) == reference


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("slo", ["", "e2e<2 ttft<0.5"])
def test_real_figures_are_valid(seed: int, slo: str) -> None:
    """Failures, loads, corpora, and a cell without records."""
    facts, records = a_random_run(seed, models=2)
    board = scoreboard(
        facts, records, balance="geometric", seed=0, slo=parse(slo, where="slo")
    )

    assert board.contrasts
    assert faults({"id": "r1"}, board) == []


def test_every_part_of_a_board_is_valid() -> None:
    """Verdicts of all outcomes, contention, the clock, and hostile names."""
    board = a_board(HOSTILE)
    instrument = Instrument(streams=1, requests=2, bias_s=-1e-4, jitter_p99_s=1e-3)
    cell = replace(board.summaries[0], instrument=instrument)
    gain = Contrast(
        row="a", other="b", difference=Estimate(value=0.1, low=0.0), certain=None
    )
    tuning = Tuning(
        model="a",
        device="cpu",
        scenario="single",
        front=("a~x",),
        best="a~x",
        balanced=0.5,
        gain=gain,
        entry="x = 1",
    )
    whole = replace(
        board,
        summaries=(cell,),
        contrasts=(gain,),
        tunings=(tuning, replace(tuning, gain=None)),
        races=(A_RACE, replace(A_RACE, confirmed=None, keys=())),
    )
    told = {**a_run(HOSTILE), "seconds": None, "problems": [HOSTILE], "host": None}

    assert faults({**told, "runs": [told, told]}, whole) == []


def test_a_run_without_figures_is_valid() -> None:
    """No cell at all, and a cell of which nothing was measured."""
    nothing = Scoreboard(summaries=(), standings=())
    begun = scoreboard([some_facts(a_cell())], [], balance="geometric", seed=0)

    assert faults({"id": "r1"}, nothing) == faults({"id": "r1"}, begun) == []


@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_field_is_in_the_schema(name: str) -> None:
    """Whoever adds a figure says there what it is, in which unit."""
    expected = members(PARTS[name])
    if name == "cell":
        own = {name for name, figure in FIGURES.items() if figure.by_entry}
        told = expected - {"cell", "figures", "numbers", "averages"}
        expected = {"id"} | members(Cell) | told | own
    if name == "model":
        rows = {n for n, f in FIGURES.items() if f.by_entry and f.row_meaning}
        expected = {"id"} | (expected - {"figures", "numbers", "averages"}) | rows

    assert set(DEFS[name]["properties"]) == expected
    assert set(DEFS[name]["required"]) == expected
    assert DEFS[name]["additionalProperties"] is False


def test_every_value_of_a_board_is_in_the_schema() -> None:
    """A new kind of value is not forgotten, nor a new part of the board."""
    kinds = {
        kind
        for module in (results, row_comparison, keeping_up, tuning_race)
        for kind in vars(module).values()
        if is_dataclass(kind)
    }
    parts = set(PUBLISHED["properties"]) - {
        *("schema", "score_version", "sentence", "run")
    }

    assert kinds - set(PARTS.values()) == {Scoreboard}
    names = {"summaries": "cells", "standings": "models"}
    # Where the report lies is told in the terminal.
    told = set(members(Scoreboard)) - {"report"}
    assert parts == {names.get(name, name) for name in told}


def test_every_member_is_described() -> None:
    """In a sentence, for whoever writes a program that reads the file."""
    bare = [
        f"{path}/{name}"
        for path, part in objects(PUBLISHED)
        for name, member in part.get("properties", {}).items()
        if isinstance(member, dict) and not str(member.get("description", "")).strip()
    ]
    seconds = [
        name
        for part in DEFS.values()
        for name, member in part["properties"].items()
        if name.endswith("_s")
        and not name.endswith("_per_s")
        and "seconds" not in member["description"]
    ]

    assert bare == []
    assert seconds == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("new",), 1),
        (("cells", 0, "new"), 1),
        (("cells", 0, "quality", "value"), "1"),
        (("cells", 0, "samples"), -1),
        (("cells", 0, "geometric"), 1.5),
        (("models", 0, "ranks"), [1]),
    ],
)
def test_what_is_otherwise_is_invalid(path: tuple[str | int, ...], value: Any) -> None:  # noqa: ANN401 - any JSON value
    """A schema that allows anything would tell nothing."""
    facts, records = a_random_run(1)
    board = scoreboard(facts, records, balance="geometric", seed=0)
    content: Any = json.loads(summary_text({"id": "r1"}, board))
    assert VALIDATOR.is_valid(content)

    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value

    assert not VALIDATOR.is_valid(content)
