"""Sentences on prompt caches: what was done about a server that keeps prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.cache_figures import COLD

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard, Summary


def cache_lines(board: Scoreboard) -> list[str]:
    """Return a sentence for each cell of a server that keeps prompts."""
    found = ((summary, _told(summary)) for summary in board.summaries)
    return [
        f"prompt cache: {printable(summary.cell.id)}: {told}"
        for summary, told in found
        if told
    ]


def _told(summary: Summary) -> str | None:
    facts = dict(summary.backend)
    share = dict(summary.numbers).get("cached_share")
    if facts.get("cache") == "warm":
        return "served from a warm cache, as its entry asks"
    if share is not None and share > COLD:
        return (
            f"{share:.1%} of the prompts had been kept: these are not the latencies of"
            " cold prompts"
        )
    if facts.get("prompt_head"):
        return "each prompt began with four numbers, so that it was new to the server"
    if facts.get("cold_by"):
        return f"kept off by {printable(str(facts['cold_by']))}"
    return None
