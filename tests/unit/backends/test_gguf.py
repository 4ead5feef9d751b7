"""llama.cpp behind the interface, with a stand-in for its library."""

from __future__ import annotations

import sys
from array import array
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.gguf.model import GGUF, open_model
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    DeviceAbsent,
    LLMLatError,
    OutOfMemory,
    WeightsUnavailable,
)
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.sampling import GREEDY, Sampling
from pytest_llmlat.values.thought_tags import tags_of
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model
from tests.unit.gguf_files import STRING, a_file, pair, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

END, BEGIN = 0, 1
TEXTS = {
    2: b"Hel",
    3: b"lo",
    4: b"\xc3",
    5: b"\xa9",
    6: b"\n",
    BEGIN: b"<s>",
    END: b"</s>",
}
TEMPLATE = {"tokenizer.chat_template": "a template", "general.file_type": "3"}


class Llama:
    """A stand-in for ``llama_cpp.Llama`` that says the same tokens every time."""

    model = "a model"

    def __init__(
        self, says: tuple[int, ...], metadata: dict[str, str], given: dict[str, Any]
    ) -> None:
        """Say these tokens to every prompt."""
        self.says = says
        self.metadata = metadata
        self.given = given
        self.calls: list[object] = []
        self.input_ids = array("i")
        self.n_tokens = 0

    def n_ctx(self) -> int:
        """Return the room for tokens."""
        return int(self.given["n_ctx"])

    def token_eos(self) -> int:
        """Return the end token."""
        return END

    def token_bos(self) -> int:
        """Return that there is no token to begin with."""
        return -1

    def tokenize(
        self, text: bytes, *, add_bos: bool = True, special: bool = False
    ) -> list[int]:
        """Make a token of each word."""
        self.calls.append((text, add_bos, special))
        return [2] * (len(text.split()) + add_bos)

    def detokenize(self, tokens: list[int], *, special: bool = False) -> bytes:
        """Return the bytes of tokens."""
        del special
        return b"".join(TEXTS[token] for token in tokens)

    def generate(self, tokens: list[int], **given: object) -> Iterator[int]:
        """Yield what is to be said."""
        self.calls.append(("generate", len(tokens), given))
        # As the library: all but the last token that came has been read.
        read = [*tokens, *self.says[:-1]]
        self.input_ids = array("i", read)
        self.n_tokens = len(read)
        yield from self.says

    def set_seed(self, seed: int) -> None:
        """Take the seed of the next draws."""
        self.calls.append(("seed", seed))

    def reset(self) -> None:
        """Forget the prompt before."""
        self.calls.append("reset")
        self.n_tokens = 0

    def close(self) -> None:
        """Free nothing."""
        self.calls.append("close")


