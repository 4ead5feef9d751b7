"""MLX behind the interface, with stand-ins for mlx, mlx-lm and the tokenizer."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends import tokenizer_prompts
from pytest_llmlat.backends.mlx.loading import rope_heeded, rope_settings
from pytest_llmlat.backends.mlx.model import MLX, open_model
from pytest_llmlat.values.clock import ManualClock
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
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.thought_tags import tags_of
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

END = 0
TEXTS = {2: "Hel", 3: "lo", 4: "", 5: "é", 6: "\n"}
"""What becomes readable with each token; 4 is half a character."""


class Watched(ManualClock):
    """A clock that notes when it is read."""

    def __init__(self, calls: list[object]) -> None:
        """Write into the list that the library writes into."""
        super().__init__()
        self.calls = calls

    def now_ns(self) -> int:
        """Read the clock."""
        self.calls.append("clock")
        return super().now_ns()


class Library:
    """Stand-ins for all that the backend imports, and what they were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Take the libraries' places, with weights in a folder."""
        self.calls: list[object] = []
        self.says: tuple[int, ...] = (2, 3, END)
        self.metal = False
        self.template: str | None = "a template"
        self.load_error: Exception | None = None
        self.adapter_error: Exception | None = None
        self.step_error: Exception | None = None
        self.args = SimpleNamespace(rope_theta=10000.0)
        self.folder = folder / "weights"
        self.folder.mkdir()
        (self.folder / "model.safetensors").write_bytes(b"weights")
        self.config(eos_token_id=[END, 9])
        core = ModuleType("mlx.core")
        core.__dict__.update(
            cpu="the processor",
            gpu="the GPU",
            floating="floating",
            float16="16 bit",
            metal=SimpleNamespace(is_available=lambda: self.metal),
            random=SimpleNamespace(seed=lambda seed: self.calls.append(("seed", seed))),
            array=list,
            issubdtype=lambda dtype, kind: kind == "floating" and "float" in dtype,
            new_thread_local_stream=lambda device: f"stream of {device}",
            stream=self._stream,
            eval=lambda weights: self.calls.append(("eval", weights)),
            synchronize=lambda stream: self.calls.append(("synchronize", stream)),
            get_peak_memory=lambda: 77,
            reset_peak_memory=lambda: self.calls.append("reset peak"),
            clear_cache=lambda: self.calls.append("clear cache"),
            device_info=lambda: {"max_recommended_working_set_size": 5},
            set_wired_limit=lambda most: self.calls.append(("wired", most)),
        )
        modules = {
            "mlx": ModuleType("mlx"),
            "mlx.core": core,
            "mlx.utils": SimpleNamespace(tree_flatten=lambda weights: weights),
            "mlx_lm": ModuleType("mlx_lm"),
            "mlx_lm.generate": SimpleNamespace(generate_step=self._steps),
            "mlx_lm.models": ModuleType("mlx_lm.models"),
            "mlx_lm.models.cache": SimpleNamespace(make_prompt_cache=lambda _: []),
            "mlx_lm.sample_utils": SimpleNamespace(make_sampler=self._sampler),
            "mlx_lm.utils": SimpleNamespace(
                load_model=self._load, load_adapters=self._adapt
            ),
            "transformers": SimpleNamespace(AutoTokenizer=self),
        }
        modules["mlx"].core = core  # type: ignore[attr-defined]
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(
            tokenizer_prompts, "decoder", lambda _: lambda token: TEXTS[token]
        )
        monkeypatch.setattr(sys, "platform", "linux")

    def config(self, **settings: object) -> None:
        """Write what the weights say of themselves."""
        text = json.dumps(
            {"model_type": "llama", "max_position_embeddings": 64, **settings}
        )
        (self.folder / "config.json").write_text(text, "utf-8")

    def from_pretrained(self, source: str, **given: object) -> Library:
        """Stand in for a tokenizer too."""
        self.calls.append(("tokenizer", source, given))
        return self

    eos_token_id = None

    @property
    def chat_template(self) -> str | None:
        """Return how a message is put."""
        return self.template

    def apply_chat_template(
        self,
        messages: list[dict[str, str]],
        *,
        add_generation_prompt: bool,
        tokenize: bool,
        **switches: object,
    ) -> str:
        """Put messages."""
        assert not tokenize
        told = [f"<{m['role']}>{m['content']}</{m['role']}>" for m in messages]
        more = [f"<{name}={value}>" for name, value in switches.items()]
        return "".join([*more, *told, *(["<assistant>"] * add_generation_prompt)])

    def __call__(self, text: str, **given: object) -> dict[str, list[int]]:
        """Make a token of each word."""
        self.calls.append((text, given))
        return {"input_ids": [2] * len(text.split())}

    def open(self, device: str = "cpu", **changes: Any) -> MLX:  # noqa: ANN401 - fields of an entry
        """Open an entry that names the folder."""
        model = replace(
            a_model("tiny", backend="mlx"), **{"weights": str(self.folder), **changes}
        )
        return open_model(a_deployment(model, device), ManualClock())

    @contextmanager
    def _stream(self, stream: str) -> Iterator[None]:
        self.calls.append(("on", stream))
        yield
        self.calls.append(("off", stream))

    def _load(self, folder: Path, **given: object) -> tuple[Any, dict[str, Any]]:
        self.calls.append(("load", folder.name, given))
        if self.load_error is not None:
            raise self.load_error
        return self, json.loads((folder / "config.json").read_text("utf-8"))

    def _adapt(self, model: object, folder: str) -> object:
        self.calls.append(("adapt", folder))
        if self.adapter_error is not None:
            raise self.adapter_error
        return model

    def _sampler(self, **given: float) -> tuple[str, dict[str, float]]:
        return ("a sampler", given)

    def _steps(
        self,
        prompt: list[int],
        model: object,
        stream: str,
        *,
        max_tokens: int,
        sampler: object = None,
        prompt_cache: list[int] | None = None,
    ) -> Iterator[tuple[int, None]]:
        assert model is self
        if prompt_cache is not None:
            prompt_cache += prompt
        if sampler is not None:
            self.calls.append(("sampler", sampler))
        self.calls.append(("prefill", len(prompt), stream))
        if self.step_error is not None:
            raise self.step_error
        try:
            for token in self.says[:max_tokens]:
                self.calls.append(("value", token))
                yield token, None
        finally:
            self.calls.append("steps closed")

    def set_dtype(self, dtype: str) -> None:
        """Stand in for a model too."""
        self.calls.append(("dtype", dtype))

    def eval(self) -> None:
        """Turn dropout off."""
        self.calls.append("model eval")

    def parameters(self) -> list[tuple[str, Any]]:
        """Return weights, packed and plain."""
        return [
            ("packed", SimpleNamespace(dtype="mlx.core.uint32")),
            ("scales", SimpleNamespace(dtype="mlx.core.float16")),
        ]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    """Put stand-ins in the places of the libraries."""
    return Library(monkeypatch, tmp_path)


