"""Small random models through transformers: settings, foreign folders, faults."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends import open_model
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec, Scalar
from pytest_llmlat.values.errors import OutOfMemory, Unsupported, WeightsUnavailable
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local
from tests.model.tiny import CONTEXT, written_gpt2, written_llama

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ASKED = Request(prompt="one two three", chat=False, max_new_tokens=8)


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a GPT-2 without pad token, end token or chat template."""
    return written_gpt2(tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a Llama without pad token, end token or chat template."""
    return written_llama(tmp_path_factory.mktemp("llama"))


def a_spec(folder: Path, **options: Scalar) -> ModelSpec:
    """Return an entry for a folder."""
    return ModelSpec(
        name="tiny",
        backend="transformers",
        devices=("cpu",),
        weights=str(folder),
        options=tuple(sorted(options.items())),
    )


def opened(spec: ModelSpec) -> Backend:
    """Load it on the processor."""
    return local(Deployment(model=spec, device="cpu"))


def answer(spec: ModelSpec, request: Request = ASKED) -> Generation:
    """Load a model and ask one question."""
    backend = opened(spec)
    try:
        return backend.generate(request, Meter(SystemClock()))
    finally:
        backend.close()


def test_a_model_without_pad_or_end_token_answers_to_the_bound(gpt2: Path) -> None:
    """Greedily and the same each time; nothing is taken for an end."""
    generation = answer(a_spec(gpt2))

    assert (generation.finish, generation.output_tokens) == ("length", 8)
    assert generation == answer(a_spec(gpt2))


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_learned_positions_are_never_overrun(gpt2: Path, more: int) -> None:
    """GPT-2 has no position after its last: prompt and answer share what there is."""
    backend = opened(a_spec(gpt2))
    a_token = backend.generate(replace(ASKED, prompt="a"), Meter(SystemClock()))
    assert a_token.prompt_tokens == 1
    request = replace(ASKED, prompt="a" * (CONTEXT - 1 + more), max_new_tokens=CONTEXT)

    generation = backend.generate(request, Meter(SystemClock()))
    backend.close()

    assert generation.prompt_tokens == CONTEXT - 1 + more
    assert generation.output_tokens == 1 - more
    assert generation.finish == ("context" if more == 1 else "length")


@pytest.mark.parametrize(
    "options",
    [{"cache": "static"}, {"attention": "eager"}, {"threads": 1}],
    ids=str,
)
@pytest.mark.parametrize("folder", ["gpt2", "llama"])
def test_a_setting_changes_no_answer(
    folder: str, options: dict[str, Scalar], request: pytest.FixtureRequest
) -> None:
    """Cache, attention and threads are ways to compute the same."""
    path: Path = request.getfixturevalue(folder)
    before = torch.get_num_threads()
    backend = opened(a_spec(path, **options))

    generations = [backend.generate(ASKED, Meter(SystemClock())) for _ in range(2)]
    backend.close()

    assert generations == [answer(a_spec(path))] * 2
    assert options.items() <= dict(backend.facts).items()
    assert torch.get_num_threads() == before


def test_what_is_compiled_answers_the_same_and_is_compiled_before(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sample pays for it: after loading nothing is compiled any more."""
    monkeypatch.setattr(torch._dynamo.config, "suppress_errors", False)
    plain = answer(a_spec(llama))
    try:
        backend = opened(a_spec(llama, compile=True))
    except Unsupported as error:
        pytest.skip(str(error))
    before = dict(torch._dynamo.utils.counters["stats"])

    generations = [
        backend.generate(replace(ASKED, prompt=prompt), Meter(SystemClock()))
        for prompt in (ASKED.prompt, "four five six seven one two three", "one")
    ]
    backend.close()

    assert generations[0] == plain
    assert dict(torch._dynamo.utils.counters["stats"]) == before
    assert (backend.facts["compile"], backend.facts["cache"]) == (True, "static")


@pytest.mark.parametrize(
    ("asked", "scheme", "library"),
    [("int8", "dynamic-int8", None), ("torchao-int8", "torchao-int8", "torchao")],
)
def test_quantised_weights_answer(
    llama: Path, asked: str, scheme: str, library: str | None
) -> None:
    """The facts say how; the linear layers are no longer what they were."""
    if library:
        pytest.importorskip(library)
    backend: Any = opened(a_spec(llama, quantization=asked))

    generation = backend.generate(ASKED, Meter(SystemClock()))
    layer = backend._model.model.layers[0].self_attn.q_proj
    kind = f"{type(layer).__name__} {type(layer.weight).__name__}"
    backend.close()

    assert generation.output_tokens == 8
    assert backend.facts["quantization"] == scheme
    assert kind != "Linear Parameter"


@pytest.mark.parametrize("asked", ["int8", "torchao-int8"])
def test_a_model_that_would_stay_as_it_is_is_not_called_quantised(
    gpt2: Path, asked: str
) -> None:
    """GPT-2's layers are of a kind that neither of them quantises."""
    if asked != "int8":
        pytest.importorskip("torchao")

    with pytest.raises(Unsupported, match="no linear layers"):
        opened(a_spec(gpt2, quantization=asked))


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "int8", "fp16"])
def test_a_dtype_that_cannot_be_is_refused(gpt2: Path, dtype: str) -> None:
    """With its name, before the weights are read."""
    with pytest.raises(Exception, match=rf"model 'tiny': .*dtype '{dtype}'|'{dtype}'"):
        opened(replace(a_spec(gpt2), dtype=(("cpu", dtype),)))


