"""The model catalogue: names a user types, and addresses that need no entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BACKENDS, model_at
from pytest_llmlat.backends.go_on_entry import KEY, rules_of
from pytest_llmlat.backends.price_entry import price_of
from pytest_llmlat.machine.device_table import (
    all_devices,
    device_name,
    find_device,
    is_remote,
)
from pytest_llmlat.values.derived_entries import (
    EntryKind,
    bundled_entries,
    whole_entries,
)
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.backends.backend_kind import BackendKind
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.toml_tables import TomlTable

DEFAULT = "smollm2-135m"
"""The model that needs no hub, and runs where none is asked for."""
_WEB = ("http://", "https://")
_SERVED = "endpoint"
"""Device of a cascade whose steps are all behind servers."""
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
    "trust_remote_code",
    "chat",
    "system",
    "chat_template_kwargs",
    "url",
    "api_key_env",
    "headers",
    "engine",
    "command",
    "steps",
    KEY,
    "price",
    "options",
)
_OF_SOME = (
    *("package", "extra", "revision", "adapter", "adapter_revision", "dtype"),
    *("trust_remote_code", "url", "api_key_env", "headers", "engine", "command"),
    *("steps", KEY),
)
"""Keys that not every backend heeds; each says which it does."""
_ENTRIES = EntryKind(
    kind="models",
    noun="model",
    instead={
        "weights": ("package", "extra", "revision", "options.sha256"),
        "package": ("extra", "revision", "options.sha256"),
        "adapter": ("adapter_revision",),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCatalogue:
    """Every model that can be named."""

    entries: Mapping[str, ModelSpec]
    default: str
    """The model that runs where none is asked for."""
    tables: Mapping[str, TomlTable] = field(default_factory=dict)
    """The entries as they are written, each with what it takes from others."""

    def find(self, name: str, *, where: str) -> ModelSpec:
        """Return the entry called ``name``, or the model at that address.

        Args:
            name: a catalogue name or an address, ``hf:org/name``, ``gguf:PATH``,
                ``mlx:org/name``, ``hub:org/name`` or ``http://host:port/v1#name``.
            where: where the name was given, for the message.

        Raises:
            UnknownName: neither; the message names the nearest entries.
        """
        if name in self.entries:
            return self.entries[name]
        model = model_at(name)
        if model is None:
            raise UnknownName(
                "model", name, self.entries, where=where, remedy=_remedy()
            )
        return model


def load_models(files: Iterable[Path] = ()) -> ModelCatalogue:
    """Read the built-in catalogue and the user's files; a later entry wins.

    Args:
        files: catalogues, or a ``pyproject.toml`` with ``[tool.pytest-llmlat]``.

    Raises:
        BadCatalogue: names the file and the key or line.
    """
    tables = whole_entries(files, _ENTRIES, bundled_entries("models.toml", "models"))
    plain = {n: _model(table) for n, table in tables.items() if not _stepped(table)}
    found = {
        name: plain[name] if name in plain else _model(table, _steps(table, plain))
        for name, table in tables.items()
    }
    return ModelCatalogue(entries=found, default=DEFAULT, tables=tables)


def _remedy() -> str:
    """Say where names come from, and how addresses are written."""
    forms = [kind.form for kind in BACKENDS.working().values() if kind.form]
    return (
        "Models come from the built-in catalogue, from a file of yours (--llm-models"
        " FILE; in Python model_files=), from [tool.pytest-llmlat.models] in"
        f" pyproject.toml, or directly as {', '.join(forms)}"
    )


def _stepped(table: TomlTable) -> bool:
    return bool(table.values.get("steps"))


def _steps(table: TomlTable, plain: Mapping[str, ModelSpec]) -> tuple[ModelSpec, ...]:
    """Return the models that a cascade names: other entries, or addresses.

    Raises:
        UnknownName: there is no such model.
    """
    found = []
    for name in table.texts("steps"):
        model = plain.get(name) or model_at(name)
        if model is None:
            told = f"{table.where}.steps (a cascade is no step of another)"
            raise UnknownName("model", name, plain, where=told, remedy=_remedy())
        found.append(model)
    return tuple(found)


def _common(table: TomlTable, steps: Sequence[ModelSpec]) -> tuple[str, ...]:
    """Return the devices that all steps of this machine have, in the first's order.

    Steps behind servers of somebody's have a place of their own.
    """
    here = [step for step in steps if not all(map(is_remote, step.devices))]
    if not here:
        return (_SERVED,)
    first, *others = here
    shared = tuple(
        device
        for device in first.devices
        # What a cloud serves is none of this machine's.
        if getattr(find_device(device), "backend", None) is None
        and all(device in other.devices for other in others)
    )
    if not shared:
        told = "; ".join(f"{step.name}: {', '.join(step.devices)}" for step in here)
        raise table.complain("steps", f"have no device in common ({told})")
    return shared


def _model(table: TomlTable, steps: tuple[ModelSpec, ...] = ()) -> ModelSpec:
    table.only(_KEYS)
    backend = table.required("backend")
    if backend not in BACKENDS:
        raise table.complain(
            "backend", f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}"
        )
    kind = BACKENDS[backend]
    named = map(device_name, table.texts("devices"))
    usual = _common(table, steps) if steps else kind.usual_devices
    devices = tuple(dict.fromkeys(named)) or usual
    _check_devices(table, "devices", devices)
    if kind.needs == "url":
        url = table.required("url")
        if not url.startswith(_WEB):
            raise table.complain("url", "must begin with http:// or https://")
    elif kind.needs == "weights":
        table.required("weights")
    elif kind.needs == "steps" and not steps:
        raise table.complain("steps", "is needed and missing: the models to ask")
    options = tuple(
        (key, _placed(table, f"options.{key}", value))
        for key, value in table.scalars("options", nested=kind.nested_options)
    )
    model = ModelSpec(
        name=table.name,
        backend=backend,
        devices=devices,
        weights=_text_or_place(table, "weights"),
        package=table.text("package"),
        extra=table.text("extra"),
        revision=table.text("revision"),
        adapter=_text_or_place(table, "adapter"),
        adapter_revision=table.text("adapter_revision"),
        dtype=_dtype(table, devices),
        trust_remote_code=table.flag("trust_remote_code") or False,
        chat=table.flag("chat"),
        system=table.text("system"),
        chat_template_kwargs=table.scalars("chat_template_kwargs"),
        url=table.text("url"),
        api_key_env=table.text("api_key_env"),
        headers=table.pairs("headers"),
        engine=table.text("engine"),
        command=table.text("command"),
        steps=steps,
        go_on=rules_of(table, len(steps)) if steps else (),
        price=price_of(table, date.today()),  # noqa: DTZ011 - a day where one is
        options=options,
        file=table.file,
        taken=tuple(
            (key, table.taken[f"options.{key}"].where)
            for key, _ in options
            if f"options.{key}" in table.taken
        ),
    )
    _check_heeded(table, kind)
    return model


def _check_heeded(table: TomlTable, kind: BackendKind) -> None:
    """Complain of the first key that the entry's backend would not heed.

    What an entry takes from one of another backend is passed over.
    """
    if kind.keys is None:
        return
    for key, value in table.values.items():
        unread = key in _OF_SOME and key not in kind.keys and value is not False
        if unread and key not in table.taken:
            raise table.complain(
                key,
                f"backend {kind.name!r} does not heed it and would run without; leave"
                f" it out (of such keys it heeds {', '.join(kind.keys) or 'none'})",
            )


def _dtype(table: TomlTable, devices: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return a dtype for each device; one string is for all of them."""
    if isinstance(one := table.values.get("dtype"), str):
        return tuple((device, one) for device in sorted(devices))
    found = tuple(
        (device_name(device), dtype) for device, dtype in table.pairs("dtype")
    )
    _check_devices(table, "dtype", [device for device, _ in found])
    return found


def _check_devices(table: TomlTable, key: str, devices: Iterable[str]) -> None:
    """Complain of the first that is no device."""
    for device in devices:
        if find_device(device) is None:
            known = ", ".join(each.name for each in all_devices())
            raise table.complain(
                key, f"unknown device {device!r}; known: {known}, gpu:NAME"
            )


def _placed(table: TomlTable, key: str, value: Scalar) -> Scalar:
    """Make an explicitly relative path absolute; a hub id stays as it is.

    It starts where the file lies in which the key stands.
    """
    if isinstance(value, str) and value.startswith(("./", "../")):
        return str(table.named_file(key, value))
    return value


def _text_or_place(table: TomlTable, key: str) -> str | None:
    text = table.text(key)
    return None if text is None else str(_placed(table, key, text))
