"""Requests of a load are written before it begins, and go as they would have gone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions import request_writer
from tests.http.asking import CLOCK, QUESTION
from tests.http.loopback import HELLO, complaint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.records import Request
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

FIRST, SECOND = (replace(QUESTION, prompt=text) for text in ("first?", "second?"))
REFUSED = complaint("400 Bad Request", "'seed' is not a parameter of this server")
_NUMBER = re.compile(r"X-Request-Id: \S+-(\w{12})\r\n")


def numbers(server: Loopback) -> list[int]:
    """Return the numbers of the requests that came, in which they were written."""
    found = [_NUMBER.search(head) for head, _ in server.requests]
    return [int(each[1], 16) for each in found if each is not None]


def send(
    model: Completions, requests: Sequence[Request], ahead: Sequence[Request]
) -> None:
    """Offer requests one after the other, some of them announced."""

    async def load() -> None:
        await model.connect(1, ahead)
        for request in requests:
            await model.exchange(request, CLOCK.now_ns())

    model.run(load())


def prompts(server: Loopback) -> list[str]:
    """Return the prompts that came."""
    bodies: list[dict[str, Any]] = list(server.posted)
    return [str(body["messages"][-1]["content"]) for body in bodies]


def test_each_is_sent_as_it_was_written(model: Completions, server: Loopback) -> None:
    """Whatever comes first; one that comes once more is written when it goes."""
    send(model, [SECOND, FIRST, FIRST], ahead=[FIRST, SECOND])

    assert prompts(server) == ["second?", "first?", "first?"]
    first, *others = numbers(server)
    assert [number - first for number in others] == [-1, 1]
    assert server.posted[1] == server.posted[2]


def test_the_same_request_is_written_as_often_as_it_comes(
    model: Completions, server: Loopback
) -> None:
    """Each sending has a name of its own in the server's log."""
    send(model, [FIRST] * 3, ahead=[FIRST] * 3)

    first, *others = numbers(server)
    assert [number - first for number in others] == [1, 2]


def test_what_was_written_with_a_parameter_that_is_refused_is_written_anew(
    model: Completions, server: Loopback
) -> None:
    """All behind the first that was refused go without it, and none is sent twice."""
    server.scripts = [[REFUSED], [HELLO]]

    send(model, [FIRST, SECOND], ahead=[FIRST, SECOND])

    assert prompts(server) == ["first?", "first?", "second?"]
    assert ["seed" in body for body in server.posted] == [True, False, False]


def test_turns_wait_for_what_is_said_before(
    model: Completions, server: Loopback
) -> None:
    """What keeps a conversation apart from others goes from turn to turn."""
    turns = [replace(FIRST, conversation="a"), replace(SECOND, conversation="a")]

    send(model, turns, ahead=turns)

    first, second = numbers(server)
    assert second == first + 1
    assert prompts(server) == ["first?", "second?"]


def test_each_prompt_that_is_written_ahead_is_new_to_the_server(
    open_at: Opener, server: Loopback
) -> None:
    """Salts are drawn for each, as without."""
    model = open_at(f"http://127.0.0.1:{server.port}/v1", cold_by="cache_salt")

    send(model, [FIRST, FIRST], ahead=[FIRST, FIRST])

    assert len({body["cache_salt"] for body in server.posted}) == 2


def test_memory_is_bounded(
    model: Completions, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is written when it goes, and all of it goes."""
    monkeypatch.setattr(request_writer, "MOST_BYTES", 1)
    requests = [FIRST, SECOND, replace(QUESTION, prompt="third?")]

    send(model, [requests[2], *requests[:2]], ahead=requests)

    assert prompts(server) == ["third?", "first?", "second?"]
    third, first, second = numbers(server)
    assert first < third < second
