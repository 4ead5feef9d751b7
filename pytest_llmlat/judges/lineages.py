"""Lineages of models: which of them are of one family and like each other's words.

A judge favours texts like its own, so it has no say on answers of its family. The name
of a model's weights tells the family, and else that of its entry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import ModelSpec, Scalar

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


_PLACES = ("weights", "model")
"""Facts of a backend that name the weights: of this process, and on a server."""
_TELLS_NOTHING = re.compile(r"(ggml[-_]|pytorch[-_])?(model|weights|default)\b.*")


def lineage(model: ModelSpec) -> str:
    """Return the family of a model; its own name where that tells none.

    What was distilled from another is of the family that comes first in its name:
    ``DeepSeek-R1-Distill-Qwen`` writes as DeepSeek does.
    """
    return lineage_of(model.name, str(model.weights or ""))


def lineage_of(name: str, weights: str = "") -> str:
    """Return the family that the weights, or else the name of an entry, tell.

    Two entries with the same weights are of one family, whatever it is called.
    """
    own = re.split(r"[/\\]", weights)[-1]
    for text in (own, name):
        found = [
            (match.start(), family)
            for family, beginnings in _NAMES.items()
            for match in [_pattern(beginnings).search(text.casefold())]
            if match
        ]
        if found:
            return min(found)[1]
    # "model.gguf" may be anything.
    return name if _TELLS_NOTHING.fullmatch(own.casefold()) else own or name


def lineages_of_cells(facts: Iterable[CellFacts]) -> dict[str, frozenset[str]]:
    """Return the families of the model of each cell, by the cell's id.

    A run keeps no entries: what its backend told of the weights counts. A cascade is of
    the family of each of its steps.
    """
    return {
        each.cell.id: _families(each.cell.model, dict(each.backend)) for each in facts
    }


def _families(name: str, told: Mapping[str, Scalar | None]) -> frozenset[str]:
    steps = str(told.get("steps") or "").split(" > ") if "steps" in told else []
    if not steps:
        return frozenset({lineage_of(name, _weights(told, ""))})
    return frozenset(lineage_of(step, _weights(told, f"{step}.")) for step in steps)


def _weights(told: Mapping[str, Scalar | None], before: str) -> str:
    named = (told.get(f"{before}{place}") for place in _PLACES)
    return next((str(each) for each in named if each), "")


def _pattern(beginnings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(beginnings)})")
