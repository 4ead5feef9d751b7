"""Models whose weights are no numbers answer nothing, and say so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.backend_kind import model_at
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import GenerationFailed
from pytest_llmlat.values.protocols import Batching, Ranking
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.token_meter import Meter
from tests.model.tiny import written_llama
from tests.unit.small_gguf import a_small_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend

pytestmark = pytest.mark.slow
NAN, INFINITE = float("nan"), float("inf")


def a_gguf(folder: Path, value: float) -> str:
    """Write a GGUF file all of whose weights are one value."""
    pytest.importorskip("llama_cpp")
    path = folder / "m.gguf"
    path.write_bytes(a_small_model(value=value))
    return f"gguf:{path}"


def a_checkpoint(folder: Path, value: float) -> str:
    """Write a Llama one of whose weights, in the midst of it, is a value."""
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    pytest.importorskip("transformers")
    written_llama(folder)
    path = folder / "model.safetensors"
    weights = safetensors.load_file(path)
    weights["model.layers.1.mlp.up_proj.weight"][3, 3] = torch.tensor(value)
    safetensors.save_file(weights, path, metadata={"format": "pt"})
    return f"hf:{folder}"


def an_mlx_folder(folder: Path, value: float) -> str:
    """Write the same for MLX."""
    pytest.importorskip("mlx_lm")
    a_checkpoint(folder, value)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["rope_theta"] = (config.pop("rope_parameters", None) or {}).get(
        "rope_theta", 1e4
    )
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return f"mlx:{folder}"


WRITERS = {"gguf": a_gguf, "transformers": a_checkpoint, "mlx": an_mlx_folder}


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> Callable[[Path, float], str]:
    """Return what writes a small model for a backend."""
    return WRITERS[request.param]


@pytest.fixture
def opened(
    writer: Callable[[Path, float], str], tmp_path: Path
) -> Iterator[Callable[[float], Backend]]:
    """Return what opens a model with a weight of some value."""
    found: list[Backend] = []

    def open_with(value: float) -> Backend:
        found.append(opened_at(writer(tmp_path, value)))
        return found[-1]

    yield open_with
    for backend in found:
        backend.close()


def opened_at(address: str) -> Backend:
    """Open the model of an address."""
    model = model_at(address)
    assert model is not None
    deployment = Deployment(model=replace(model, name="mine"), device="cpu")
    backend = open_backend(deployment, SystemClock())
    assert not backend.remote
    return backend


def answer(backend: Backend, sampling: Sampling | None = None) -> str:
    """Ask for some tokens."""
    request = Request(prompt="one two", chat=False, max_new_tokens=9)
    if sampling is not None:
        request = replace(request, sampling=sampling)
    meter = Meter(SystemClock())
    meter.start()
    return backend.generate(request, meter).text


@pytest.mark.parametrize("drawn", [False, True])
def test_weights_that_are_none_are_told(
    opened: Callable[[float], Backend], *, drawn: bool
) -> None:
    """Else the first token of the vocabulary is the answer to all."""
    backend = opened(NAN)
    sampling = Sampling(temperature=1.0, top_p=0.9) if drawn else None

    for _ in range(2):
        with pytest.raises(GenerationFailed, match="computes no numbers: its logits"):
            answer(backend, sampling)


@pytest.mark.parametrize("thinking", [None, 4])
def test_a_batch_of_them_is_told(tmp_path: Path, thinking: int | None) -> None:
    """Rows are no likelier to be right than one answer."""
    backend = opened_at(a_checkpoint(tmp_path, NAN))
    assert isinstance(backend, Batching)
    request = Request(
        prompt="one two", chat=False, max_new_tokens=9, thinking_tokens=thinking
    )
    batches = backend.batches([request, request], "padded")
    meters = [Meter(SystemClock()) for _ in range(2)]
    for meter in meters:
        meter.start()

    with pytest.raises(GenerationFailed, match="computes no numbers: its logits"):
        batches.generate([request, request], meters, 2)
    with pytest.raises(GenerationFailed, match="computes no numbers: its logits"):
        backend.generate(request, meters[0])
    backend.close()


def test_no_option_is_likelier_than_another_without_numbers(
    opened: Callable[[float], Backend],
) -> None:
    """It would be the first of them, as right as chance."""
    backend = opened(NAN)
    assert isinstance(backend, Ranking)
    request = Request(
        prompt="one", chat=False, max_new_tokens=1, continuations=(" two", " three")
    )

    with pytest.raises(GenerationFailed, match="computes no numbers: its likelihoods"):
        backend.rank(request)


def test_weights_that_are_numbers_answer(opened: Callable[[float], Backend]) -> None:
    """So that what is refused above is refused for what it is."""
    assert isinstance(answer(opened(0.01)), str)
