"""What an adapter is, and what is refused, told from its files alone."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.backends.huggingface.adapter_bases import same_base
from pytest_llmlat.backends.huggingface.adapter_files import find_adapter
from pytest_llmlat.backends.safetensors_header import tensor_shapes
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    LLMLatError,
    WeightsUnavailable,
)
from tests.unit.builders import a_model
from tests.unit.loras import A, B, a_lora, write_lora, write_tensors

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec, Scalar

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


def entry(folder: Path, **options: Scalar) -> ModelSpec:
    """Return an entry on org/base with the adapter in a folder."""
    return replace(
        a_model("tuned", backend="transformers"),
        weights="org/base-7b",
        adapter=str(folder),
        options=tuple(options.items()),
    )


def test_an_adapter_is_told_by_its_files(tmp_path: Path) -> None:
    """Rank, scale, targets and base: what makes one run another than the next."""
    write_lora(tmp_path)

    found = find_adapter(entry(tmp_path))

    assert found is not None
    told = found.facts()
    assert len(str(told.pop("adapter_digest"))) == 16
    assert told == {
        "adapter": str(tmp_path),
        "adapter_base": "org/base-7b",
        "adapter_merged": False,
        "adapter_rank": 2,
        "adapter_alpha": 4,
        "adapter_targets": "q_proj",
        "adapter_note": None,
    }


def test_an_entry_without_an_adapter_has_none() -> None:
    """Nothing is looked for."""
    assert find_adapter(a_model("plain", backend="transformers")) is None


@pytest.mark.parametrize("what", ["scale", "weights"])
def test_another_scale_or_weight_is_another_adapter(tmp_path: Path, what: str) -> None:
    """The digest covers both files: an answer is never taken from another model."""
    one, other = tmp_path / "one", tmp_path / "other"
    write_lora(one)
    write_lora(
        other,
        lora_alpha=8 if what == "scale" else 4,
        fill=b"\1" if what == "weights" else b"\0",
    )

    digests = {found.digest for p in (one, other) if (found := find_adapter(entry(p)))}

    assert len(digests) == 2


@pytest.mark.parametrize("wanted", [True, False])
def test_merging_is_asked_for_in_the_options(tmp_path: Path, *, wanted: bool) -> None:
    """``merge = true`` and nothing else merges."""
    write_lora(tmp_path)

    found = find_adapter(entry(tmp_path, merge=wanted))

    assert found is not None
    assert found.merged is wanted


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"merge": "yes"}, "merge = 'yes': must be true or false"),
        (
            {"merge": True, "quantization": "int4"},
            "merge = true and quantization = 'int4'",
        ),
    ],
    ids=["kind", "quantised"],
)
def test_options_that_contradict_are_refused(
    tmp_path: Path, options: dict[str, Scalar], said: str
) -> None:
    """With the names of both."""
    write_lora(tmp_path)

    with pytest.raises(BadCatalogue, match=said):
        find_adapter(entry(tmp_path, **options))


@pytest.mark.parametrize("stored", ["none", "int8"])
def test_merging_into_plain_weights_is_no_contradiction(
    tmp_path: Path, stored: str
) -> None:
    """On a processor they are brought to 8 bit after merging."""
    write_lora(tmp_path)

    assert find_adapter(entry(tmp_path, merge=True, quantization=stored)) is not None


@pytest.mark.parametrize("key", ["merge", "adapter_base"])
def test_an_option_of_adapters_needs_an_adapter(key: str) -> None:
    """Else base would be measured under the name of a merged model."""
    spec = replace(a_model("plain"), options=((key, True),))

    with pytest.raises(BadCatalogue, match=rf"'plain': option {key} .*no adapter"):
        find_adapter(spec)


def test_an_adapter_of_the_hub_is_fetched_at_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its two files and nothing else: no code, no pickle."""
    write_lora(tmp_path)
    asked = []

    def snapshot_download(name: str, **given: object) -> str:
        asked.append((name, given))
        return str(tmp_path)

    hub(monkeypatch, snapshot_download)

    spec = replace(entry(tmp_path), adapter="org/adapter", adapter_revision="abc")
    found = find_adapter(spec)

    files = ["adapter_config.json", "adapter_model.safetensors"]
    assert asked == [("org/adapter", {"revision": "abc", "allow_patterns": files})]
    assert found is not None
    assert (found.source, found.folder) == ("org/adapter", tmp_path)


