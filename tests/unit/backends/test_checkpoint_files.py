"""Checkpoints whose files lie: each is refused with the file and the field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.backends.checkpoint_files import check_checkpoint
from pytest_llmlat.values.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOKENS, WIDTH, LAYERS = 9, 8, 2
CONFIG: Mapping[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": WIDTH,
    "intermediate_size": 16,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": TOKENS,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "bos_token_id": 1,
    "eos_token_id": [2, 3],
    "pad_token_id": -1,
}
SHAPES: Mapping[str, tuple[int, ...]] = {
    "model.embed_tokens.weight": (TOKENS, WIDTH),
    **{f"model.layers.{n}.mlp.up_proj.weight": (16, WIDTH) for n in range(LAYERS)},
}
VOCABULARY = {**{letter: n for n, letter in enumerate("abcdefg")}, "ab": 7, "abc": 8}
TOKENIZER: Mapping[str, Any] = {
    "model": {"type": "BPE", "vocab": VOCABULARY, "merges": ["a b", ["ab", "c"]]}
}


def header(shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> dict[str, Any]:
    """Return the header of a file with such tensors."""
    found: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, shape in shapes.items():
        size = 2
        for number in shape:
            size *= number
        offsets = [place, place + size]
        found[name] = {"dtype": "BF16", "shape": shape, "data_offsets": offsets}
        place += size
    return found


def weights(told: object, *, data: int | None = None) -> bytes:
    """Return a safetensors file, its header JSON or as it is given."""
    text = told if isinstance(told, bytes) else json.dumps(told).encode()
    if data is None:
        data = 2 * WIDTH * (TOKENS + 16 * LAYERS)
    return len(text).to_bytes(8, "little") + text + bytes(data)


def a_checkpoint(folder: Path, files: Mapping[str, object] | None = None) -> Path:
    """Write a checkpoint; some files are others, as JSON or byte by byte."""
    whole: dict[str, object] = {
        "config.json": CONFIG,
        "generation_config.json": {"eos_token_id": [2, 3]},
        "tokenizer.json": TOKENIZER,
        "tokenizer_config.json": {"model_max_length": 64},
        "model.safetensors": weights(header()),
    }
    for name, content in {**whole, **(files or {})}.items():
        packed = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name).write_bytes(packed)
    return folder


def refusal(folder: Path, files: Mapping[str, object]) -> str:
    """Return what is said of a checkpoint."""
    with pytest.raises(WeightsUnavailable) as caught:
        check_checkpoint(a_checkpoint(folder, files), wanted_by="model 'mine'")
    told = str(caught.value)
    assert told.startswith(f"model 'mine': {folder}")
    assert "\n" not in told
    return told


def test_an_honest_checkpoint_is_taken(tmp_path: Path) -> None:
    """So is a folder that has no configuration: others say what it lacks."""
    check_checkpoint(a_checkpoint(tmp_path), wanted_by="model 'mine'")
    (tmp_path / "config.json").unlink()
    check_checkpoint(tmp_path, wanted_by="model 'mine'")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("hidden_size", value) for value in (-8, 0, 1 << 40, "8", 8.5, True, 7, 16)),
        *(("num_hidden_layers", value) for value in (-2, 0, 10**9, "two", 3, 1)),
        *(("num_attention_heads", value) for value in (0, -1, 3, {"a": 1}, 1 << 30)),
        *(("num_key_value_heads", value) for value in (0, -1, "1")),
        *(("vocab_size", value) for value in (0, -9, 10, 8, 1 << 40, "x")),
        *(("max_position_embeddings", value) for value in (0, -1, "long")),
        *(("rms_norm_eps", value) for value in (-1, 2, "small", True)),
        *(("rope_theta", value) for value in (0, -1.0, "large")),
        *(("eos_token_id", value) for value in (9, [2, 99], "</s>", 1.5, -7)),
        *(("bos_token_id", value) for value in (1 << 40, {"a": 1})),
        *(("model_type", value) for value in (7, "", ["llama"])),
        ("architectures", "LlamaForCausalLM"),
        ("intermediate_size", -1),
    ],
)
def test_a_configuration_that_lies(tmp_path: Path, key: str, value: object) -> None:
    """In itself, or held against the weights."""
    told = refusal(tmp_path, {"config.json": {**CONFIG, key: value}})

    assert key in told
    assert "config.json" in told


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"[" * 100_000, b"\xff\xfe{}", b'{"a": ' + b"9" * 9999],
)
@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ],
)
def test_what_is_no_json_object(tmp_path: Path, name: str, content: bytes) -> None:
    """Cut, of another kind, nested without end, or with a number of 9,999 digits."""
    assert f"{name}: it" in refusal(tmp_path, {name: content})


FIRST = "model.embed_tokens.weight"


def changed(**fields: object) -> bytes:
    """Return weights whose first tensor is described in another way."""
    told = header()
    told[FIRST] = {**told[FIRST], **fields}
    return weights(told)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "cut off"),
        (b"\xff" * 8, "cut off"),
        (b"\xff" * 64, "cut off"),
        ((1 << 40).to_bytes(8, "little") + b"{}", "cut off"),
        (weights(b"{"), "no JSON"),
        (weights(b"[" * 100_000), "no JSON"),
        (weights([]), "no JSON object"),
        (weights(7), "no JSON object"),
        (weights(header(), data=7), "bytes of weights where its header says"),
        (weights(header(), data=9999), "bytes of weights where its header says"),
        (weights({"a": 1}), "broken at 'a'"),
        (weights({"a": {}}), "broken at 'a'"),
        (changed(shape="9x8"), f"broken at '{FIRST}'"),
        (changed(shape=[-9, 8]), f"broken at '{FIRST}'"),
        (changed(shape=[True, 8]), f"broken at '{FIRST}'"),
        (changed(shape=[9, 9]), "needs 162 bytes, and has 144"),
        (changed(shape=[1 << 62, 1 << 62]), "bytes, and has 144"),
        (changed(dtype="F32"), "needs 288 bytes, and has 144"),
        (changed(dtype="F4"), "needs 36 bytes, and has 144"),
        (changed(data_offsets=[144, 0]), "ends at 0, before it begins"),
        (changed(data_offsets=[0]), f"broken at '{FIRST}'"),
        (changed(data_offsets=[0, 1, 2]), f"broken at '{FIRST}'"),
        (changed(data_offsets=[8, 152]), "lies not right behind 'its header'"),
        (changed(data_offsets=[0.0, 144.0]), f"broken at '{FIRST}'"),
        (
            weights(b'{"a": {"shape": []}, "a": {"shape": [1]}}'),
            "the key 'a' stands twice",
        ),
        (
            weights(
                {
                    name: {"dtype": "U8", "shape": [4], "data_offsets": place}
                    for name, place in (("a", [0, 4]), ("b", [2, 6]))
                },
                data=6,
            ),
            "tensor 'b' lies over 'a'",
        ),
    ],
)
def test_weights_that_lie(tmp_path: Path, content: bytes, expected: str) -> None:
    """Their header against itself and against the length of the file."""
    told = refusal(tmp_path, {"model.safetensors": content})

    assert "model.safetensors: " in told
    assert expected in told


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ({"model.layers.2.mlp.up_proj.weight": (1,)}, "the weights have 3 layers"),
        ({FIRST: (TOKENS, 4)}, "hidden_size = 8, and the weights have 4"),
        ({FIRST: (5, WIDTH)}, "vocab_size = 9, and the weights have 5"),
    ],
)
def test_weights_of_another_model(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], expected: str
) -> None:
    """A library would leave layers out, or fill them with random numbers."""
    told = header({**SHAPES, **shapes})
    data = max(each["data_offsets"][1] for key, each in told.items() if key[0] != "_")

    files = {"model.safetensors": weights(told, data=data)}

    assert expected in refusal(tmp_path, files)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"vocab": None}, "has no vocab"),
        ({"vocab": {}}, "has no vocab"),
        ({"vocab": "abc"}, "has no vocab"),
        ({"vocab": {"a": "0"}}, "vocab says '0' of 'a'"),
        ({"vocab": {"a": -1}}, "vocab says -1 of 'a'"),
        ({"vocab": {"a": 1.5}}, "vocab says 1.5 of 'a'"),
        ({"vocab": {"a": True}}, "vocab says True of 'a'"),
        ({"vocab": {**VOCABULARY, "x": 9}}, "goes up to token 9"),
        ({"vocab": {**VOCABULARY, "x": 1 << 40}}, "goes up to token 1,099,511,627,776"),
        ({"merges": ["a z"]}, "its merges name 'a z'"),
        ({"merges": [["a", "z"]]}, "its merges name ['a', 'z']"),
        ({"merges": [7]}, "its merges name 7"),
        ({"merges": [["a", 1]]}, "its merges name ['a', 1]"),
    ],
)
def test_a_tokenizer_that_lies(
    tmp_path: Path, fields: dict[str, object], expected: str
) -> None:
    """Numbers beyond the weights would end in an error in the middle of an answer."""
    told = {"model": {**TOKENIZER["model"], **fields}}

    assert expected in refusal(tmp_path, {"tokenizer.json": told})


def test_a_tokenizer_without_a_model(tmp_path: Path) -> None:
    """It is none."""
    assert "it has no model" in refusal(tmp_path, {"tokenizer.json": {"model": []}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.slow
@given(
    config=st.dictionaries(st.sampled_from(sorted(CONFIG)), JSON, max_size=3),
    tokenizer=st.dictionaries(st.sampled_from(["vocab", "merges"]), JSON),
    noise=st.binary(max_size=40),
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_file_breaks_it(
    tmp_path: Path,
    config: dict[str, object],
    tokenizer: dict[str, object],
    noise: bytes,
) -> None:
    """Whatever stands in the files, they are taken or refused in our words."""
    a_checkpoint(
        tmp_path,
        {
            "config.json": {**CONFIG, **config},
            "tokenizer.json": {"model": {**TOKENIZER["model"], **tokenizer}},
            "model.safetensors": weights(header())[: len(noise) * 20] + noise,
        },
    )

    with pytest.raises(WeightsUnavailable, match="model 'mine'"):
        check_checkpoint(tmp_path, wanted_by="model 'mine'")
