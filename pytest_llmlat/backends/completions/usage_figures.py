"""A server's own figures of one answer, wherever a message has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = (("completion_tokens", "output_tokens"), ("prompt_tokens", "input_tokens"))
"""Names of OpenAI's chat completions, and of its and Anthropic's newer forms."""


def usage_of(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the ``usage`` of a message under OpenAI's names, ``None`` without one.

    It stands beside the choices; of Moonshot in the choice, of Groq in ``x_groq``.
    """
    choices = message.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    for holder in (message, first, message.get("x_groq")):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict):
            other = {
                usual: usage[name]
                for usual, name in _NAMES
                if usual not in usage and name in usage
            }
            return {**usage, **other}
    return None


def timed_usage(timings: Mapping[str, Any]) -> dict[str, Any]:
    """Return llama.cpp's own figures under the names of ``usage``.

    Of the prompt it counts what it read, and what it had kept beside it.
    """
    read, kept = figure(timings, "prompt_n"), figure(timings, "cache_n")
    prompt = None if read is None or kept is None else read + kept
    return {
        "completion_tokens": timings.get("predicted_n"),
        "prompt_tokens": prompt,
    }


def figure(usage: object, key: str) -> int | None:
    """Return a whole number of a server's figures, ``None`` where it has none."""
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if type(value) is int else None