@pytest.mark.parametrize("error", [OSError("no\n  such repo"), ValueError("no\nsuch")])
def test_an_adapter_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """In one line, with what an adapter is."""

    def failing(*_: object, **__: object) -> str:
        raise error

    hub(monkeypatch, failing)

    with pytest.raises(WeightsUnavailable, match=r"'org/adapter' lacks .* no such"):
        find_adapter(entry(Path("org/adapter")))


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    """A pickle can run anything; the message says how to convert it."""
    write_lora(tmp_path)
    weights = tmp_path / "adapter_model.safetensors"
    weights.rename(tmp_path / "adapter_model.bin")

    with pytest.raises(WeightsUnavailable, match=r"\.bin.* refused.*save_pretrained"):
        find_adapter(entry(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("adapter_config.json", b'{"peft_type": "LO'),
        ("adapter_config.json", b"[]"),
        ("adapter_config.json", b'{"peft_type": "LORA"}'),
        ("adapter_config.json", b'{"peft_type": "LORA", "r": 2}'),
        ("adapter_config.json", b'{"peft_type": "LORA", "r": 0, "lora_alpha": 1}'),
        ("adapter_model.safetensors", b""),
        ("adapter_model.safetensors", b"\x08"),
        ("adapter_model.safetensors", b"\xff" * 20),
        ("adapter_model.safetensors", b"\x02\0\0\0\0\0\0\0[]"),
        ("adapter_model.safetensors", b"\x02\0\0\0\0\0\0\0{}\0"),
    ],
)
def test_a_half_written_file_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    """By its name, before a model is loaded."""
    write_lora(tmp_path)
    (tmp_path / name).write_bytes(content)

    with pytest.raises(WeightsUnavailable, match=f"{name}.*write or fetch it again"):
        find_adapter(entry(tmp_path))


def test_weights_that_were_cut_off_are_told(tmp_path: Path) -> None:
    """A download that stopped has a whole header and too few numbers."""
    write_lora(tmp_path)
    path = tmp_path / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(WeightsUnavailable, match=r"has 127 bytes .* says 128"):
        find_adapter(entry(tmp_path))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"peft_type": "IA3"}, "peft_type = 'IA3'; only LoRA"),
        ({"task_type": "SEQ_CLS"}, "trained for SEQ_CLS"),
        ({"bias": "all"}, "bias = 'all'"),
        ({"layer_replication": [[0, 2], [1, 3]]}, "layer_replication"),
        ({"trainable_token_indices": [5]}, "trainable_token_indices"),
        ({"megatron_config": {"a": 1}}, "megatron_config"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights = 'pissa'"),
        ({"r": 8}, r"says rank 8, but .*lora_A.weight .*shape \[2, 8\], rank 2"),
    ],
)
def test_what_is_no_plain_lora_is_refused(
    tmp_path: Path, told: dict[str, Any], said: str
) -> None:
    """Before peft does half of it, or something to the base itself."""
    write_lora(tmp_path, **told)

    with pytest.raises(AdapterMismatch, match=said) as caught:
        find_adapter(entry(tmp_path))

    assert str(tmp_path) in str(caught.value)
    assert "org/base-7b" in str(caught.value)


def test_a_layer_may_have_a_rank_of_its_own(tmp_path: Path) -> None:
    """As ``rank_pattern`` says."""
    write_lora(tmp_path, r=8, rank_pattern={"q_proj": 2})

    assert find_adapter(entry(tmp_path)) is not None


