"""A small random model through MLX itself, on the processor."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import AdapterMismatch, Unsupported, WeightsUnavailable
from pytest_llmlat.values.protocols import Ranking
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation
    from pytest_llmlat.values.timing import Timing

mx = pytest.importorskip("mlx.core", reason="the extra 'mlx' is not installed")
mlx_utils = pytest.importorskip("mlx_lm.utils")

THETA = 500.0
WORDS = "one two three four five six seven eight nine ten né ça"
CONFIG = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 300,
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 64,
    "tie_word_embeddings": True,
    "head_dim": 16,
    # As transformers 5 writes it.
    "rope_parameters": {"rope_type": "default", "rope_theta": THETA},
}
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<s>{% endif %}"
)
COUNT = Request(prompt="one two three", chat=False, max_new_tokens=12)


def a_model(folder: Path) -> Path:
    """Write a random Llama of two layers, and a tokenizer trained on a few words."""
    llama = pytest.importorskip("mlx_lm.models.llama")
    flatten = pytest.importorskip("mlx.utils").tree_flatten
    tokenizers = pytest.importorskip("tokenizers")
    fast = pytest.importorskip("transformers").PreTrainedTokenizerFast
    folder.mkdir()
    mx.random.seed(0)
    args = llama.ModelArgs.from_dict({**CONFIG, "rope_theta": THETA})
    weights = {
        name: mx.random.normal(array.shape)
        for name, array in flatten(llama.Model(args).parameters())
    }
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    (folder / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    tokenizer = tokenizers.ByteLevelBPETokenizer()
    tokenizer.train_from_iterator([WORDS] * 9, vocab_size=300, special_tokens=["<s>"])
    fast(tokenizer_object=tokenizer._tokenizer, chat_template=TEMPLATE).save_pretrained(
        folder
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the weights once."""
    return a_model(tmp_path_factory.mktemp("mlx") / "tiny")


@pytest.fixture(scope="module")
def backend(folder: Path) -> Iterator[Backend]:
    """Load them."""
    found = opened(folder)
    yield found
    found.close()


def opened(folder: Path, **changes: str) -> Backend:
    """Open a folder by its address, or an entry that says more."""
    spec = load_models().find(f"mlx:{folder}", where="test")
    return local(Deployment(model=replace(spec, **changes), device="cpu"))  # type: ignore[arg-type]


def ask(backend: Backend, request: Request) -> tuple[Generation, Timing]:
    """Make one request."""
    meter = Meter(SystemClock(), request.stop)
    meter.start()
    generation = backend.generate(request, meter)
    return generation, meter.timing()


def test_every_token_is_counted_and_stamped_in_order(backend: Backend) -> None:
    """As by any other backend; the limit is told by the finish."""
    generation, timing = ask(backend, COUNT)

    assert (generation.output_tokens, generation.finish) == (12, "length")
    assert list(timing.stamps_ns) == sorted(timing.stamps_ns)
    assert timing.start_ns < timing.stamps_ns[0]
    assert timing.stamps_ns[-1] <= timing.end_ns
    assert backend.device_peak_bytes() is None


def test_answers_are_greedy_and_keep_nothing_of_the_prompt_before(
    backend: Backend,
) -> None:
    """A cache that was left would change the second answer."""
    other = replace(COUNT, prompt="ten nine")

    first = ask(backend, COUNT)[0]
    between = ask(backend, other)[0]

    assert ask(backend, COUNT)[0] == first
    assert ask(backend, other)[0] == between
    assert between.text != first.text


def test_the_tokens_are_those_of_the_plain_model(
    backend: Backend, folder: Path
) -> None:
    """The likeliest token each time, with the rotary positions of the config."""
    model, _ = mlx_utils.load_model(folder, model_config={"rope_theta": THETA})
    auto = pytest.importorskip("transformers").AutoTokenizer
    tokenizer = auto.from_pretrained(str(folder))
    tokens = tokenizer(COUNT.prompt)["input_ids"]
    asked = len(tokens)

    for _ in range(COUNT.max_new_tokens):
        tokens.append(int(mx.argmax(model(mx.array([tokens]))[0, -1])))

    expected = tokenizer.decode(tokens[asked:], skip_special_tokens=True)
    assert ask(backend, COUNT)[0].text == expected.rstrip("\ufffd")


def test_likelihoods_are_those_of_the_plain_model(
    backend: Backend, folder: Path
) -> None:
    """The sum over the tokens of each continuation, as the definition has it."""
    model, _ = mlx_utils.load_model(folder, model_config={"rope_theta": THETA})
    auto = pytest.importorskip("transformers").AutoTokenizer
    tokenizer = auto.from_pretrained(str(folder))
    texts = (" three", " four five", " four six")
    begin = len(tokenizer("one two")["input_ids"])
    request = Request(
        prompt="one two", chat=False, max_new_tokens=0, continuations=texts
    )
    assert isinstance(backend, Ranking)

    found = backend.rank(request).likelihoods

    for text, each in zip(texts, found, strict=True):
        ids = tokenizer("one two" + text)["input_ids"]
        total = 0.0
        for place in range(begin, len(ids)):
            logits = model(mx.array([ids[:place]]))[0, -1].astype(mx.float32)
            total += (logits[ids[place]] - mx.logsumexp(logits)).item()
        assert each.tokens == len(ids) - begin
        assert each.logprob == pytest.approx(total, abs=1e-3)


