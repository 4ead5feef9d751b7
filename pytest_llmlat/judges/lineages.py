"""Lineages of models: which of them are of one family and like each other's words.

A judge favours texts like its own, so it has no say on answers of its family. The name
of a model, or of its weights, tells the family; an entry may say it itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

_NAMES = {
    "llama": ("llama", "vicuna", "alpaca", "codellama", "tinyllama"),
    "mistral": ("mistral", "mixtral", "zephyr", "ministral", "magistral"),
    "qwen": ("qwen", "qwq"),
    "gemma": ("gemma", "gemini"),
    "phi": ("phi",),
    "deepseek": ("deepseek",),
    "gpt": ("gpt", "chatgpt", "davinci", "codex"),
    "claude": ("claude",),
    "smollm": ("smollm",),
    "falcon": ("falcon",),
    "olmo": ("olmo",),
    "granite": ("granite",),
    "command": ("command-r", "aya"),
}
"""Families, and the beginnings of names of their models."""


def lineage(model: ModelSpec) -> str:
    """Return the family of a model; its own name where that tells none.

    What was distilled from another is of the family that comes first in its name:
    ``DeepSeek-R1-Distill-Qwen`` writes as DeepSeek does.
    """
    return lineage_of(model.name, str(model.weights or ""))


def lineage_of(name: str, weights: str = "") -> str:
    """Return the family that the name of an entry, or else its weights, tells."""
    for text in (weights.rpartition("/")[2], name):
        found = [
            (match.start(), family)
            for family, beginnings in _NAMES.items()
            for match in [_pattern(beginnings).search(text.casefold())]
            if match
        ]
        if found:
            return min(found)[1]
    return name


def _pattern(beginnings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(beginnings)})")