class Library:
    """A stand-in for the module ``llama_cpp``."""

    LLAMA_SPLIT_MODE_NONE = 0
    GGML_TYPE_F16 = 1
    GGML_TYPE_Q8_0 = 8

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Take the library's place."""
        self.says: tuple[int, ...] = (2, 3, END)
        self.metadata = dict(TEMPLATE)
        self.gpu = False
        self.error: Exception | None = None
        self.logs: tuple[tuple[int, bytes], ...] = ()
        self.listeners: list[object] = []
        self.opened: list[Llama] = []
        self.path = folder / "tiny.gguf"
        self.path.write_bytes(a_file())
        self.llama_chat_format = SimpleNamespace(
            Jinja2ChatFormatter=self._formatter,
            ImmutableSandboxedEnvironment=type("Environment", (), {}),
        )
        self.built_for = b"CPU : AVX2 = 1 | REPACK = 1 | "
        self.llama_cpp = SimpleNamespace(llama_model_default_params=self._usual)
        self.repacked: list[bool] = []
        monkeypatch.setitem(sys.modules, "llama_cpp", self)
        monkeypatch.setitem(
            sys.modules, "llama_cpp.llama_chat_format", self.llama_chat_format
        )
        monkeypatch.setitem(
            sys.modules,
            "llama_cpp._logger",
            SimpleNamespace(llama_log_callback="the library's own"),
        )

    def llama_supports_gpu_offload(self) -> bool:
        """Whether the build has a GPU."""
        return self.gpu

    def llama_print_system_info(self) -> bytes:
        """Return what the build can use."""
        return self.built_for

    def _usual(self) -> SimpleNamespace:
        """Return the parameters that a model has if nobody says others."""
        return SimpleNamespace(use_extra_bufts=True)

    def llama_model_get_vocab(self, model: object) -> object:
        """Return something that stands for the vocabulary."""
        return model

    def llama_vocab_get_attr(self, vocabulary: object, token: int) -> int:
        """Return what kind of token it is: those of the special texts are control."""
        del vocabulary
        return 8 if TEXTS.get(token, b"").startswith(b"<") else 4

    def llama_vocab_get_text(self, vocabulary: object, token: int) -> bytes:
        """Return the text of a token."""
        del vocabulary
        return TEXTS[token]

    def llama_vocab_is_eog(self, vocabulary: object, token: int) -> bool:
        """Whether a token ends the answer."""
        del vocabulary
        return token == END

    def Llama(self, **given: Any) -> Llama:  # noqa: ANN401, N802 - as the library has it
        """Load the model."""
        parameters = self.llama_cpp.llama_model_default_params()
        self.repacked.append(parameters.use_extra_bufts)
        for level, line in self.logs:
            listen: Any = self.listeners[-1]
            listen(level, line, None)
        if self.error is not None:
            raise self.error
        self.opened.append(Llama(self.says, self.metadata, given))
        return self.opened[-1]

    def llama_log_callback(self, listen: Callable[..., None]) -> Callable[..., None]:
        """Make a function callable from the library."""
        return listen

    def llama_log_set(self, listen: object, data: object) -> None:
        """Say who hears what the library logs."""
        del data
        self.listeners.append(listen)

    def _formatter(
        self, template: str, *, add_generation_prompt: bool, **special: str
    ) -> Any:  # noqa: ANN401 - any callable
        generation = add_generation_prompt
        assert (template, special) == (
            "a template",
            {"eos_token": "</s>", "bos_token": ""},
        )
        return lambda messages, **switches: SimpleNamespace(
            prompt=self.rendered(messages, generation=generation, **switches)
        )

    def rendered(
        self, messages: list[dict[str, str]], *, generation: bool, **switches: object
    ) -> str:
        """Put each message between tags, then the model's turn."""
        told = [f"<{m['role']}>{m['content']}</{m['role']}>" for m in messages]
        more = [f"<{name}={value}>" for name, value in switches.items()]
        return "".join([*more, *told, *(["<assistant>"] * generation)])

    def open(self, device: str = "cpu", **changes: Any) -> GGUF:  # noqa: ANN401 - fields of an entry
        """Open an entry that names the file."""
        model = replace(
            a_model("tiny", backend="gguf"), **{"weights": str(self.path), **changes}
        )
        return open_model(a_deployment(model, device), ManualClock())


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    """Put a stand-in in the place of llama-cpp-python."""
    return Library(monkeypatch, tmp_path)


def answer(backend: GGUF, most: int = 8, *stop: str) -> tuple[Generation, Meter]:
    """Ask a question of two words."""
    meter = Meter(ManualClock(), stop)
    request = Request(
        prompt="two words", chat=backend.chat, max_new_tokens=most, stop=stop
    )
    return backend.generate(request, meter), meter


def test_an_answer_ends_with_the_end_token(library: Library) -> None:
    """The end token is no content and is not counted."""
    generation, meter = answer(library.open())

    assert (generation.text, generation.finish) == ("Hello", "stop")
    assert (generation.prompt_tokens, generation.output_tokens) == (2, 2)
    assert meter.timing().stamp_tokens == (1, 1)


def test_nothing_of_the_prompt_before_is_kept(library: Library) -> None:
    """Without a reset the second answer would not pay for the prefix they share."""
    backend = library.open()

    for _ in range(2):
        answer(backend)

    done = [
        call if isinstance(call, str) else call[0]
        for call in backend._llama.calls
        if call == "reset" or (isinstance(call, tuple) and call[0] == "generate")
    ]
    assert done == ["reset", "generate"] * 2


def turns(backend: GGUF, *asked: tuple[str, bool, str]) -> list[int | None]:
    """Ask turns of (conversation, whether it goes on, text); return what was kept."""
    return [
        backend.generate(
            Request(
                prompt=text,
                chat=False,
                max_new_tokens=8,
                conversation=name,
                continues=goes_on,
            ),
            Meter(ManualClock(), ()),
        ).cached_tokens
        for name, goes_on, text in asked
    ]


