"""Answers whose framing, status or waiting time is odd, with what is to be said."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.http.asking import ask, url_of
from tests.http.loopback import (
    CLOSE,
    HELLO,
    RESET,
    answer,
    body,
    chunks,
    complaint,
    ended,
    event,
    head,
    said,
    used,
)
from tests.http.told import Told, check

if TYPE_CHECKING:
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback, Script

POS = (said("pos"), said("itive"))
USUAL = body(*POS, ended(), used(2))
WHOLE = json.dumps(
    {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "positive"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"completion_tokens": 2, "prompt_tokens": 7},
    }
)
RIGHT = Told(text="positive", tokens=2)
SSE = "Content-Type: text/event-stream"


def plain(status: str, *headers: str) -> bytes:
    """Return the head of an answer that is written by hand."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def cut_up(data: bytes, size: int) -> bytes:
    """Return a chunked body in chunks of so many bytes."""
    return chunks(*(data[i : i + size] for i in range(0, len(data), size)))


def packed_apart(*datas: bytes) -> bytes:
    """Return one packet for each, as some proxies flush."""
    return b"".join(gzip.compress(data) for data in datas)


FRAMED: dict[str, tuple[Script, Told]] = {
    "HTTP/1.0 that keeps its connection and says the length": (
        [
            f"HTTP/1.0 200 OK\r\n{SSE}\r\nConnection: keep-alive\r\n"
            f"Content-Length: {len(USUAL)}\r\n\r\n".encode()
            + USUAL
        ],
        RIGHT,
    ),
    "more was promised, but the mark of the end came": (
        [plain("200 OK", SSE, f"Content-Length: {len(USUAL) + 9}") + USUAL, CLOSE],
        RIGHT,
    ),
    "more was promised, and no end came": (
        [plain("200 OK", SSE, "Content-Length: 900") + body(*POS, done=False), CLOSE],
        Told(finish="error", error="cut off"),
    ),
    "JSON that is longer than its length": (
        [
            plain(
                "200 OK",
                "Content-Type: application/json",
                f"Content-Length: {len(WHOLE) - 20}",
            )
            + WHOLE.encode(),
            CLOSE,
        ],
        Told(finish="error"),
    ),
    "chunks with extensions": (
        [
            head()
            + b"".join(
                b"%x;part=1;of=2\r\n%b\r\n" % (len(event(m)), event(m))
                for m in (*POS, ended(), used(2))
            )
            + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
        ],
        RIGHT,
    ),
    "sizes of chunks in capitals and with zeros before": (
        [head() + b"000%X\r\n%b\r\n000\r\n\r\n" % (len(USUAL), USUAL)],
        RIGHT,
    ),
    "trailers behind the last chunk": (
        [
            head("Trailer: X-Checksum")
            + chunks(USUAL, last=False)
            + b"0\r\nX-Checksum: 12\r\nX-More: 3\r\n\r\n"
        ],
        RIGHT,
    ),
    "chunks that cut each event in the midst": ([head() + cut_up(USUAL, 7)], RIGHT),
    "a status without its words": (
        [plain("200", SSE, "Transfer-Encoding: chunked") + chunks(USUAL)],
        RIGHT,
    ),
    "names of headers in small letters": (
        [
            b"HTTP/1.1 200 ok\r\ncontent-type:text/event-stream\r\n"
            b"transfer-encoding:Chunked\r\n\r\n" + chunks(USUAL)
        ],
        RIGHT,
    ),
    "a character set in quotes": (
        [
            b"HTTP/1.1 200 OK\r\n"
            b'Content-Type: text/event-stream; charset="UTF-8"\r\n'
            b"Transfer-Encoding: chunked\r\n\r\n" + chunks(USUAL)
        ],
        RIGHT,
    ),
    "still being processed, three times": (
        [
            plain("102 Processing"),
            0.05,
            plain("102 Processing"),
            0.05,
            plain("102 Processing"),
            head() + chunks(USUAL),
        ],
        Told(text="positive", tokens=2, ttft_s=0.09),
    ),
    "a packing that packs nothing": (
        [head("Content-Encoding: identity") + chunks(USUAL)],
        RIGHT,
    ),
    "two packets, one behind the other": (
        [
            head("Content-Encoding: gzip")
            + chunks(packed_apart(body(*POS, done=False), body(ended(), used(2))))
        ],
        RIGHT,
    ),
    "packed as the transfer": (
        [
            head(framing="Transfer-Encoding: gzip, chunked")
            + chunks(gzip.compress(USUAL))
        ],
        RIGHT,
    ),
    "blank lines before JSON, to keep alive": (
        [
            plain(
                "200 OK",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
            )
            + chunks(b"\n", last=False),
            0.05,
            chunks(b"\n \n", WHOLE.encode()),
        ],
        Told(text="positive", tokens=2, no_ttft=True, e2e_s=0.05),
    ),
    "line ends that are returns alone": (
        [head() + chunks(USUAL.replace(b"\n", b"\r"))],
        RIGHT,
    ),
    "line ends of both kinds, cut between return and feed": (
        [
            head()
            + cut_up(
                event(POS[0]).replace(b"\n", b"\r\n")
                + event(POS[1])
                + event(ended()).replace(b"\n", b"\r\n")
                + event(used(2))
                + b"data: [DONE]\r\n\r\n",
                1,
            )
        ],
        RIGHT,
    ),
    "accepted for later": (
        [answer('{"status": "queued", "id": "job-7"}', status="202 Accepted")],
        Told(finish="error", error="queued"),
    ),
    "no money left": (
        [complaint("402 Payment Required", "Insufficient credits")],
        Told(finish="error", error="Insufficient credits"),
    ),
    "too large, in plain text": (
        [
            answer(
                "Request Entity Too Large: limit 1048576 bytes",
                status="413 Payload Too Large",
                kind="text/plain",
            )
        ],
        Told(finish="error", error="limit 1048576 bytes"),
    ),
    "a traceback as text": (
        [
            answer(
                "Traceback (most recent call last):\n"
                + '  File "serve.py", line 7, in run\n' * 40
                + "RuntimeError: CUDA error: device-side assert triggered",
                status="500 Internal Server Error",
                kind="text/plain",
            )
        ],
        Told(finish="error", error="device-side assert triggered"),
    ),
    "not modified": (
        [plain("304 Not Modified", "ETag: 7")],
        Told(finish="error", error="304"),
    ),
    "no key, told by a header alone": (
        [
            answer(
                status="401 Unauthorized",
                headers=['WWW-Authenticate: Bearer error="invalid_token"'],
            )
        ],
        Told(finish="error", error="401"),
    ),
    "an error as a stream": (
        [
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
            + chunks(b"event: error\n" + event({"message": "no worker is free"}))
        ],
        Told(finish="error", error="no worker is free"),
    ),
    "a part of the content": (
        [
            plain("206 Partial Content", SSE, "Transfer-Encoding: chunked")
            + chunks(USUAL)
        ],
        RIGHT,
    ),
    "a wait of a day": (
        [
            complaint(
                "429 Too Many Requests", "Daily quota is used", "Retry-After: 86400"
            )
        ],
        Told(finish="error", error="Daily quota is used"),
    ),
}
"""By name what the server writes, and what is to be said."""


