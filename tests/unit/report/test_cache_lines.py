"""What is said of a server that keeps prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.cache_lines import cache_lines
from tests.unit.boards import a_board


@pytest.mark.parametrize(
    ("facts", "share", "told"),
    [
        ({}, None, None),
        ({}, 0.009, None),
        ({}, 0.83, "83.0% of the prompts had been kept"),
        ({"cold_by": "cache_salt"}, 0.0, "kept off by cache_salt"),
        ({"cold_by": "cache_salt"}, 0.5, "50.0% of the prompts had been kept"),
        ({"cold_by": "head", "prompt_head": "4 numbers"}, None, "began with four"),
        ({"prompt_head": "4 numbers"}, None, "began with four"),
        ({"cache": "warm"}, 0.98, "served from a warm cache"),
    ],
)
def test_what_was_done_is_told(
    facts: dict[str, str], share: float | None, told: str | None
) -> None:
    """A share above one in a hundred is told whatever was done."""
    board = a_board("plain")
    summary = replace(
        board.summaries[0],
        backend=tuple(facts.items()),
        numbers=(("cached_share", share),),
    )

    lines = cache_lines(replace(board, summaries=(summary,)))

    if told is None:
        assert lines == []
    else:
        (line,) = lines
        assert told in line
        assert summary.cell.id in line
