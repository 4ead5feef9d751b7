"""How answers of a GGUF model are read off, token by token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import (
    LLMLatError,
)
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.sampling import GREEDY, Sampling
from pytest_llmlat.values.thought_tags import tags_of
from pytest_llmlat.values.token_meter import Meter
from tests.unit.backends.llama_library import (
    END,
    TEMPLATE,
    Library,
    answer,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.backends.gguf.model import GGUF


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    """Put a stand-in in the place of llama-cpp-python."""
    return Library(monkeypatch, tmp_path)


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