def test_the_command_that_is_told_converts_pickled_weights(
    gpt2: Path, tmp_path: Path
) -> None:
    """What a user copies from the message makes a checkpoint that is loaded."""
    old = tmp_path / "old"
    old.mkdir()
    for path in gpt2.iterdir():
        if path.suffix != ".safetensors":
            (old / path.name).write_bytes(path.read_bytes())
    model = transformers.AutoModelForCausalLM.from_pretrained(gpt2)
    torch.save(model.state_dict(), old / "pytorch_model.bin")

    with pytest.raises(WeightsUnavailable, match="pickled") as caught:
        opened(a_spec(old))
    command = re.search(r"(python -c .*)$", str(caught.value))
    assert command is not None
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *shlex.split(command[1])[1:]], cwd=tmp_path, check=True
    )

    assert answer(a_spec(tmp_path / "old-safetensors")) == answer(a_spec(gpt2))


@pytest.fixture
def foreign(gpt2: Path, tmp_path: Path) -> Path:
    """Write a checkpoint of a kind of its own, whose code notes that it was run."""
    for path in gpt2.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    config["model_type"] = "own"
    config["auto_map"] = {
        "AutoConfig": "own.OwnConfig",
        "AutoModelForCausalLM": "own.Own",
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    (tmp_path / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import GPT2Config, GPT2LMHeadModel\n"
        f"Path({str(tmp_path / 'it-ran')!r}).touch()\n"
        "class OwnConfig(GPT2Config):\n    model_type = 'own'\n"
        "class Own(GPT2LMHeadModel):\n    config_class = OwnConfig\n",
        "utf-8",
    )
    return tmp_path


def test_code_that_comes_with_weights_is_not_run(foreign: Path) -> None:
    """The message says what to write, and no line of it was run."""
    with pytest.raises(Unsupported, match="trust_remote_code = true"):
        opened(a_spec(foreign))

    assert not (foreign / "it-ran").exists()


def test_code_that_is_trusted_is_run(
    foreign: Path, gpt2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And told in the facts, for it may do anything."""
    modules = str(foreign / "modules")
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    backend = opened(replace(a_spec(foreign), trust_remote_code=True))

    generation = backend.generate(ASKED, Meter(SystemClock()))
    backend.close()

    assert (foreign / "it-ran").exists()
    assert backend.facts["trust_remote_code"] is True
    assert generation == answer(a_spec(gpt2))


def test_a_model_that_does_not_fit_is_told_and_leaves_nothing(
    gpt2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next model is loaded as if nothing had been."""
    with monkeypatch.context() as patch:

        def full(*_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

        patch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", full)
        with pytest.raises(
            OutOfMemory, match=r"'tiny': .* of cpu: CUDA .*2 GiB"
        ) as told:
            opened(a_spec(gpt2))

    assert told.value.__context__ is None
    assert answer(a_spec(gpt2)).output_tokens == 8


def test_a_base_is_loaded_once_for_two_deployments(
    gpt2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is in use it is not shared: a second model loads its own."""
    kind, loads = transformers.AutoModelForCausalLM, []
    original = kind.from_pretrained

    def counted(*given: object, **more: object) -> object:
        loads.append(given)
        return original(*given, **more)

    monkeypatch.setattr(kind, "from_pretrained", counted)
    shelf, deployment = BaseCache(), Deployment(model=a_spec(gpt2), device="cpu")

    def get() -> Any:  # noqa: ANN401 - looks inside
        return open_model(deployment, SystemClock(), shelf).backend

    first = get()
    one = first.generate(ASKED, Meter(SystemClock()))
    first.close()
    second, third = get(), get()
    two = [back.generate(ASKED, Meter(SystemClock())) for back in (second, third)]

    assert [one, one] == two
    assert len(loads) == 2
    assert (second.kept_from, third.kept_from) == ("tiny", None)
    assert second._model is not third._model
    for backend in (second, third):
        backend.close()
    shelf.clear()
