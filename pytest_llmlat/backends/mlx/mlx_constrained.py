"""Answers of an MLX model that are held to a schema or a grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlat.backends.token_masks import AllowedTokens


class HoldingProcessor:
    """A logits processor of mlx-lm after which only tokens that fit can be chosen."""

    def __init__(self, mx: Any, row: AllowedTokens) -> None:  # noqa: ANN401 - loaded on use
        """Hold answers to what ``row`` allows, with the module ``mlx.core``."""
        self._mx = mx
        self._row = row
        self._begun = False

    def __call__(self, tokens: Any, logits: Any) -> Any:  # noqa: ANN401 - arrays, as mlx-lm calls it
        """Return (1, vocabulary); waits for the token before, which decides."""
        if self._begun:
            self._row.take(int(tokens[-1].item()))
        self._begun = True
        fits = self._mx.array(self._row.allowed(logits.shape[-1]))
        return self._mx.where(fits, logits, float("-inf"))
