"""The files of a checkpoint, held against each other before a library reads them.

transformers fills layers that are missing from the weights with random numbers, leaves
out those that its configuration does not know, and says so in its log alone: the
answers would be those of a broken model. Other lies end in errors of its insides.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.safetensors_header import stored_tensors
from pytest_llmlat.values.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LAYER = re.compile(r"^(?:(?:model|transformer|gpt_neox)\.)?(?:layers|h)\.(\d{1,6})\.")
_EMBEDDING = re.compile(r"(?:^|\.)(?:embed_tokens|wte|embed_in)\.weight$")
_COUNTS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("hidden_size", "n_embd"), (1, 1 << 20)),
    **dict.fromkeys(("num_hidden_layers", "n_layer"), (1, 4096)),
    **dict.fromkeys(("num_attention_heads", "n_head"), (1, 1 << 14)),
    **dict.fromkeys(("num_key_value_heads", "head_dim"), (1, 1 << 16)),
    **dict.fromkeys(("intermediate_size", "n_inner"), (0, 1 << 24)),
    "vocab_size": (1, 1 << 24),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), (1, 1 << 40)),
}
"""Whole numbers of a configuration and their bounds, far beyond any model."""
_SMALL = ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon")
_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id")
_LAYERS = ("num_hidden_layers", "n_layer")
_LARGEST = 1 << 28
"""Bytes of a JSON file of a checkpoint; the longest tokenizers have some 40 MB."""
_OTHERS = (
    *("generation_config.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "model.safetensors.index.json"),
)


def check_checkpoint(folder: Path, *, wanted_by: str) -> None:
    """See that the files of a folder can be true, and are of one model.

    Args:
        folder: with ``config.json`` and weights as safetensors.
        wanted_by: the model, for complaints.

    Raises:
        WeightsUnavailable: names the file, the field and what is wrong.
    """
    for path, what in _faults(folder):
        raise WeightsUnavailable(
            f"{wanted_by}: {path}: {what} - Fetch or write the files again, all of one"
            " model"
        )


def _faults(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield files and what is wrong with them, the first of all."""
    path = folder / "config.json"
    if not path.is_file():
        return
    try:
        config = _object(path)
        _check_config(config)
        shapes: dict[str, tuple[int, ...]] = {}
        for path in sorted(folder.glob("*.safetensors")):
            found = stored_tensors(path)
            if not path.name.startswith(("adapter", "consolidated")):
                shapes |= {name: tensor.shape for name, tensor in found.items()}
        path = folder / "config.json"
        _check_shapes(config, shapes)
        for name in _OTHERS:
            path = folder / name
            if path.is_file():
                _check_tokens(_object(path), None)
        path = folder / "tokenizer.json"
        if path.is_file():
            _check_tokenizer(_object(path), _rows(shapes))
    except (ValueError, OSError, OverflowError, RecursionError) as error:
        yield path, " ".join(str(error).split()) or type(error).__name__


