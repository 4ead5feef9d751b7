"""Requests that a server turns away and calls that a success."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.http.asking import CLOCK, QUESTION, ask
from tests.http.loopback import (
    HELLO,
    answer,
    body,
    chunks,
    ended,
    head,
    said,
    stream,
)

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from tests.http.loopback import Loopback

WHOLE = '{"choices": [ {"message": {"content": "Hello"}, "finish_reason": "stop"}]}'
TEXTS = body(said("Hello"), ended())


@pytest.mark.parametrize(
    "turned_away",
    [
        answer('{"error": {"message": "overloaded"}}'),
        answer('{"error": {"message": "overloaded"}, "choices": null}'),
        answer('{"error": {"message": "overloaded"}, "choices": []}'),
        answer('{"detail": "queue full"}'),
        answer("<html>busy</html>", kind="text/html"),
        stream({"error": {"message": "overloaded"}}),
        stream({"choices": []}),
        answer(""),
    ],
)
def test_an_error_that_is_called_a_success_is_no_answer(
    server: Loopback, model: Completions, turned_away: bytes
) -> None:
    """A load would count it as one, and each takes no time at all."""
    server.scripts = [[turned_away]]

    exchange = model.run(model.exchange(QUESTION, CLOCK.now_ns()))

    assert exchange.failed
    assert ask(model).generation is None


@pytest.mark.parametrize(
    "answered",
    [
        HELLO,
        answer(WHOLE),
        head() + chunks(*(TEXTS[n : n + 1] for n in range(len(TEXTS)))),
        head("Content-Encoding: gzip") + chunks(gzip.compress(TEXTS)),
    ],
)
def test_an_answer_is_one_however_it_is_cut_or_packed(
    server: Loopback, model: Completions, answered: bytes
) -> None:
    """Chunks of a byte each hide the words from who looks at what came."""
    server.scripts = [[answered]]

    exchange = model.run(model.exchange(QUESTION, CLOCK.now_ns()))

    assert not exchange.failed
    assert ask(model).generation is not None
