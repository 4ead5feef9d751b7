"""More of what a server may send that means harm, or is broken; see ``fault_answers``.

What comes of each was written down before it was tried: ``MORE_FAULTS`` have to end as
recorded errors, ``MORE_ODD`` may be taken or refused.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from itertools import chain, repeat
from typing import TYPE_CHECKING

from tests.perf.fault_answers import (
    CHUNKED,
    CLOSED,
    DONE,
    EVENT,
    HEAD,
    OK,
    STREAM,
    WHOLE,
    bomb,
    chunk,
    dripping,
    endless,
    message,
    sized,
    status,
    streamed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GZIP = b"Content-Encoding: gzip"
LAST = EVENT.replace(b'"delta"', b'"finish_reason": "stop", "delta"')
STAYING = frozenset(
    {
        "a chunk of 4 GB, and silence",
        "go on, and silence",
        "an end mark, and no end of the body",
        "a last reason, and no end of the body",
        "half of an escape, and silence",
    }
)
"""Answers behind which the connection stays open."""


def packed_events() -> Iterator[bytes]:
    """Yield a packed stream of events without end."""
    packer = zlib.compressobj(9, wbits=31)
    yield STREAM + GZIP + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(200_000):
        piece = packer.compress(EVENT * 5000)
        if piece:
            yield chunk(piece)


def slowly(head: bytes, piece: bytes) -> Iterator[bytes]:
    """Yield a piece every tenth of a second."""
    yield head
    while True:
        yield piece
        time.sleep(0.1)


def members() -> bytes:
    """Return a thousand packed files of a megabyte behind one another."""
    return gzip.compress(b" " * 1_000_000) * 1000


def wide(count: int) -> bytes:
    """Return a JSON object of so many keys."""
    return b"{" + b",".join(b'"k%07d":1' % n for n in range(count)) + b"}"


def delta(part: str) -> bytes:
    """Return an event whose delta is a JSON text."""
    return b'data: {"choices": [{"index": 0, "delta": %b}]}\n\n' % part.encode()


def usage(text: bytes) -> bytes:
    """Return a whole answer with another account of tokens."""
    return WHOLE[: WHOLE.index(b'"usage"')] + b'"usage": ' + text + b"}"


MORE_FAULTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "a bomb packed twice": lambda: sized(
        gzip.compress(bomb(31)), b"Content-Encoding: gzip, gzip"
    ),
    "a bomb of bare deflate": lambda: sized(bomb(-15), b"Content-Encoding: deflate"),
    "a thousand packed files": lambda: sized(members(), GZIP),
    "packed events without end": packed_events,
    "a bomb that drips": lambda: dripping(
        HEAD + b"x\r\n" + GZIP + b"\r\n\r\n", bomb(31)[:4000], lambda byte: byte
    ),
    "packed nothing": lambda: sized(b"", GZIP),
    "a wrong sum of gzip": lambda: sized(gzip.compress(WHOLE)[:-8] + b"\x00" * 8, GZIP),
    "reserved marks of gzip": lambda: sized(
        b"\x1f\x8b\x08\xe0" + gzip.compress(WHOLE)[4:], GZIP
    ),
    "br that is none": lambda: sized(b"\x81\x02\x80" * 99, b"Content-Encoding: br"),
    "a hundred thousand fields": lambda: [
        OK + b"".join(b"X-%d: a\r\n" % n for n in range(100_000)) + b"\r\n",
        WHOLE,
    ],
    "a field of ten megabytes": lambda: [OK + b"X: " + b"a" * 10_000_000, b"\r\n\r\n"],
    "a name of ten megabytes": lambda: [OK + b"X" * 10_000_000, b": a\r\n\r\n"],
    "a reason of ten megabytes": lambda: [b"HTTP/1.1 200 " + b"O" * 10_000_000],
    "cookies without end": lambda: endless(OK, b"Set-Cookie: a=b\r\n" * 1000),
    "folds without end": lambda: endless(OK + b"X-A: a\r\n", b" b\r\n" * 1000),
    "a place of ten megabytes": lambda: status(
        b"302 Found", b"Location: /" + b"a" * 10_000_000
    ),
    "processing, slowly": lambda: slowly(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "go on, and silence": lambda: [b"HTTP/1.1 100 Continue\r\n\r\n"],
    "noughts of a length without end": lambda: endless(CHUNKED, b"0" * 60_000),
    "a chunk of 4 GB, and silence": lambda: [CHUNKED, b"ffffffff\r\n", EVENT],
    "a length in hex": lambda: [HEAD + b"x\r\nContent-Length: 0x50\r\n\r\n", WHOLE],
    "a length of nothing": lambda: [HEAD + b"x\r\nContent-Length: 0\r\n\r\n", WHOLE],
    "a length that cuts": lambda: [HEAD + b"x\r\nContent-Length: 40\r\n\r\n", WHOLE],
    "a length with a sign": lambda: [HEAD + b"x\r\nContent-Length: +5\r\n\r\n", WHOLE],
    "HTTP/3": lambda: [b"HTTP/3.0 200 OK\r\n\r\n" + WHOLE],
    "a status below none": lambda: [b"HTTP/1.1 -200 OK\r\n\r\n" + WHOLE],
    "a status of four digits": lambda: [b"HTTP/1.1 2000 OK\r\n\r\n" + WHOLE],
    "pay first": lambda: status(b"402 Payment Required"),
    "too early": lambda: status(b"425 Too Early"),
    "a teapot of no text": lambda: status(b"418 No", body=b"\xff\xfe" * 500),
    "an error a hundred thousand deep": lambda: status(
        b"500 No", body=b'{"error": ' * 100_000
    ),
    "an error that drips": lambda: dripping(
        b"HTTP/1.1 502 No\r\n\r\n", b"<html>", lambda byte: byte
    ),
    "an error of a text": lambda: sized(b'{"error": "no such model"}'),
    "choices of a table": lambda: sized(b'{"choices": {"0": {}}}'),
    "a choice of null": lambda: sized(b'{"choices": [null]}'),
    "a message of null": lambda: sized(b'{"choices": [{"message": null}]}'),
    "five million keys": lambda: sized(wide(5_000_000)),
    "a text behind JSON": lambda: sized(WHOLE + b"}"),
    "JSON of one quote": lambda: sized(b'"'),
    "half of an escape, and silence": lambda: [
        HEAD + b"x\r\nContent-Length: 900\r\n\r\n",
        b'{"choices": [{"message": {"content": "\\u00',
    ],
    "an end mark alone": lambda: streamed(DONE),
    "a delta of a number": lambda: streamed(delta("7"), DONE),
    "a content of a number in a stream": lambda: streamed(
        delta('{"content": 7}'), DONE
    ),
    "accounts of tokens without end": lambda: endless(
        CHUNKED,
        chunk(b'data: {"choices": [], "usage": {"completion_tokens": 1}}\n\n' * 500),
    ),
    "roles without end": lambda: endless(
        CHUNKED, chunk(delta('{"role": "assistant"}') * 500)
    ),
    "empty texts without end": lambda: endless(
        CHUNKED, chunk(delta('{"content": ""}') * 500)
    ),
    "a million lines of one event": lambda: endless(CLOSED, b"data: x\n" * 10_000),
    "pings, slowly": lambda: slowly(CHUNKED, chunk(b": ping\n\n")),
    "empty texts, slowly": lambda: slowly(CHUNKED, chunk(delta('{"content": ""}'))),
    "likelihoods without end": lambda: endless(
        CHUNKED,
        chunk(
            b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs":'
            b' {"content": [{"token": "a", "top_logprobs": ['
            + b'{"token": "b", "logprob": -1},' * 2000
            + b'{"token": "c", "logprob": -2}]}]}}]}\n\n'
        ),
    ),
    "an alert of TLS in a stream": lambda: [CHUNKED, chunk(EVENT), b"\x15\x03\x03\0\2"],
    "upgraded without asking": lambda: [
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"\x81\x05hello" * 99,
    ],
    "an event of a bare word": lambda: streamed(b"data: DONE\n\n"),
    "events of fifty megabytes": lambda: endless(
        CHUNKED, chunk(delta('{"content": "' + "x" * 50_000_000 + '"}'))
    ),
    "names of functions without end": lambda: endless(
        CHUNKED, chunk(delta('{"function_call": {"name": "f"}}') * 500)
    ),
    "an answer of no content": lambda: status(b"205 Reset Content", body=b""),
    "a part of an answer": lambda: status(b"206 Partial", body=WHOLE[:50]),
    "several answers": lambda: status(b"300 Multiple", body=WHOLE),
    "use a proxy": lambda: status(b"305 Use Proxy", b"Location: ELSEWHERE"),
    "a refusal of ten languages": lambda: status(
        b"403 No", body="запрещено 禁止 ممنوع \u202e".encode() * 9
    ),
    "a stream of zeros": lambda: endless(CHUNKED, chunk(bytes(60_000))),
    "a stream of no text": lambda: streamed(b"data: \xff\xfe\n\n", DONE),
}
MORE_ODD: dict[str, Callable[[], Iterable[bytes]]] = {
    "no reason": lambda: [b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}"],
    "ICY": lambda: [b"ICY 200 OK\r\n\r\n" + WHOLE],
    "RTSP": lambda: [b"RTSP/1.0 200 OK\r\n\r\n" + WHOLE],
    "ends of lines as on Unix": lambda: [
        b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(WHOLE),
        WHOLE,
    ],
    "one length twice": lambda: sized(WHOLE, b"Content-Length: %d" % len(WHOLE)),
    "a length in a list": lambda: [
        HEAD + b"x\r\nContent-Length: %d, %d\r\n\r\n" % (len(WHOLE), len(WHOLE)),
        WHOLE,
    ],
    "chunked twice": lambda: [
        STREAM + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
        chunk(EVENT + DONE),
        b"0\r\n\r\n",
    ],
    "packed on the way": lambda: [
        HEAD + b"x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        chunk(gzip.compress(WHOLE)),
        b"0\r\n\r\n",
    ],
    "identity": lambda: sized(WHOLE, b"Content-Encoding: identity"),
    "rubbish behind gzip": lambda: sized(gzip.compress(WHOLE) + b"rubbish", GZIP),
    "a name of fifty megabytes in gzip": lambda: sized(
        gzip.compress(b"")[:3] + b"\x08" + b"\0" * 6 + b"n" * 50_000_000, GZIP
    ),
    "trailers": lambda: [CHUNKED, chunk(LAST + DONE), b"0\r\nX-A: b\r\n\r\n"],
    "a trailer of a length": lambda: [
        *(CHUNKED, chunk(LAST + DONE)),
        b"0\r\nContent-Length: 5\r\n\r\n",
    ],
    "an end mark, and no end of the body": lambda: [CHUNKED, chunk(LAST + DONE)],
    "a last reason, and no end of the body": lambda: [CHUNKED, chunk(LAST)],
    "no blank behind a name": lambda: streamed(
        LAST.replace(b"data: ", b"data:"), DONE.replace(b": ", b":")
    ),
    "an odd reason": lambda: streamed(LAST.replace(b"stop", b"banana"), DONE),
    "a reason of a number": lambda: streamed(LAST.replace(b'"stop"', b"7"), DONE),
    "an error behind the last reason": lambda: streamed(
        LAST, b'data: {"error": {"message": "gone"}}\n\n', DONE
    ),
    "a content of a list in a stream": lambda: streamed(
        delta('{"content": [{"type": "text", "text": "4"}]}'), LAST, DONE
    ),
    "an index below none": lambda: streamed(
        LAST.replace(b'"index": 0', b'"index": -1'), DONE
    ),
    "no index": lambda: streamed(LAST.replace(b'"index": 0, ', b""), DONE),
    "a letter in two chunks": lambda: streamed(
        delta('{"content": "é"}')[:50], delta('{"content": "é"}')[50:], LAST, DONE
    ),
    "a mark of order in the midst": lambda: streamed(b"\xef\xbb\xbf" + LAST, DONE),
    "an id of nothing": lambda: streamed(b"id: \0\n" + LAST, DONE),
    "an error of null": lambda: sized(WHOLE[:-1] + b', "error": null}'),
    "an empty error": lambda: sized(WHOLE[:-1] + b', "error": {}}'),
    "tokens of true": lambda: sized(usage(b'{"completion_tokens": true}')),
    "a token and a half": lambda: sized(usage(b'{"completion_tokens": 1.5}')),
    "an account of a list": lambda: sized(usage(b"[1, 2]")),
    "an account of a text": lambda: sized(usage(b'"many"')),
    "an account of null": lambda: sized(usage(b"null")),
    "tokens of a table": lambda: sized(usage(b'{"completion_tokens": {"a": 1}}')),
    "more tokens than letters": lambda: sized(
        usage(b'{"completion_tokens": 999999999, "prompt_tokens": 1}')
    ),
    "JSON of two bytes a letter": lambda: sized(WHOLE.decode().encode("utf-16")),
    "a text of sixty megabytes": lambda: sized(
        message(b'"' + b"x" * 60_000_000 + b'"')
    ),
    "ten million letters of nothing": lambda: sized(
        message(b'"' + b"\\u0000" * 10_000_000 + b'"')
    ),
    "a deep name": lambda: sized(message(json.dumps({"a": [["4"]]}).encode())),
    "an event of thirty megabytes": lambda: streamed(
        delta('{"content": "' + "x" * 30_000_000 + '"}'), LAST, DONE
    ),
    "a million small events": lambda: chain(
        (CHUNKED,),
        repeat(chunk(EVENT * 10_000), 60),
        (CHUNKED,),
        repeat(chunk(EVENT * 10_000), 60),
        (chunk(LAST + DONE), b"0\r\n\r\n"),
    ),
}
