"""llama.cpp behind the interface, with a stand-in for its library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    DeviceAbsent,
    OutOfMemory,
    WeightsUnavailable,
)
from tests.unit.backends.llama_library import (
    Library,
)
from tests.unit.gguf_files import STRING, a_file, pair, text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    """Put a stand-in in the place of llama-cpp-python."""
    return Library(monkeypatch, tmp_path)


def test_the_facts_identify_the_model(library: Library) -> None:
    """Digest, context, threads and form."""
    facts = library.open(options=(("context", 64), ("threads", 3))).facts

    assert facts["weights"] == "tiny.gguf"
    assert len(str(facts["digest"])) == 16
    assert (facts["context"], facts["threads"], facts["chat"]) == (64, 3, True)


def test_a_build_without_a_gpu_says_so(library: Library) -> None:
    """With what to rebuild."""
    with pytest.raises(DeviceAbsent, match=r"device 'cuda'.*CMAKE_ARGS"):
        library.open("cuda")


@pytest.mark.parametrize(
    ("device", "layers"), [("cpu", 0), ("cuda", -1), ("a6000", -1), ("mps", -1)]
)
def test_layers_go_where_the_device_is(
    library: Library, device: str, layers: int
) -> None:
    """All of them to the GPU, or none."""
    library.gpu = True

    assert library.open(device)._llama.given["n_gpu_layers"] == layers


@pytest.mark.parametrize("device", ["cuda", "a6000"])
def test_one_card_is_measured(library: Library, device: str) -> None:
    """llama.cpp spreads layers over all cards, and minds ``main_gpu`` only if not."""
    library.gpu = True

    given = library.open(device)._llama.given

    assert given.get("split_mode") == library.LLAMA_SPLIT_MODE_NONE


def test_weights_that_cannot_be_read_are_told(library: Library) -> None:
    """With what the library logged: its exceptions say less."""
    library.error = ValueError("Failed to load model")
    library.logs = ((3, b"a warning\n"), (4, b"unknown model architecture: 'x'\n"))

    with pytest.raises(
        WeightsUnavailable,
        match=r"tiny\.gguf \(\d+ bytes\): Failed to load model; unknown model arch",
    ) as told:
        library.open()

    assert "a warning" not in str(told.value)
    assert library.listeners[-1] == "the library's own"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("Failed to create llama_context"), b"failed to allocate buffer"),
        (ValueError("Failed to create llama_context"), b"CUDA error: out of memory"),
        (MemoryError("Unable to allocate 3 TiB"), b""),
    ],
)
def test_memory_that_gave_out_is_told(
    library: Library, error: Exception, line: bytes
) -> None:
    """With the options that need less."""
    library.error = error
    library.logs = ((4, line),)

    with pytest.raises(OutOfMemory, match=r"no room for tiny\.gguf .*context, batch"):
        library.open()


@pytest.mark.parametrize("length", [0, 4, 30, -1])
def test_a_broken_file_does_not_reach_the_library(
    library: Library, length: int
) -> None:
    """Its own loader need not be trusted with it."""
    library.path.write_bytes(a_file()[:length])

    with pytest.raises(WeightsUnavailable, match=r"tiny\.gguf .* (cut off|is empty)"):
        library.open()

    assert not library.opened


def test_a_folder_is_told_with_the_files_in_it(library: Library) -> None:
    """One of them was meant."""
    with pytest.raises(WeightsUnavailable, match=r"is a folder; .*\(tiny\.gguf\)"):
        library.open(weights=str(library.path.parent))


def test_a_part_that_is_missing_is_named(library: Library, tmp_path: Path) -> None:
    """llama.cpp would open it by its name; one that is cut is told too."""
    first, second = (tmp_path / f"x-0000{n}-of-00002.gguf" for n in (1, 2))
    first.write_bytes(a_file())

    with pytest.raises(WeightsUnavailable, match=second.name):
        library.open(weights=str(first))
    second.write_bytes(a_file()[:-1])
    with pytest.raises(WeightsUnavailable, match=f"{second.name} .*cut off"):
        library.open(weights=str(first))


def test_options_reach_the_library(library: Library) -> None:
    """Under its own names, and the facts tell them."""
    library.gpu = True
    options = {
        "context": 64,
        "threads": 3,
        "batch": 16,
        "gpu_layers": 5,
        "flash_attention": True,
        "kv_type": "q8_0",
    }

    backend = library.open("cuda", options=tuple(options.items()))

    given = library.opened[-1].given
    assert (given["n_ctx"], given["n_batch"]) == (64, 16)
    assert (given["n_threads"], given["n_threads_batch"]) == (3, 3)
    assert (given["n_gpu_layers"], given["flash_attn"]) == (5, True)
    assert given["type_k"] == given["type_v"] == library.GGML_TYPE_Q8_0
    assert options.items() <= dict(backend.facts).items()


def test_the_usual_settings_are_told(library: Library) -> None:
    """The context of the weights where that is less than ours."""
    facts = library.open().facts

    assert (facts["context"], facts["batch"]) == (512, 512)
    assert (facts["flash_attention"], facts["kv_type"]) == (False, "f16")
    assert facts["gpu_layers"] == 0
    library.gpu = True
    assert library.open("cuda").facts["gpu_layers"] == "all"


@pytest.mark.parametrize(
    ("built_for", "options", "repacked"),
    [
        (b"AVX2 = 1 | REPACK = 1", (), True),
        (b"AVX2 = 1 | REPACK = 1", (("repack", False),), False),
        (b"AVX512 = 1 | AMX_INT8 = 1", (), False),
        (b"AVX512 = 1 | AMX_INT8 = 1", (("repack", True),), True),
    ],
)
def test_a_build_for_amx_keeps_weights_as_they_are(
    library: Library,
    built_for: bytes,
    options: tuple[tuple[str, bool], ...],
    repacked: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Else the process may be killed at the first prompt; an entry may ask for it."""
    library.built_for = built_for

    facts = library.open(options=options).facts

    assert library.repacked == [repacked]
    assert facts["repack"] is repacked
    assert library.llama_cpp.llama_model_default_params == library._usual


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gpu_layers": 3}, "option gpu_layers: device 'cpu' has no GPU"),
        ({"context": 513}, "context = 513: its weights were trained for 512"),
        ({"context": 0}, "option context = 0: must be a whole number"),
        ({"threads": "x"}, "option threads = 'x': must be a whole number"),
        ({"kv_type": "q8_0"}, "needs flash_attention = true"),
        ({"kv_type": "int8"}, "option kv_type = 'int8': must be one of f32, f16"),
        ({"flash_attention": 1}, "must be true or false"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    library: Library, options: dict[str, Any], expected: str
) -> None:
    """Before the weights are loaded."""
    with pytest.raises(BadCatalogue, match=expected):
        library.open(options=tuple(options.items()))

    assert not library.opened


