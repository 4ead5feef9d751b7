"""Where a transformers model comes from, and where it goes when it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.adapters import take_off

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from pytest_llmlat.backends.base_cache import BaseCache
    from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings
    from pytest_llmlat.backends.huggingface.loading import Base
    from pytest_llmlat.values.entities import Scalar

UNKNOWN_CONTEXT = 1 << 30
"""The context of a model that does not say how long it is."""


@dataclass(slots=True, kw_only=True)
class BasePlace:
    """Where the base of a model goes when the model is closed."""

    shelf: BaseCache
    key: Hashable
    base: Base
    adapted: Any = None
    """The base with an adapter that can be taken off again."""
    changed: bool = False
    """Whether the base is no longer what was loaded, and will not be again."""

    def put_back(self, *, lost: bool) -> None:
        """Keep the base for the next deployment if it is as it was, else free it."""
        base, adapted = self.base, self.adapted
        self.adapted = None
        if adapted is not None and not lost:
            base.model = take_off(adapted)
        del adapted
        if lost or self.changed or not base.untouched:
            base.free()
            return
        base.model.generation_config = base.generation_config
        base.taken = True
        self.shelf.keep(self.key, base)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOrigin:
    """How a model came to be what it is."""

    settings: TransformersSettings
    adapter: Mapping[str, Scalar | None]
    """What is told of its adapter."""
    kept_from: str | None
    """The entry that had loaded its base, if it was not loaded for this one."""
    place: BasePlace | None


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - loaded on use
    """Return the tokens that end an answer, by the weights and by the tokenizer."""
    ends: set[int] = set()
    for value in (model.generation_config.eos_token_id, tokenizer.eos_token_id):
        if isinstance(value, int):
            ends.add(value)
        elif value:
            ends.update(value)
    return frozenset(ends)


def context_of(model: Any) -> int:  # noqa: ANN401 - loaded on use
    """Return how many tokens prompt and answer may have together."""
    config = model.config
    for name in ("max_position_embeddings", "n_positions"):
        length = getattr(config, name, None)
        if isinstance(length, int):
            return length
    return UNKNOWN_CONTEXT
