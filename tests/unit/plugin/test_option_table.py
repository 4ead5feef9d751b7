"""Each option is declared once: it fills one setting, and the reference names it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.plugin.given_option import Given
from pytest_llmlat.plugin.option_table import OPTIONS
from pytest_llmlat.plugin.options import spelled
from pytest_llmlat.values.settings import Settings

if TYPE_CHECKING:
    from pytest_llmlat.plugin.option_entry import Option

REFERENCE = Path(__file__).parents[3] / "docs" / "reference.md"
NO_OPTION = {
    *("root", "folder", "names_given", "devices", "base", "proposed"),
    *("addressed", "sitting", "joined"),
}
"""Settings that follow from where and how pytest was called."""


def given(*texts: str) -> Given:
    """Return what was typed for an option."""
    return Given(texts=texts, where="--it", here=Path("/here"), start=Path("/start"))


def documented() -> set[tuple[str, str]]:
    """Return (option, name in the ini file) of the rows of the reference."""
    text = REFERENCE.read_text("utf-8")
    return set(
        re.findall(r"^\| `(--[a-z-]+)[^`]*` \| `([a-z_]+)` \|", text, re.MULTILINE)
    )


def test_every_setting_has_an_option() -> None:
    """What can be set can be typed, and every option sets something."""
    settings = {field.name for field in dataclasses.fields(Settings)}

    assert set(OPTIONS) == settings - NO_OPTION


def test_the_reference_lists_every_option_and_no_other() -> None:
    """A new option has its row, under both of its names."""
    assert documented() == {(option.flag, option.ini) for option in OPTIONS.values()}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_the_default_of_a_choice_is_one_of_its_values(name: str) -> None:
    """A default that the option itself refuses would be a setting nobody can type."""
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    default = fields[name].default
    if not isinstance(default, str) or not default:
        return

    assert OPTIONS[name].read(given(default)) == default


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS.values() if option.kind == "string"],
    ids=lambda option: str(option.flag),
)
def test_an_empty_value_is_none_or_refused(option: Option) -> None:
    """``llm_data =`` in an ini file means nothing; of a number it is a mistake."""
    try:
        found = option.read(given(""))
    except pytest.UsageError as error:
        assert str(error).startswith("--it: must be")  # noqa: PT017 - either is right
    else:
        assert not found


def test_a_path_begins_where_it_was_written() -> None:
    """What stands in the ini file is relative to that; a report's to the shell."""
    assert OPTIONS["baseline"].read(given("base.json")) == Path("/start/base.json")
    assert OPTIONS["report"].read(given("out")) == Path("/here/out")


def test_a_setting_is_spelled_as_its_option() -> None:
    """Complaints of pytest's runs name what was typed."""
    assert spelled("unsure") == "--llm-inconclusive"
    assert spelled("models") == "--llm"
