"""Eleven answers of a server that mean harm: time and memory until each is given up.

    python tests/perf/faults.py               # all, about a minute
    python tests/perf/faults.py gzip drip     # those whose names have such a part

Run by hand, never in CI. Each is asked for by a process of its own whose time limit is
``TIMEOUT_S``. It has to end as a recorded error within two seconds more, and with a
peak of resident memory of at most 300 MB. The first row is an ordinary answer. Where
the machine is busy, look at the processor time of the client.
"""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import threading
import time
import zlib
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING

from pytest_llmlat.backends import http
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TIMEOUT_S = 4.0
SLACK_S = 2.0
MOST_MB = 300.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
CHUNKED = HEAD + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n'
WHOLE = (
    b'{"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "4"}}],'
    b' "usage": {"prompt_tokens": 3, "completion_tokens": 1}}'
)


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def sized(body: bytes, *fields: bytes) -> Iterator[bytes]:
    """Yield an answer of a known length."""
    lines = (*fields, b"Content-Length: %d" % len(body), b"", b"")
    yield HEAD + b"application/json\r\n" + b"\r\n".join(lines)
    yield body


def bomb(wbits: int) -> bytes:
    """Return two gigabytes of spaces, packed."""
    packer = zlib.compressobj(9, wbits=wbits)
    spaces = b" " * 10_000_000
    return b"".join(packer.compress(spaces) for _ in range(200)) + packer.flush()


def large() -> Iterator[bytes]:
    """Yield a body of a gigabyte."""
    yield HEAD + b"application/json\r\nContent-Length: 1000000000\r\n\r\n"
    yield from repeat(b"x" * 1_000_000, 1000)


def dripping() -> Iterator[bytes]:
    """Yield a byte of an event every tenth of a second."""
    yield CHUNKED
    for byte in EVENT * 100:
        yield chunk(bytes([byte]))
        time.sleep(0.1)


FAULTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "an ordinary answer": lambda: sized(WHOLE),
    "endless events": lambda: (CHUNKED, *repeat(chunk(EVENT * 1000), 50_000)),
    "1 GB body": large,
    "gzip bomb of 2 GB": lambda: sized(bomb(31), b"Content-Encoding: gzip"),
    "deflate bomb of 2 GB": lambda: sized(bomb(15), b"Content-Encoding: deflate"),
    "header bomb": lambda: (HEAD + b"x\r\n", *repeat(b"X-N: abcdef\r\n" * 1000, 9999)),
    "a header without end": lambda: (HEAD, *repeat(b"x" * 100_000, 99_999)),
    "2 GB of keep-alive": lambda: (
        CHUNKED,
        *repeat(chunk(b": ping\n\n" * 9999), 25_000),
    ),
    "slow drip": dripping,
    "chunks that are none": lambda: (CHUNKED, *repeat(b"zz\r\nno\r\n" * 1000, 9999)),
    "ten million chunks": lambda: (
        CHUNKED,
        *repeat(b"1\r\nx\r\n" * 100_000, 100),
        b"0\r\n\r\n",
    ),
    "silence": lambda: repeat(b"", 0),
}


def serve(
    listener: socket.socket, answer: Iterable[bytes], over: threading.Event
) -> None:
    """Play an answer to whoever comes, and then be silent."""
    while not over.is_set():
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                for piece in answer:
                    connection.sendall(piece)
                over.wait(TIMEOUT_S + SLACK_S)


def ask(url: str) -> dict[str, object]:
    """Ask once, as a cell does, and say what came of it and what it cost."""
    clock = SystemClock()
    options = {"timeout_s": TIMEOUT_S, "retries": 0, "check": False, "probe": False}
    model = ModelSpec(
        name="bad",
        backend="http",
        devices=("endpoint",),
        weights="bad",
        url=url,
        options=tuple(options.items()),
    )
    request = Request(prompt="2 + 2?", chat=True, max_new_tokens=8)
    server = http.open_model(Deployment(model=model, device="endpoint"), clock)
    begin, busy = time.perf_counter(), time.process_time()
    exchange = server.run(server.exchange(request, clock.now_ns()), alone=True)
    response = server.read(request, exchange)
    spent, busy = time.perf_counter() - begin, time.process_time() - busy
    server.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"s": spent, "cpu": busy, "MB": peak, "error": response.error}


def tried(answer: Iterable[bytes]) -> dict[str, object]:
    """Let another process ask a server that plays an answer."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        playing = threading.Thread(target=serve, args=(listener, answer, over))
        playing.daemon = True
        playing.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        done = subprocess.run(  # noqa: S603 - this script
            [sys.executable, __file__, "--ask", url],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main(wanted: list[str]) -> None:
    """Print a row for each answer; exits with 1 where a target was missed."""
    missed = 0
    limit = f"{TIMEOUT_S:g} + {SLACK_S:g}"
    print(f"| answer | s (limit {limit}) | of them busy | peak MB | error |")
    print("|---|---|---|---|---|")
    for name, answer in FAULTS.items():
        if wanted and not any(part in name for part in wanted):
            continue
        found = tried(answer())
        spent, peak = float(str(found["s"])), float(str(found["MB"]))
        ordinary = name == next(iter(FAULTS))
        good = spent <= TIMEOUT_S + SLACK_S and peak <= MOST_MB
        good = good and (found["error"] is None) == ordinary
        missed += not good
        error = str(found["error"] or "-").partition(": ")[2][:90] or "-"
        told = "" if good else "MISSED "
        busy = float(str(found["cpu"]))
        print(
            f"| {name} | {spent:.2f} | {busy:.2f} | {peak:.0f} | {told}{error} |",
            flush=True,
        )
    sys.exit(bool(missed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        print(json.dumps(ask(sys.argv[2])))
    else:
        main(sys.argv[1:])
