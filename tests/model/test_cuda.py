"""What only a real CUDA card shows; skipped where torch sees none.

Run by hand on a machine that has one: ``pytest tests/model/test_cuda.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.machine.contention import Watch
from pytest_llmlat.machine.devices import look
from pytest_llmlat.machine.nvidia import gpu_heat_ns, gpu_users
from pytest_llmlat.measure.scenarios import BatchSettings
from pytest_llmlat.measure.scenarios.batching import in_batches
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec, Scalar
from pytest_llmlat.values.errors import OutOfMemory, Unsupported
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local
from tests.model.tiny import TOKENS, written_llama

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend, Batching
    from pytest_llmlat.values.records import Generation
    from pytest_llmlat.values.timing import Timing

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
if not torch.cuda.is_available():
    pytest.skip("torch sees no CUDA device", allow_module_level=True)

ASKED = Request(prompt="one two three", chat=False, max_new_tokens=8)
MANY = [
    replace(ASKED, prompt=prompt)
    for prompt in ("one", "two three four", "seven six five four three", "one one")
]
WIDE, LONG = 256, 4096


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a Llama that kernels for CUDA accept: heads of 128 numbers."""
    return written_llama(tmp_path_factory.mktemp("llama"), width=WIDE, context=LONG)


@contextmanager
def only(room: int) -> Iterator[None]:
    """Let this process have so many bytes of the card at most."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(room / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def a_spec(folder: Path, dtype: str = "float32", /, **options: Scalar) -> ModelSpec:
    """Return an entry for a folder, on CUDA and on the processor."""
    return ModelSpec(
        name="tiny",
        backend="transformers",
        devices=("cpu", "cuda"),
        weights=str(folder),
        dtype=(("cpu", "float32"), ("cuda", dtype)),
        options=tuple(sorted(options.items())),
    )


def opened(spec: ModelSpec, device: str = "cuda") -> Backend:
    """Load a model."""
    return local(Deployment(model=spec, device=device))


def answer(
    backend: Backend, request: Request = ASKED
) -> tuple[Generation, Timing, int | None]:
    """Ask one question; returns the device's peak memory too."""
    backend.reset_device_peak()
    meter = Meter(SystemClock(), request.stop)
    meter.start()
    generation = backend.generate(request, meter)
    return generation, meter.timing(), backend.device_peak_bytes()


def answers(backend: Backend, requests: Sequence[Request]) -> list[str]:
    """Ask one question after the other."""
    return [answer(backend, request)[0].text for request in requests]


def test_the_card_is_found_with_its_driver() -> None:
    """As torch names it; what it tells of heat can be read."""
    found = look()

    assert found.gpus[0] == torch.cuda.get_device_name(0)
    assert found.gpu_driver
    assert gpu_heat_ns() is not None


def test_answers_are_those_of_the_processor(llama: Path) -> None:
    """In float32; every token is stamped, in order, and memory is counted."""
    expected = answers(opened(a_spec(llama), "cpu"), MANY)
    backend = opened(a_spec(llama))

    generation, timing, peak = answer(backend)

    assert answers(backend, MANY) == expected
    assert len(set(expected)) > 1
    assert generation.output_tokens == 8
    assert sum(timing.stamp_tokens) >= 7  # it may end within a character
    assert list(timing.stamps_ns) == sorted(timing.stamps_ns)
    assert timing.start_ns < timing.stamps_ns[0]
    assert peak is not None
    weights = sum(path.stat().st_size for path in llama.glob("*.safetensors"))
    assert peak >= weights
    assert backend.facts["devices"] == "cuda:0"


@pytest.mark.parametrize(
    "options",
    [
        {"cache": "static"},
        {"attention": "eager"},
        {"attention": "flex_attention"},
        {"device_map": "auto"},
        {"compile": True},
    ],
    ids=str,
)
def test_a_setting_changes_no_answer(llama: Path, options: dict[str, Scalar]) -> None:
    """All of them are ways to compute the same."""
    expected = answers(opened(a_spec(llama)), MANY)
    backend = opened(a_spec(llama, **options))

    assert answers(backend, MANY) == expected
    assert options.items() <= dict(backend.facts).items()


