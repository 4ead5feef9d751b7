"""The model that a project is made for: a name, an address, or a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.project_files import plain_name
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

_PROJECT = Path("pyproject.toml")
_ADAPTER = "adapter_config.json"
"""File by which a folder is known for a LoRA adapter of peft's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenModel:
    """The model to measure."""

    name: str
    """Name that it has in the project."""
    model: ModelSpec
    listed: bool
    """Whether the built-in catalogue has it, so that no entry is to be written."""


def chosen_model(text: str, name: str | None) -> ChosenModel:
    """Return the model that a text names.

    Args:
        text: a name of the catalogue, an address, a file of weights, or a folder: of a
            checkpoint, or of a LoRA adapter, whose base it names itself.
        name: what to call it; ``None`` for its own name, or the last part of its place.

    Raises:
        UsageError: there is no such model, or the folder does not tell its base.
    """
    built_in = load_models()
    if text in built_in.entries and name is None:
        return ChosenModel(name=text, model=built_in.entries[text], listed=True)
    own = load_models([_PROJECT] if _PROJECT.is_file() else [])
    if text in own.entries and text not in built_in.entries:
        raise UsageError(
            f"--model {text}: stands in {_PROJECT}, which a folder of benchmarks does"
            " not read; give its address, and --name"
        )
    if (Path(text) / _ADAPTER).is_file():
        found = _with_adapter(text)
    else:
        found = own.find(_address(text), where="--model")
    last = str(found.adapter or found.weights or text).rstrip("/").rpartition("/")[2]
    return ChosenModel(
        name=name or plain_name(last.removesuffix(".gguf")), model=found, listed=False
    )


def _address(text: str) -> str:
    """Return a path as the address that it is: of a file, or of a folder."""
    if text.endswith(".gguf") and ":" not in text:
        return f"gguf:{text}"
    return f"hf:{text}" if Path(text).is_dir() else text


def _with_adapter(folder: str) -> ModelSpec:
    """Return the base of a LoRA adapter with the adapter on it."""
    path = Path(folder) / _ADAPTER
    try:
        base = json.loads(path.read_text("utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        base = None
    if not isinstance(base, str) or not base:
        raise UsageError(
            f"{path}: does not say its base (base_model_name_or_path); write an entry"
            " with `weights` and `adapter` into models.toml"
        )
    found = load_models().find(f"hf:{base}", where=str(path))
    return replace(found, adapter=folder)
