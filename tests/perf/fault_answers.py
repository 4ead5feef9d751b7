"""What a server that means harm, or is broken, may send: the answers of ``faults.py``.

Each is a function that gives the pieces of an answer, head and all. ``FAULTS`` have to
end as recorded errors; ``ODD`` are answers that a client may take or refuse, as long as
it ends in time and keeps little.
"""

from __future__ import annotations

import gzip
import time
import zlib
from itertools import chain, repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

OK = b"HTTP/1.1 200 OK\r\n"
HEAD = OK + b"Content-Type: "
STREAM = HEAD + b"text/event-stream\r\n"
CHUNKED = STREAM + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSED = STREAM + b"Connection: close\r\n\r\n"
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = (
    b'{"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "4"}}],'
    b' "usage": {"prompt_tokens": 3, "completion_tokens": 1}}'
)


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def sized(
    body: bytes, *fields: bytes, kind: bytes = b"application/json"
) -> list[bytes]:
    """Return an answer of a known length."""
    lines = (kind, *fields, b"Content-Length: %d" % len(body), b"", b"")
    return [HEAD + b"\r\n".join(lines), body]


def streamed(*pieces: bytes) -> list[bytes]:
    """Return a stream of chunks and its end."""
    return [CHUNKED, *map(chunk, pieces), b"0\r\n\r\n"]


def status(line: bytes, *fields: bytes, body: bytes = b"{}") -> list[bytes]:
    """Return an answer of another status."""
    lines = (line, *fields, b"Content-Length: %d" % len(body), b"", b"")
    return [b"HTTP/1.1 " + b"\r\n".join(lines), body]


def bomb(wbits: int) -> bytes:
    """Return two gigabytes of spaces, packed."""
    packer = zlib.compressobj(9, wbits=wbits)
    spaces = b" " * 10_000_000
    return b"".join(packer.compress(spaces) for _ in range(200)) + packer.flush()


def large() -> Iterator[bytes]:
    """Yield a body of a gigabyte."""
    yield HEAD + b"application/json\r\nContent-Length: 1000000000\r\n\r\n"
    yield from repeat(b"x" * 1_000_000, 1000)


def dripping(
    head: bytes, text: bytes, wrap: Callable[[bytes], bytes]
) -> Iterator[bytes]:
    """Yield a byte every tenth of a second."""
    yield head
    for byte in text * 100:
        yield wrap(bytes([byte]))
        time.sleep(0.1)


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    """Yield a piece of at least some kilobytes without end."""
    return chain((head,), repeat(piece, 200_000))


def message(content: bytes) -> bytes:
    """Return a whole answer with another content, which is JSON."""
    return WHOLE.replace(b'"4"', content)


FAULTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "endless events": lambda: endless(CHUNKED, chunk(EVENT * 1000)),
    "1 GB body": large,
    "gzip bomb of 2 GB": lambda: sized(bomb(31), b"Content-Encoding: gzip"),
    "deflate bomb of 2 GB": lambda: sized(bomb(15), b"Content-Encoding: deflate"),
    "header bomb": lambda: endless(HEAD + b"x\r\n", b"X-N: abcdef\r\n" * 1000),
    "a header without end": lambda: endless(HEAD, b"x" * 100_000),
    "2 GB of keep-alive": lambda: endless(CHUNKED, chunk(b": ping\n\n" * 9999)),
    "slow drip": lambda: dripping(CHUNKED, EVENT, chunk),
    "chunks that are none": lambda: endless(CHUNKED, b"zz\r\nno\r\n" * 1000),
    "ten million chunks": lambda: (
        CHUNKED,
        *repeat(b"1\r\nx\r\n" * 100_000, 100),
        b"0\r\n\r\n",
    ),
    "silence": lambda: repeat(b"", 0),
    "a slow head": lambda: dripping(b"HTTP/1.1 200", b" OK", lambda byte: byte),
    "slow fields": lambda: dripping(OK, b"X-N: a\r\n", lambda byte: byte),
    "a slow length of a chunk": lambda: dripping(CHUNKED, b"0", lambda byte: byte),
    "half a status line": lambda: [b"HTTP/1.1 20"],
    "half a head": lambda: [OK, b"Content-Type: te"],
    "half a body": lambda: [HEAD + b"x\r\nContent-Length: 400\r\n\r\n", WHOLE[:60]],
    "half a chunk": lambda: [CHUNKED, b"ff\r\n", EVENT],
    "a chunk longer than it says": lambda: [CHUNKED, b"5\r\n" + EVENT + b"\r\n"],
    "a chunk of minus five": lambda: [CHUNKED, b"-5\r\nhello\r\n"],
    "a chunk of 2 ** 70": lambda: [CHUNKED, b"400000000000000000\r\n", EVENT],
    "a length in other digits": lambda: [
        HEAD + "x\r\nContent-Length: \uff15\r\n\r\n".encode()
    ],
    "a length of minus one": lambda: [HEAD + b"x\r\nContent-Length: -1\r\n\r\n", WHOLE],
    "a length of a thousand digits": lambda: [
        HEAD + b"x\r\nContent-Length: " + b"9" * 1000 + b"\r\n\r\n"
    ],
    "two lengths": lambda: sized(WHOLE, b"Content-Length: 3"),
    "an extension of a chunk without end": lambda: endless(
        CHUNKED + b"5;", b"a=b;" * 9999
    ),
    "trailers without end": lambda: endless(
        CHUNKED + b"0\r\n", b"X-Trailer: abc\r\n" * 999
    ),
    "no status line": lambda: [b"hello\r\n\r\n" + WHOLE],
    "a status of letters": lambda: [b"HTTP/1.1 abc OK\r\n\r\n"],
    "a status of 999": lambda: status(b"999 Odd"),
    "a status of 2 ** 64": lambda: [b"HTTP/1.1 18446744073709551616 OK\r\n\r\n"],
    "HTTP/0.9": lambda: [b"<html>hello</html>"],
    "HTTP/2": lambda: [b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)],
    "TLS": lambda: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)],
    "another protocol": lambda: status(b"101 Switching Protocols", b"Upgrade: x"),
    "go on without end": lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
    "early hints without end": lambda: endless(
        b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 999
    ),
    "no content": lambda: [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "not modified": lambda: [b"HTTP/1.1 304 Not Modified\r\n\r\n"],
    "moved elsewhere": lambda: status(b"302 Found", b"Location: ELSEWHERE"),
    "moved for good": lambda: status(b"308 Permanent", b"Location: ELSEWHERE"),
    "moved to itself": lambda: status(b"307 Temporary", b"Location: /v1/completions"),
    "moved to a file": lambda: status(b"301 Moved", b"Location: file:///etc/passwd"),
    "a refusal": lambda: status(b"401 No", b"WWW-Authenticate: Basic realm=x"),
    "forbidden": lambda: status(b"403 No", body=b"<script>alert(1)</script>"),
    "not found": lambda: status(b"404 No", body=b'{"error": "no such model"}'),
    "too many, and wait for a year": lambda: status(
        b"429 Slow", b"Retry-After: 31536000"
    ),
    "too many, and wait until never": lambda: status(
        b"503 Slow", b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"
    ),
    "broken, at length": lambda: status(b"500 No", body=b"x" * 50_000_000),
    "a bomb with an error": lambda: [
        b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\n\r\n",
        bomb(31),
    ],
    "no JSON": lambda: sized(b"<html>"),
    "half of JSON": lambda: sized(WHOLE[:60]),
    "a list": lambda: sized(b"[]"),
    "a number": lambda: sized(b"7"),
    "nothing": lambda: sized(b""),
    "no choices": lambda: sized(b"{}"),
    "choices that are null": lambda: sized(b'{"choices": null}'),
    "choices that are none": lambda: sized(b'{"choices": []}'),
    "a choice that is a text": lambda: sized(b'{"choices": ["4"]}'),
    "a message that is a text": lambda: sized(b'{"choices": [{"message": "4"}]}'),
    "a content that is a number": lambda: sized(message(b"4")),
    "JSON a million deep": lambda: sized(b'{"choices": ' + b"[" * 1_000_000),
    "a number of ten million digits": lambda: sized(
        b'{"choices": ' + b"9" * 10_000_000 + b"}"
    ),
    "ten million lists": lambda: sized(b'{"a": [' + b"[]," * 10_000_000 + b"[]]}"),
    "an error in a whole answer": lambda: sized(b'{"error": {"message": "no"}}'),
    "bytes that are no text": lambda: sized(b"\xff\xfe\x00" + WHOLE),
    "half of gzip": lambda: sized(
        gzip.compress(WHOLE)[:-12], b"Content-Encoding: gzip"
    ),
    "gzip that is none": lambda: sized(WHOLE, b"Content-Encoding: gzip"),
    "packed nine times": lambda: sized(
        WHOLE, b"Content-Encoding: " + b"gzip, " * 8 + b"gzip"
    ),
    "an empty stream": streamed,
    "a stream of remarks": lambda: streamed(b": hello\n\n" * 50, DONE),
    "an event that is no JSON": lambda: streamed(b"data: {oops\n\n", DONE),
    "an event that is a list": lambda: streamed(b"data: [1, 2]\n\n", DONE),
    "an event of an error": lambda: streamed(
        EVENT, b'data: {"error": {"message": "gone"}}\n\n'
    ),
    "an error by its name": lambda: streamed(
        b'event: error\ndata: {"message": "gone"}\n\n'
    ),
    "a stream that breaks off": lambda: [CHUNKED, *map(chunk, [EVENT] * 3)],
    "a closed stream without an end": lambda: [CLOSED, EVENT * 3],
    "an event without an end": lambda: endless(CLOSED, b"data: " + b"x" * 60_000),
    "a line without an end": lambda: endless(CLOSED, b"x" * 60_000),
    "ten million empty lines": lambda: endless(CLOSED, b"\n" * 100_000),
    "lines that end as in 1984": lambda: endless(CLOSED, b": a\r" * 10_000),
    "fields of no name without end": lambda: endless(CLOSED, b"zzz: 1\n" * 10_000),
    "names of events without end": lambda: endless(
        CLOSED, b"event: " + b"e" * 50_000 + b"\n"
    ),
    "thoughts without end": lambda: endless(
        CHUNKED,
        chunk(EVENT.replace(b"content", b"reasoning_content") * 500),
    ),
    "calls of tools without end": lambda: endless(
        CHUNKED,
        chunk(
            b'data: {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}\n\n' * 500
        ),
    ),
    "empty choices without end": lambda: endless(
        CHUNKED, chunk(b'data: {"choices": []}\n\n' * 999)
    ),
    "other choices without end": lambda: endless(
        CHUNKED, chunk(EVENT.replace(b'"index": 0', b'"index": 7') * 500)
    ),
}
ODD: dict[str, Callable[[], Iterable[bytes]]] = {
    "a packing of no name": lambda: sized(WHOLE, b"Content-Encoding: zzz"),
    "a name of ours twice": lambda: sized(b'{"choices": [], ' + WHOLE[1:]),
    "numbers that are none": lambda: sized(WHOLE.replace(b": 3", b": NaN")),
    "counts beyond all": lambda: sized(WHOLE.replace(b": 3", b": 1e999")),
    "counts below none": lambda: sized(WHOLE.replace(b": 3", b": -3")),
    "counts of text": lambda: sized(WHOLE.replace(b": 3", b': "3"')),
    "half a surrogate": lambda: sized(message(b'"\\ud800"')),
    "a text of nothing": lambda: sized(message(b'"\\u0000\\u001b[2J"')),
    "a text in parts": lambda: sized(message(b'[{"type": "text", "text": "4"}]')),
    "a content of null": lambda: sized(message(b"null")),
    "a mark of order": lambda: sized(b"\xef\xbb\xbf" + WHOLE),
    "folded fields": lambda: sized(WHOLE, b"X-A: a\r\n b\r\n c"),
    "length and chunks": lambda: sized(WHOLE, b"Transfer-Encoding: chunked"),
    "a byte of nothing in a field": lambda: sized(WHOLE, b"X-A: a\x00b"),
    "more than was asked": lambda: [*sized(WHOLE), WHOLE * 100],
    "a second answer": lambda: [*sized(WHOLE), *sized(WHOLE)],
    "more behind the end": lambda: streamed(EVENT, DONE, EVENT * 100),
    "two ends": lambda: streamed(EVENT, DONE, DONE),
    "no end mark": lambda: streamed(EVENT),
    "a byte in each chunk": lambda: streamed(*(bytes([b]) for b in EVENT + DONE)),
    "lines that end as on a Mac": lambda: streamed(
        (EVENT + DONE).replace(b"\n", b"\r")
    ),
    "an order to try again": lambda: streamed(b"retry: 1\nid: 5\n\n", EVENT, DONE),
    "a whole answer as a stream": lambda: sized(WHOLE, kind=b"text/event-stream"),
    "a stream as a whole answer": lambda: sized(EVENT + DONE),
    "a kind of no name": lambda: sized(WHOLE, kind=b"zzz/zzz; charset=zzz"),
}
