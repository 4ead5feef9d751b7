"""Steps of a model with a draft: several tokens at one instant."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface.drafting import TransformersDraft
from pytest_llmlat.backends.huggingface.entry_settings import (
    TransformersSettings,
    settings_of,
)
from pytest_llmlat.backends.huggingface.stamping import Stamper
from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.constraint import Constraint
from pytest_llmlat.values.draft_counts import DraftCounts
from pytest_llmlat.values.errors import BadCatalogue, Unsupported
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.entities import ModelSpec, Scalar

END = 9
PROMPT: tuple[int, ...] = (1, 2, 3)


class Ids:
    """A tensor of one row."""

    device = "cpu"

    def __init__(self, *ids: int) -> None:
        """Hold ids."""
        self._ids = ids
        self.shape = (1, len(ids))

    def __getitem__(self, place: tuple[int, Any]) -> Any:  # noqa: ANN401 - an id or several
        """Return one id, or a stretch of them."""
        found = self._ids[place[1]]
        return (
            SimpleNamespace(tolist=lambda: list(found))
            if isinstance(found, tuple)
            else found
        )


class Inner:
    """A model whose steps are noted by whoever hooks in."""

    def __init__(self) -> None:
        """Have nobody hooked in."""
        self.note: Callable[..., None] = lambda *_: None
        self.hooked = False

    def register_forward_pre_hook(
        self,
        note: Callable[..., None],
        *,
        with_kwargs: bool,
    ) -> SimpleNamespace:
        """Let somebody hook in, as torch does."""
        assert with_kwargs
        self.note, self.hooked = note, True
        return SimpleNamespace(remove=lambda: setattr(self, "hooked", False))

    def read(self, tokens: int) -> None:
        """Read so many tokens in one step."""
        self.note(self, (), {"input_ids": Ids(*range(tokens))})


def stamped(
    *steps: tuple[int, ...], stop: tuple[str, ...] = ()
) -> tuple[Stamper, Meter]:
    """Generate steps of tokens, a second apart; a token's text is its number."""
    clock = ManualClock()
    meter = Meter(clock, stop)
    torch = SimpleNamespace(full=lambda *_, **given: given["fill_value"], bool="bool")
    stamper = Stamper(
        meter,
        lambda token: f"{token} ",
        TorchDevice(torch, "cpu"),
        frozenset({END}),
        torch,
        read=len(PROMPT),
    )
    so_far = PROMPT
    for number, step in enumerate(steps, 1):
        clock.wait_until(number * NS_PER_S)
        so_far += step
        stamper(Ids(*so_far))
    return stamper, meter


def test_tokens_of_one_step_have_one_stamp() -> None:
    """No gap is invented between them, and the time per token is that of all."""
    stamper, meter = stamped((4, 5), (6,), (7, 8, 4))

    timing = meter.timing()
    assert meter.text == "4 5 6 7 8 4 "
    assert timing.stamps_ns == tuple(n * NS_PER_S for n in (1, 2, 3))
    assert timing.stamp_tokens == (2, 1, 3)
    assert timing.itl_s == (1.0, 1.0)
    # Two seconds for the four tokens behind the first step.
    assert timing.tpot_s == 0.5
    assert timing.grouped
    assert (stamper.steps, stamper.chosen, stamper.ended) == (3, 6, False)


def test_an_answer_ends_in_the_midst_of_a_step() -> None:
    """What was guessed behind its end is no part of it, and was not kept."""
    stamper, meter = stamped((4, 5), (6, END, 7))
    stopped, cut = stamped((4, 5, 6, 7), (8,), stop=("5",))

    assert (meter.text, meter.tokens) == ("4 5 6 ", 3)
    assert (stamper.steps, stamper.chosen, stamper.ended) == (2, 4, True)
    assert (cut.text, cut.tokens) == ("4 ", 2)
    assert (stopped.steps, stopped.chosen, stopped.ended) == (1, 2, True)


def test_a_step_with_nothing_but_the_end_has_no_stamp() -> None:
    """A stamp is of text."""
    _, meter = stamped((4,), (END, 5))

    assert meter.timing().stamps_ns == (NS_PER_S,)


def drafted() -> tuple[TransformersDraft, Inner]:
    """Return a lookup that follows a model."""
    inner = Inner()
    own = TransformersSettings(draft="prompt-lookup", draft_tokens=4)
    return TransformersDraft(inner, own), inner


def test_guesses_are_what_a_step_reads_beyond_the_last_token() -> None:
    """The first step reads the prompt too; steps behind the end count for nothing."""
    draft, inner = drafted()
    draft.begin(Request(prompt="", chat=False, max_new_tokens=8))
    for tokens in (3 + 4, 1 + 4, 1, 1 + 2):
        inner.read(tokens)

    assert draft.counts(3, steps=3, chosen=8) == DraftCounts(
        steps=3, drafted=8, accepted=5
    )
    assert draft.counts(3, steps=0, chosen=0) is None


def test_without_the_draft_nothing_is_counted() -> None:
    """For a while; the library is told of no guesses then."""
    draft, inner = drafted()
    settings = SimpleNamespace()
    with draft.without():
        draft.begin(Request(prompt="", chat=False, max_new_tokens=8))
        inner.read(3)
        assert draft.given(settings) == {}
        assert not vars(settings)
        assert draft.counts(3, steps=1, chosen=1) is None

    draft.given(settings)
    assert settings.prompt_lookup_num_tokens == 4
    draft.close()
    assert not inner.hooked


def test_what_follows_tokens_one_by_one_is_refused() -> None:
    """A schema or a budget of thoughts would be led astray by guesses."""
    draft, _ = drafted()
    held = Request(
        prompt="",
        chat=False,
        max_new_tokens=8,
        constraint=Constraint(kind="json_schema", text="{}"),
    )
    thinking = Request(prompt="", chat=True, max_new_tokens=8, thinking_tokens=4)

    for request, told in ((held, "a schema"), (thinking, "thinking_tokens")):
        with pytest.raises(Unsupported, match=told):
            draft.begin(request)
    with draft.without():
        draft.begin(held)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ("none", 0)),
        ({"draft": "prompt-lookup"}, ("prompt-lookup", 10)),
        ({"assistant": "org/small"}, ("assistant", 5)),
        ({"assistant": "org/small", "draft": "none"}, ("none", 0)),
        ({"assistant": "org/small", "draft": "prompt-lookup"}, ("prompt-lookup", 10)),
        ({"assistant": "org/small", "draft_tokens": 3}, ("assistant", 3)),
    ],
)
def test_who_guesses(options: dict[str, Scalar], found: tuple[str, int]) -> None:
    """An assistant that is named guesses, unless the entry says who does."""
    model = a_model(backend="transformers")
    settings = settings_of(a_deployment(_with(model, options)))

    assert (settings.draft, settings.draft_tokens) == found


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"draft": "assistant"}, "which model guesses"),
        ({"draft": "prompt-lookup", "cache": "static"}, "leave cache and compile out"),
        ({"assistant": "org/small", "compile": True}, "leave cache and compile out"),
    ],
)
def test_a_draft_that_cannot_be(options: dict[str, Scalar], told: str) -> None:
    """Refused before anything is loaded."""
    with pytest.raises(BadCatalogue, match=told):
        settings_of(a_deployment(_with(a_model(backend="transformers"), options)))


def _with(model: ModelSpec, options: dict[str, Scalar]) -> ModelSpec:
    return replace(model, options=tuple(options.items()))
