"""transformers behind the interface, with stand-ins for model and tokenizer."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface import HuggingFace
from pytest_llmlat.backends.torch_devices import TorchDevice
from pytest_llmlat.clock import ManualClock
from pytest_llmlat.errors import LLMLatError
from pytest_llmlat.meter import Meter
from pytest_llmlat.records import Generation, Request
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from pytest_llmlat.specs import ModelSpec

END, OTHER_END = 0, 9
WORDS = ("</s>", "Hel", "lo", "\n", "more")
TORCH = SimpleNamespace(
    __version__="2.stand-in",
    bool="bool",
    full=lambda _, fill_value, **__: fill_value,
    get_num_threads=lambda: 2,
)


class Ids(list[int]):
    """A tensor of one row."""

    @property
    def shape(self) -> tuple[int, int]:
        """One prompt and its length."""
        return (1, len(self))

    device = "cpu"

    def to(self, device: str) -> Ids:
        """Move nowhere."""
        assert device == "cpu"
        return self

    def flatten(self) -> Ids:
        """Return the one row."""
        return self


class Tokenizer:
    """Makes a token of each word; written in Python, as slow tokenizers are."""

    def __init__(self, *, template: bool = True) -> None:
        """Have a chat template or none."""
        self.chat_template = "a template" if template else None
        self.eos_token_id = END
        self.pad_token_id = None
        self.calls: list[tuple[str, bool]] = []

    def __call__(
        self, text: str, *, add_special_tokens: bool, return_tensors: str
    ) -> dict[str, Ids]:
        """Return ids and what nobody asked for."""
        assert return_tensors == "pt"
        self.calls.append((text, add_special_tokens))
        ids = Ids([1] * len(text.split()))
        return {"input_ids": ids, "attention_mask": ids, "token_type_ids": ids}

    def apply_chat_template(self, messages: list[dict[str, str]], **given: bool) -> str:
        """Put the template round the one message."""
        assert given == {"add_generation_prompt": True, "tokenize": False}
        return f"<user> {messages[0]['content']}"

    def decode(self, tokens: list[int], *, skip_special_tokens: bool) -> str:
        """Return the text of all tokens."""
        assert skip_special_tokens
        return "".join(WORDS[token] for token in tokens)


class Model:
    """Says the same tokens to every prompt, as far as it is let."""

    dtype = "torch.float32"

    def __init__(self, *says: int, context: int = 64) -> None:
        """Say these tokens."""
        self.says = says
        self.generation_config = SimpleNamespace(eos_token_id=[END, OTHER_END])
        self.config = SimpleNamespace(max_position_embeddings=context)
        self.given: dict[str, Any] = {}

    def generate(self, *, streamer: Any, stopping_criteria: Any, **given: Any) -> None:  # noqa: ANN401 - as transformers calls it
        """Hand over the prompt, then token by token."""
        self.given = given
        streamer.put(given["input_ids"])
        for token in self.says[: given["generation_config"].max_new_tokens]:
            streamer.put(Ids([token]))
            if token == END or any(ask(Ids([1]), None) for ask in stopping_criteria):
                break
        streamer.end()


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of what is loaded on use."""
    settings = SimpleNamespace(GenerationConfig=SimpleNamespace)
    decoders = SimpleNamespace(DecodeStream=None)
    monkeypatch.setitem(sys.modules, "transformers", settings)
    monkeypatch.setitem(sys.modules, "tokenizers", SimpleNamespace(decoders=decoders))
    monkeypatch.setitem(sys.modules, "tokenizers.decoders", decoders)


def a_backend(
    model: Model, tokenizer: Tokenizer | None = None, spec: ModelSpec | None = None
) -> HuggingFace:
    """Wrap stand-ins."""
    return HuggingFace(
        TORCH,
        model,
        tokenizer or Tokenizer(),
        device=TorchDevice(TORCH, "cpu"),
        deployment=a_deployment(spec or a_model("tiny")),
    )


def answer(backend: HuggingFace, most: int = 8, *stop: str) -> Generation:
    """Ask a question of two words."""
    request = Request(
        prompt="two words", chat=backend.chat, max_new_tokens=most, stop=stop
    )
    return backend.generate(request, Meter(ManualClock(), stop))


def test_an_answer_ends_with_the_end_token() -> None:
    """The end token is no content and is not counted."""
    generation = answer(a_backend(Model(1, 2, END, 4)))

    assert (generation.text, generation.finish) == ("Hello", "stop")
    assert (generation.prompt_tokens, generation.output_tokens) == (3, 2)


