"""Messages over a stream socket: a length, then that many bytes.

A stream and not ``SOCK_SEQPACKET``, which macOS does not have for local sockets and
which bounds a message by the socket's buffer.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = struct.Struct("!I")
MAX_DESCRIPTORS = 4


class Closed(Exception):
    """The other side has gone, between two messages or inside one."""


class TooLong(Exception):
    """A message is announced that is longer than agreed."""

    def __init__(self, length: int) -> None:
        """Keep the announced length, in bytes."""
        super().__init__(f"a message of {length} bytes")
        self.length = length


def send(
    line: socket.socket, body: bytes, descriptors: Sequence[int] | None = None
) -> None:
    """Send one message, with open file descriptors beside it.

    Raises:
        Closed: nobody is there to read it.
    """
    try:
        if descriptors:
            header = HEADER.pack(len(body))
            socket.send_fds(line, [header], list(descriptors))
            line.sendall(body)
        else:
            line.sendall(framed(body))
    except (BrokenPipeError, ConnectionResetError) as gone:
        raise Closed from gone


def receive(line: socket.socket, limit: int) -> bytes:
    """Return the next message.

    Raises:
        Closed: the other side has gone.
        TooLong: more than ``limit`` bytes are announced.
    """
    return _body(line, _exactly(line, HEADER.size), limit)


def receive_with_descriptors(
    line: socket.socket, limit: int
) -> tuple[bytes, list[int]]:
    """Return the next message and the descriptors that came with it.

    Raises:
        Closed: the other side has gone.
        TooLong: more than ``limit`` bytes are announced.
    """
    try:
        header, descriptors, _, _ = socket.recv_fds(line, HEADER.size, MAX_DESCRIPTORS)
    except ConnectionResetError as gone:
        raise Closed from gone
    if not header:
        raise Closed
    header += _exactly(line, HEADER.size - len(header))
    return _body(line, header, limit), descriptors


def framed(body: bytes) -> bytes:
    """Return a message as its bytes, for what is no socket."""
    return HEADER.pack(len(body)) + body


def read_whole(descriptor: int) -> bytes:
    """Return the one message of a pipe.

    Not all up to its end: a process that was forked meanwhile may hold the end open.

    Raises:
        Closed: the other side has gone before all of it was there.
    """
    (length,) = HEADER.unpack(_read_exactly(descriptor, HEADER.size))
    return _read_exactly(descriptor, length)


def _read_exactly(descriptor: int, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = os.read(descriptor, min(length - len(parts), 1 << 20))
        if not part:
            raise Closed
        parts += part
    return bytes(parts)


def _body(line: socket.socket, header: bytes, limit: int) -> bytes:
    (length,) = HEADER.unpack(header)
    if length > limit:
        raise TooLong(length)
    return _exactly(line, length)


def _exactly(line: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        try:
            part = line.recv(min(length - len(parts), 1 << 20))
        except ConnectionResetError as gone:
            raise Closed from gone
        if not part:
            raise Closed
        parts += part
    return bytes(parts)
