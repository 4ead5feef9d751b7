"""The schema and the grammar of a task, as its entry says them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.constraint_entry import constraint_of
from pytest_llmlat.tasks.data import revision
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.constraint import Constraint, schema_constraint
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_model, a_sample, a_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

ENTRY = """
[tasks."intent/mine"]
source = "rows.jsonl"
chat_prompt = "{{ question }} {{ schema }}"
extractor = "json"
metric = "structured"
max_new_tokens = 8
budget_s = 1.0
"""
SCHEMA = {"type": "object", "properties": {"b": {}, "a": {}}}


def loaded(folder: Path, *lines: str, more: str = "") -> dict[str, Task]:
    """Return the tasks of a catalogue whose first entry has these lines too."""
    path = folder / "tasks.toml"
    path.write_text(ENTRY + "\n".join(lines) + "\n" + more, "utf-8")
    return dict(load_tasks([path]).entries)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('schema = { type = "object" }', schema_constraint({"type": "object"})),
        ('schema = "mine.json"', schema_constraint(SCHEMA)),
        ('grammar = "mine.gbnf"', Constraint("gbnf", 'root ::= "ä"\n')),
        ('grammar.gbnf = "root ::= [a]"', Constraint("gbnf", "root ::= [a]")),
        ('grammar.regex = "[0-9]+"', Constraint("regex", "[0-9]+")),
        ('grammar.choice = ["a", "b", "a"]', Constraint("choice", '["a","b"]')),
    ],
)
def test_a_constraint_is_a_table_or_a_file_beside(
    line: str, expected: Constraint, tmp_path: Path
) -> None:
    """A schema keeps the order of its keys."""
    (tmp_path / "mine.json").write_text(json.dumps(SCHEMA), "utf-8")
    (tmp_path / "mine.gbnf").write_text('root ::= "ä"\n', "utf-8")

    task = loaded(tmp_path, line)["intent/mine"]

    assert task.constraint == expected


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('schema = "absent.json"', "schema: .*absent.json cannot be read"),
        ('schema = "broken.json"', "schema: broken.json is no JSON"),
        ('schema = "list.json"', "schema: must be a JSON object"),
        ("schema = 3", "schema: must be a JSON object"),
        ("schema = { const = 2026-01-01 }", "schema: cannot be JSON"),
        ("schema = { const = nan }", "schema: cannot be JSON"),
        ('grammar = "mine.txt"', "grammar: must be the name of a .gbnf file"),
        ('grammar.lark = "a"', "grammar.lark: is unknown"),
        ("grammar.choice = []", "grammar.choice: must be a list of texts"),
        ("grammar.regex = 3", "grammar.regex: must be a text"),
        ('grammar = { regex = "a", gbnf = "b" }', "grammar: must be the name"),
    ],
)
def test_what_is_none_is_told_with_its_key(
    line: str, told: str, tmp_path: Path
) -> None:
    """And with the forms that there are."""
    (tmp_path / "broken.json").write_text("{", "utf-8")
    (tmp_path / "list.json").write_text("[1]", "utf-8")

    with pytest.raises(BadCatalogue, match=told):
        loaded(tmp_path, line)


def test_an_entry_that_extends_has_its_own_schema_whole(tmp_path: Path) -> None:
    """Two schemas are never joined, and an empty text takes it away."""
    tasks = loaded(
        tmp_path,
        'schema = { type = "object", required = ["a"] }',
        more='[tasks."intent/own"]\nextends = "intent/mine"\n'
        'schema = { type = "array" }\n'
        '[tasks."intent/free"]\nextends = "intent/mine"\nschema = ""\n',
    )

    assert tasks["intent/own"].constraint == schema_constraint({"type": "array"})
    assert tasks["intent/free"].constraint is None


def test_a_grammar_comes_before_a_schema() -> None:
    """The schema then says what is valid, and the grammar what is held to."""
    schema, grammar = schema_constraint({}), Constraint("regex", "a")

    assert replace(a_task(), schema=schema).constraint == schema
    assert replace(a_task(), schema=schema, grammar=grammar).constraint == grammar


def test_a_model_s_entry_says_that_it_is_left_free() -> None:
    """By default it is held to what the task says."""
    task = replace(a_task(), schema=schema_constraint({}))
    free = replace(a_model(), options=(("structured", False),))

    assert constraint_of(task, a_model()) == task.schema
    assert constraint_of(task, free) is None
    assert constraint_of(a_task(), a_model()) is None


def test_a_schema_is_part_of_what_a_task_asks() -> None:
    """Its revision changes with it; a task without one is what it was."""
    task, samples = a_task(), [a_sample()]
    held = replace(task, schema=schema_constraint({"type": "object"}))

    assert len({revision(each, samples) for each in (task, held)}) == 2
    assert revision(held, samples) == revision(replace(held), samples)


def test_a_prompt_may_show_the_schema(tmp_path: Path) -> None:
    """Under its name, unless a row has a column of that name."""
    task = loaded(tmp_path, 'schema = { type = "object" }')["intent/mine"]
    own = a_sample(schema="mine")

    shown = request_for(task, a_sample(), chat=True, seed=0).prompt

    assert shown.endswith('{"type":"object"}')
    assert request_for(task, own, chat=True, seed=0).prompt.endswith("mine")
