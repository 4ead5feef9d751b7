"""Streams of servers that misbehave in ways that nobody has reported here yet."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.http.asking import ask, url_of
from tests.http.loopback import (
    CLOSE,
    DONE,
    HANG,
    RESET,
    answer,
    body,
    chunks,
    ended,
    event,
    head,
    said,
    stream,
    used,
)
from tests.http.told import Told, check

if TYPE_CHECKING:
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback, Script

POS = (said("pos"), said("itive"))
WHOLE = {"message": {"role": "assistant", "content": "positive"}}
BOM = b"\xef\xbb\xbf"


def choice(delta: object, finish: object = None, **more: object) -> dict[str, object]:
    """Return a message with one choice."""
    own = {"index": 0, "delta": delta, "finish_reason": finish, **more}
    return {"id": "chat-1", "choices": [own]}


def paused(*datas: bytes, head_: bytes | None = None, pause: float = 0.1) -> Script:
    """Return a stream whose pieces come one after the other."""
    found: list[bytes | str | float] = [head() if head_ is None else head_]
    for place, data in enumerate(datas):
        found += [pause] * bool(place) + [chunks(data, last=False)]
    return [*found, b"0\r\n\r\n"]


def raw(data: bytes) -> bytes:
    """Return a deflated body without the frame of zlib, as some send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


USUAL = body(*POS, ended(), used(2))
JSON = json.dumps(
    {
        "choices": [{**WHOLE, "finish_reason": "stop"}],
        "usage": {"completion_tokens": 2, "prompt_tokens": 7},
    }
)