def answer(backend: MLX, most: int = 8, *stop: str) -> tuple[Generation, Meter]:
    """Ask a question of two words."""
    meter = Meter(ManualClock(), stop)
    request = Request(
        prompt="two words", chat=backend.chat, max_new_tokens=most, stop=stop
    )
    return backend.generate(request, meter), meter


def test_an_answer_ends_with_an_end_token(library: Library) -> None:
    """The end token is no content and is not counted."""
    generation, meter = answer(library.open())

    assert (generation.text, generation.finish) == ("Hello", "stop")
    assert (generation.prompt_tokens, generation.output_tokens) == (2, 2)
    assert meter.timing().stamp_tokens == (1, 1)


def test_the_clock_is_read_when_a_token_s_value_is_there(library: Library) -> None:
    """MLX computes on use: a stamp without the value would be too early."""
    backend = library.open()
    library.calls.clear()
    clock = Watched(library.calls)
    meter = Meter(clock)
    library.calls.clear()

    backend.generate(Request(prompt="a", chat=True, max_new_tokens=8), meter)

    stream = "stream of the processor"
    assert library.calls[1:] == [
        ("on", stream),
        ("prefill", 1, stream),
        *(("value", 2), "clock", ("value", 3), "clock", ("value", END)),
        "steps closed",
        ("synchronize", stream),
        ("off", stream),
    ]


def test_a_step_under_way_does_not_slow_the_next_sample(library: Library) -> None:
    """A stop string ends an answer in the midst; what runs on is waited for."""
    library.says = (2, 3, 6, 2, 2)
    backend = library.open()

    generation, _ = answer(backend, 8, "\n")

    assert (generation.text, generation.finish) == ("Hello", "stop")
    assert ("synchronize", "stream of the processor") in library.calls
    last = library.calls.index("steps closed")
    assert library.calls[last - 1] == ("value", 6)