def test_a_file_without_lora_weights_is_refused(tmp_path: Path) -> None:
    """Peft would warn, and measure the base under the adapter's name."""
    write_lora(tmp_path, shapes={"model.norm.weight": (4,)})

    with pytest.raises(AdapterMismatch, match=r"no LoRA weights, but model\.norm"):
        find_adapter(entry(tmp_path))


def test_whole_layers_beside_the_lora_are_refused(tmp_path: Path) -> None:
    """Peft would write a resized vocabulary over that of the base."""
    embeddings = "base_model.model.model.embed_tokens.weight"
    write_lora(tmp_path, shapes={**a_lora(), embeddings: (99, 8)})

    with pytest.raises(AdapterMismatch, match=r"embed_tokens.*\[99, 8\].*merge it"):
        find_adapter(entry(tmp_path))


def test_whole_layers_that_the_settings_name_are_told(tmp_path: Path) -> None:
    """They are put on and taken off as the rest is."""
    head = "base_model.model.lm_head.weight"
    write_lora(tmp_path, shapes={**a_lora(), head: (9, 8)}, modules_to_save=["lm_head"])

    found = find_adapter(entry(tmp_path))

    assert found is not None
    assert found.notes == ("also replaces whole layers: lm_head",)


def test_a_tokenizer_beside_the_adapter_is_told(tmp_path: Path) -> None:
    """The base's own is used."""
    write_lora(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("{}", "utf-8")

    found = find_adapter(entry(tmp_path))

    assert found is not None
    assert "tokenizer" in str(found.facts()["adapter_note"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("meta-llama/Llama-2-7b-hf", "NousResearch/Llama-2-7b-hf"),
        ("/data/models/Llama-2-7b-hf/", "meta-llama/llama-2-7B-hf"),
        (r"C:\models\gpt2-xl", "openai-community/gpt2-xl"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("unsloth/llama-3.2-1b-unsloth-bnb-4bit", "meta-llama/Llama-3.2-1B"),
        ("~/hub/models--org--base-7b/snapshots/0a1b", "org/base-7b"),
    ],
)
def test_one_model_under_two_names(one: str, other: str) -> None:
    """Owner, folder, case and the form of storage do not make another model."""
    assert same_base(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("org/base-7b", "org/base-13b"),
        ("SmolLM2-135M", "SmolLM2-135M-Instruct"),
        ("/one/model", "/other/model"),
        ("/one/checkpoint-500", "/other/checkpoint-500"),
        ("", ""),
    ],
)
def test_two_models(one: str, other: str) -> None:
    """A chat model is not its base; a folder called model is nobody's."""
    assert not same_base(one, other)


@pytest.mark.parametrize("base", ["org/other", "other-7b"])
def test_an_adapter_of_another_base_is_refused(tmp_path: Path, base: str) -> None:
    """Its shapes may well fit; its answers would be nobody's."""
    write_lora(tmp_path, base_model_name_or_path=base)

    with pytest.raises(AdapterMismatch) as caught:
        find_adapter(entry(tmp_path))

    assert f"made for {base!r}, but the entry's weights are 'org/base-7b'" in str(
        caught.value
    )
    assert f'options = {{ adapter_base = "{base}" }}' in str(caught.value)


def test_the_entry_may_say_that_two_names_are_one(tmp_path: Path) -> None:
    """What the message of the refusal says to write."""
    write_lora(tmp_path, base_model_name_or_path="org/other")

    found = find_adapter(entry(tmp_path, adapter_base="org/other"))

    assert found is not None
    assert "made for org/other, taken for the same" in str(found.notes)


def test_the_entry_must_name_that_very_base(tmp_path: Path) -> None:
    """A line that was right for one adapter lets no other pass."""
    write_lora(tmp_path, base_model_name_or_path="org/third")

    with pytest.raises(AdapterMismatch, match="org/third"):
        find_adapter(entry(tmp_path, adapter_base="org/other"))


@pytest.mark.parametrize(
    ("base", "note"),
    [
        (None, "does not say which base"),
        ("/nowhere/at/all/final", "is not on this machine"),
        ("~nobody-here/final", "is not on this machine"),
        ("/" + "x" * 5000, "is not on this machine"),
    ],
)
def test_a_base_that_cannot_be_compared_is_told(
    tmp_path: Path, base: str | None, note: str
) -> None:
    """It may be right: the figures say that nobody knows."""
    write_lora(tmp_path, base_model_name_or_path=base)

    found = find_adapter(entry(tmp_path))

    assert found is not None
    assert note in str(found.facts()["adapter_note"])


@pytest.mark.parametrize("weights", ["base", "/models/base"])
def test_a_name_that_is_nobodys_proves_no_other_base(
    tmp_path: Path, weights: str
) -> None:
    """Made for ``base``, put on ``base``: that they are two cannot be said."""
    write_lora(tmp_path, base_model_name_or_path="base")

    found = find_adapter(replace(entry(tmp_path), weights=weights))

    assert found is not None
    assert "not compared" in str(found.notes)


@pytest.mark.parametrize("same", [True, False])
def test_a_base_on_this_machine_is_compared(tmp_path: Path, *, same: bool) -> None:
    """Two folders that are there are either one or two."""
    ours, theirs = tmp_path / "a" / "model", tmp_path / "b" / "model"
    ours.mkdir(parents=True)
    theirs.mkdir(parents=True)
    write_lora(tmp_path, base_model_name_or_path=str(ours if same else theirs))
    spec = replace(entry(tmp_path), weights=str(ours))

    if same:
        found = find_adapter(spec)
        assert found is not None
        assert found.notes == ()
    else:
        with pytest.raises(AdapterMismatch, match="under two names"):
            find_adapter(spec)


@given(told=st.dictionaries(st.sampled_from(["r", "rank_pattern"]), JSON) | JSON)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_settings_break_it(tmp_path: Path, told: object) -> None:
    """Whatever JSON an adapter comes with, it is taken or refused in our words."""
    write_lora(tmp_path)
    path = tmp_path / "adapter_config.json"
    known = json.loads(path.read_text("utf-8"))
    path.write_text(
        json.dumps({**known, **told} if isinstance(told, dict) else told), "utf-8"
    )

    try:
        found = find_adapter(entry(tmp_path))
    except LLMLatError:
        return
    assert found is not None
    assert isinstance(found.rank, int)


@given(
    shapes=st.dictionaries(
        st.text(max_size=12).filter(lambda name: name != "__metadata__"),
        st.lists(st.integers(0, 5), max_size=3).map(tuple),
        max_size=4,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_and_shapes_are_read_back(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]]
) -> None:
    """Whatever tensors are in a file."""
    path = tmp_path / "some.safetensors"
    write_tensors(path, shapes)

    assert tensor_shapes(path) == shapes


@given(content=st.binary(max_size=64), header=JSON)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_header_breaks_it(tmp_path: Path, content: bytes, header: object) -> None:
    """What is no safetensors file is a ValueError, and never a traceback."""
    path = tmp_path / "some.safetensors"
    text = json.dumps(header).encode()
    for data in (content, len(text).to_bytes(8, "little") + text + content):
        path.write_bytes(data)
        try:
            shapes = tensor_shapes(path)
        except ValueError:
            continue
        assert all(isinstance(shape, tuple) for shape in shapes.values())


def test_layers_are_grouped_by_name(tmp_path: Path) -> None:
    """For the message that compares them with the model's."""
    write_lora(tmp_path)

    found = find_adapter(entry(tmp_path))

    assert found is not None
    assert found.layers() == {
        "model.layers.0.self_attn.q_proj": {"lora_A": (2, 8), "lora_B": (8, 2)}
    }
    assert set(found.shapes) == {A, B}


def hub(monkeypatch: pytest.MonkeyPatch, download: object) -> None:
    """Put a function in the place of the hub."""
    library = SimpleNamespace(snapshot_download=download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
