"""What an MLX model's configuration and weights say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNKNOWN_CONTEXT = 1 << 30


def end_tokens(config: Mapping[str, Any], tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - loaded on use
    """Collect the tokens that end an answer, from the weights and the tokenizer."""
    ends: set[int] = set()
    for value in (config.get("eos_token_id"), tokenizer.eos_token_id):
        if isinstance(value, int):
            ends.add(value)
        elif value:
            ends.update(value)
    return frozenset(ends)


def context_found(config: Mapping[str, Any]) -> int:
    """Return how many tokens a model has places for."""
    for part in (config, config.get("text_config")):
        for name in ("max_position_embeddings", "n_positions"):
            length = part.get(name) if isinstance(part, dict) else None
            if isinstance(length, int):
                return length
    return _UNKNOWN_CONTEXT


def dtype_of(mx: Any, model: Any) -> str | None:  # noqa: ANN401 - loaded on use
    """Return the dtype that a model computes in: that of its floating weights."""
    from mlx.utils import tree_flatten

    for _, array in tree_flatten(model.parameters()):
        if mx.issubdtype(array.dtype, mx.floating):
            return str(array.dtype).removeprefix("mlx.core.")
    return None