@pytest.mark.parametrize(
    ("asked", "scheme", "library"),
    [
        ("int8", "bitsandbytes-int8", "bitsandbytes"),
        ("int4", "bitsandbytes-int4", "bitsandbytes"),
        ("torchao-int8", "torchao-int8", "torchao"),
    ],
)
def test_quantised_weights_answer(
    llama: Path, asked: str, scheme: str, library: str
) -> None:
    """With layers that are no longer what they were, and less memory for them."""
    pytest.importorskip(library)
    plain = opened(a_spec(llama, "bfloat16"))
    before = parameter_bytes(plain)
    backend: Any = opened(a_spec(llama, "bfloat16", quantization=asked))

    generation, _, peak = answer(backend)

    assert generation.output_tokens == 8
    assert backend.facts["quantization"] == scheme
    assert backend.facts["quantized_by"].startswith(f"{library} ")
    assert parameter_bytes(backend) < before
    assert peak


def parameter_bytes(backend: Any) -> int:  # noqa: ANN401 - looks inside
    """Return what the layers of a model take."""
    layers = backend._model.model.layers
    total = 0
    for weight in layers.parameters():
        inner = getattr(weight, "qdata", weight)
        total += inner.numel() * inner.element_size()
    return total


@pytest.mark.parametrize("kind", ["padded", "continuous"])
def test_many_at_once_answer_as_each_alone(llama: Path, kind: str) -> None:
    """By default continuously; every answer counts from the common start."""
    backend = opened(a_spec(llama))
    expected = answers(backend, MANY)
    begin = SystemClock().now_ns()

    found = in_batches(
        MANY,
        cast("Batching", backend),
        SystemClock(),
        settings=BatchSettings(size=4, kind=kind),
        seed=0,
    )

    assert found.facts is not None
    assert (found.facts.batching, found.facts.batch) == (kind, 4)
    assert (found.facts.batch_checked, found.facts.batch_changed) == (4, 0)
    ended = [response for response in found.responses if response is not None]
    assert [each.generation.text for each in ended if each.generation] == expected
    for each in ended:
        stamps = each.timing.stamps_ns
        assert list(stamps) == sorted(stamps)
        assert begin < each.timing.start_ns < stamps[0]
        assert stamps[-1] <= each.timing.end_ns


def test_batches_are_continuous_where_nobody_says(llama: Path) -> None:
    """Where requests have stop strings, they are padded."""
    backend = cast("Batching", opened(a_spec(llama)))

    assert backend.batches(MANY, None).kind == "continuous"
    assert backend.batches([replace(MANY[0], stop=("x",))], None).kind == "padded"


def test_a_batch_that_does_not_fit_is_halved_until_it_does(llama: Path) -> None:
    """On a card that is really full; afterwards it is not."""
    backend: Any = opened(a_spec(llama))
    words = " one two three four five six" * 100
    requests = [replace(ASKED, prompt=f"{n}{words}") for n in range(512)]
    before = torch.cuda.memory_allocated()

    with only(3 * 2**30):
        found = in_batches(
            requests,
            backend,
            SystemClock(),
            settings=BatchSettings(size=512, kind="padded"),
            seed=0,
        )

    assert found.facts is not None
    assert found.facts.batch_halved >= 1
    assert found.facts.batch == 512 // 2**found.facts.batch_halved
    assert (found.facts.ended, found.facts.failed) == (512, 0)
    assert torch.cuda.memory_allocated() <= before + 2**20


def test_a_model_that_does_not_fit_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """With the size of the card and what to do; the next model is loaded as ever."""
    small, large = tmp_path / "small", tmp_path / "large"
    written_llama(small, width=WIDE)
    written_llama(large, width=4096)
    free_memory()
    before = torch.cuda.memory_allocated()

    with (
        only(2**30),
        pytest.raises(OutOfMemory, match=r"cuda:0 \(.* GiB\).*quantization"),
    ):
        opened(a_spec(large))

    assert torch.cuda.memory_allocated() == before
    assert answer(opened(a_spec(small)))[0].output_tokens == 8


def test_a_prompt_that_does_not_fit_costs_itself_alone(llama: Path) -> None:
    """The one after it is answered as before."""
    backend = opened(a_spec(llama, attention="eager"))
    expected = answer(backend)[0]
    with only(torch.cuda.memory_allocated() + 64 * 2**20):
        with pytest.raises(OutOfMemory, match="while it answered"):
            answer(backend, replace(ASKED, prompt=" one two three" * 600))
        assert answer(backend)[0] == expected