def test_the_most_tokens_end_an_answer() -> None:
    """What was cut is told by its finish."""
    generation = answer(a_backend(Model(1, 2, 4)), 2)

    assert (generation.text, generation.finish) == ("Hello", "length")


def test_a_stop_string_ends_an_answer() -> None:
    """Before it, as every backend does; nothing is generated after it."""
    generation = answer(a_backend(Model(1, 2, 3, 4, 4)), 8, "\n")

    assert (generation.text, generation.finish) == ("Hello", "stop")
    assert generation.output_tokens == 3


@pytest.mark.parametrize("context", [2, 3])
def test_a_prompt_without_room_is_not_asked(context: int) -> None:
    """Nothing is generated, and the finish says why."""
    model = Model(1, context=context)

    generation = answer(a_backend(model))

    assert (generation.text, generation.finish) == ("", "context")
    assert model.given == {}


def test_the_context_bounds_the_answer() -> None:
    """Prompt and answer share it."""
    generation = answer(a_backend(Model(1, 2, 4, context=4)))

    assert (generation.text, generation.finish) == ("Hel", "length")


def test_decoding_is_greedy() -> None:
    """Whatever the model's own file says; every end token of it is known."""
    model = Model(END)
    answer(a_backend(model), 5)

    settings = vars(model.given["generation_config"])
    assert settings == {
        "max_new_tokens": 5,
        "do_sample": False,
        "num_beams": 1,
        "repetition_penalty": 1.0,
        "eos_token_id": [END, OTHER_END],
        "pad_token_id": END,
    }
    assert sorted(model.given) == ["attention_mask", "generation_config", "input_ids"]


def test_a_chat_prompt_has_the_template_s_special_tokens() -> None:
    """They are written by the template, so none is added before it."""
    tokenizer = Tokenizer()
    backend = a_backend(Model(END), tokenizer)
    answer(backend)

    assert backend.chat is True
    assert tokenizer.calls == [("<user> two words", False)]


@pytest.mark.parametrize(("chat", "template"), [(False, True), (None, False)])
def test_a_base_model_continues_the_text(*, chat: bool | None, template: bool) -> None:
    """Where the entry says so, or where there is no template."""
    tokenizer = Tokenizer(template=template)
    backend = a_backend(Model(END), tokenizer, replace(a_model(), chat=chat))
    answer(backend)

    assert backend.chat is False
    assert tokenizer.calls == [("two words", True)]


def test_chat_without_a_template_is_refused() -> None:
    """A template that we made up would measure another model."""
    with pytest.raises(LLMLatError, match="'tiny': its tokenizer has no chat template"):
        a_backend(
            Model(END), Tokenizer(template=False), replace(a_model("tiny"), chat=True)
        )


@pytest.mark.parametrize("name", ["max_position_embeddings", "n_positions"])
def test_the_context_is_the_model_s(name: str) -> None:
    """Llama and GPT-2 call it by different names."""
    model = Model(END)
    model.config = SimpleNamespace(**{name: 77})

    assert a_backend(model).facts["context"] == 77


def test_a_context_that_is_unknown_bounds_nothing() -> None:
    """A model without positions takes any prompt."""
    model = Model(1, END)
    model.config = SimpleNamespace()

    assert answer(a_backend(model)).text == "Hel"


@pytest.mark.parametrize("ends", [END, [END], None])
def test_end_tokens_come_from_model_and_tokenizer(ends: object) -> None:
    """As one, as several or from the tokenizer alone."""
    model = Model(1, END, 4)
    model.generation_config.eos_token_id = ends

    assert answer(a_backend(model)).text == "Hel"


def test_the_facts_identify_the_model() -> None:
    """Weights, commit, adapter, dtype, libraries and form."""
    spec = replace(a_model(), weights="org/x", revision="abc", adapter="org/y")

    facts = a_backend(Model(END), spec=spec).facts

    assert (facts["weights"], facts["revision"]) == ("org/x", "abc")
    assert (facts["adapter"], facts["dtype"]) == ("org/y", "float32")
    assert (facts["torch"], facts["threads"], facts["chat"]) == ("2.stand-in", 2, True)


def test_closing_drops_the_model() -> None:
    """Its memory can be taken by the next one; a processor has no peak of its own."""
    backend = a_backend(Model(END))
    backend.reset_device_peak()

    assert backend.device_peak_bytes() is None
    backend.close()
    assert not hasattr(backend, "_model")
