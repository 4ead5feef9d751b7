"""Files of weights held against the digests known of them, once for a file as it is."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64decode
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from pytest_llmlat.backends.shared_options import SHA256, digests_of
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.values.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec

_WEIGHTS = (".gguf", ".safetensors")


def digests_told(model: ModelSpec) -> Mapping[str, str]:
    """Return the digests that an entry gives, by names of files; ``""``: of its only.

    It is empty where the entry gives none.
    """
    given = model.option(SHA256.name)
    return {} if given is None else digests_of(str(given))


def check_digests(
    model: ModelSpec, files: Iterable[Path], *, environ: Mapping[str, str] = os.environ
) -> None:
    """See that files have the digests that their entry or their package says.

    Args:
        model: the entry; without its option ``sha256``, what the package that a file
            lies in recorded when it was built.
        files: all that loading it reads.
        environ: where the user's cache is, in which it is remembered.

    Raises:
        WeightsUnavailable: a file is another, was damaged, or is not there.
    """
    told, known = digests_told(model), {path.name: path for path in files}
    if not told:
        for path in known.values():
            if (recorded := _recorded(model, path)) is not None:
                _check(model, path, recorded, f"package {model.package}", environ)
        return
    for name, expected in told.items():
        file = known.get(name) if name else _only_weights(model, known)
        if file is None:
            raise WeightsUnavailable(
                f"model {model.name!r}: has no file {name}, and its entry says the"
                f" SHA-256 of one; it has {', '.join(sorted(known)[:8])}"
            )
        _check(model, file, expected, "its entry", environ)


def _only_weights(model: ModelSpec, known: Mapping[str, Path]) -> Path:
    """Return the one file that an entry's one digest can be of."""
    found = [path for path in known.values() if path.suffix in _WEIGHTS]
    if len(found) != 1:
        names = ", ".join(sorted(path.name for path in found)[:8]) or "none"
        raise WeightsUnavailable(
            f"model {model.name!r}: its entry says one SHA-256, and it has"
            f" {len(found)} files of weights ({names}); name each:"
            """ options.sha256 = '{"NAME": "DIGITS", …}'"""
        )
    return found[0]


def _check(
    model: ModelSpec,
    path: Path,
    expected: str,
    whose: str,
    environ: Mapping[str, str],
) -> None:
    mark = _mark(path, expected, environ)
    if mark is not None and mark.is_file():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
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
    place = f"{facts.st_dev} {facts.st_ino} {facts.st_size} {facts.st_mtime_ns}"
    told = f"{path.resolve()} {place} {expected}"
    return (
        cache / "verified" / hashlib.sha256(told.encode(errors="replace")).hexdigest()
    )
