"""Drafts for a GGUF model: tokens guessed from what was read, and how many were right.

Prompt lookup (Saxena 2023) needs no second model: where the last two tokens stood
before, it guesses that what followed then follows again. The model reads all guesses in
one step and keeps those that it would have chosen itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.gguf.entry_options import DRAFT, DRAFT_TOKENS
from pytest_llmlat.backends.settings_check import text_option, whole_option
from pytest_llmlat.values.draft_counts import DraftCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.entities import ModelSpec

DEFAULT_TOKENS = 10


class CountedLookup:
    """A prompt lookup of llama-cpp-python that counts what it guesses."""

    def __init__(self, tokens: int) -> None:
        """Guess at most so many tokens at once."""
        from llama_cpp.llama_speculative import LlamaPromptLookupDecoding

        self.tokens = tokens
        self._lookup = LlamaPromptLookupDecoding(num_pred_tokens=tokens)
        self._steps = self._drafted = 0

    def __call__(self, input_ids: Any, /, **_: object) -> Any:  # noqa: ANN401 - as llama-cpp-python calls it
        """Return the tokens that may follow."""
        found = self._lookup(input_ids)
        self._steps += 1
        self._drafted += len(found)
        return found

    def begin(self) -> None:
        """Count anew, for one answer."""
        self._steps = self._drafted = 0

    def counts(self, tokens: int, parts: int) -> DraftCounts:
        """Return what became of the guesses for an answer.

        Args:
            tokens: that the model chose, the one that ends the answer among them.
            parts: how often generating began, each time with a step without guesses.
        """
        steps = self._steps + parts
        return DraftCounts(
            steps=steps, drafted=self._drafted, accepted=max(0, tokens - steps)
        )


def draft_of(model: ModelSpec) -> CountedLookup | None:
    """Return the draft that an entry asks for, ``None`` if it wants none.

    Raises:
        BadCatalogue: there is no such draft.
    """
    if text_option(model, DRAFT) in (None, "none"):
        return None
    return CountedLookup(whole_option(model, DRAFT_TOKENS, DEFAULT_TOKENS))


@contextmanager
def without(llama: Any) -> Iterator[None]:  # noqa: ANN401 - llama_cpp has no types
    """Let a model generate without its draft inside of a block."""
    kept, llama.draft_model = llama.draft_model, None
    try:
        yield
    finally:
        llama.draft_model = kept
