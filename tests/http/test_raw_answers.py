"""Answers that are written down as they came are read as they would have been."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.completions.raw_requests import read_raw
from pytest_llmlat.values.raw_answers import RawAnswer
from tests.http.asking import CLOCK, QUESTION, url_of
from tests.http.loopback import answer, complaint, ended, said, stream, used

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback, Script

WHOLE = stream(said("4"), said(" of"), said(" course"), ended(), used(3))


def written(raw: RawAnswer) -> RawAnswer:
    """Return what is read of an answer from the disk."""
    blobs = tuple(
        blob.tobytes() if isinstance(blob, array) else bytes(blob) for blob in raw.blobs
    )
    return RawAnswer(told=json.loads(json.dumps(raw.told)), blobs=blobs)


@pytest.mark.parametrize(
    "script",
    [
        [WHOLE],
        [stream(said("4"), done=False)],
        [answer(b'{"error": "no"}')],
        [complaint("400 Bad Request", "too hot")],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "close"],
    ],
)
def test_it_is_read_as_after_the_load(
    server: Loopback, model: Completions, script: Script
) -> None:
    """Whole or broken, but for what only the server itself could tell."""
    server.scripts = [script]
    exchange = model.run(model.exchange(QUESTION, CLOCK.now_ns()))
    raw = model.raw(exchange)
    assert raw is not None

    found = read_raw(written(raw), QUESTION, url_of(server))

    expected = model.read(QUESTION, exchange)
    assert found.timing == expected.timing
    assert found.transport == expected.transport
    assert (found.error is None) == (expected.error is None)
    assert found.generation == expected.generation


def test_a_key_that_a_server_sends_back_is_not_written(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gateways show it in their complaints."""
    key = "sk-very-secret-indeed-123"
    monkeypatch.setenv("MY_KEY", key)
    model = open_at(url_of(server), api_key_env="MY_KEY")
    server.scripts = [[complaint("401 Unauthorized", f"wrong key {key}")]]

    raw = model.raw(model.run(model.exchange(QUESTION, CLOCK.now_ns())))

    assert raw is not None
    assert key not in repr(raw)
    assert b"wrong key" in bytes(raw.blobs[2])
    assert key not in str(read_raw(written(raw), QUESTION, "http://here"))


def test_what_is_no_answer_is_refused(server: Loopback, model: Completions) -> None:
    """Such as one whose arrays were cut off."""
    raw = model.raw(model.run(model.exchange(QUESTION, CLOCK.now_ns())))
    assert raw is not None
    told = written(raw)

    with pytest.raises(ValueError, match="multiple of item size"):
        read_raw(replace(told, blobs=(b"123", *told.blobs[1:])), QUESTION, "here")
    assert server.port