def test_only_what_is_to_be_compiled_is_compiled(llama: Path) -> None:
    """A static cache alone would be, on CUDA; and no sample may pay for it."""
    torch._dynamo.reset()  # what other tests compiled would be found again
    counted = torch._dynamo.utils.counters["stats"]
    plain = opened(a_spec(llama, cache="static"))
    before = dict(counted)
    expected = answers(plain, MANY)
    assert dict(counted) == before
    compiled = opened(a_spec(llama, compile=True))
    assert dict(counted) != before
    before = dict(counted)

    assert answers(compiled, MANY) == expected
    assert dict(counted) == before


def test_a_dtype_that_the_card_cannot_do_is_refused(llama: Path) -> None:
    """Tried on the card itself."""
    with pytest.raises(Unsupported, match="cannot compute in dtype 'float8_e4m3fn'"):
        opened(a_spec(llama, "float8_e4m3fn"))


OTHER = """
import sys, torch
held = torch.ones(1000, device="cuda")
print("ready", flush=True)
sys.stdin.read()
"""


def test_another_process_on_the_card_is_seen() -> None:
    """Its number is not ours, nor that of a child."""
    torch.ones(1, device="cuda")
    watch = Watch(device="cuda", remote=False)
    # A child of ours would be one of us: its parent ends, so it has another.
    script = (
        "import subprocess, sys;"
        f"p = subprocess.Popen([sys.executable, '-c', {OTHER!r}],"
        " stdin=sys.stdin, stdout=subprocess.PIPE, text=True, start_new_session=True);"
        "print(p.stdout.readline(), flush=True)"
    )
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdin is not None
        assert starter.stdout.readline().strip() == "ready"
        starter.wait()
        users = gpu_users()
        found = watch.end()
        starter.stdin.close()
    if users is None or os.getpid() not in users:
        pytest.skip("the driver knows this process by another number")

    assert found.gpu_processes == 1
    assert "1 other process was on the GPUs" in str(found.contended)


MODELS = """
[models.tiny]
backend = "transformers"
devices = ["cuda"]
weights = {folder}
dtype = "float32"
"""
TASKS = """
[tasks."reasoning/tiny"]
source = "tiny.jsonl"
reference = "answer"
extractor = "number"
metric = "accuracy"
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "{{ question }}"
completion_prompt = "{{ question }}"
"""
TEST = """
import pytest

@pytest.mark.llm("reasoning/tiny")
def test_reasoning(llm, llmlat):
    llmlat.run(llm)
"""


def test_a_card_that_is_lost_is_told_once_and_loses_no_record(
    pytester: pytest.Pytester,
) -> None:
    """One prompt breaks it for good; all that follow are errors and say why."""
    folder = pytester.mkdir("llama")
    written_llama(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    missing = TOKENS - len(tokenizer)
    # Its number is TOKENS, for which there is no weight.
    tokenizer.add_tokens([*(f"<{n}>" for n in range(missing)), "BOOM"])
    assert tokenizer.convert_tokens_to_ids("BOOM") == TOKENS
    tokenizer.save_pretrained(folder)
    rows = [
        {"id": f"s{n}", "question": f"one two {word}", "answer": "1"}
        for n, word in enumerate(("three", "BOOM", "four", "five"))
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (pytester.path / "tiny.jsonl").write_text(text, "utf-8")
    (pytester.path / "models.toml").write_text(
        MODELS.format(folder=json.dumps(str(folder))), "utf-8"
    )
    (pytester.path / "tasks.toml").write_text(TASKS, "utf-8")
    pytester.makepyfile(TEST)

    result = pytester.runpytest_subprocess(
        *("-p", "no:cacheprovider", "-m", "cuda", "--llm=tiny"),
        *("--llm-models=models.toml", "--llm-tasks=tasks.toml", "--llm-samples=all"),
    )

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (run,) = (pytester.path / ".llmlat" / "runs").iterdir()
    lines = (run / "records.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    errors = {record["sample"]: record["error"] for record in records}
    assert len(records) == 4
    lost = [error for error in errors.values() if error]
    assert lost
    assert "was lost" in errors["s1"]
    assert len(set(lost)) == 1
