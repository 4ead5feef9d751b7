"""An answer as it was received, taken apart when the load is over."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FINAL = 200
"""Status from which on an answer is the last one to its request."""
MOST_PARTS = 1_000_000
"""Chunks of a body, and fields behind it, that are read: each takes its time, however
short it is. A server that writes token by token makes a few for each."""
MOST_PACKETS = 10_000
"""Packets of gzip one after the other in one body."""
_SLICE = 4096
"""Bytes that are unpacked at once: what is left behind the end of a packet is copied,
and a body of many short packets would be copied as often."""
_ANY_WRAPPER = 47
_DEFLATE, _CHECKED = 8, 31
_PACKED = ("br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi")
"""Packings with a name (IANA's registry) that are not unpacked here. Any other, such as
``none`` or ``utf-8``, is a mistake of who wrote it, and the body is plain."""
_ZIPPED = ("gzip", "x-gzip", "deflate")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimits:
    """How large an answer may be, in bytes; what is larger ends the request."""

    head: int = 64 * 1024
    body: int = 64 * 1024 * 1024
    """Body as it is received, and again once it is unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The head of an answer and its body, each part with its arrival."""

    status: int | None
    """Status; ``None`` if not even the head was whole."""
    headers: Mapping[str, str]
    """Headers by names in lower case; the last of several wins."""
    parts: Sequence[tuple[int, bytes]]
    """(instant, bytes of the body), unpacked."""
    whole: bool
    """Whether the body came to its end, if the connection ended cleanly after it."""
    trouble: str | None
    """Why the body could not be unpacked, as far as it could not."""

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(part for _, part in self.parts)


class _TooManyParts(Exception):
    """A body has more parts than are read."""


class _Collector:
    """What the parser calls: keeps the last message's head and its body's parts."""

    def __init__(self) -> None:
        self.parser: Any = None
        self.stamp = 0
        self.status = 0
        self.left = MOST_PARTS
        self.headed = self.done = False
        self.headers: dict[str, str] = {}
        self.parts: list[tuple[int, bytearray]] = []

    def on_message_begin(self) -> None:
        if not self.done:
            self.headed = False
            self.headers.clear()
            self.parts.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.headed:
            self._count()
        else:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.headed = True

    def on_body(self, body: bytes) -> None:
        if self.done:
            return
        self._count()
        # Chunks that arrived together are one part: there may be millions of them.
        if self.parts and self.parts[-1][0] == self.stamp:
            self.parts[-1][1].extend(body)
        else:
            self.parts.append((self.stamp, bytearray(body)))

    def on_message_complete(self) -> None:
        if not self.done:
            self.status = self.parser.get_status_code()
            # Such as 103: the real answer comes after it.
            self.done = self.status >= FINAL

    def _count(self) -> None:
        """Take one part more; raises where there are too many, which ends parsing."""
        self.left -= 1
        if self.left < 0:
            raise _TooManyParts


def unpack(
    stamps: Sequence[int],
    sizes: Sequence[int],
    data: bytes | bytearray,
    limits: AnswerLimits,
) -> HttpResponse:
    """Take an answer apart; never raises, whatever the bytes are.

    Args:
        stamps: when each piece arrived.
        sizes: how many bytes each piece has.
        data: all pieces in one.
        limits: how large its body may become by unpacking.
    """
    import httptools

    collector = _Collector()
    parser = collector.parser = httptools.HttpResponseParser(collector)
    trouble = None
    at = 0
    for stamp, size in zip(stamps, sizes, strict=True):
        collector.stamp = stamp
        piece = bytes(data[at : at + size])
        at += size
        try:
            parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            trouble = (
                f"the body of the answer has more than {MOST_PARTS:,} chunks"
                if collector.left < 0
                else f"what came is not HTTP/1.1: {error}"
            )
            break
        if collector.done:
            break
    if collector.headed and not collector.done:
        collector.status = parser.get_status_code()
    collector.parser = None
    packings = map(collector.headers.get, ("content-encoding", "transfer-encoding"))
    parts, wrong = _decoded(
        ",".join(filter(None, packings)),
        [(stamp, bytes(part)) for stamp, part in collector.parts],
        limits.body,
    )
    return HttpResponse(
        status=collector.status or None,
        headers=collector.headers,
        parts=parts,
        whole=collector.done or (collector.headed and _to_the_close(collector.headers)),
        trouble=trouble or wrong,
    )


def _to_the_close(headers: Mapping[str, str]) -> bool:
    """Whether the end of the connection is the end of the body."""
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    return not chunked and "content-length" not in headers


def _wrapper(kind: str, parts: Sequence[tuple[int, bytes]]) -> int:
    """Return how packets are framed: some servers leave zlib's frame away."""
    first = b"".join(part for _, part in parts[:2])[:2]
    # RFC 1950: compression method 8, and a check of both bytes.
    framed = first[:1] == b"" or first[0] & 15 == _DEFLATE
    framed &= int.from_bytes(first, "big") % _CHECKED == 0
    return _ANY_WRAPPER if kind != "deflate" or framed else -zlib.MAX_WBITS


def _decoded(
    encoding: str, parts: Sequence[tuple[int, bytes]], most: int
) -> tuple[Sequence[tuple[int, bytes]], str | None]:
    """Unzip a body part by part, so that each text keeps its arrival."""
    kinds = [kind.strip().lower() for kind in encoding.split(",")]
    if others := [kind for kind in kinds if kind in _PACKED]:
        return (), f"the answer is packed as {others[0]!r}, which was not asked for"
    zipped = [kind for kind in kinds if kind in _ZIPPED]
    if not zipped:
        return parts, None
    kind = zipped[0]
    unpacked: list[tuple[int, bytes]] = []
    unzipping = _Unzipping(_wrapper(kind, parts), most)
    for stamp, packed in parts:
        try:
            text = unzipping.text_of(packed)
        except zlib.error as error:
            return unpacked, f"the answer cannot be unpacked ({kind}): {error}"
        if unzipping.packets > MOST_PACKETS:
            return unpacked, f"the answer has more than {MOST_PACKETS:,} packets"
        if not unzipping.left:
            return unpacked, f"unpacked, {too_large('the body of the answer', most)}"
        if text:
            unpacked.append((stamp, text))
    return unpacked, None


class _Unzipping:
    """Unpacks a body piece by piece, up to a size and a number of packets."""

    def __init__(self, wrapper: int, most: int) -> None:
        # One byte more than may be: so much is never unpacked, however well packed.
        self.left = most + 1
        self.packets = 1
        self._packet = zlib.decompressobj(wrapper)

    def text_of(self, packed: bytes) -> bytes:
        """Return what a piece holds; raises what zlib does."""
        texts: list[bytes] = []
        for begin in range(0, len(packed), _SLICE):
            rest = packed[begin : begin + _SLICE]
            while rest and self.left and self.packets <= MOST_PACKETS:
                if self._packet.eof:
                    # Several packets one after the other are one body.
                    self._packet = zlib.decompressobj(_ANY_WRAPPER)
                    self.packets += 1
                texts.append(self._packet.decompress(rest, self.left))
                self.left -= len(texts[-1])
                ended = self._packet.eof
                rest = (
                    self._packet.unused_data if ended else self._packet.unconsumed_tail
                )
        return b"".join(texts)


def too_large(what: str, most: int) -> str:
    """Say that an answer is larger than it may be, and which option allows more."""
    option = "max_head_bytes" if "head" in what else "max_body_bytes"
    return (
        f"{what} has more than {most:,} bytes; option {option} of the model's entry"
        " allows more"
    )
