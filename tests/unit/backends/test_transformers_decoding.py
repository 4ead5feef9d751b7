"""What ``generate`` is told of the cache, by version and by entry."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_llmlat.backends.huggingface.decoding import (
    Decoding,
    cache_argument,
    places_of,
)
from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("5.17.0", "past_key_values"),
        ("5.23.0", "past_key_values"),
        ("5.24.0rc1", "cache"),
        ("5.24.0", "cache"),
        ("6.0.0", "cache"),
        (None, "past_key_values"),
    ],
)
def test_the_cache_is_named_as_the_version_names_it(
    version: str | None, expected: str
) -> None:
    """The other name is an error, or a warning that is one."""
    assert cache_argument(version) == expected


@pytest.mark.parametrize(
    ("settings", "context", "expected"),
    [
        (TransformersSettings(), 8192, 8192),
        (TransformersSettings(cache="static"), 8192, 2048),
        (TransformersSettings(cache="static"), 1024, 1024),
        (TransformersSettings(cache="static", context=8192), 8192, 8192),
    ],
)
def test_a_static_cache_is_no_larger_than_asked(
    settings: TransformersSettings, context: int, expected: int
) -> None:
    """Its memory is taken whole, so that it has a bound where nobody gives one."""
    assert places_of(settings, context) == expected


def test_a_model_that_is_not_to_be_compiled_says_so() -> None:
    """Left to itself, the library compiles on CUDA for any cache of a fixed size."""
    asked = []
    model = SimpleNamespace(generate=lambda **given: asked.append(given))
    settings = SimpleNamespace(disable_compile=None)

    Decoding(model, TransformersSettings(), 64).run({"input_ids": [1]}, settings, a=2)

    assert asked == [{"input_ids": [1], "generation_config": settings, "a": 2}]
    assert settings.disable_compile is True