def test_every_prompt_pays_its_prefill(library: Library) -> None:
    """No cache is handed from one sample to the next."""
    backend = library.open()

    for _ in range(2):
        answer(backend)

    paid = [c for c in library.calls if isinstance(c, tuple) and c[0] == "prefill"]
    assert paid == [("prefill", 2, "stream of the processor")] * 2


def test_the_most_tokens_end_an_answer(library: Library) -> None:
    """What was cut is told by its finish; the context bounds it too."""
    assert answer(library.open(), 1)[0].finish == "length"
    library.config(max_position_embeddings=3)
    generation, _ = answer(library.open())

    assert (generation.text, generation.finish) == ("Hel", "length")


def test_a_prompt_without_room_is_not_asked(library: Library) -> None:
    """Nothing is generated, and the finish says why."""
    library.config(max_position_embeddings=2)

    generation, _ = answer(library.open())

    assert (generation.text, generation.finish) == ("", "context")


def test_a_character_of_two_tokens_is_stamped_once(library: Library) -> None:
    """It is text when its last byte is there."""
    library.says = (4, 5, END)

    generation, meter = answer(library.open())

    assert (generation.text, generation.output_tokens) == ("é", 2)
    assert meter.timing().stamp_tokens == (2,)


def test_special_tokens_are_written_once(library: Library) -> None:
    """By the chat template, or by the tokenizer where there is none."""
    chat, base = library.open(), library.open(chat=False)
    library.calls.clear()
    answer(chat)
    answer(base)

    asked = [c for c in library.calls if isinstance(c, tuple) and c[0] in FORMS]
    assert asked == [
        ("<user>two words</user><assistant>", {"add_special_tokens": False}),
        ("two words", {"add_special_tokens": True}),
    ]


FORMS = ("<user>two words</user><assistant>", "two words")


def test_chat_without_a_template_is_refused(library: Library) -> None:
    """A template that we made up would measure another model."""
    library.template = None

    assert library.open().chat is False
    with pytest.raises(LLMLatError, match="'tiny': its tokenizer has no chat template"):
        library.open(chat=True)


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
    backend.reset_device_peak()

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


def test_tokens_are_drawn_with_the_request_s_own_seed(library: Library) -> None:
    """The seed comes before the first step, and what was done is told."""
    backend = library.open()
    how = Sampling(temperature=0.8, top_p=0.9, seed=7)
    request = Request(
        prompt="two words", chat=True, max_new_tokens=8, seed=7, sampling=how
    )
    library.calls.clear()

    generation = backend.generate(request, Meter(ManualClock()))

    told = ("sampler", ("a sampler", {"temp": 0.8, "top_p": 0.9}))
    assert library.calls.index(("seed", 7)) < library.calls.index(told)
    assert generation.sampling == how


def test_a_greedy_answer_is_told_as_one(library: Library) -> None:
    """No sampler is given, and no seed is set."""
    backend = library.open()
    library.calls.clear()

    generation, _ = answer(backend)

    told = [call[0] for call in library.calls if isinstance(call, tuple)]
    assert not {"seed", "sampler"} & set(told)
    assert generation.sampling is not None
    assert generation.sampling.greedy


def test_a_thought_is_ended_at_its_budget(library: Library) -> None:
    """The closing tag is read behind what is in the cache; nothing is read twice."""
    library.says = (2, 3, 2, 3)
    backend = library.open()
    library.calls.clear()
    request = Request(
        prompt="two words",
        chat=True,
        max_new_tokens=8,
        thinking_tokens=2,
        thought_tags=tags_of("</think>"),
    )

    generation = backend.generate(
        request, Meter(ManualClock(), (), request.thought_tags)
    )

    assert (generation.thoughts, generation.thought_tokens) == ("Hello", 2)
    assert generation.text == "HelloHello"
    read = [c[1] for c in library.calls if isinstance(c, tuple) and c[0] == "prefill"]
    assert read == [2, 1]


def test_what_the_model_read_is_kept(library: Library) -> None:
    """With the switches of the template, and without control tokens in the data."""
    request = Request(
        prompt="two words", chat=True, max_new_tokens=8, template=(("x", True),)
    )

    generation = library.open().generate(request, Meter(ManualClock()))

    assert generation.rendered == "<x=True><user>two words</user><assistant>"
