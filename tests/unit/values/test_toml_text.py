"""Entries as TOML: what is written is read again as the same."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.toml_tables import TomlTable
from pytest_llmlat.values.toml_text import entry_lines

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALAR = (
    TEXT
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes()
    | st.times()
)
VALUE = (
    SCALAR
    | st.lists(SCALAR, max_size=3)
    | st.dictionaries(TEXT, SCALAR | st.lists(SCALAR, max_size=2), min_size=1)
)


@given(name=TEXT.filter(bool), values=st.dictionaries(TEXT, VALUE, max_size=4))
def test_an_entry_is_read_again_as_it_was(name: str, values: dict[str, Any]) -> None:
    """Texts of several lines, quotation marks and names of any letters."""
    table = TomlTable("FILE", f"tasks.{name}", values, name=name)

    text = "\n".join(line for line in entry_lines(table) if line != "# " + table.where)

    assert tomllib.loads(text) == {"tasks": {name: values}}


def test_an_entry_says_what_it_took_from_whom(tmp_path: Path) -> None:
    """What is its own comes first."""
    path = tmp_path / "tasks.toml"
    path.write_text(
        '[tasks."translation/mine"]\nextends = "translation/en-de"\nbudget_s = 9.0\n'
    )

    table = load_tasks([path]).tables["translation/mine"]
    lines = list(entry_lines(table))

    assert lines[:3] == [
        '[tasks."translation/mine"]',
        f"# {path}: tasks.translation/mine",
        "budget_s = 9.0",
    ]
    assert lines[3].endswith("tasks.toml: tasks.translation/en-de")
    assert 'options.language = "de"' in lines[4:]
