"""transformers behind the interface, with stand-ins for model and tokenizer."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.backends.huggingface import origin as transformers_origin
from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings
from pytest_llmlat.backends.huggingface.loading import Base, base_key, weights_of
from pytest_llmlat.backends.huggingface.model import HuggingFace
from pytest_llmlat.backends.huggingface.origin import BasePlace, ModelOrigin
from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import GenerationFailed, LLMLatError, OutOfMemory
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

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

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - as a tensor takes it
        """Return an id of the one row."""
        return super().__getitem__(place[1] if isinstance(place, tuple) else place)


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

    def apply_chat_template(
        self,
        messages: list[dict[str, str]],
        *,
        add_generation_prompt: bool,
        tokenize: bool,
        **switches: object,
    ) -> str:
        """Put the template round each message."""
        assert not tokenize
        told = [f"<{m['role']}> {m['content']}" for m in messages]
        more = [f"<{name}={value}>" for name, value in switches.items()]
        return "".join([*more, *told, *(["<assistant>"] * add_generation_prompt)])

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
        self.fails: list[Exception] = []

    def generate(self, *, stopping_criteria: Any, **given: Any) -> None:  # noqa: ANN401 - as transformers calls it
        """Ask after each token whether that was the end."""
        self.given = given
        if self.fails:
            raise self.fails.pop(0)
        ids = Ids(given["input_ids"])
        for token in self.says[: given["generation_config"].max_new_tokens]:
            ids.append(token)
            if any(ask(ids, None) for ask in stopping_criteria):
                break


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
        "disable_compile": True,
    }
    assert sorted(model.given) == [
        *("attention_mask", "generation_config", "input_ids", "logits_processor")
    ]
    (looks,) = model.given["logits_processor"]
    assert looks(None, "scores") == "scores"


def test_a_chat_prompt_has_the_template_s_special_tokens() -> None:
    """They are written by the template, so none is added before it."""
    tokenizer = Tokenizer()
    backend = a_backend(Model(END), tokenizer)
    answer(backend)

    assert backend.chat is True
    assert tokenizer.calls == [("<user> two words<assistant>", False)]


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


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            TransformersSettings(),
            ("none", "dynamic", False, None, 2),
        ),
        (
            TransformersSettings(
                quantization="dynamic-int8", device_map="auto", threads=5
            ),
            ("dynamic-int8", "dynamic", False, "auto", 5),
        ),
    ],
)
def test_the_facts_tell_the_settings(
    settings: TransformersSettings, expected: tuple[object, ...]
) -> None:
    """What makes an answer or its time another makes another fingerprint."""
    facts = with_settings(settings).facts

    names = ("quantization", "cache", "compile", "device_map", "threads")
    assert tuple(facts[name] for name in names) == expected
    assert (facts["devices"], facts["trust_remote_code"]) == ("cpu", False)


def test_a_base_that_was_kept_is_told_and_is_no_fact() -> None:
    """Its load time is that of the adapter alone; answers and latencies are its own.

    A fact would make two runs of the same model differ by what ran before it.
    """
    kept, loaded = with_settings(kept_from="other"), with_settings()

    assert (kept.kept_from, loaded.kept_from) == ("other", None)
    assert kept.facts == loaded.facts


def test_a_context_that_is_set_bounds_prompt_and_answer() -> None:
    """Below the model's own, which stays the bound of a larger one."""
    small = with_settings(TransformersSettings(context=4), Model(1, 2, 4))

    assert answer(small).text == "Hel"
    assert small.facts["context"] == 4
    large = with_settings(TransformersSettings(context=10**9), Model(1))
    assert large.facts["context"] == 64


def with_settings(
    settings: TransformersSettings | None = None,
    model: Model | None = None,
    *,
    kept_from: str | None = None,
    place: Any = None,  # noqa: ANN401 - a place or a stand-in
    device: TorchDevice | None = None,
) -> HuggingFace:
    """Wrap stand-ins that were loaded somehow."""
    torch = SimpleNamespace(**vars(TORCH), set_num_threads=lambda _: None)
    return HuggingFace(
        torch,
        model or Model(END),
        Tokenizer(),
        device=device or TorchDevice(torch, "cpu"),
        deployment=a_deployment(a_model("tiny")),
        origin=ModelOrigin(
            settings=settings or TransformersSettings(),
            adapter={},
            kept_from=kept_from,
            place=place,
        ),
    )


class Card:
    """A device that notes what is asked of it, and may be gone."""

    name = "cpu"
    kind = "cuda"
    cards = ("cuda:0",)

    def __init__(self) -> None:
        """Be there."""
        self.calls: list[str] = []

    def synchronize(self) -> None:
        """Be done at once."""
        self.calls.append("synchronize")

    def release(self) -> None:
        """Note that memory was asked back; a device that is gone says so."""
        self.calls.append("release")
        if "gone" in self.calls:
            raise RuntimeError("CUDA error: unspecified launch failure")

    def reset_peak(self) -> None:
        """Note it."""
        self.calls.append("reset")

    def peak_bytes(self) -> int:
        """Note it."""
        self.calls.append("peak")
        return 7