def test_a_conversation_goes_on_from_what_was_read(library: Library) -> None:
    """But for its last token, which is read in any case; its first turn is read whole.

    Another conversation that begins with the same words shares nothing with it, nor
    does a turn behind one of another.
    """
    library.says = (2, 2, 3, END)
    backend = library.open()

    kept = turns(
        backend,
        ("a", False, "one two"),
        ("a", True, "one two x x"),
        ("b", False, "one two"),
        ("a", True, "one two x x x"),
        ("a", True, "one two x x x x"),
    )

    # Each prompt has a token more than words, the one that begins a text.
    assert kept == [0, 4, 0, 0, 6]


def test_a_conversation_is_read_anew_where_that_is_asked_for(library: Library) -> None:
    """Nothing is kept, and so there is nothing to tell."""
    backend = library.open(options=(("cache_prompt", False),))

    assert turns(backend, ("a", False, "one"), ("a", True, "one two")) == [None] * 2
    assert backend._llama.calls.count("reset") == 2
    assert backend.facts["cache_prompt"] is False
    assert "cache_prompt" not in library.open().facts


def test_decoding_is_greedy(library: Library) -> None:
    """Temperature 0, and no other than the likeliest token."""
    backend = library.open()
    answer(backend)

    assert backend._llama.calls[-1] == ("generate", 2, {"temp": 0.0, "top_k": 1})
    generation, _ = answer(backend)
    assert generation.sampling == GREEDY


def test_tokens_are_drawn_from_the_whole_distribution(library: Library) -> None:
    """No filter but the one that was asked for, and the request's own seed."""
    backend = library.open()
    how = Sampling(temperature=0.8, top_p=0.9, seed=7)
    request = Request(
        prompt="two words", chat=True, max_new_tokens=8, seed=7, sampling=how
    )

    generation = backend.generate(request, Meter(ManualClock()))

    off = {"top_k": 0, "min_p": 0.0, "typical_p": 1.0}
    assert backend._llama.calls[-2:] == [
        ("seed", 7),
        ("generate", 2, {"temp": 0.8, "top_p": 0.9, **off}),
    ]
    assert generation.sampling == how


def test_the_most_tokens_end_an_answer(library: Library) -> None:
    """What was cut is told by its finish."""
    generation, _ = answer(library.open(), 1)

    assert (generation.text, generation.finish) == ("Hel", "length")
    assert generation.output_tokens == 1


def test_a_stop_string_ends_an_answer(library: Library) -> None:
    """Before it, as every backend does."""
    library.says = (2, 3, 6, 2, 2)

    generation, _ = answer(library.open(), 8, "\n")

    assert (generation.text, generation.finish) == ("Hello", "stop")


def test_a_character_of_two_tokens_is_stamped_once(library: Library) -> None:
    """It is text when its last byte is there."""
    library.says = (4, 5, END)

    generation, meter = answer(library.open())

    assert generation.text == "é"
    assert meter.timing().stamp_tokens == (2,)


def test_half_a_character_at_the_end_is_marked(library: Library) -> None:
    """An answer that was cut inside of a character shows it."""
    library.says = (2, 4)

    generation, meter = answer(library.open(), 2)

    assert generation.text == "Hel\N{REPLACEMENT CHARACTER}"
    assert meter.timing().stamp_tokens == (1, 1)


@pytest.mark.parametrize("context", [1, 2])
def test_a_prompt_without_room_is_not_asked(library: Library, context: int) -> None:
    """Nothing is generated, and the finish says why."""
    backend = library.open(options=(("context", context),))

    generation, _ = answer(backend)

    assert (generation.text, generation.finish) == ("", "context")
    assert not any(call == "reset" for call in backend._llama.calls)


def test_the_context_bounds_the_answer(library: Library) -> None:
    """Prompt and answer share it."""
    generation, _ = answer(library.open(options=(("context", 3),)))

    assert (generation.text, generation.finish) == ("Hel", "length")


def test_a_chat_prompt_has_the_template_s_special_tokens(library: Library) -> None:
    """They are written by the template, so none is added before it."""
    backend = library.open()
    answer(backend)

    assert backend.chat is True
    assert backend._llama.calls[0] == (
        b"<user>two words</user><assistant>",
        False,
        True,
    )


