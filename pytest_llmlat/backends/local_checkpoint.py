"""The checkpoint of an entry as far as it is on this machine: its files, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.checkpoint_files import check_checkpoint
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.backends.weights_digest import check_digests, digests_told
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

_READ = frozenset(
    (
        *(".json", ".safetensors", ".model", ".txt", ".jinja", ".tiktoken", ".gguf"),
        ".py",
    )
)
"""Endings of what libraries read as they load a checkpoint."""


def checkpoint_files(model: ModelSpec) -> list[Path]:
    """Return the files that loading a folder or a hub id reads, those that are here.

    Raises:
        WeightsUnavailable: a file says what cannot be; names it and the field.
    """
    if model.weights is None:
        return []
    place = Path(model.weights).expanduser()
    if model.package is not None or place.is_file():
        file = local_file(model)
        check_digests(model, [file])
        return [file]
    folder = place if place.is_dir() else _cached(model.weights, model.revision)
    if folder is None:
        return []
    if folder == place:
        check_digests(model, _files(folder))
    # Of the hub's not all may be here yet: whoever loads them checks what was fetched.
    check_checkpoint(folder, wanted_by=f"model {model.name!r}")
    return [*_inside(folder), *_adapter(model)]


def check_fetched(model: ModelSpec, folder: Path) -> None:
    """See that a repository has the digests of its entry, once it was fetched.

    Raises:
        WeightsUnavailable: a file is another, was damaged, or is not there.
    """
    if digests_told(model):
        check_digests(model, _files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in _READ)


def _adapter(model: ModelSpec) -> list[Path]:
    """Return the files of an entry's adapter, if that is a folder."""
    folder = Path(model.adapter or "").expanduser()
    return _inside(folder) if model.adapter and folder.is_dir() else []


def _cached(repository: str, revision: str | None) -> Path | None:
    """Return the folder where a repository of the hub lies that was fetched before."""
    try:
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - on use

        found = try_to_load_from_cache(
            repository, "config.json", revision=revision or "main"
        )
    except (ImportError, ValueError, OSError, LLMLatError):
        return None  # no library, or no such name: told by whoever loads it
    return Path(found).parent if isinstance(found, str) else None
