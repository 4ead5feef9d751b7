"""What one message of a server holds: text, thoughts and refusals, in many shapes."""

from __future__ import annotations

import json
from typing import Any

_THOUGHTS = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_text",
    "thinking_content",
    "thought",
)
"""What servers call the text of a thought: DeepSeek, vLLM and llama.cpp; OpenRouter,
Ollama and newer vLLM; others."""
_LISTS = ("reasoning_details", "thinking_blocks", "content")
"""Keys under which parts that are thoughts may be."""
_INNER = ("thinking", "reasoning", "text", "content", "summary", "value")
"""Keys of the text of a part."""
_CALLS = ("tool_calls", "function_call", "audio")
_MISPLACED = (
    *("content", "text", "output", "output_text", "response"),
    *("generated_text", "completion", "value", "parts", "message", "delta"),
)
"""Keys under which texts stand that belong elsewhere."""
_SHOWN = 80


class MalformedMessage(Exception):
    """A message that is not what it should be; the text says how."""


def text_of(content: object) -> str:
    """Return text that is a string, or a list of parts of which some are text.

    Raises:
        MalformedMessage: it is neither.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts = [content] if isinstance(content, dict) else content
    if not isinstance(parts, list):
        raise MalformedMessage(f"a message's content is no text: {shown(content)}")
    texts = [
        part
        if isinstance(part, str)
        else _inner(part.get("text"))
        if isinstance(part, dict) and not _is_thought(part)
        else ""
        for part in parts
    ]
    return "".join(texts)


def thought_of(message: dict[str, Any]) -> str:
    """Return what a message holds of a thought, in the shapes that servers give it.

    A text under one of the names, or parts of the content or of the details that are
    thoughts. What is encrypted is none that could be read.
    """
    for name in _THOUGHTS:
        if told := _inner(message.get(name)):
            return told
    for name in _LISTS:
        parts = message.get(name)
        if isinstance(parts, list):
            told = "".join(_inner(part) for part in parts if _is_thought(part))
            if told:
                return told
    return ""


def refusal_of(message: dict[str, Any]) -> str:
    """Return the words with which a model declines in the field made for it.

    OpenAI's ``refusal`` beside an empty content, or as a part of it.
    """
    told = message.get("refusal")
    if isinstance(told, str) and told:
        return told
    parts = message.get("content")
    if not isinstance(parts, list):
        return ""
    found = [part.get("refusal") for part in parts if isinstance(part, dict)]
    return "".join(text for text in found if isinstance(text, str))


def calls_a_tool(message: dict[str, Any]) -> bool:
    """Whether a message holds a call of a tool, or sound, in the place of text."""
    return any(message.get(name) for name in _CALLS)


def misplaced(*holders: dict[str, Any]) -> str | None:
    """Return the first holder that has something where no text is read, as JSON.

    Args:
        holders: a delta or a message in which no text was found, and its choice.
    """
    for holder in holders:
        if any(_is_something(holder.get(name)) for name in _MISPLACED):
            return shown(holder, 200)
    return None


def _is_something(value: object) -> bool:
    """Whether a value holds a text that is not white space, however deep."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dict):
        return any(_is_something(value[name]) for name in value if name in _MISPLACED)
    return isinstance(value, list) and any(map(_is_something, value))


def mended(text: str) -> str:
    """Join halves of characters (surrogates); one that is alone becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def shown(value: object, most: int = _SHOWN) -> str:
    """Return the beginning of a value as JSON, for a complaint."""
    return json.dumps(value)[:most]


def _is_thought(part: object) -> bool:
    """Whether a part is a thought, such as Mistral's ``thinking``."""
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    named = isinstance(kind, str) and kind.startswith(("thinking", "reasoning"))
    return named or part.get("thought") is True


def _inner(value: object) -> str:
    """Return the text in a value: itself, that of a part, or of a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(
            _first_text(part) if isinstance(part, dict) else "" for part in value
        )
    return _first_text(value) if isinstance(value, dict) else ""


def _first_text(part: dict[str, Any]) -> str:
    for name in _INNER:
        told = part.get(name)
        if isinstance(told, str):
            return told
        if isinstance(told, list):
            texts = [each.get("text") for each in told if isinstance(each, dict)]
            return "".join(text for text in texts if isinstance(text, str))
    return ""
