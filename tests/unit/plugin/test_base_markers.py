"""Limits of markers on the base branch are read, and nothing there is run."""

from __future__ import annotations

import pytest

from pytest_llmlat.plugin.base_markers import marked_limits
from pytest_llmlat.values.errors import UsageError

MODULE = """
import pytest
raise SystemExit("this is never run")
pytestmark = [pytest.mark.slow, pytest.mark.llm("reasoning", quality=">=0.1")]

@pytest.mark.parametrize("n", [1])
@pytest.mark.llm("sentiment", samples=60, quality=">=0.6", ttft_p95="<=0.5s")
def test_sentiment(llm, llmlat, n): ...

class TestGroup:
    @pytest.mark.llm("sentiment", balanced=0.4)
    def test_inner(self, llm, llmlat): ...

def test_of_the_module(llm, llmlat): ...

@pytest.mark.llm("sentiment", quality=LEAST)
def test_computed(llm, llmlat): ...
"""


@pytest.mark.parametrize(
    ("way", "limits"),
    [
        (["test_sentiment"], {"quality": ">=0.6", "ttft_p95": "<=0.5s"}),
        (["TestGroup", "test_inner"], {"balanced": "0.4"}),
        (["test_of_the_module"], {"quality": ">=0.1"}),
        (["test_new"], None),
        (["TestGroup", "test_sentiment"], None),
    ],
)
def test_the_closest_marker_counts(
    way: list[str], limits: dict[str, str] | None
) -> None:
    """Of the function, else of the class, else of the module."""
    assert marked_limits(MODULE, way) == limits


def test_a_computed_limit_is_refused() -> None:
    """To take the change's own in its place would let it choose."""
    with pytest.raises(UsageError, match="quality is computed"):
        marked_limits(MODULE, ["test_computed"])


def test_a_broken_module_has_no_tests() -> None:
    """What could not be collected there held nobody to anything."""
    assert marked_limits("def (:", ["test_sentiment"]) is None
