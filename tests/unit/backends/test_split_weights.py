"""Weights in pieces are put together once, and only if they are whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.split_weights import find_pieces, put_together
from pytest_llmlat.values.errors import WeightsUnavailable

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [b"GGUF", b"one", b"two"]
DIGEST = hashlib.sha256(b"".join(TEXTS)).hexdigest()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Give a package whose weights lie in three packages beside it."""
    for number, text in enumerate(TEXTS):
        folder = tmp_path / "site" / f"weights_part{number + 1}" / "data"
        folder.mkdir(parents=True)
        (folder / f"w.gguf.part{number:02}").write_bytes(text)
    whole = tmp_path / "site" / "weights"
    whole.mkdir()
    return whole


def test_the_pieces_are_found_beside_the_package_in_order(package: Path) -> None:
    """Their names order them; other files of those packages are none of them."""
    (package.parent / "weights_part1" / "data" / "other.gguf.part00").touch()

    found = find_pieces(package, "w.gguf")

    assert [path.name[-2:] for path in found] == ["00", "01", "02"]
    assert find_pieces(package, "absent.gguf") == []


def test_the_whole_lies_in_the_cache(package: Path, tmp_path: Path) -> None:
    """Its bytes are those of the pieces, one after the other."""
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    pieces = find_pieces(package, "w.gguf")

    whole = put_together(pieces, "w.gguf", sha256=DIGEST, environ=cache)

    assert whole.read_bytes() == b"".join(TEXTS)
    assert whole.is_relative_to(tmp_path / "cache")


def test_it_is_put_together_once(package: Path, tmp_path: Path) -> None:
    """A second call finds it there."""
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    pieces = find_pieces(package, "w.gguf")
    first = put_together(pieces, "w.gguf", sha256=DIGEST, environ=cache)
    before = first.stat().st_mtime_ns

    again = put_together(pieces, "w.gguf", sha256=DIGEST, environ=cache)

    assert again.stat().st_mtime_ns == before


def test_pieces_that_do_not_add_up_are_refused(package: Path, tmp_path: Path) -> None:
    """Nothing is left under the name that a later call would take for whole."""
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    pieces = find_pieces(package, "w.gguf")[:2]

    with pytest.raises(WeightsUnavailable, match=r"w\.gguf: its 2 pieces have digest"):
        put_together(pieces, "w.gguf", sha256=DIGEST, environ=cache)
    assert not list((tmp_path / "cache").rglob("*.*"))
