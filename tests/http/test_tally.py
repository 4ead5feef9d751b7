"""Counting tokens by the server's tokenizer, where it streams no figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.http.asking import ask, url_of
from tests.http.loopback import HANG, answer, ended, said, stream, used

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Response
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

ABSENT = answer("no such thing", status="404 Not Found")


def counted(number: object) -> bytes:
    """Return the answer of a tokenizer."""
    return answer(json.dumps({"count": number}))


def listed(number: int) -> bytes:
    """Return the answer of a tokenizer that lists the tokens."""
    return answer(json.dumps({"tokens": list(range(number))}))


def asked(
    server: Loopback, open_at: Opener, *later: bytes, pieces: int = 4
) -> Response:
    """Ask once; ``later`` are the answers to what is asked about the text."""
    hello = stream(*(said("word ") for _ in range(pieces)), ended())
    server.scripts = [[hello], *([each] for each in later), [ABSENT]]
    return ask(open_at(url_of(server)))


def test_a_server_that_counts_when_asked(server: Loopback, open_at: Opener) -> None:
    """What it puts round any text is no token of the answer."""
    response = asked(server, open_at, counted(1), counted(3), counted(5))

    assert response.generation is not None
    assert response.generation.output_tokens == 4
    assert response.generation.token_source == "tokenizer"  # noqa: S105 - no secret
    assert sum(response.timing.stamp_tokens) == 4
    assert response.timing.spread_tokens is None
    paths = [head.split()[1] for head, _ in server.requests if head[:4] == "POST"]
    assert paths[1:] == ["/extras/tokenize/count"] * 3


def test_a_server_that_lists_the_tokens(server: Loopback, open_at: Opener) -> None:
    """The ways are tried one after the other; each once with an empty text."""
    absent = (ABSENT, ABSENT)
    response = asked(server, open_at, *absent, listed(0), listed(2), listed(4))

    assert response.generation is not None
    assert response.generation.output_tokens == 4
    assert server.posted[-1] == {"content": "word word word word ", "model": "tiny"}


def test_more_tokens_than_pieces_are_a_sum(server: Loopback, open_at: Opener) -> None:
    """Which piece has how many is not known."""
    response = asked(server, open_at, counted(0), counted(2), counted(9))

    assert response.timing.spread_tokens == 9
    assert sum(response.timing.stamp_tokens) == 4


@pytest.mark.parametrize(
    "later",
    [
        (),
        (counted(1), counted(1)),
        (counted("1"), counted("3")),
        (answer("[]"), answer("{"), answer("7")),
        (counted(1), counted(3), counted(-1)),
        (counted(1), counted(3), ABSENT),
    ],
)
def test_a_server_that_cannot_count(
    server: Loopback, open_at: Opener, later: tuple[bytes, ...]
) -> None:
    """Then nobody knows, and nobody guesses."""
    response = asked(server, open_at, *later)

    assert response.error is None
    assert response.generation is not None
    assert response.generation.output_tokens is None
    assert not any(response.timing.stamp_tokens)
    assert response.timing.tpot_s is None


def test_figures_of_the_server_are_not_asked_for_again(
    server: Loopback, open_at: Opener
) -> None:
    """One request is one request where the answer says all."""
    server.scripts = [[stream(said("a"), ended(), used(1))]]

    ask(open_at(url_of(server)))

    assert len(server.posted) == 1


def test_the_way_is_looked_for_once(server: Loopback, open_at: Opener) -> None:
    """A server without a tokenizer is not asked for it with every answer."""
    hello = stream(said("a"), ended())
    server.scripts = [[hello], *[[ABSENT]] * 6, [hello]]
    model = open_at(url_of(server))

    ask(model)
    ask(model)

    assert len(server.posted) == 8


def test_a_server_that_is_deaf_to_one_question_is_asked_no_other(
    server: Loopback, open_at: Opener
) -> None:
    """Each would wait for its whole time, and the answer is there already."""
    hello = stream(*(said("word ") for _ in range(4)), ended())
    server.scripts = [[hello], [HANG]]

    response = ask(open_at(url_of(server), timeout_s=0.5))

    assert response.generation is not None
    assert response.generation.output_tokens is None
    paths = [head.split()[1] for head, _ in server.requests if head[:4] == "POST"]
    assert paths[1:] == ["/extras/tokenize/count"]
