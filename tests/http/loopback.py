"""A server on this machine that behaves as badly as it is told to."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Sequence

CLOSE = "close the connection"
RESET = "reset the connection"
HANG = "do nothing until the end"

Script: TypeAlias = "Sequence[bytes | str | float]"
"""What is written, what is done, and seconds to wait."""

MODELS = ("tiny", "small")


def answer(
    body: bytes | str = b"",
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    headers: Iterable[str] = (),
) -> bytes:
    """Return an answer of a known length."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers]
    lines += [f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


def complaint(status: str, message: str, *headers: str) -> bytes:
    """Return an error as OpenAI words it."""
    body = json.dumps({"error": {"message": message}})
    return answer(body, status=status, headers=headers)


def event(message: object) -> bytes:
    """Return one event of a stream."""
    return b"data: " + json.dumps(message).encode() + b"\n\n"


def said(text: str, **more: object) -> dict[str, object]:
    """Return a message with some content."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return {"id": "chat-1", "choices": [choice], **more}


def ended(reason: str = "stop") -> dict[str, object]:
    """Return the message that says why it ends."""
    choice = {"index": 0, "delta": {}, "finish_reason": reason}
    return {"id": "chat-1", "choices": [choice]}


def used(completion: object, prompt: object = 7, **more: object) -> dict[str, object]:
    """Return the message with the server's own figures."""
    usage = {"completion_tokens": completion, "prompt_tokens": prompt, **more}
    return {"id": "chat-1", "choices": [], "usage": usage}


DONE = b"data: [DONE]\n\n"


def body(*messages: object, done: bool = True) -> bytes:
    """Return the events of a stream."""
    return b"".join(event(m) for m in messages) + (DONE if done else b"")


def head(*headers: str, framing: str = "Transfer-Encoding: chunked") -> bytes:
    """Return the head of a streamed answer."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", *headers]
    return "\r\n".join([*lines, framing, "", ""]).encode()


def chunks(*datas: bytes, last: bool = True) -> bytes:
    """Return chunks of a chunked body."""
    coded = b"".join(b"%x\r\n%b\r\n" % (len(data), data) for data in datas if data)
    return coded + (b"0\r\n\r\n" if last else b"")


def stream(*messages: object, done: bool = True) -> bytes:
    """Return a whole streamed answer, one message to a chunk."""
    events = [event(message) for message in messages] + [DONE] * done
    return head() + chunks(*events)


HELLO = stream(said("Hello"), said(" you"), ended(), used(3))
"""An ordinary answer."""


class Loopback:
    """Plays a script for each request that posts something, the last one for ever."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a port of its own."""
        self.scripts: list[Script] = [[HELLO]]
        listed = {"data": [{"id": name} for name in MODELS]}
        self.models: Script = [answer(json.dumps(listed), headers=["Server: odd/1"])]
        self.models_before: list[Script] = []
        """What is played first, once each, when models are asked for."""
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)
        """Released each time that the server has closed a connection on its own."""
        self.asked = threading.Semaphore(0)
        """Released each time that a posted request has come."""
        self._tls = tls
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def posted(self) -> list[dict[str, object]]:
        """What was posted, in order."""
        return [json.loads(body) for head, body in self.requests if body]

    def script_for(self, body: bytes) -> Script:  # noqa: ARG002 - for one that reads it
        """Return what is played for a body that was posted."""
        return self.scripts.pop(0) if self.scripts[1:] else self.scripts[0]

    def page(self, path: str) -> Script | None:  # noqa: ARG002 - for one that has some
        """Return what is played for a path, ``None`` for the list of models."""
        return None

    def stop(self) -> None:
        """Close everything and wait until it is closed."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            # What is written at once comes at once, and not when the last was received.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self._tls is None:
                self._converse(sock)
            else:
                with self._tls.wrap_socket(sock, server_side=True) as wrapped:
                    self._open.append(wrapped)
                    self._converse(wrapped)

    def _converse(self, sock: socket.socket) -> None:
        while (request := _request(sock)) is not None:
            self.requests.append(request)
            line = request[0].partition("\r\n")[0]
            if line.startswith("CONNECT "):
                sock.sendall(b"HTTP/1.1 200 Go on\r\n\r\n")
                self._tunnel(sock, line.split()[1])
                return
            if line.startswith("GET "):
                before = self.models_before
                models = before.pop(0) if before else self.models
                script = self.page(line.split()[1]) or models
            else:
                script = self.script_for(request[1])
                self.asked.release()
            if not self._play(sock, script):
                return

    def _play(self, sock: socket.socket, script: Script) -> bool:
        """Return whether the connection is to go on."""
        for action in script:
            if isinstance(action, bytes):
                sock.sendall(action)
                continue
            if isinstance(action, float):
                self._over.wait(action)
                continue
            if action == HANG:
                self._over.wait(30)
            elif action == RESET:
                linger = struct.pack("ii", 1, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            sock.close()
            self.closed.release()
            return False
        return True

    def _tunnel(self, sock: socket.socket, place: str) -> None:
        """Pass bytes to a server and back."""
        host, _, port = place.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self._open.append(far)
            self._start(_pass_on, far, sock)
            _pass_on(sock, far)


def _pass_on(from_: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := from_.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


def _request(sock: socket.socket) -> tuple[str, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None
        data += more
        if data.startswith(b"\x16"):
            # The hello of TLS, which this server does not speak.
            sock.sendall(answer(status="400 Bad Request"))
            return None
    head, _, rest = data.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    wanted = 0
    for line in text.lower().split("\r\n"):
        if line.startswith("content-length:"):
            wanted = int(line.partition(":")[2])
    while len(rest) < wanted:
        rest += sock.recv(65536)
    return text, rest
