"""Weights held against the digest that is known of them, once for a file as it is."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64decode
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from pytest_llmlat.backends.shared_options import SHA256
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.values.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec


def check_digest(
    model: ModelSpec, path: Path, *, environ: Mapping[str, str] = os.environ
) -> None:
    """See that a file has the digest that its entry or its package says.

    Args:
        model: the entry; without its option ``sha256``, what the package that the file
            lies in recorded when it was built.
        path: the file.
        environ: where the user's cache is, in which it is remembered.

    Raises:
        WeightsUnavailable: the file is another, or was damaged.
    """
    given = model.option(SHA256.name)
    expected = str(given).lower() if given else _recorded(model, path)
    if expected is None:
        return
    mark = _mark(path, expected, environ)
    if mark is not None and mark.is_file():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        whose = "its entry" if given else f"package {model.package}"
        raise WeightsUnavailable(
            f"model {model.name!r}: {path} has the SHA-256 {found}, and {whose} says"
            f" {expected}: it is another file, or was damaged; fetch or"
            " install it again"
        )
    if mark is not None:
        # Where nothing can be remembered, it is computed again the next time.
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()


def _recorded(model: ModelSpec, path: Path) -> str | None:
    """Return what a package's RECORD says of one of its files, in hexadecimal."""
    if model.package is None:
        return None
    try:
        files = distribution(model.package.replace("_", "-")).files or ()
    except PackageNotFoundError:
        return None
    for file in files:
        if file.name == path.name and file.hash and file.hash.mode == "sha256":
            packed = file.hash.value
            return urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).hex()
    return None


def _mark(path: Path, expected: str, environ: Mapping[str, str]) -> Path | None:
    """Return the file that is there once such a file had such a digest."""
    cache = user_cache(environ)
    if cache is None:
        return None
    facts = path.stat()
    told = f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns} {expected}"
    return (
        cache / "verified" / hashlib.sha256(told.encode(errors="replace")).hexdigest()
    )
