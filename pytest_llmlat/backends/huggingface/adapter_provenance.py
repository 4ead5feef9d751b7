"""What an adapter that was trained here tells of its base, held against the entry's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.local_checkpoint import checkpoint_files
from pytest_llmlat.backends.weights import fingerprint
from pytest_llmlat.values.errors import AdapterMismatch
from pytest_llmlat.values.provenance import PROVENANCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec

_WEIGHTS = (".safetensors", ".gguf")


def base_digests(model: ModelSpec) -> Mapping[str, str]:
    """Return the digests of a base's files of weights that are on this machine.

    Each is 16 hex digits over the size and 64 blocks of a file; the adapter's own are
    not among them.

    Raises:
        MissingExtra: the package with the weights is not installed.
        WeightsUnavailable: they are not there, or are damaged.
    """
    plain = replace(model, adapter=None, adapter_revision=None)
    return {
        path.name: fingerprint(path)
        for path in checkpoint_files(plain)
        if path.suffix in _WEIGHTS
    }


def check_base(model: ModelSpec, folder: Path) -> str | None:
    """See that an entry's base is the one that its adapter was trained on.

    Names are compared elsewhere; two models may have one name.

    Args:
        model: the entry, with its adapter.
        folder: of the adapter.

    Returns:
        What could not be compared; ``None`` where it was, or where the adapter does
        not tell.

    Raises:
        AdapterMismatch: a file of weights is another than then.
    """
    path = folder / PROVENANCE
    try:
        told = json.loads(path.read_text("utf-8"))["base"]["files"]
        then = {str(name): str(digest) for name, digest in told.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"its {PROVENANCE} cannot be read"
    now = base_digests(model)
    common = [name for name in then if name in now]
    if not common:
        return f"the digests of its base in {PROVENANCE} could not be compared"
    for name in common:
        if now[name] != then[name]:
            raise AdapterMismatch(
                f"model {model.name!r}: adapter {model.adapter!r} was trained on a"
                f" {name} with the digest {then[name]}, and that of {model.weights!r}"
                f" is {now[name]}: another base of the same name; take the base that it"
                " was trained on, or train it anew"
            )
    return None
