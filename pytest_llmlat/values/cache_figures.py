"""Figures of what a server had kept of prompts that it had seen before (prefix cache).

They are of servers that tell it; of others, and of models in this process, there is no
such figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.figure import (
    EVERYWHERE,
    FigureColumn,
    FigureDefinition,
    RatioParts,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record

COLD = 0.01
"""Share of kept tokens up to which prompts are called cold."""


def answered(record: Record) -> bool:
    """Whether an answer's latency may be that of a kept prompt."""
    return record.answered and record.timing is not None


def cached_parts(record: Record) -> RatioParts | None:
    """Return the kept tokens of a prompt, and all its tokens."""
    if not answered(record):
        return None
    return RatioParts(above=record.cached_tokens, below=record.prompt_tokens)


def _cached_tokens(record: Record) -> int | None:
    return record.cached_tokens if answered(record) else 0


CACHE_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="cached_tokens",
        meaning="Tokens of all answered prompts that a server had kept from before and"
        " did not read anew; null where some are not known.",
        shape="number",
        unit="count",
        better=None,
        count=_cached_tokens,
    ),
    FigureDefinition(
        name="cached_share",
        meaning="The same as a share of all tokens of these prompts; above 0.01 the"
        " latencies are not those of cold prompts. Null where it is not told.",
        shape="number",
        unit="ratio",
        better=None,
        row_meaning="Share of the tokens of all prompts that a server had kept.",
        ratio=cached_parts,
        columns=(
            FigureColumn(
                title="cached",
                views=(*EVERYWHERE, "loads"),
                meaning="share of the prompts' tokens that the server had kept",
            ),
        ),
    ),
)
