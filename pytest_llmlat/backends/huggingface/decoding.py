"""Calling ``generate`` with the cache and the compiler that an entry asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.version import Version

from pytest_llmlat.backends.huggingface.entry_settings import STATIC_CONTEXT
from pytest_llmlat.backends.weights import package_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings

_RENAMED = (5, 24)


def cache_argument(version: str | None) -> str:
    """Return what ``generate`` of a version of transformers calls its cache."""
    renamed = Version(version or "0").release >= _RENAMED
    return "cache" if renamed else "past_key_values"


def places_of(settings: TransformersSettings, context: int) -> int:
    """Return how many tokens prompt and answer may have with an entry's cache.

    Args:
        settings: of the entry.
        context: the most that the model and the entry's ``context`` allow.
    """
    if settings.cache == "static" and settings.context is None:
        return min(context, STATIC_CONTEXT)
    return context


class Decoding:
    """One model and how it is to generate."""

    def __init__(self, model: Any, settings: TransformersSettings, places: int) -> None:  # noqa: ANN401 - loaded on use
        """Make the cache, if there is to be one for all requests.

        Args:
            model: the loaded model.
            settings: of its entry.
            places: how many tokens a static cache has room for.
        """
        self._model = model
        self._compiled = settings.compiled
        self._cache: Any = None
        if settings.cache == "static":
            from transformers import StaticCache

            self._cache = StaticCache(config=model.config, max_cache_len=places)
        self._argument = cache_argument(package_version("transformers"))

    @property
    def one_at_a_time(self) -> bool:
        """Whether its cache is made for one request."""
        return self._cache is not None

    def run(self, inputs: Mapping[str, Any], settings: Any, **given: Any) -> None:  # noqa: ANN401 - loaded on use
        """Generate; what comes out is told to the criteria among ``given``.

        Args:
            inputs: ids and mask of the prompt.
            settings: of this generation.
            given: handed on to ``generate``.
        """
        if self._cache is not None:
            self._cache.reset()
            given[self._argument] = self._cache
        # Left to itself, transformers compiles for any static cache on CUDA.
        settings.disable_compile = not self._compiled
        if self._compiled:
            settings.compile_config = _compilation()
        self._model.generate(**inputs, generation_config=settings, **given)


def _compilation() -> Any:  # noqa: ANN401 - loaded on use
    """Return settings that compile for one shape, on the processor too."""
    from transformers import CompileConfig

    config = CompileConfig(dynamic=False)
    config._compile_all_devices = True  # noqa: SLF001 - it has no other way
    return config
