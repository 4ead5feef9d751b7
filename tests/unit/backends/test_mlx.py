"""MLX behind the interface, with stand-ins for mlx, mlx-lm and the tokenizer."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.mlx.loading import rope_heeded, rope_settings
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    DeviceAbsent,
    LLMLatError,
    MissingExtra,
    OutOfMemory,
    Unsupported,
    WeightsUnavailable,
)
from tests.unit.backends.mlx_library import Library, answer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    """Put stand-ins in the places of the libraries."""
    return Library(monkeypatch, tmp_path)


def test_the_facts_identify_the_model(library: Library) -> None:
    """Digest, dtype, quantisation, context and form."""
    library.config(quantization={"bits": 4, "group_size": 64})

    facts = library.open().facts
    (library.folder / "model.safetensors").write_bytes(b"others")

    assert facts["weights"] == str(library.folder)
    assert (facts["dtype"], facts["context"], facts["chat"]) == ("float16", 64, True)
    assert facts["quantization"] == "affine 4 bit, groups of 64"
    assert facts["digest"] != library.open().facts["digest"]


def test_weights_are_loaded_at_once_and_without_code(library: Library) -> None:
    """MLX would else read them from the disk in the first sample."""
    library.open(dtype=(("cpu", "float16"),))

    given = {"model_config": {}, "trust_remote_code": False}
    assert library.calls[1:4] == [
        ("load", "weights", given),
        ("dtype", "16 bit"),
        "model eval",
    ]
    names = [c[0] if isinstance(c, tuple) else c for c in library.calls]
    assert names[:6] == ["on", "load", "dtype", "model eval", "eval", "off"]


def test_peak_memory_is_the_gpu_s(library: Library) -> None:
    """Of a processor it is unknown, not 0; macOS may keep the weights in memory."""
    backend = library.open()

    assert backend.device_peak_bytes() is None
    assert "reset peak" not in library.calls
    library.metal = True
    backend = library.open("mps")
    backend.reset_device_peak()
    assert backend.device_peak_bytes() == 77
    assert "reset peak" in library.calls
    assert ("wired", 5) in library.calls
    assert ("on", "stream of the GPU") in library.calls


def test_closing_gives_memory_back(library: Library) -> None:
    """MLX keeps what it freed until it is told."""
    library.open().close()

    assert library.calls[-1] == "clear cache"


def test_a_build_without_metal_says_so(library: Library) -> None:
    """On Linux there is only the processor."""
    with pytest.raises(DeviceAbsent, match="'mps': this build of MLX has no Metal"):
        library.open("mps")


@pytest.mark.parametrize(
    ("changes", "error", "expected"),
    [
        ({"trust_remote_code": True}, Unsupported, "trust_remote_code"),
        ({"dtype": (("cpu", "int8"),)}, BadCatalogue, "MLX computes in float32"),
        ({"weights": "none/at/all"}, WeightsUnavailable, "no folder and no hub id"),
        ({"weights": "./none"}, WeightsUnavailable, "no folder and no hub id"),
        ({"package": "p", "weights": "a/b"}, WeightsUnavailable, "MLX loads a folder"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(
    library: Library,
    changes: dict[str, Any],
    error: type[LLMLatError],
    expected: str,
) -> None:
    """Before anything is loaded."""
    with pytest.raises(error, match=expected):
        library.open(**changes)

    assert not any(isinstance(c, tuple) and c[0] == "load" for c in library.calls)


def test_other_devices_and_platforms_are_refused(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to use there."""
    with pytest.raises(Unsupported, match=r"'cuda': MLX runs on mps and cpu; use gguf"):
        library.open("cuda")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(Unsupported, match=r"macOS and Linux, and this is win32"):
        library.open()