def _object(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds."""
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"it has {path.stat().st_size:,} bytes")
    try:
        found = json.loads(path.read_bytes())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error!s:.200}") from error
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - a malformed file
    return found


def _check_config(config: Mapping[str, Any]) -> None:
    """See that the values of a configuration are of their kind, and within bounds."""
    kind = config.get("model_type")
    if kind is not None and not (isinstance(kind, str) and kind):
        raise ValueError(f"model_type = {kind!r:.60} names no architecture")
    named = config.get("architectures")
    if named is not None and not (
        isinstance(named, list) and all(isinstance(each, str) for each in named)
    ):
        raise ValueError(f"architectures = {named!r:.60} is no list of names")
    for key, (least, most) in _COUNTS.items():
        value = config.get(key)
        if value is None or isinstance(value, list):
            continue  # the usual, or one for each layer
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{key} = {value!r:.60} is no whole number")  # noqa: TRY004 - a malformed file
        if not least <= value <= most:
            raise ValueError(f"{key} = {value:,} is not from {least} to {most:,}")
    for key in _SMALL:
        _check_real(config, key, least=0.0, most=1.0)
    _check_real(config, "rope_theta", least=1e-6, most=1e30)
    _check_tokens(config, config.get("vocab_size"))
    _check_heads(config)


def _check_real(
    config: Mapping[str, Any], key: str, *, least: float, most: float
) -> None:
    value = config.get(key)
    if value is None or isinstance(value, list | dict):
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} = {value!r:.60} is no number")  # noqa: TRY004 - a malformed file
    if not (math.isfinite(value) and least <= value <= most):
        raise ValueError(f"{key} = {value!r:.60} is not from {least} to {most}")


def _check_heads(config: Mapping[str, Any]) -> None:
    """See that heads share what they are to share."""
    width, heads, pairs = (
        config.get(key)
        for key in ("hidden_size", "num_attention_heads", "num_key_value_heads")
    )
    if not isinstance(heads, int):
        return
    if isinstance(pairs, int) and heads % pairs:
        raise ValueError(
            f"num_attention_heads = {heads} is no multiple of num_key_value_heads ="
            f" {pairs}"
        )
    if isinstance(width, int) and not config.get("head_dim") and width % heads:
        known = config.get("model_type") in {"llama", "mistral", "qwen2", "gpt_neox"}
        if known:
            raise ValueError(
                f"hidden_size = {width} is no multiple of num_attention_heads = {heads}"
            )


def _check_tokens(told: Mapping[str, Any], vocabulary: object) -> None:
    """See that tokens that begin or end a text are numbers, and in the vocabulary."""
    for key in _TOKENS:
        value = told.get(key)
        for token in value if isinstance(value, list) else [value]:
            if token is None:
                continue
            if isinstance(token, bool) or not isinstance(token, int):
                raise ValueError(f"{key} = {token!r:.60} is no token's number")  # noqa: TRY004 - as above
            inside = not isinstance(vocabulary, int) or token < vocabulary
            if key != "pad_token_id" and not (token >= -1 and inside):
                raise ValueError(
                    f"{key} = {token:,} is none of the {vocabulary} tokens"
                )


def _check_shapes(
    config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Hold layers and vocabulary of a configuration against the weights."""
    told = next((config[key] for key in _LAYERS if config.get(key)), None)
    layers = [int(found[1]) for name in shapes if (found := _LAYER.match(name))]
    if isinstance(told, int) and layers:
        has = max(layers) + 1
        beside = config.get("num_nextn_predict_layers") or 0
        if not told <= has <= told + (beside if isinstance(beside, int) else 0):
            raise ValueError(
                f"num_hidden_layers = {told}, and the weights have {has} layers"
            )
    vocabulary, width = config.get("vocab_size"), config.get("hidden_size")
    rows = _rows(shapes)
    if isinstance(vocabulary, int) and rows is not None and rows[0] != vocabulary:
        raise ValueError(f"vocab_size = {vocabulary}, and the weights have {rows[0]}")
    plain = config.get("model_type") in {"llama", "mistral", "qwen2", "qwen3"}
    packed = {"quantization", "quantization_config"} & config.keys()
    if (
        plain
        and not packed
        and isinstance(width, int)
        and rows is not None
        and rows[1] != width
    ):
        raise ValueError(f"hidden_size = {width}, and the weights have {rows[1]}")


def _rows(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, int] | None:
    """Return how many tokens have an embedding, and how wide it is."""
    found = [
        shape
        for name, shape in shapes.items()
        if _EMBEDDING.search(name) and _LAYER.match(name) is None
    ]
    if len(found) != 1 or len(found[0]) != 2:  # noqa: PLR2004 - rows and columns
        return None
    return found[0][0], found[0][1]


def _check_tokenizer(told: Mapping[str, Any], rows: tuple[int, int] | None) -> None:
    """See that a fast tokenizer has a vocabulary, and merges of what is in it."""
    model = told.get("model")
    if not isinstance(model, dict):
        raise ValueError("it has no model")  # noqa: TRY004 - a malformed file
    words = model.get("vocab")
    if not isinstance(words, dict | list) or not words:
        raise ValueError("its model has no vocab")
    if not isinstance(words, dict):
        return
    for word, token in words.items():
        if isinstance(token, bool) or not isinstance(token, int) or token < 0:
            raise ValueError(f"vocab says {token!r:.60} of {word!r:.60}: no number")
    most = max(words.values())
    if rows is not None and most >= rows[0]:
        raise ValueError(
            f"its vocab goes up to token {most:,}, and the weights have {rows[0]:,}"
        )
    merges = model.get("merges") or []
    if not isinstance(merges, list):
        raise ValueError("its merges are no list")  # noqa: TRY004 - a malformed file
    for merge in merges:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        known = isinstance(pair, list) and all(
            isinstance(part, str) and part in words for part in pair
        )
        if not known:
            raise ValueError(
                f"its merges name {merge!r:.60}, which is not in its vocab"
            )
