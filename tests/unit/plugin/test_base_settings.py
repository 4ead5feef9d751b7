"""The ini file of a base branch: read, or a sentence says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.plugin.base_settings import table_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("pyproject.toml", "tool = 5", "'tool' must be a table"),
        ("pyproject.toml", "tool = { pytest = 5 }", "'pytest' must be a table"),
        (
            "pyproject.toml",
            "tool = { pytest = { ini_options = 5 } }",
            "'ini_options' must be a table",
        ),
        ("pytest.toml", "pytest = []", "'pytest' must be a table"),
        ("pytest.toml", f"a = {'[' * 5000}{']' * 5000}", "nested too deeply"),
        ("pytest.ini", "no section", "cannot be read"),
    ],
)
def test_a_damaged_file_is_told(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    """With its name."""
    path = tmp_path / name
    path.write_text(text, "utf-8")

    with pytest.raises(pytest.UsageError) as caught:
        table_of(path)

    assert str(path) in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "table"),
    [
        ("pyproject.toml", "a = 1", None),
        ("pyproject.toml", "[tool.pytest]\na = 1", {"a": 1}),
        ("pyproject.toml", "[tool.pytest.ini_options]\na = 1", {"a": 1}),
        ("pytest.toml", "", {}),
        ("setup.cfg", "[metadata]\nname = a", None),
    ],
)
def test_only_what_is_for_pytest_is_read(
    tmp_path: Path, name: str, text: str, table: object
) -> None:
    """A file that has nothing for it is none of its own."""
    path = tmp_path / name
    path.write_text(text, "utf-8")

    assert table_of(path) == table