def test_a_missing_library_gives_the_pip_line(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the extra that holds it."""
    monkeypatch.setitem(sys.modules, "mlx_lm.generate", None)

    with pytest.raises(MissingExtra, match=r"pip install 'pytest-llmlat\[mlx\]'"):
        library.open()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), r"no config\.json and no model\*\.safetensors; .*mlx_lm\.convert"),
        (("config.json",), r"has no model\*\.safetensors"),
        (("config.json", "pytorch_model.bin"), r"pytorch_model\.bin.*safetensors only"),
        (("adapter_config.json",), "holds a LoRA adapter and no model"),
    ],
)
def test_a_folder_without_weights_is_told(
    library: Library, tmp_path: Path, files: tuple[str, ...], expected: str
) -> None:
    """With what it lacks."""
    folder = tmp_path / "other"
    folder.mkdir()
    for name in files:
        (folder / name).write_text("{}", "utf-8")

    with pytest.raises(WeightsUnavailable, match=expected):
        library.open(weights=str(folder))


def test_a_file_is_told(library: Library) -> None:
    """A GGUF file has a backend of its own."""
    with pytest.raises(WeightsUnavailable, match=r"is a file; .*gguf:PATH"):
        library.open(weights=str(library.folder / "model.safetensors"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model_type":'])
def test_a_config_that_cannot_be_read_is_told(library: Library, text: str) -> None:
    """With its place."""
    (library.folder / "config.json").write_text(text, "utf-8")

    with pytest.raises(WeightsUnavailable, match=r"weights/config\.json: "):
        library.open()


def test_a_hub_that_cannot_be_reached_is_told(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how to go on, and with the revision that was pinned."""
    asked: list[dict[str, Any]] = []

    def unreachable(name: str, **given: object) -> str:
        asked.append({"name": name, **given})
        raise OSError("no route\nto host")

    hub = SimpleNamespace(snapshot_download=unreachable)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)

    with pytest.raises(WeightsUnavailable, match=r"no route to host .*hf download org"):
        library.open(weights="org/name", revision="abc")

    assert (asked[0]["name"], asked[0]["revision"]) == ("org/name", "abc")
    assert not any(pattern.endswith(".py") for pattern in asked[0]["allow_patterns"])


def test_the_commit_of_the_hub_is_a_fact(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that the hub's library makes is named by it."""
    hub = SimpleNamespace(snapshot_download=lambda *_, **__: str(library.folder))
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)

    assert library.open(weights="org/name").facts["revision"] == library.folder.name


@pytest.mark.parametrize(
    ("raised", "error", "expected"),
    [
        (ValueError("Model type x not supported."), Unsupported, "'transformers'"),
        (ValueError("importing a custom module"), Unsupported, "code that comes with"),
        (RuntimeError("[load_safetensors] bad"), WeightsUnavailable, "cannot load"),
        (RuntimeError("[malloc] Unable to allocate 9 bytes"), OutOfMemory, "quantised"),
    ],
)
def test_what_mlx_lm_says_is_told_in_our_words(
    library: Library, raised: Exception, error: type[LLMLatError], expected: str
) -> None:
    """With what to do."""
    library.load_error = raised

    with pytest.raises(error, match=expected):
        library.open()


def test_memory_that_gives_out_in_mid_run_is_told(library: Library) -> None:
    """Other errors are left as they are."""
    backend = library.open()
    library.step_error = RuntimeError("[METAL] Insufficient Memory")
    with pytest.raises(OutOfMemory, match="a prompt of 2 tokens"):
        answer(backend)

    library.step_error = RuntimeError("something else")
    with pytest.raises(RuntimeError, match="something else"):
        answer(backend)


def an_adapter(folder: Path, *names: str) -> str:
    """Write the files of an adapter."""
    place = folder / "adapter"
    place.mkdir()
    for name in names:
        (place / name).write_bytes(b"{}")
    return str(place)


def test_an_adapter_is_put_on(library: Library, tmp_path: Path) -> None:
    """And told in the facts."""
    adapter = an_adapter(tmp_path, "adapter_config.json", "adapters.safetensors")

    facts = library.open(adapter=adapter).facts

    assert ("adapt", adapter) in library.calls
    assert facts["adapter"] == adapter
    assert len(str(facts["adapter_digest"])) == 16


