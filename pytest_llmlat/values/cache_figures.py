"""Figures of what a server had kept of prompts that it had seen before (prefix cache).

They are of servers that tell it; of others, and of models in this process, there is no
such figure.
"""

from __future__ import annotations

from pytest_llmlat.values.figure import FigureDefinition

CACHE_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="cached_tokens",
        meaning="Tokens of all answered prompts that a server had kept from before and"
        " did not read anew; null where some are not known.",
        shape="number",
        unit="count",
        better=None,
    ),
    FigureDefinition(
        name="cached_share",
        meaning="The same as a share of all tokens of these prompts; above 0.01 the"
        " latencies are not those of cold prompts.",
        shape="number",
        unit="ratio",
        better=None,
    ),
)
