"""What is typed about a load search, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.load_goal import LoadGoal, parse_goal


def goal(text: str, requests: int | None = None) -> LoadGoal:
    """Return what a text says."""
    return parse_goal(text, requests=requests, where="--llm-search")


def test_everything_may_be_left_out() -> None:
    """Then it is as by default, and so many requests can show it."""
    found = goal("")

    assert found == LoadGoal()
    assert found.fewest == 129
    assert found.sound


def test_shares_are_written_either_way() -> None:
    """As a number or in per cent."""
    found = goal("share=90% quality=0.6 confidence=0.8 within=5% from=2 to=64")

    assert found == LoadGoal(
        share=0.9, quality=0.6, confidence=0.8, within=0.05, low=2, high=64
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shore=0.9", "names: share"),
        ("share=1", "between 0.01 and 0.999"),
        ("share=abc", "such as 0.9 or 90%"),
        ("from=0", "write a number above 0"),
        ("from=8 to=4", "from=8 is above to=4"),
        ("share=0.9 share=0.8", "stands there twice"),
    ],
)
def test_what_cannot_be_is_refused(text: str, told: str) -> None:
    """With the place, and what may stand there."""
    with pytest.raises(UsageError, match=told) as raised:
        goal(text)

    assert str(raised.value).startswith("--llm-search")


def test_too_few_requests_to_show_anything_are_refused() -> None:
    """Before an hour is spent on a search that could only say that it does not know."""
    with pytest.raises(UsageError, match="takes at least 129"):
        goal("", requests=100)
    assert goal("share=80% confidence=80% quality=0.3", requests=100).fewest <= 100


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Nothing else is raised, and what is understood is sound."""
    try:
        found = goal(text)
    except UsageError:
        return
    assert found.sound
