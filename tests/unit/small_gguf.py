"""A GGUF file of a whole model that llama.cpp loads, small enough to be lied about."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

from tests.unit.gguf_files import ARRAY, FLOAT32, STRING, UINT32, pair, text, words

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH, LAYERS, HIDDEN, HEADS = 32, 2, 64, 2
INT32 = 5
TOKENS = (
    "<unk>",
    "<s>",
    "</s>",
    *(f"<0x{byte:02X}>" for byte in range(256)),
    "▁a",
    "b",
)
KINDS = (2, 3, 3, *(6,) * 256, 1, 1)
Lies: TypeAlias = "Mapping[str, bytes | None]"
"""Whole metadata pairs by their keys; ``None`` leaves one out."""
Shapes: TypeAlias = "Mapping[str, tuple[int, ...] | None]"


def number(key: str, value: int) -> bytes:
    """Return a pair that holds a whole number."""
    return pair(key, UINT32, struct.pack("<I", value & 0xFFFFFFFF))


def real(key: str, value: float) -> bytes:
    """Return a pair that holds a number."""
    return pair(key, FLOAT32, struct.pack("<f", value))


def texts(key: str, *values: str) -> bytes:
    """Return a pair that holds a list of texts."""
    return pair(key, ARRAY, words(*values))


def numbers(key: str, *values: int) -> bytes:
    """Return a pair that holds a list of whole numbers."""
    packed = struct.pack(f"<IQ{len(values)}i", INT32, len(values), *values)
    return pair(key, ARRAY, packed)


def reals(key: str, *values: float) -> bytes:
    """Return a pair that holds a list of numbers."""
    packed = struct.pack(f"<IQ{len(values)}f", FLOAT32, len(values), *values)
    return pair(key, ARRAY, packed)


def a_pair(key: str, value: str) -> bytes:
    """Return a pair that holds a text."""
    return pair(key, STRING, text(value))


PAIRS: Mapping[str, bytes] = {
    "general.architecture": a_pair("general.architecture", "llama"),
    "llama.block_count": number("llama.block_count", LAYERS),
    "llama.context_length": number("llama.context_length", 2048),
    "llama.embedding_length": number("llama.embedding_length", WIDTH),
    "llama.feed_forward_length": number("llama.feed_forward_length", HIDDEN),
    "llama.attention.head_count": number("llama.attention.head_count", HEADS),
    "llama.attention.head_count_kv": number("llama.attention.head_count_kv", HEADS),
    "llama.attention.layer_norm_rms_epsilon": real(
        "llama.attention.layer_norm_rms_epsilon", 1e-5
    ),
    "llama.rope.dimension_count": number("llama.rope.dimension_count", WIDTH // HEADS),
    "llama.vocab_size": number("llama.vocab_size", len(TOKENS)),
    "tokenizer.ggml.model": a_pair("tokenizer.ggml.model", "llama"),
    "tokenizer.ggml.tokens": texts("tokenizer.ggml.tokens", *TOKENS),
    "tokenizer.ggml.scores": reals(
        "tokenizer.ggml.scores", *(-float(n) for n in range(len(TOKENS)))
    ),
    "tokenizer.ggml.token_type": numbers("tokenizer.ggml.token_type", *KINDS),
    "tokenizer.ggml.bos_token_id": number("tokenizer.ggml.bos_token_id", 1),
    "tokenizer.ggml.eos_token_id": number("tokenizer.ggml.eos_token_id", 2),
    "tokenizer.ggml.unknown_token_id": number("tokenizer.ggml.unknown_token_id", 0),
}


def _shapes() -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {"token_embd.weight": (WIDTH, len(TOKENS))}
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        found |= {
            f"{block}.attn_norm.weight": (WIDTH,),
            **{f"{block}.attn_{one}.weight": (WIDTH, WIDTH) for one in "qkv"},
            f"{block}.attn_output.weight": (WIDTH, WIDTH),
            f"{block}.ffn_norm.weight": (WIDTH,),
            f"{block}.ffn_gate.weight": (WIDTH, HIDDEN),
            f"{block}.ffn_up.weight": (WIDTH, HIDDEN),
            f"{block}.ffn_down.weight": (HIDDEN, WIDTH),
        }
    return found | {"output_norm.weight": (WIDTH,)}


SHAPES: Mapping[str, tuple[int, ...]] = _shapes()


def a_small_model(
    lies: Lies | None = None,
    shapes: Shapes | None = None,
    *,
    value: float = 0.01,
) -> bytes:
    """Return the file of a Llama of two layers, with lies in its metadata.

    Args:
        lies: pairs that replace others or come on top, by their keys.
        shapes: tensors that do so, by their names.
        value: of all weights.
    """
    pairs = {**PAIRS, **(lies or {})}
    tensors = {**SHAPES, **(shapes or {})}
    kept = {name: shape for name, shape in tensors.items() if shape is not None}
    told = [each for each in pairs.values() if each is not None]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(kept), len(told)) + b"".join(told)
    data = b""
    for name, shape in kept.items():
        count = 1
        for size in shape:
            count *= size
        head += text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", 0, len(data))
        data += struct.pack("<f", value) * count
        data += bytes(-len(data) % 32)
    return head + bytes(-len(head) % 32) + data
