"""What a server says of the prompts that it had kept, in the words of many servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.completions.cached_tokens import prompt_count
from pytest_llmlat.backends.completions.stream_reading import StreamReading
from tests.http.asking import ask
from tests.http.loopback import ended, said, stream, used

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from tests.http.loopback import Loopback

TIMINGS = {"prompt_n": 3, "predicted_n": 2, "cache_n": 97}


@pytest.mark.parametrize(
    ("more", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 64}}, 64),
        ({"input_tokens_details": {"cached_tokens": 64}}, 64),
        ({"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36}, 64),
        ({"cache_read_input_tokens": 64, "cache_creation_input_tokens": 0}, 64),
        ({"cached_tokens": 64}, 64),
        ({"prompt_tokens_details": {"cached_tokens": 0}}, 0),
        ({"prompt_tokens_details": {"cached_tokens": 0}, "cached_tokens": 64}, 64),
        ({"prompt_tokens_details": None}, None),
        ({"prompt_tokens_details": {"cached_tokens": None}}, None),
        ({"prompt_tokens_details": {"cached_tokens": True}}, None),
        ({"prompt_tokens_details": {"cached_tokens": "64"}}, None),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, None),
        ({"prompt_tokens_details": {"cached_tokens": 101}}, None),
        ({}, None),
    ],
)
def test_the_usage_tells_it(
    server: Loopback, model: Completions, more: dict[str, Any], cached: int | None
) -> None:
    """What cannot be right, or is not told, is unknown and not 0."""
    server.scripts = [[stream(said("Hi"), ended(), used(1, 100, **more))]]

    generation = ask(model).generation

    assert generation is not None
    assert (generation.prompt_tokens, generation.cached_tokens) == (100, cached)


def test_a_figure_of_what_was_read_anew_alone(
    server: Loopback, model: Completions
) -> None:
    """In Anthropic's form the prompt is what was read and what was kept."""
    usage = used(1, 10, cache_read_input_tokens=90)
    server.scripts = [[stream(said("Hi"), ended(), usage)]]

    generation = ask(model).generation

    assert generation is not None
    assert (generation.prompt_tokens, generation.cached_tokens) == (100, 90)


@pytest.mark.parametrize("usage", [True, False])
def test_the_timings_tell_it(
    server: Loopback, model: Completions, *, usage: bool
) -> None:
    """llama.cpp has figures of its own, with usage beside them or without it."""
    last = used(2, 100, timings=TIMINGS) if usage else {**ended(), "timings": TIMINGS}
    last = {**last, "timings": TIMINGS}
    server.scripts = [[stream(said("Hi"), said(" you"), ended(), last)]]

    generation = ask(model).generation

    assert generation is not None
    assert (generation.prompt_tokens, generation.cached_tokens) == (100, 97)


@pytest.mark.parametrize(("read", "cached"), [(3, 97), (100, 0), (101, None)])
def test_timings_without_what_was_kept(
    server: Loopback, model: Completions, read: int, cached: int | None
) -> None:
    """What was not read anew was kept."""
    last = {**used(1, 100), "timings": {"prompt_n": read}}
    server.scripts = [[stream(said("Hi"), ended(), last)]]

    generation = ask(model).generation

    assert generation is not None
    assert generation.cached_tokens == cached


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["cached_tokens", "cache_n", "prompt_n"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)
NAMES = [
    "prompt_tokens_details",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
]


@given(
    usage=st.none() | st.dictionaries(st.sampled_from(NAMES), ANYTHING),
    timings=st.none()
    | st.dictionaries(st.sampled_from(["cache_n", "prompt_n"]), ANYTHING),
    tokens=st.none() | st.integers(0, 1000),
)
def test_whatever_stands_there_is_a_part_of_the_prompt_or_unknown(
    usage: dict[str, Any] | None, timings: dict[str, Any] | None, tokens: int | None
) -> None:
    """A figure is never negative, and never more than the whole prompt."""
    found = prompt_count(StreamReading(usage=usage, timings=timings), tokens)

    assert found.cached is None or found.cached >= 0
    if found.tokens is not None and found.cached is not None:
        assert found.cached <= found.tokens