def an_adapter(folder: Path, architecture: str = "llama", kind: str = "adapter") -> str:
    """Write a LoRA adapter."""
    path = folder / "lora.gguf"
    pairs = (
        pair("general.architecture", STRING, text(architecture)),
        pair("general.type", STRING, text(kind)),
    )
    path.write_bytes(a_file(pairs))
    return str(path)


def test_an_adapter_that_fits_is_put_on(library: Library, tmp_path: Path) -> None:
    """The facts tell it from others of the same name."""
    adapter = an_adapter(tmp_path)

    facts = library.open(adapter=adapter).facts

    assert library.opened[-1].given["lora_path"] == adapter
    assert facts["adapter"] == adapter
    assert len(str(facts["adapter_digest"])) == 16
    library.open()
    assert "lora_path" not in library.opened[-1].given


def test_an_adapter_of_another_architecture_is_refused(
    library: Library, tmp_path: Path
) -> None:
    """With both names."""
    with pytest.raises(AdapterMismatch, match=r"'gpt2'; .*tiny\.gguf' is 'llama'"):
        library.open(adapter=an_adapter(tmp_path, "gpt2"))
    with pytest.raises(AdapterMismatch, match="is a model, not a LoRA adapter"):
        library.open(adapter=an_adapter(tmp_path, kind="model"))


def test_an_adapter_that_the_library_dropped_is_refused(
    library: Library, tmp_path: Path
) -> None:
    """It logs that the shapes are wrong and loads the base: not to be measured."""
    library.logs = ((4, b"failed to apply lora adapter: incorrect shape"),)

    with pytest.raises(AdapterMismatch, match=r"lora\.gguf.*incorrect shape"):
        library.open(adapter=an_adapter(tmp_path))

    assert library.opened[-1].calls == ["close"]


@pytest.mark.parametrize("name", ["", "none.gguf"])
def test_an_adapter_of_another_kind_is_refused(
    library: Library, tmp_path: Path, name: str
) -> None:
    """A folder of peft is for transformers."""
    with pytest.raises(WeightsUnavailable, match=r"no GGUF file; .*'transformers'"):
        library.open(adapter=str(tmp_path / name))


def test_an_adapter_is_no_model(library: Library, tmp_path: Path) -> None:
    """It says where it belongs."""
    with pytest.raises(WeightsUnavailable, match=r"is a LoRA adapter; name its base"):
        library.open(weights=an_adapter(tmp_path))


def test_closing_frees_the_model(library: Library) -> None:
    """And peak device memory is unknown, not 0."""
    backend = library.open()
    backend.reset_device_peak()

    assert backend.device_peak_bytes() is None
    backend.close()
    assert backend._llama.calls == ["close"]
