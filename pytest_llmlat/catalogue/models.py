"""The model catalogue: names a user types, and addresses that need no entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.catalogue.tables import entries
from pytest_llmlat.errors import UnknownName, UsageError
from pytest_llmlat.records import ModelSpec
from pytest_llmlat.resources import bundled
from pytest_llmlat.settings import DEVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_llmlat.catalogue.tables import Table

LOCAL_DEVICES = ("cpu", "cuda", "a6000", "mps")
BACKENDS = ("gguf", "transformers", "scripted")
ADDRESSES: Mapping[str, str] = {"hf": "transformers", "gguf": "gguf"}
DEFAULT = "smollm2-135m"
"""The model that needs no hub, and runs where none is asked for."""
_LATER = ("mlx:", "hub:", "http://", "https://")
_KEYS = (
    "backend",
    "devices",
    "weights",
    "package",
    "extra",
    "revision",
    "adapter",
    "adapter_revision",
    "dtype",
    "chat",
    "options",
)
_REMEDY = (
    "Models come from the built-in catalogue, from --llm-models FILE, from"
    " [tool.pytest-llmlat.models] in pyproject.toml, or directly as"
    " hf:ORG/NAME or gguf:PATH"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCatalogue:
    """Every model that can be named."""

    entries: Mapping[str, ModelSpec]
    default: str
    """The model that runs where none is asked for."""

    def find(self, name: str, *, where: str) -> ModelSpec:
        """Return the entry called ``name``, or the model at that address.

        Args:
            name: a catalogue name or an address, ``hf:org/name`` or ``gguf:PATH``.
            where: where the name was given, for the message.

        Raises:
            UnknownName: neither; the message names the nearest entries.
            UsageError: an address of a kind that is not served.
        """
        if name in self.entries:
            return self.entries[name]
        if name.startswith(_LATER):
            raise UsageError(
                f"{where}: {name!r}: this version runs models in this process only;"
                " use hf:ORG/NAME or gguf:PATH"
            )
        kind, colon, rest = name.partition(":")
        if colon and kind in ADDRESSES and rest:
            return ModelSpec(
                name=name, backend=ADDRESSES[kind], devices=LOCAL_DEVICES, weights=rest
            )
        raise UnknownName("model", name, self.entries, where=where, remedy=_REMEDY)


def load_models(files: Iterable[Path] = ()) -> ModelCatalogue:
    """Read the built-in catalogue and the user's files; a later entry wins.

    Args:
        files: catalogues, or a ``pyproject.toml`` with ``[tool.pytest-llmlat]``.

    Raises:
        BadCatalogue: names the file and the key or line.
    """
    found = {
        table.name: _model(table, folder)
        for path in (bundled("models.toml"), *files)
        for table, folder in entries(path, "models")
    }
    return ModelCatalogue(entries=found, default=DEFAULT)


def _model(table: Table, folder: Path) -> ModelSpec:
    table.only(_KEYS)
    backend = table.required("backend")
    if backend not in BACKENDS:
        raise table.complain(
            "backend", f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}"
        )
    devices = tuple(dict.fromkeys(table.texts("devices"))) or LOCAL_DEVICES
    for device in devices:
        if device not in DEVICES:
            raise table.complain(
                "devices", f"unknown device {device!r}; known: {', '.join(DEVICES)}"
            )
    if backend != "scripted":
        table.required("weights")
    return ModelSpec(
        name=table.name,
        backend=backend,
        devices=devices,
        weights=_optional_place(table.text("weights"), folder),
        package=table.text("package"),
        extra=table.text("extra"),
        revision=table.text("revision"),
        adapter=_optional_place(table.text("adapter"), folder),
        adapter_revision=table.text("adapter_revision"),
        dtype=table.pairs("dtype"),
        chat=table.flag("chat"),
        options=tuple(
            (key, _place(value, folder) if isinstance(value, str) else value)
            for key, value in table.scalars("options")
        ),
    )


def _place(text: str, folder: Path) -> str:
    """Make an explicitly relative path absolute; a hub id stays as it is."""
    if text.startswith(("./", "../")):
        return str((folder / text).resolve())
    return text


def _optional_place(text: str | None, folder: Path) -> str | None:
    return None if text is None else _place(text, folder)
