"""Whether the base that an adapter was made for is the one that it is put on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.huggingface.entry_options import ADAPTER_BASE
from pytest_llmlat.backends.settings_check import text_option
from pytest_llmlat.values.errors import AdapterMismatch

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

_FORM = re.compile(
    r"[-._](i?q\d\w*|b?f16|f32|fp16|(unsloth-)?bnb-[48]bit|[48]bit|int[48]|awq|gptq|gguf)$"
)
"""The end of a name that tells how weights are stored, not which they are."""
_ANYONES = re.compile(
    r"(base|checkpoint|final|merged|model|out|output|weights)s?(-\d+)?|main|\d*"
)
"""Names of folders that say nothing of what lies in them."""


def base_note(spec: ModelSpec, base: str | None) -> str | None:
    """Compare the base that an adapter names with the weights of the entry.

    Returns:
        What could not be compared; ``None`` where the two are the same.

    Raises:
        AdapterMismatch: they are two models, as far as names can tell.
    """
    ours = str(spec.weights)
    if base is None:
        return "does not say which base it was made for"
    if same_base(base, ours):
        return None
    agreed = text_option(spec, ADAPTER_BASE)
    if agreed is not None and same_base(base, agreed):
        return f"made for {base}, taken for the same as {ours} as the entry says"
    if not _is_path(base) and _plain(base) == _plain(ours):
        return f"made for {base!r}, which is no name of one model alone: not compared"
    if _is_path(base):
        there, here = _present(base), _present(ours)
        if there is None:
            return f"made for {base}, which is not on this machine to compare"
        if here is not None and there.samefile(here):
            return None
    raise AdapterMismatch(
        f"model {spec.name!r}: adapter {spec.adapter!r} was made for {base!r}, but the"
        f" entry's weights are {ours!r}; name that base as weights, or, if the two are"
        " the same weights under two names, say so in the entry:"
        f" options = {{ adapter_base = {json.dumps(base)} }}"
    )


def same_base(one: str, other: str) -> bool:
    """Whether two names of weights mean the same model.

    Compared is the last part of a path or hub id, without case, without the ending
    of a file and without what says how the weights are stored (``.Q4_1``,
    ``-bnb-4bit``): the same weights have many owners on the hub and many folders.
    A name such as ``model`` or ``checkpoint-500`` is nobody's.
    """
    name = _plain(one)
    return name == _plain(other) and not _ANYONES.fullmatch(name)


def _is_path(name: str) -> bool:
    """Whether a name can only be a place on a disk; hub ids are ``org/name``."""
    rooted = name.startswith(("/", "./", "../", "~")) or "\\" in name
    return rooted or name.count("/") > 1


def _present(name: str) -> Path | None:
    """Return what lies at a path, ``None`` for nothing."""
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError):  # too long a name, a user who is not there
        return None


def _plain(name: str) -> str:
    parts = [part for part in re.split(r"[\\/]+", name.strip()) if part] or [""]
    # In the hub's cache the name stands above the folder of a commit.
    cached = [part for part in parts if part.startswith("models--")]
    last = cached[-1].rpartition("--")[2] if cached else parts[-1]
    last = last.casefold().removesuffix(".gguf").removesuffix(".safetensors")
    while (shorter := _FORM.sub("", last)) != last:
        last = shorter
    return re.sub(r"[\s._-]+", "-", last)
