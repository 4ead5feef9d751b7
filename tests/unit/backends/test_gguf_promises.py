"""Metadata of a GGUF file that cannot be true are refused before llama.cpp reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.gguf.header import read_header
from pytest_llmlat.backends.gguf.loading import checked_header
from pytest_llmlat.backends.gguf.promises import check_promises
from pytest_llmlat.values.errors import WeightsUnavailable
from tests.unit.builders import a_model
from tests.unit.small_gguf import LAYERS, TOKENS, a_small_model, number, numbers, real

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.small_gguf import Lies, Shapes

NAN, INFINITE = float("nan"), float("inf")
LARGE = 1 << 31


def refusal(folder: Path, lies: Lies, shapes: Shapes | None = None) -> str:
    """Return what is said of a file with such lies."""
    path = folder / "m.gguf"
    path.write_bytes(a_small_model(lies, shapes))
    with pytest.raises(WeightsUnavailable) as caught:
        checked_header(replace(a_model("mine"), weights=str(path)), path)
    told = str(caught.value)
    assert told.startswith(f"model 'mine': {path}")
    assert "\n" not in told
    return told


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("block_count", value) for value in (0, 1, 5, 513, 600, LARGE, -1)),
        *(("embedding_length", value) for value in (0, LARGE, -1)),
        *(("feed_forward_length", value) for value in (LARGE, -1)),
        *(("attention.head_count", value) for value in (LARGE, -1)),
        *(("attention.key_length", value) for value in (LARGE, -1)),
        *(("attention.value_length", value) for value in (LARGE, -1)),
        *(("rope.dimension_count", value) for value in (LARGE, -1)),
        *(("expert_count", value) for value in (LARGE, -1)),
        *(("expert_used_count", value) for value in (1, 9, LARGE)),
        *(("context_length", value) for value in (LARGE, -1)),
        *(("vocab_size", value) for value in (LARGE, -1)),
    ],
)
def test_a_count_that_cannot_be(tmp_path: Path, key: str, value: int) -> None:
    """Some of these end a process that hands the file to llama.cpp."""
    told = refusal(tmp_path, {f"llama.{key}": number(f"llama.{key}", value)})

    assert f"llama.{key} = {value & 0xFFFFFFFF:,}" in told


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("rope.freq_base", value) for value in (0.0, -1.0, NAN, INFINITE)),
        *(("rope.scaling.factor", value) for value in (-1.0, NAN, INFINITE)),
        *(
            ("attention.layer_norm_rms_epsilon", value)
            for value in (-1.0, 1.0, NAN, INFINITE)
        ),
    ],
)
def test_a_number_that_cannot_be(tmp_path: Path, key: str, value: float) -> None:
    """A model would compute with it, and answer nonsense or abort."""
    told = refusal(tmp_path, {f"llama.{key}": real(f"llama.{key}", value)})

    assert f"llama.{key} = {value}" in told


@pytest.mark.parametrize("which", ["bos", "eos"])
def test_an_end_that_is_no_token(tmp_path: Path, which: str) -> None:
    """llama.cpp would take another token instead, and say so only in its log."""
    key = f"tokenizer.ggml.{which}_token_id"

    told = refusal(tmp_path, {key: number(key, len(TOKENS))})

    assert f"{key} = {len(TOKENS)}" in told
    assert f"its vocabulary has {len(TOKENS)} tokens" in told


def test_blocks_beyond_those_that_are_promised(tmp_path: Path) -> None:
    """A model without its last layers would answer, and badly."""
    told = refusal(tmp_path, {}, {"blk.7.attn_q.weight": (3, 3)})

    assert f"llama.block_count = {LAYERS}" in told
    assert "its tensors are of 8 blocks" in told


@pytest.mark.parametrize(
    "lies",
    [
        {},
        {"llama.rope.scaling.factor": real("llama.rope.scaling.factor", 0.0)},
        {
            "tokenizer.ggml.bos_token_id": number("tokenizer.ggml.bos_token_id", -1),
            "llama.block_count": number("llama.block_count", LAYERS + 1),
        },
        {"llama.attention.head_count": numbers("llama.attention.head_count", 2, 2)},
        {"llama.block_count": None, "general.architecture": None},
    ],
)
def test_what_may_be_is_left_to_the_library(tmp_path: Path, lies: Lies) -> None:
    """Nought for none, no token, layers without tensors, a number for each layer."""
    path = tmp_path / "m.gguf"
    path.write_bytes(a_small_model(lies))

    check_promises([read_header(path)])


def test_blocks_may_lie_in_other_parts(tmp_path: Path) -> None:
    """Metadata are in the first file of a model in parts, its last blocks are not."""
    path = tmp_path / "m.gguf"
    path.write_bytes(a_small_model())
    first = read_header(path)

    check_promises([replace(first, last_block=None), replace(first, numbers={})])
