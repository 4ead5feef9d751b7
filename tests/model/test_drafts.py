"""Drafts of the embedded model: what is guessed, kept and the same without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_model
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.backends.gguf.model import GGUF
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator

REPEAT = Request(
    prompt="Repeat: the red fox, the red fox, the red fox, the red fox, the red fox",
    chat=True,
    max_new_tokens=24,
)
COUNT = Request(prompt="1, 2, 3, 4, 5, 6, 7,", chat=False, max_new_tokens=12)


@pytest.fixture(scope="module")
def drafted() -> Iterator[GGUF]:
    """Load the embedded model with a draft."""
    spec = load_models().find("smollm2-135m", where="test")
    spec = replace(spec, options=(("context", 512), ("draft", "prompt-lookup")))
    clock = SystemClock()
    opened = open_model(Deployment(model=spec, device="cpu"), clock, BaseCache())
    assert isinstance(opened.backend, GGUF)
    yield opened.backend
    opened.backend.close()


def ask(backend: GGUF, request: Request) -> Generation:
    """Make one request."""
    meter = Meter(SystemClock(), request.stop)
    meter.start()
    return backend.generate(request, meter)


@pytest.mark.parametrize("request_", [REPEAT, COUNT])
def test_tokens_are_those_of_the_steps_and_of_the_kept_guesses(
    drafted: GGUF, request_: Request
) -> None:
    """The token that ends an answer takes part in a step and is none of it."""
    found = ask(drafted, request_)

    assert found.draft is not None
    assert found.output_tokens is not None
    chosen = found.draft.steps + found.draft.accepted
    assert chosen - found.output_tokens in (0, 1)
    assert 0 <= found.draft.accepted <= found.draft.drafted
    assert drafted.facts["draft"] == "prompt-lookup"


def test_without_the_draft_it_counts_nothing_and_says_the_same(drafted: GGUF) -> None:
    """For a while: behind that it guesses again."""
    with_draft = ask(drafted, COUNT)
    with drafted.undrafted():
        without = ask(drafted, COUNT)

    assert without.draft is None
    assert without.text == with_draft.text
    assert ask(drafted, COUNT).draft == with_draft.draft
