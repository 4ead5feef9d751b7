"""The wire format of the instrument's server: its schedule and its bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pytest_llmlat.values.timing import NS_PER_S

MODEL = "pulse"
"""The one model that the server lists."""
_ID = "@id@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Schedule of writes, counted from the receipt of the whole request."""

    ttft_s: float = 0.050
    tokens: int = 32
    gap_s: float = 0.010

    def due_ns(self, received_ns: int, token: int) -> int:
        """Return when a token, counted from 0, is to be written."""
        ttft, gap = round(self.ttft_s * NS_PER_S), round(self.gap_s * NS_PER_S)
        return received_ns + ttft + token * gap

    @property
    def e2e_s(self) -> float:
        """End-to-end time, in seconds, from the receipt to the last token."""
        return self.ttft_s + (self.tokens - 1) * self.gap_s


def head(name: str) -> bytes:
    """Return the head of an answer, which goes out with its first token."""
    return (
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        f"x-request-id: {name}\r\ntransfer-encoding: chunked\r\n\r\n"
    ).encode()


def suffixes(tokens: int) -> list[bytes]:
    """Return the message of each token without its beginning, all of one length."""
    width = len(str(tokens))
    return [
        (
            f'"object":"chat.completion.chunk","created":0,"model":"{MODEL}",'
            f'"choices":[{{"index":0,"delta":{{"content":" {place:0{width}}"}},'
            '"logprobs":null,"finish_reason":null}]}\n\n\r\n'
        ).encode()
        for place in range(tokens)
    ]


def lead(name: str, suffix: bytes) -> bytes:
    """Return the beginning of every message of one answer, for a suffix so long."""
    prefix = f'data: {{"id":"{name}",'.encode()
    size = len(prefix) + len(suffix) - len(b"\r\n")
    return b"%x\r\n%s" % (size, prefix)


def closing(tokens: int) -> bytes:
    """Return the end of every answer: its finish, its usage, and the last mark.

    The id is left open; :func:`tail` sets it, which is quicker than to make JSON.
    """
    base = {"id": _ID, "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": tokens}
    usage["total_tokens"] = tokens + 1
    finish = json.dumps(base | {"choices": [last]})
    spent = json.dumps(base | {"choices": [], "usage": usage})
    return f"data: {finish}\n\ndata: {spent}\n\ndata: [DONE]\n\n".encode()


def tail(name: str, closing: bytes) -> bytes:
    """Return the end of one answer, the mark that ends its body included."""
    text = closing.replace(_ID.encode(), name.encode())
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)


def whole(status: str, body: bytes, *, keep: bool) -> bytes:
    """Return an answer that is no stream, head and body."""
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
        f"connection: {'keep-alive' if keep else 'close'}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def models() -> bytes:
    """Return the list of models."""
    return json.dumps(
        {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
    ).encode()
