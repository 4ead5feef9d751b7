"""Ending the thoughts of transformers models at a budget of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.thought_settings import ending_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.backends.huggingface.batch_rows import BatchRow


class ThoughtEnding:
    """A logits processor that writes the closing tag once a budget is spent.

    Its tokens are chosen in the model's stead, one a step, and are none of the answer.
    """

    def __init__(
        self, rows: Sequence[BatchRow], encode: Callable[[str], list[int]]
    ) -> None:
        """Watch the rows of a batch.

        Args:
            rows: in the order of the batch.
            encode: makes tokens of a text, control tokens parsed.
        """
        self._rows = rows
        self._encode = encode
        self._waiting: list[list[int]] = [[] for _ in rows]

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401, ARG002 - tensors, as generate calls it
        """Return (rows, vocabulary), the scores with only the forced token possible."""
        for number, row in enumerate(self._rows):
            waiting = self._waiting[number]
            budget = row.request.thinking_tokens
            if budget is not None and row.meter.overdue(budget):
                waiting += self._encode(ending_of(row.meter))
                row.end_thought(len(waiting))
            if waiting:
                scores[number].fill_(float("-inf"))
                scores[number, waiting.pop(0)] = 0.0
        return scores


def watched(
    given: dict[str, Any],
    rows: Sequence[BatchRow],
    encode: Callable[[str], list[int]],
) -> dict[str, Any]:
    """Add what ends thoughts to what ``generate`` is told, where a row has a budget."""
    if all(row.request.thinking_tokens is None for row in rows):
        return given
    from transformers import LogitsProcessorList

    others = given.get("logits_processor", ())
    ending = ThoughtEnding(rows, encode)
    return {**given, "logits_processor": LogitsProcessorList([*others, ending])}