ODD: dict[str, tuple[Script, Told]] = {
    "usage before all text, and never again": (
        [stream({"choices": [], "usage": {"completion_tokens": 0}}, *POS, ended())],
        Told(text="positive", no_tokens=True),
    ),
    "usage null in each message": (
        [stream(said("pos", usage=None), said("itive", usage=None), ended(), used(2))],
        Told(text="positive", tokens=2),
    ),
    "choices counted from one": (
        [
            stream(
                *(
                    {
                        "choices": [
                            {
                                "index": 1,
                                "delta": {"content": text},
                                "finish_reason": end,
                            }
                        ]
                    }
                    for text, end in (("pos", None), ("itive", None), ("", "stop"))
                ),
                used(2),
            )
        ],
        Told(text="positive", tokens=2),
    ),
    "a number of a choice in quotes": (
        [
            stream(
                *(choice({"content": text}, index="0") for text in ("pos", "itive")),
                ended(),
                used(2),
            )
        ],
        Told(text="positive", tokens=2),
    ),
    "a call of a tool in place of text": (
        [
            stream(
                choice({"role": "assistant", "content": None}),
                choice(
                    {
                        "tool_calls": [
                            {
                                "index": 0,
                                "function": {"name": "answer", "arguments": "{}"},
                            }
                        ]
                    }
                ),
                choice({}, "tool_calls"),
                used(12),
            )
        ],
        Told(text="", tokens=12, no_ttft=True),
    ),
    "likelihoods before the text": (
        paused(
            event(choice({}, logprobs={"content": []})),
            event(POS[0]),
            event(POS[1]) + body(ended(), used(2)),
        ),
        Told(text="positive", ttft_s=0.1, tokens=2),
    ),
    "no blank behind data, and other fields": (
        [
            head()
            + chunks(
                b"retry: 100\n\n"
                + USUAL.replace(b"data: ", b"id: 7\nevent: message\ndata:")
            )
        ],
        Told(text="positive", tokens=2),
    ),
    "fields behind the last chunk": (
        [
            head("Trailer: X-Took")
            + chunks(USUAL, last=False)
            + b"0\r\nX-Took: 3\r\n\r\n"
        ],
        Told(text="positive", tokens=2),
    ),
    "two marks of the end": (
        [head() + chunks(USUAL, DONE, DONE)],
        Told(text="positive", tokens=2),
    ),
    "cut by length, then called whole": (
        [stream(*POS, ended("length"), ended("stop"), used(2))],
        Told(finish="length", text="positive"),
    ),
    "called whole, then cut by length": (
        [stream(*POS, ended("stop"), ended("length"), used(2))],
        Told(finish="length", text="positive"),
    ),
    "given up, then called whole": (
        [stream(*POS, ended("content_filter"), ended("stop"), used(2))],
        Told(finish="error", error="content_filter"),
    ),
    "no tokens for some text": (
        [stream(*POS, ended(), used(0))],
        Told(text="positive", no_tokens=True, no_tpot=True),
    ),
    "figures in fractions": (
        [stream(*POS, ended(), used(2.0))],
        Told(text="positive", no_tokens=True),
    ),
    "all text so far in each message": (
        paused(
            event(said("pos")),
            event(said("positi")),
            event(said("positive")) + body(ended(), used(3)),
        ),
        Told(text="positive", tpot_s=0.05),
    ),
    "the whole message at the end of a stream": (
        paused(
            event(POS[0]),
            event(POS[1]),
            body(
                {
                    "choices": [
                        {"index": 0, "delta": {}, **WHOLE, "finish_reason": "stop"}
                    ]
                },
                used(2),
            ),
        ),
        Told(text="positive", tokens=2, tpot_s=0.05),
    ),
    "all text so far as a message": (
        [
            stream(
                *(
                    {"choices": [{"index": 0, "message": {"content": text}}]}
                    for text in ("pos", "posit", "positive")
                ),
                ended(),
                used(3),
            )
        ],
        Told(text="positive", no_ttft=True),
    ),
    "a last delta that says all once more": (
        paused(
            event(said("po")),
            event(said("si")),
            event(said("ti")),
            event(said("ve")),
            body(choice({"content": "positive"}, "stop"), used(4)),
        ),
        Told(text="positive"),
    ),
    "a mark of byte order before JSON": (
        [answer(BOM + JSON.encode())],
        Told(text="positive", tokens=2, no_ttft=True),
    ),
    "a mark of byte order before a stream that is called JSON": (
        [answer(BOM + USUAL)],
        Told(text="positive", tokens=2),
    ),
    "odd fields beside": (
        [stream({"id": 5, "created": -1, "choices": None}, *POS, ended(), used(2))],
        Told(text="positive", tokens=2),
    ),
    "an empty reason until the end": (
        [
            stream(
                choice({"content": "pos"}, ""),
                choice({"content": "itive"}, ""),
                ended(),
                used(2),
            )
        ],
        Told(text="positive", tokens=2),
    ),
    "HTTP/1.0 without a length": (
        [b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + USUAL, CLOSE],
        Told(text="positive", tokens=2),
    ),
    "HTTP/1.0 that breaks off": (
        [
            b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            + body(*POS, done=False),
            CLOSE,
        ],
        Told(finish="error", error="cut off"),
    ),
    "go on first": (
        [b"HTTP/1.1 100 Continue\r\n\r\n", 0.05, head() + chunks(USUAL)],
        Told(text="positive", ttft_s=0.05, tokens=2),
    ),
    "a head that comes late": (
        [0.2, head() + chunks(USUAL)],
        Told(text="positive", ttft_s=0.2, tokens=2, no_tpot=True),
    ),
    "a head long before the text": (
        [head(), 0.2, chunks(USUAL)],
        Told(text="positive", ttft_s=0.2, tokens=2, no_tpot=True),
    ),
    "empty contents that keep alive": (
        paused(
            *[event(choice({"content": ""}))] * 3,
            event(POS[0]),
            event(POS[1]) + body(ended(), used(2)),
        ),
        Told(text="positive", ttft_s=0.3, tokens=2, tpot_s=0.05),
    ),
    "a connection that is reset at once": (
        [RESET],
        Told(finish="error", error="closed"),
    ),
    "a connection that is reset behind the head": (
        [head(), 0.05, RESET],
        Told(finish="error", error="cut off"),
    ),
    "nothing in a good answer": ([answer(b"")], Told(finish="error", error="empty")),
    "no content": (
        [b"HTTP/1.1 204 No Content\r\n\r\n"],
        Told(finish="error", error="empty"),
    ),
    "an error behind a good end": (
        [stream(*POS, ended(), {"error": {"message": "out of memory", "code": 500}})],
        Told(finish="error", error="out of memory"),
    ),
    "deflated without a frame": (
        [head("Content-Encoding: deflate") + chunks(raw(USUAL))],
        Told(text="positive", tokens=2),
    ),
    "a packet that is cut": (
        [head("Content-Encoding: gzip") + chunks(gzip.compress(USUAL)[:60])],
        Told(finish="error", error="cut off"),
    ),
    "a length that never comes": (
        [answer(JSON).replace(b"Content-Length: ", b"Content-Length: 9"), HANG],
        Told(text="positive", no_ttft=True, e2e_s=2.0),
    ),
    "Azure's filters around the text": (
        [
            stream(
                {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
                *POS,
                {
                    "choices": [
                        {
                            "index": 0,
                            "finish_reason": None,
                            "content_filter_results": {},
                            "content_filter_offsets": {},
                        }
                    ]
                },
                ended(),
                used(2),
            )
        ],
        Told(text="positive", tokens=2),
    ),
    "Gemini counts along": (
        paused(
            event(said("pos", usage={"completion_tokens": 1, "prompt_tokens": 7})),
            event(said("itive", usage={"completion_tokens": 2, "prompt_tokens": 7}))
            + body(choice({"role": "assistant"}, "stop", usage=None), done=True),
        ),
        Told(text="positive", tokens=2, tpot_s=0.05),
    ),
    "OpenRouter's provider breaks off": (
        [
            stream(
                *POS,
                {
                    "error": {"code": 502, "message": "Provider disconnected"},
                    "choices": [
                        {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
                    ],
                },
            )
        ],
        Told(finish="error", error="Provider disconnected"),
    ),
    "an object in one message of several lines": (
        [
            head()
            + chunks(
                b"".join(
                    b"data: " + line + b"\n"
                    for line in json.dumps(POS[0], indent=1).encode().splitlines()
                )
                + b"\n"
                + body(POS[1], ended(), used(2))
            )
        ],
        Told(text="positive", tokens=2),
    ),
    "a mark of the end before the text": (
        [head() + chunks(DONE, USUAL)],
        Told(finish="error", error="neither a finish_reason nor its usage"),
    ),
    "Anthropic's own events": (
        [
            head()
            + chunks(
                b"event: content_block_delta\n"
                + event(
                    {
                        "type": "content_block_delta",
                        "delta": {"type": "text_delta", "text": "positive"},
                    }
                )
                + b"event: message_stop\n"
                + event({"type": "message_stop"})
            )
        ],
        Told(finish="error", error="content_block_delta"),
    ),
    "a text that is a number": (
        [stream(choice({"content": 4}), ended(), used(1))],
        Told(finish="error", error="no text"),
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_stream_is_measured_right_or_quoted(
    server: Loopback, open_at: Opener, name: str
) -> None:
    """The figure is right, null, or an error that says what came."""
    script, wanted = ODD[name]
    server.scripts = [script]
    model = open_at(url_of(server), timeout_s=2.0, retries=0)

    check(ask(model), wanted)
