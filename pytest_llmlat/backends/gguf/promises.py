"""What the metadata of a GGUF file promise, held against what is in the file.

llama.cpp refuses most lies with an error. Those here make it abort, which would end
the whole session, or compute without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.gguf.header import BrokenGGUF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.backends.gguf.header import Header

_MOST_BLOCKS = 512
"""For which llama.cpp has room."""
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "embedding_length": (1, 1 << 20),
    "feed_forward_length": (0, 1 << 22),
    "attention.head_count": (0, 1 << 14),
    "attention.key_length": (0, 1 << 16),
    "attention.value_length": (0, 1 << 16),
    "attention.layer_norm_epsilon": (0, 0.99),
    "attention.layer_norm_rms_epsilon": (0, 0.99),
    "attention.group_norm_epsilon": (0, 0.99),
    "rope.dimension_count": (0, 1 << 16),
    "rope.freq_base": (1e-6, 1e30),
    "rope.freq_base_swa": (0, 1e30),
    "rope.scaling.factor": (0, 1e9),
    "expert_count": (0, 1 << 14),
    "expert_used_count": (0, 1 << 14),
    "context_length": (0, 1 << 30),
    "vocab_size": (0, 1 << 24),
}
"""Far wider than any model: what is beyond is damage. Nought often stands for none."""
_ENDS = ("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id")
_NO_TOKEN = 0xFFFFFFFF
_SMALL = (
    *("attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon"),
    "attention.group_norm_epsilon",
)


def check_promises(parts: Sequence[Header]) -> None:
    """See that the metadata of a model can be true.

    Args:
        parts: the headers of its files; the first has the metadata.

    Raises:
        BrokenGGUF: names the key and what is wrong with its value.
    """
    first = parts[0]
    if first.architecture is None:
        return
    blocks = [part.last_block for part in parts if part.last_block is not None]
    if blocks:
        _check_blocks(first, max(blocks) + 1)
    for key, (least, most) in _BOUNDS.items():
        value = first.number(key)
        if value is not None and not least <= value <= most:
            raise _lie(first, key, f"must be from {least:,} to {most:,}")
    _check_ends(first)
    used, experts = first.number("expert_used_count"), first.number("expert_count")
    if used is not None and used > (experts or 0):
        raise _lie(first, "expert_used_count", f"of {experts or 0} experts")


def _check_ends(first: Header) -> None:
    """See that the tokens that begin and end a text are in the vocabulary.

    llama.cpp takes others instead without an error: answers would not end.
    """
    for key in _ENDS:
        token = first.numbers.get(key)
        if token is None or token == _NO_TOKEN or not first.tokens:
            continue
        if not 0 <= token < first.tokens:
            raise BrokenGGUF(
                f"its metadata say {key} = {token:,}, which cannot be: its vocabulary"
                f" has {first.tokens:,} tokens"
            )


def _check_blocks(first: Header, found: int) -> None:
    """Hold the number of blocks against the tensors that the blocks have."""
    told = first.number("block_count")
    if told is None:
        return
    beside = first.number("nextn_predict_layers") or 0
    if not 1 <= told <= _MOST_BLOCKS:
        raise _lie(first, "block_count", f"must be from 1 to {_MOST_BLOCKS}")
    if found > told:
        raise _lie(first, "block_count", f"its tensors are of {found} blocks")
    # Layers of some architectures have no tensor, and drafting layers may be cut away.
    if told > 2 * found + beside:
        raise _lie(first, "block_count", f"its tensors are of {found} blocks only")


def _lie(header: Header, key: str, what: str) -> BrokenGGUF:
    value = header.number(key)
    shown = f"{value:,}" if isinstance(value, int) else f"{value}"
    return BrokenGGUF(
        f"its metadata say {header.architecture}.{key} = {shown}, which cannot be:"
        f" {what}"
    )
