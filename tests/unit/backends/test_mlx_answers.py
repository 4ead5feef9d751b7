"""How answers of a model of MLX are read off, token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import (
    LLMLatError,
)
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.thought_tags import tags_of
from pytest_llmlat.values.token_meter import Meter
from tests.unit.backends.mlx_library import END, Library, Watched, answer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    """Put stand-ins in the places of the libraries."""
    return Library(monkeypatch, tmp_path)


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
