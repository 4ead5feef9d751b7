"""How much of a prompt a server had kept from before, by what it says of it.

===================================  =================================================
``prompt_tokens_details``            OpenAI, vLLM, SGLang and others: ``cached_tokens``
``input_tokens_details``             the same in OpenAI's newer form
``prompt_cache_hit_tokens``          DeepSeek
``cache_read_input_tokens``          Anthropic's form, as gateways pass it on
``cached_tokens``                    Moonshot and others, beside the other figures
``timings``                          llama.cpp: what it kept, or what it read anew
===================================  =================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.stream_reading import StreamReading

_READ = "cache_read_input_tokens"
_PATHS = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),
    (_READ,),
    ("cached_tokens",),
)


class PromptCount(NamedTuple):
    """The tokens of a prompt; ``None`` is what is not known."""

    tokens: int | None
    """All of them."""
    cached: int | None
    """Those of them that the server had kept and did not read anew."""


def prompt_count(reading: StreamReading, tokens: int | None) -> PromptCount:
    """Say how many tokens a prompt has and how many of them were kept.

    Of several figures the largest counts, since a small one would flatter. One that
    cannot be right is none.

    Args:
        reading: the answer.
        tokens: of the whole prompt, by the server's usage.
    """
    usage = reading.usage or {}
    told = [value for path in _PATHS if (value := _at(usage, path)) is not None]
    told += _of_timings(reading, tokens)
    if not told or min(told) < 0:
        return PromptCount(tokens, None)
    cached = max(told)
    if tokens is not None and cached > tokens:
        # In Anthropic's form the other figure is of what was read anew alone.
        if _at(usage, (_READ,)) == cached:
            return PromptCount(tokens + cached, cached)
        return PromptCount(tokens, None)
    return PromptCount(tokens, cached)


def _of_timings(reading: StreamReading, tokens: int | None) -> list[int]:
    timings = reading.timings or {}
    kept = _at(timings, ("cache_n",))
    if kept is not None:
        return [kept]
    read = _at(timings, ("prompt_n",))
    return [] if read is None or tokens is None else [tokens - read]


def _at(told: object, path: tuple[str, ...]) -> int | None:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told if type(told) is int else None