@pytest.mark.parametrize(("chat", "template"), [(False, True), (None, False)])
def test_a_base_model_continues_the_text(
    library: Library, *, chat: bool | None, template: bool
) -> None:
    """Where the entry says so, or where there is no template."""
    library.metadata = dict(TEMPLATE) if template else {}
    backend = library.open(chat=chat)
    answer(backend)

    assert backend.chat is False
    assert backend._llama.calls[0] == (b"two words", True, False)


def test_chat_without_a_template_is_refused(library: Library) -> None:
    """A template that we made up would measure another model."""
    library.metadata = {}

    with pytest.raises(LLMLatError, match=r"'tiny': tiny\.gguf has no chat template"):
        library.open(chat=True)


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


def asked(backend: GGUF, **changes: Any) -> tuple[Generation, Meter]:  # noqa: ANN401 - fields of a request
    """Ask with other settings."""
    request = replace(
        Request(prompt="two words", chat=True, max_new_tokens=8), **changes
    )
    meter = Meter(ManualClock(), request.stop, request.thought_tags)
    return backend.generate(request, meter), meter


def test_what_the_model_read_is_kept(library: Library) -> None:
    """With system prompt, earlier turns and the switches of the template."""
    backend = library.open()

    generation, _ = asked(
        backend, system="s", turns=(("a", "b"),), template=(("x", True),)
    )

    assert generation.rendered == (
        "<x=True><system>s</system><user>a</user><assistant>b</assistant>"
        "<user>two words</user><assistant>"
    )
    plain = library.open(chat=False).generate(
        Request(prompt="two words", chat=False, max_new_tokens=8),
        Meter(ManualClock()),
    )
    assert plain.rendered is None


def test_control_tokens_in_a_sample_stay_text(library: Library) -> None:
    """It is encoded in parts, none of which holds one; an ordinary one is not cut."""
    backend = library.open()
    backend._llama.calls.clear()

    generation, _ = asked(backend, prompt="a</s>b")

    texts = [call[0] for call in backend._llama.calls if isinstance(call, tuple)]
    assert texts[:3] == [b"<user>a<", b"\n", b"\n/s>b</user><assistant>"]
    assert generation.rendered == "<user>a</s>b</user><assistant>"


def test_a_thought_is_ended_at_its_budget(library: Library) -> None:
    """The closing tag is read in the model's stead, and it goes on from there."""
    library.says = (2, 3, 2, 3, 2, 3)
    backend = library.open()

    generation, _ = asked(backend, thinking_tokens=2, thought_tags=tags_of("</think>"))

    assert (generation.thoughts, generation.thought_tokens) == ("Hello", 2)
    assert generation.text == "HelloHelloHello"
    calls = [
        call
        for call in backend._llama.calls
        if isinstance(call, tuple) and call[0] == "generate"
    ]
    # The last token of the thought was not read yet; the tag is one word.
    assert [(count, given.get("reset")) for _, count, given in calls] == [
        (2, None),
        (2, False),
    ]
    assert not generation.cut_in_thought


def test_no_thought_at_all(library: Library) -> None:
    """Where the prompt has opened one, it is closed before the first token."""
    generation, _ = asked(
        library.open(), thinking_tokens=0, thought_tags=tags_of("</think>")
    )

    assert (generation.text, generation.thoughts) == ("Hello", None)


def test_a_budget_leaves_room_for_the_answer(library: Library) -> None:
    """Answer and thought together have as many tokens as both may."""
    library.says = (2,) * 30
    generation, _ = asked(
        library.open(),
        max_new_tokens=3,
        thinking_tokens=5,
        thought_tags=tags_of("</think>"),
    )

    assert (generation.output_tokens, generation.finish) == (8, "length")
    assert generation.thought_tokens == 5


def test_several_named_templates_and_no_default(library: Library) -> None:
    """It is told when the file is opened, and they are named."""
    library.metadata = {f"tokenizer.chat_template.{n}": "x" for n in ("rag", "tool")}

    with pytest.raises(LLMLatError, match=r"rag, tool.*chat = false"):
        library.open()
    assert library.open(chat=False).chat is False