def test_a_stop_string_ends_the_answer_before_it(backend: Backend) -> None:
    """The stop string itself is no part of the answer."""
    whole = ask(backend, COUNT)[0].text
    stop = whole[len(whole) // 2]

    generation, _ = ask(backend, replace(COUNT, stop=(stop,)))

    assert generation.finish == "stop"
    assert generation.text == whole.partition(stop)[0]


def test_the_chat_template_writes_the_special_tokens(backend: Backend) -> None:
    """A message is its text, a special token before, a line's end; and a turn."""
    plain, _ = ask(backend, COUNT)
    message, _ = ask(backend, replace(COUNT, chat=True))

    assert backend.chat is True
    assert plain.prompt_tokens is not None
    assert message.prompt_tokens == plain.prompt_tokens + 3


def test_a_prompt_that_fills_the_context_is_not_cut(backend: Backend) -> None:
    """It is turned away."""
    generation, timing = ask(backend, replace(COUNT, prompt="one " * 90))

    assert (generation.text, generation.finish) == ("", "context")
    assert not timing.stamps_ns


def test_quantised_weights_and_another_dtype_are_told(
    folder: Path, tmp_path: Path
) -> None:
    """As ``mlx_lm.convert -q`` writes them."""
    convert = pytest.importorskip("mlx_lm").convert
    packed = tmp_path / "packed"
    convert(str(folder), str(packed), quantize=True, q_group_size=32, q_bits=4)

    backend = opened(packed, dtype=(("cpu", "bfloat16"),))  # type: ignore[arg-type]
    generation, _ = ask(backend, COUNT)
    backend.close()

    assert backend.facts["quantization"] == "affine 4 bit, groups of 32"
    assert backend.facts["dtype"] == "bfloat16"
    assert generation.output_tokens == 12


def test_an_adapter_changes_the_answers_or_is_refused(
    backend: Backend, folder: Path, tmp_path: Path
) -> None:
    """One that fits is put on; one of another width names what does not fit."""
    fits = an_adapter(tmp_path / "fits", width=32)

    adapted = opened(folder, adapter=str(fits))
    generation, _ = ask(adapted, COUNT)
    adapted.close()

    assert generation.text != ask(backend, COUNT)[0].text
    with pytest.raises(AdapterMismatch, match=r"(?s)other.*does not fit.*tiny.*lora_"):
        opened(folder, adapter=str(an_adapter(tmp_path / "other", width=16)))


def an_adapter(folder: Path, *, width: int) -> Path:
    """Write a random LoRA adapter of rank 2, as ``mlx_lm.lora`` does."""
    folder.mkdir()
    settings = {
        "fine_tune_type": "lora",
        "num_layers": 2,
        "lora_parameters": {
            "rank": 2,
            "scale": 8.0,
            "dropout": 0.0,
            "keys": ["self_attn.q_proj"],
        },
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings), "utf-8")
    weights = {}
    for layer in range(2):
        name = f"model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_a"] = mx.random.normal((width, 2))
        weights[f"{name}.lora_b"] = mx.random.normal((2, width))
    mx.save_safetensors(str(folder / "adapters.safetensors"), weights)
    return folder


def test_what_mlx_cannot_load_says_why(folder: Path, tmp_path: Path) -> None:
    """An architecture that it does not know, and a file that is cut off."""
    unknown, cut = tmp_path / "unknown", tmp_path / "cut"
    for place in (unknown, cut):
        place.mkdir()
        for path in folder.iterdir():
            (place / path.name).write_bytes(path.read_bytes())
    config = {**CONFIG, "model_type": "no_such_model"}
    (unknown / "config.json").write_text(json.dumps(config), "utf-8")
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])

    with pytest.raises(Unsupported, match="no_such_model not supported"):
        opened(unknown)
    with pytest.raises(WeightsUnavailable, match=r"mlx-lm cannot load .*cut"):
        opened(cut)


def test_the_seed_decides_what_is_drawn(backend: Backend) -> None:
    """Whatever was asked between; the smallest nucleus is the likeliest token."""

    def drawn(seed: int, top_p: float) -> Request:
        how = Sampling(temperature=1.0, top_p=top_p, seed=seed)
        return replace(COUNT, seed=seed, sampling=how)

    first = ask(backend, drawn(1, 1.0))[0]
    others = [ask(backend, drawn(seed, 1.0))[0].text for seed in (2, 3)]

    assert ask(backend, drawn(1, 1.0))[0] == first
    assert len({first.text, *others}) == 3
    assert ask(backend, drawn(2, 1e-6))[0].text == ask(backend, COUNT)[0].text


def test_memory_is_that_of_the_arrays_that_live(backend: Backend) -> None:
    """Model by its weights, steady at least that, and a peak that answering raised."""
    told: Any = backend
    told.reset_device_peak()
    ask(backend, COUNT)
    (memory,) = told.device_memory()
    weights = (300 * 32) + 2 * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64) + 5 * 32

    assert memory.device == "cpu"
    assert memory.model_bytes == 4 * weights
    assert memory.model_bytes <= memory.steady_bytes <= memory.peak_bytes
    assert memory.answering_bytes > 0
    assert memory.reusable_bytes >= 0
    assert told.device_peak_bytes() is None