def test_memory_that_gives_out_costs_one_answer() -> None:
    """The caches are emptied, and the next prompt is answered."""
    model, card = Model(1, 2, END), Card()
    model.fails = [RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")]
    backend = with_settings(model=model, device=card)  # type: ignore[arg-type]

    with pytest.raises(OutOfMemory, match=r"'tiny': out of memory on cuda:0 .*2\.00"):
        answer(backend)

    assert card.calls == ["release"]
    assert answer(backend).text == "Hello"


def test_an_error_that_is_told_holds_no_tensors() -> None:
    """The frames of the library's own error would keep what is to be freed."""
    model = Model()
    model.fails = [RuntimeError("CUDA out of memory.")]

    with pytest.raises(OutOfMemory) as caught:
        answer(with_settings(model=model))

    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_device_that_is_gone_is_not_asked_again() -> None:
    """Each later prompt is an error with the same message; closing raises nothing."""
    model, card = Model(1, END), Card()
    model.fails = [RuntimeError("CUDA error: unspecified launch failure")]
    backend = with_settings(model=model, device=card)  # type: ignore[arg-type]
    card.calls.append("gone")

    with pytest.raises(GenerationFailed, match="device cuda:0 was lost") as first:
        answer(backend)
    model.given = {}
    with pytest.raises(GenerationFailed) as second:
        answer(backend)
    backend.reset_device_peak()
    peak = backend.device_peak_bytes()
    backend.close()

    assert str(first.value) == str(second.value)
    assert model.given == {}
    assert peak is None
    assert card.calls == ["gone", "release"]


def test_another_error_is_the_library_s() -> None:
    """It concerns one sample and is told as it is."""
    model = Model()
    model.fails = [ValueError("odd")]

    with pytest.raises(ValueError, match="odd"):
        answer(a_backend(model))


def test_a_device_is_asked_for_its_memory() -> None:
    """As long as it is there."""
    card = Card()
    backend = with_settings(device=card)  # type: ignore[arg-type]

    backend.reset_device_peak()

    assert backend.device_peak_bytes() == 7
    assert card.calls == ["reset", "peak"]


class Weights:
    """A model whose weights can be told from others."""

    def __init__(self) -> None:
        """Have one weight, and the settings of its file."""
        self.weight = object()
        self.generation_config = "of the file"

    def named_parameters(self) -> list[tuple[str, object]]:
        """Return the one weight."""
        return [("w", self.weight)]


def a_place(shelf: BaseCache, *, changed: bool = False) -> BasePlace:
    """Return the place of a base that was loaded."""
    model = Weights()
    base = Base(
        model=model,
        tokenizer="t",
        device=TorchDevice(TORCH, "cpu"),
        owner="first",
        generation_config=model.generation_config,
        layers=weights_of(model),
    )
    return BasePlace(shelf=shelf, key="k", base=base, changed=changed)


def test_a_base_that_is_as_it_was_is_kept() -> None:
    """With its file's own settings, which a backend puts aside."""
    shelf = BaseCache()
    place = a_place(shelf)
    place.base.model.generation_config = "of the backend"

    place.put_back(lost=False)

    assert shelf.take("k", Base) is place.base
    assert place.base.taken
    assert place.base.model.generation_config == "of the file"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "lost", "replaced"),
    [(True, False, False), (False, True, False), (False, False, True)],
)
def test_a_base_that_is_not_as_it_was_is_freed(
    *, changed: bool, lost: bool, replaced: bool
) -> None:
    """Merged, on a device that is gone, or with a weight that is not its own."""
    shelf = BaseCache()
    place = a_place(shelf, changed=changed)
    if replaced:
        place.base.model.weight = object()

    place.put_back(lost=lost)

    assert shelf.take("k", Base) is None
    assert place.base.model is None


def test_an_adapter_is_taken_off_before_its_base_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What lies on the shelf carries nobody's layers."""
    shelf = BaseCache()
    place = a_place(shelf)
    base = place.base.model
    place.adapted = "adapted"
    place.base.model = None
    monkeypatch.setattr(transformers_origin, "take_off", {"adapted": base}.__getitem__)

    place.put_back(lost=False)

    assert shelf.take("k", Base) is place.base
    assert place.base.model is base
    assert place.adapted is None


def test_closing_hands_the_base_back() -> None:
    """The place decides whether it is kept."""
    asked = []
    place = SimpleNamespace(put_back=lambda *, lost: asked.append(lost))

    with_settings(place=place).close()

    assert asked == [False]


def test_what_makes_another_base() -> None:
    """Everything that changes weights; the adapter and how fast it runs do not."""
    spec = replace(a_model(), weights="w", dtype=(("cpu", "float32"),))
    key = base_key(a_deployment(spec))

    same: dict[str, Any] = {
        "adapter": "x",
        "name": "other",
        "options": (("merge", True),),
    }
    others: dict[str, Any] = {
        "weights": "v",
        "revision": "r",
        "package": "p",
        "dtype": (("cpu", "bfloat16"),),
        "trust_remote_code": True,
        "options": (("quantization", "int8"),),
    }
    for name, value in same.items():
        assert base_key(a_deployment(replace(spec, **{name: value}))) == key
    for name, value in others.items():
        assert base_key(a_deployment(replace(spec, **{name: value}))) != key
    assert base_key(a_deployment(spec, "cuda")) != key


def test_closing_drops_the_model() -> None:
    """Its memory can be taken by the next one; a processor has no peak of its own."""
    backend = a_backend(Model(END))
    backend.reset_device_peak()

    assert backend.device_peak_bytes() is None
    backend.close()
    assert not hasattr(backend, "_model")