def test_an_adapter_of_another_model_is_refused(
    library: Library, tmp_path: Path
) -> None:
    """With both names and what does not fit."""
    adapter = an_adapter(tmp_path, "adapter_config.json", "adapters.safetensors")
    library.adapter_error = ValueError("contains incompatible tensors:\n q_proj")

    with pytest.raises(AdapterMismatch, match=r"adapter'.*weights': .*q_proj"):
        library.open(adapter=adapter)


def test_an_adapter_of_peft_is_told(library: Library, tmp_path: Path) -> None:
    """It goes with another backend."""
    adapter = an_adapter(tmp_path, "adapter_config.json", "adapter_model.safetensors")

    with pytest.raises(
        WeightsUnavailable, match=r"lacks adapters\.safetensors; .*is of peft"
    ):
        library.open(adapter=adapter)


ROPE = {"rope_type": "default", "rope_theta": 500.0}
LONG = {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {}),
        ({"rope_theta": 5.0}, {}),
        ({"rope_theta": 5.0, "rope_parameters": ROPE}, {}),
        ({"rope_parameters": ROPE}, {"rope_theta": 500.0}),
        ({"rope_parameters": LONG}, {"rope_theta": 500.0, "rope_scaling": LONG}),
        (
            {"rope_parameters": {**ROPE, "partial_rotary_factor": 0.5}},
            {"rope_theta": 500.0, "partial_rotary_factor": 0.5},
        ),
        (
            {"text_config": {"a": 1, "rope_parameters": ROPE}},
            {"text_config": {"a": 1, "rope_parameters": ROPE, "rope_theta": 500.0}},
        ),
        ({"rope_parameters": {"full_attention": ROPE}}, {}),
    ],
)
def test_rotary_positions_are_told_in_the_words_that_mlx_lm_reads(
    config: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Transformers 5 writes others, which most of its models pass over."""
    assert rope_settings(config) == expected


@pytest.mark.parametrize(
    ("config", "args", "expected"),
    [
        ({}, {}, True),
        ({"rope_theta": 5.0, "rope_parameters": ROPE}, {}, True),
        ({"rope_parameters": ROPE}, {"rope_theta": 500.0}, True),
        ({"rope_parameters": ROPE}, {"rope_theta": 10000.0}, False),
        ({"rope_parameters": ROPE}, {}, False),
        ({"rope_parameters": ROPE}, {"rope_parameters": None}, True),
        ({"rope_parameters": LONG}, {"rope_theta": 500.0}, False),
        (
            {"rope_parameters": LONG},
            {"rope_theta": 500.0, "rope_scaling": LONG},
            True,
        ),
        ({"rope_parameters": {"full_attention": ROPE}}, {"rope_theta": 500.0}, False),
    ],
)
def test_a_model_that_computes_other_positions_is_known(
    config: dict[str, Any], args: dict[str, Any], *, expected: bool
) -> None:
    """Its answers would be those of a broken model."""
    model = SimpleNamespace(args=SimpleNamespace(**args))

    assert rope_heeded(config, model) is expected


def test_positions_of_a_language_model_inside_another_count() -> None:
    """A model that also sees has its language model one step down."""
    inner = SimpleNamespace(args=SimpleNamespace(rope_theta=500.0))
    model = SimpleNamespace(args=SimpleNamespace(), language_model=inner)

    assert rope_heeded({"text_config": {"rope_parameters": ROPE}}, model)


def test_positions_that_are_passed_over_are_refused(library: Library) -> None:
    """A wrong answer would else be the model's."""
    library.config(rope_parameters=ROPE)

    with pytest.raises(Unsupported, match=r"config\.json gives rope_parameters"):
        library.open()

    library.args.rope_theta = 500.0
    library.open()
    loads = [c for c in library.calls if isinstance(c, tuple) and c[0] == "load"]
    assert loads[-1][2]["model_config"] == {"rope_theta": 500.0}
