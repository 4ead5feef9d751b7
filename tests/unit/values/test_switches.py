"""Switches of a chat template: read as they are meant, or told how to write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.switches import switches_of


def test_values_have_their_kind() -> None:
    """Truth values and whole numbers are no texts; what is not one of them is."""
    found = switches_of("effort=low enable_thinking=false budget=-2 day=01.5", where="")

    assert found == (
        ("budget", -2),
        ("day", "01.5"),
        ("effort", "low"),
        ("enable_thinking", False),
    )
    assert switches_of("  ", where="") == ()


@pytest.mark.parametrize("text", ["thinking", "=1", "a=", "a=1 a=2", "a-b=1"])
def test_what_is_no_switch(text: str) -> None:
    """The complaint names the option and shows how one is written."""
    with pytest.raises(UsageError, match=r"^--x: .* such as enable_thinking=false$"):
        switches_of(text, where="--x")


@pytest.mark.parametrize("value", ["flase", "False", "TRUE", "ture", "fales"])
def test_a_misspelled_truth_is_told(value: str) -> None:
    """As a text it would be true for every template, whatever was meant."""
    with pytest.raises(
        UsageError, match=r"did you mean enable_thinking=(true|false)\?"
    ):
        switches_of(f"enable_thinking={value}", where="--x")


@given(text=st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is typed, there is no other error."""
    try:
        found = switches_of(text, where="")
    except UsageError:
        return
    assert all(name.isidentifier() for name, _ in found)
