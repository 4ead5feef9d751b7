"""What of a cell's prompts a server had kept, decided once for figures and gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cell_estimates import answer_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.records import Record

COLD = 0.01
"""Up to this share of kept tokens prompts are called cold."""


def cached_share(records: Iterable[Record]) -> float | None:
    """Return the share of all answered prompts' tokens that a server had kept.

    ``None`` where it is not known of some answer: the others may be the cold ones.
    """
    prompt = cached = 0
    for record in records:
        if answer_time(record) is None:
            continue
        if record.cached_tokens is None or record.prompt_tokens is None:
            return None
        prompt += record.prompt_tokens
        cached += record.cached_tokens
    return cached / prompt if prompt else None
