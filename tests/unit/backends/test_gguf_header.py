"""What is read of a GGUF file before llama.cpp maps it, and what is refused."""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.backends.gguf import header as gguf_header
from pytest_llmlat.backends.gguf.header import BrokenGGUF, other_parts, read_header
from tests.unit.gguf_files import (
    ARRAY,
    F32,
    FLOAT32,
    PAIRS,
    STRING,
    UINT32,
    a_file,
    pair,
    tensor,
)

if TYPE_CHECKING:
    from pathlib import Path


def complaint(folder: Path, content: bytes) -> str:
    """Return what is said of a file."""
    path = folder / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(BrokenGGUF) as caught:
        read_header(path)
    return str(caught.value)


def test_a_whole_file_says_what_it_is(tmp_path: Path) -> None:
    """Architecture, kind and the context that belongs to that architecture."""
    path = tmp_path / "x.gguf"
    path.write_bytes(a_file())

    header = read_header(path)

    assert (header.version, header.architecture, header.kind) == (3, "llama", "model")
    assert (header.context, header.tensors, header.pairs) == (512, 2, len(PAIRS))


def test_tokens_that_are_more_than_text_are_told(tmp_path: Path) -> None:
    """Control tokens and the like, by their places in the vocabulary."""
    path = tmp_path / "x.gguf"
    kinds = array("i", [1, 3, 1, 6, 4, 2])
    value = struct.pack("<IQ", 5, len(kinds)) + kinds.tobytes()
    path.write_bytes(a_file((pair("tokenizer.ggml.token_type", 9, value),)))

    assert read_header(path).special == (1, 4, 5)


def test_a_file_may_say_little(tmp_path: Path) -> None:
    """What is not there is unknown, not a default."""
    path = tmp_path / "x.gguf"
    path.write_bytes(a_file((), (), version=2))

    header = read_header(path)

    assert (header.version, header.architecture, header.kind) == (2, None, None)
    assert header.context is None


@pytest.mark.slow
def test_every_cut_is_told(tmp_path: Path) -> None:
    """From the first byte to the last but one, no cut file is taken for whole."""
    whole = a_file()

    said = {complaint(tmp_path, whole[:length]) for length in range(len(whole))}

    assert all("cut off" in each or each == "it is empty" for each in said)
    assert len(said) > 20


def test_a_cut_in_the_data_says_what_is_needed(tmp_path: Path) -> None:
    """The two sizes tell how much of a download is missing."""
    whole = a_file()

    said = complaint(tmp_path, whole[:-1])

    assert f"its 2 tensors need {len(whole)} bytes" in said
    assert f"it has {len(whole) - 1}" in said


def test_data_begins_at_the_alignment_that_the_file_says(tmp_path: Path) -> None:
    """One that is larger than the usual needs a longer file."""
    pairs = (pair("general.alignment", UINT32, struct.pack("<I", 4096)), *PAIRS)
    path = tmp_path / "x.gguf"
    path.write_bytes(a_file(pairs, alignment=4096))

    assert read_header(path).tensors == 2
    assert "cut off" in complaint(tmp_path, a_file(pairs))


def test_a_tensor_of_an_unknown_type_is_left_to_the_library(tmp_path: Path) -> None:
    """Only the start of its data is checked: a newer library may know it."""
    path = tmp_path / "x.gguf"
    path.write_bytes(a_file(tensors=(tensor("a", (1 << 40,), 999, 32),)))

    assert read_header(path).tensors == 1
    assert "cut off" in complaint(
        tmp_path, a_file(tensors=(tensor("a", (1,), 999, 1 << 40),))
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is empty"),
        (b"PK\3\4" + bytes(90), r"it is no GGUF file: it begins with b'PK"),
        (b"GG", "it is cut off"),
        (a_file(version=4), r"its GGUF version is 4; 2 and 3 can be read; a newer"),
        (a_file(version=1), r"its GGUF version is 1; .* convert the model again"),
        (a_file(version=3 << 24), "it is of a big-endian machine"),
        (a_file((pair("x", 77, b""),)), "metadata pair 1 of 1 is of type 77"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0),
            "its number of tensors is 1,152,921,504,606,846,976",
        ),
        (
            a_file((pair("x", ARRAY, struct.pack("<IQ", STRING, 1 << 62)),)),
            "has 4,611,686,018,427,387,904 values",
        ),
        (
            a_file((pair("x", ARRAY, struct.pack("<IQ", FLOAT32, 1 << 62)),)),
            "it is cut off or damaged: metadata pair 1 of 1 needs",
        ),
        (a_file((struct.pack("<Q", 1 << 50),)), "has a name of 1,125,899"),
        (
            a_file((pair("general.alignment", UINT32, struct.pack("<I", 3)),)),
            "its alignment, 3, is no power of two",
        ),
        (a_file((), (tensor("a", (1,) * 9, F32, 0),)), "says 9 dimensions"),
        (
            a_file((pair("x", ARRAY, struct.pack("<IQ", ARRAY, 1) * 9),)),
            "has arrays within arrays",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    """Each in words that say what to look for."""
    path = tmp_path / "x.gguf"
    path.write_bytes(content)

    with pytest.raises(BrokenGGUF, match=expected):
        read_header(path)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.integers(0, len(a_file()) - 1), max_size=8),
    values=st.binary(min_size=8, max_size=8),
    length=st.integers(0, len(a_file())),
)
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, places: list[int], values: bytes, length: int
) -> None:
    """No byte that is wrong leads to another error, nor to work without end."""
    content = bytearray(a_file())
    for place, value in zip(places, values, strict=False):
        content[place] = value
    path = tmp_path / "x.gguf"
    path.write_bytes(content[:length])

    try:
        header = read_header(path)
    except BrokenGGUF as error:
        assert str(error)  # noqa: PT017 - both ends are right, no other is
    else:
        assert header.version in gguf_header.VERSIONS


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_after_the_magic_is_read_or_refused(
    tmp_path: Path, content: bytes
) -> None:
    """Whatever the counts and lengths claim, nothing is allocated by them."""
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF\3\0\0\0" + content)

    try:
        found = read_header(path).version
    except BrokenGGUF:
        found = 3

    assert found == 3


def test_sizes_of_tensor_types_are_those_of_the_library() -> None:
    """Checked against the table of the package ``gguf`` where that is installed."""
    constants = pytest.importorskip("gguf.constants")
    theirs = {int(kind): size for kind, size in constants.GGML_QUANT_SIZES.items()}
    intermediate = 9  # Q8_1 is never stored; the two disagree on it

    ours = dict(gguf_header._BLOCKS)

    assert {k: theirs[k] for k in ours if k in theirs} == {
        k: size for k, size in ours.items() if k in theirs
    }
    assert intermediate not in ours


def test_the_other_parts_of_a_model_are_named(tmp_path: Path) -> None:
    """llama.cpp opens them by their names, beside the one that was named."""
    names = [part.name for part in other_parts(tmp_path / "big.Q4-00002-of-00003.gguf")]

    assert names == ["big.Q4-00001-of-00003.gguf", "big.Q4-00003-of-00003.gguf"]
    assert other_parts(tmp_path / "small.gguf") == []