@pytest.mark.parametrize("name", FRAMED)
def test_an_odd_frame_is_read_or_quoted(
    server: Loopback, open_at: Opener, name: str
) -> None:
    """A frame that HTTP allows changes no figure; what is broken is told."""
    script, wanted = FRAMED[name]
    server.scripts = [script]
    model = open_at(url_of(server), timeout_s=4.0, retries=0)

    check(ask(model), wanted)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_address_is_followed_or_told(
    server: Loopback, open_at: Opener, status: int
) -> None:
    """A redirect that is not followed names where it led."""
    place = f"http://127.0.0.1:{server.port}/elsewhere/v1/chat/completions"
    server.scripts = [
        [answer(status=f"{status} Moved", headers=[f"Location: {place}"])]
    ]
    model = open_at(url_of(server), retries=0)

    check(ask(model), Told(finish="error", error="/elsewhere/v1"))


@pytest.mark.parametrize(
    "wait", ["-1", "0", "soon", "nan", "inf", "1e-3", "", "0.01;", "00"]
)
def test_a_wait_that_is_no_time_is_our_own(
    server: Loopback, open_at: Opener, wait: str
) -> None:
    """Nobody is waited for without an end because of a word in a header."""
    busy = complaint("429 Too Many Requests", "busy", f"Retry-After: {wait}")
    server.scripts = [[busy], [HELLO]]
    model = open_at(url_of(server), timeout_s=10.0)

    check(ask(model), Told(text="Hello you", tokens=3))
    assert len(server.posted) == 2


@pytest.mark.parametrize(
    "headers",
    [
        ["retry-after-ms: 20"],
        ["RateLimit-Reset: 1"],
        ["x-ratelimit-reset-requests: 12ms"],
        ["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"],
        ["Retry-After: Sunday, 06-Nov-94 08:49:37 GMT"],
        ["Retry-After: 0", "Retry-After: 0"],
    ],
)
def test_a_wait_in_other_words(
    server: Loopback, open_at: Opener, headers: list[str]
) -> None:
    """However it is asked for, the answer comes within the time limit."""
    server.scripts = [
        [complaint("503 Service Unavailable", "busy", *headers)],
        [HELLO],
    ]
    model = open_at(url_of(server), timeout_s=10.0)

    check(ask(model), Told(text="Hello you", tokens=3))


def test_bytes_beyond_a_length_belong_to_no_other_answer(
    server: Loopback, open_at: Opener
) -> None:
    """What was sent too much is not read as the beginning of the next answer."""
    long = plain("200 OK", SSE, f"Content-Length: {len(USUAL)}") + USUAL
    server.scripts = [[long + b"HTTP/1.1 200 OK\r\n\r\n" + USUAL], [HELLO]]
    model = open_at(url_of(server))

    check(ask(model), RIGHT)
    check(ask(model), Told(text="Hello you", tokens=3))


def test_a_reset_before_an_answer_is_tried_again_and_told(
    server: Loopback, open_at: Opener
) -> None:
    """A record says that its request was sent twice."""
    server.scripts = [[RESET], [HELLO]]
    found = ask(open_at(url_of(server)))

    check(found, Told(text="Hello you", tokens=3))
    assert found.transport is not None
    assert len(found.transport.retried_for) == 1
