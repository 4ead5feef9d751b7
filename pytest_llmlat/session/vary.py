"""One model in many settings: the product of what ``--llm-vary`` names.

``dtype=float32,bfloat16 threads=1,2`` makes four variants of each model, beside the
model as its entry says. A setting is ``dtype`` or an option of the entry; the value
``default`` leaves what the entry says. What an option takes, its backend knows: it
refuses what it does not know when the variant is loaded. ``adapter=./a,none`` puts
adapters on one base.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.backend_kind import BACKENDS
from pytest_llmlat.backends.shared_options import SHARED_DEFAULTS
from pytest_llmlat.values.confidential import (
    as_option,
    as_secret,
    shown_address,
    shown_header,
    shown_option,
)
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.toml_text import toml_key, toml_value
from pytest_llmlat.values.typed_setting import AS_ENTRY, typed_setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.entities import ModelSpec, Scalar

MOST = 100
"""Variants of one model up to which they are taken for no mistake."""
ADAPTER = "adapter"
"""Key of an entry, and no option, that can be varied as ``dtype`` can."""
NONE = "none"
"""Value for no adapter."""
_GRAMMAR = "write KEY=VALUE,VALUE … with a space between keys, such as threads=1,2"
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_IN_SETTINGS = re.compile(r"(?P<name>.+)\[(?P<settings>[a-z][a-z0-9_]*=[^\[\]]+)\]")
"""Pattern of a model in settings of its own, as reports name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A setting and its values in turn; ``None`` is the entry's own."""

    key: str
    values: tuple[Scalar | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A variant: a model in one combination of settings."""

    model: ModelSpec
    """Model under its own name, such as ``gpt2[threads=1]``."""
    of: str
    """Name of the entry that it is a variant of."""
    settings: tuple[tuple[str, Scalar], ...]
    """Settings in which it differs from the entry; empty for the entry itself."""


def parse(text: str, *, where: str) -> tuple[Axis, ...]:
    """Return the settings that are to be varied.

    Args:
        text: such as ``dtype=float32,bfloat16 threads=1,2``.
        where: the option or the file, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    axes: dict[str, Axis] = {}
    for part in text.split():
        key, equals, values = part.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise UsageError(f"{where}: {part!r} is no setting; {_GRAMMAR}")
        if key in axes:
            raise UsageError(f"{where}: {key} stands there twice; {_GRAMMAR}")
        given = values.split(",")
        if any(as_option(key, each) != each for each in (values, *given)):
            raise UsageError(
                f"{where}: {key} holds a key, and what is varied stands in names and"
                " reports: write it into an entry of a catalogue"
            )
        if not all(given):
            raise UsageError(f"{where}: {part!r} has an empty value; {_GRAMMAR}")
        found = tuple(dict.fromkeys(typed_setting(value) for value in given))
        axes[key] = Axis(key=key, values=found)
    return tuple(axes.values())


def variants(
    model: ModelSpec, axes: tuple[Axis, ...], *, where: str
) -> tuple[Variant, ...]:
    """Return a model in the product of settings, the entry itself first.

    Args:
        model: the entry.
        axes: what to vary; without any there is the entry alone.
        where: the option or the file, for the complaint.

    Raises:
        UsageError: too many, or a setting that such a model cannot have.
    """
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST:
        raise UsageError(
            f"{where}: {count} variants of {model.name!r}; at most {MOST} are measured"
            " in one run: leave out values"
        )
    if any(axis.key == "dtype" for axis in axes):
        check_typed(model, where=where)
    if any(axis.key == ADAPTER for axis in axes) and not takes_adapters(model):
        raise UsageError(
            f"{where}: adapter: {model.name!r} runs through {model.backend}, which"
            " puts none on; name a model that takes one"
        )
    own = Variant(model=model, of=model.name, settings=())
    found: dict[tuple[tuple[str, Scalar], ...], Variant] = {(): own}
    for values in product(*(axis.values for axis in axes)):
        settings = tuple(
            (axis.key, value)
            for axis, value in zip(axes, values, strict=True)
            if value is not None and not says(model, axis.key, value)
        )
        found.setdefault(settings, variant_in(model, settings))
    return tuple(found.values())


def model_named(
    name: str, find: Callable[[str], ModelSpec], *, where: str
) -> ModelSpec:
    """Return a model by its name, or one in other settings: ``gpt2[threads=1]``.

    Args:
        name: as it was typed.
        find: returns an entry, or the model at an address.
        where: it was typed, for the complaint.

    Raises:
        UsageError: shows the grammar, or a setting that such a model cannot have.
        UnknownName: there is no such entry.
    """
    told = _IN_SETTINGS.fullmatch(name)
    if told is None:
        return find(name)
    settings = told["settings"]
    parts = (part.partition("=") for part in settings.split(","))
    shown = ",".join(f"{key}{sign}{shown_option(key, v)}" for key, sign, v in parts)
    place = f"{where}: {shown_address(told['name'])}[{shown}]"
    axes = parse(settings.replace(",", " "), where=place)
    found = variants(find(told["name"]), axes, where=where)[-1].model
    # What the entry says itself makes no variant, but a second of the same.
    return replace(found, name=name_in_settings(shown_address(name)))


def name_in_settings(name: str) -> str:
    """Return a model's name with its settings as reports write them.

    ``gpt2[structured=off]`` is ``gpt2[structured=false]``; what has none, or some that
    cannot be read, stays as it is.
    """
    told = _IN_SETTINGS.fullmatch(name)
    if told is None:
        return name
    try:
        axes = parse(told["settings"].replace(",", " "), where="")
    except UsageError:
        return name
    values = [(axis.key, value) for axis in axes for value in axis.values]
    shown = ",".join(
        f"{key}={AS_ENTRY if value is None else _written(value)}"
        for key, value in values
    )
    return f"{told['name']}[{shown}]"


def entry_text(variant: Variant) -> str:
    """Return the lines of a catalogue that make the model run in these settings."""
    model = variant.model
    told: dict[str, Any] = {
        "backend": model.backend,
        "engine": model.engine,
        "command": None if model.command is None else str(model.command),
        "steps": [step.name for step in model.steps] or None,
        "go_on": [dict(rule.conditions) for rule in model.go_on] or None,
        "package": model.package,
        "weights": model.weights,
        "revision": model.revision,
        "extra": model.extra,
        "devices": list(model.devices),
        "dtype": dict(model.dtype) or None,
        "adapter": model.adapter,
        "adapter_revision": model.adapter_revision,
        "chat": model.chat,
        "system": model.system,
        "chat_template_kwargs": dict(model.chat_template_kwargs) or None,
        "trust_remote_code": model.trust_remote_code or None,
        "url": None if model.url is None else str(model.url),
        "api_key_env": model.api_key_env,
        "headers": {
            name: shown_header(name, as_secret(value).reveal())
            for name, value in model.headers
        }
        or None,
        "options": {name: shown_option(name, value) for name, value in model.options}
        or None,
    }
    lines = [
        f"{key} = {toml_value(value)}"
        for key, value in told.items()
        if value is not None
    ]
    return "\n".join([f"[models.{toml_key(variant.of)}]", *lines]) + "\n"


def check_typed(model: ModelSpec, *, where: str) -> None:
    """See that a backend can load weights in another dtype than they are stored in.

    Raises:
        UsageError: it cannot.
    """
    if not BACKENDS[model.backend].dtypes:
        raise UsageError(
            f"{where}: dtype: {model.name!r} runs through {model.backend}, where the"
            " weights' file decides it; name a model for each file instead"
        )


def takes_adapters(model: ModelSpec) -> bool:
    """Whether the backend puts an adapter on a base."""
    heeded = BACKENDS[model.backend].keys
    return heeded is None or ADAPTER in heeded


def variant_in(model: ModelSpec, settings: tuple[tuple[str, Scalar], ...]) -> Variant:
    """Return a model in settings, under a name that tells them."""
    told = ",".join(f"{key}={_written(value)}" for key, value in settings)
    own = dict(settings)
    options = {**dict(model.options), **own}
    dtype = options.pop("dtype", None) if "dtype" in own else None
    adapter = str(options.pop(ADAPTER)) if ADAPTER in own else model.adapter
    return Variant(
        model=replace(
            model,
            name=f"{model.name}[{told}]",
            dtype=model.dtype
            if dtype is None
            else tuple((device, str(dtype)) for device in model.devices),
            adapter=None if adapter == NONE else adapter,
            # A commit of one adapter's repository is none of another's.
            adapter_revision=None if ADAPTER in own else model.adapter_revision,
            options=tuple(sorted(options.items())),
        ),
        of=model.name,
        settings=settings,
    )


def says(model: ModelSpec, key: str, value: Scalar) -> bool:
    """Whether the entry has this value already."""
    if key == "dtype":
        return {model.dtype_on(device) for device in model.devices} == {value}
    if key == ADAPTER:
        return (model.adapter or NONE) == value
    own = model.option(key, SHARED_DEFAULTS.get(key))
    return own == value and type(own) is type(value)


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
