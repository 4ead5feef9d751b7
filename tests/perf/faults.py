"""Answers of a server that mean harm: time and memory until each is given up.

    python -m tests.perf.faults               # all, some minutes
    python -m tests.perf.faults gzip drip     # those whose names have such a part
    python -m tests.perf.faults --hub         # in place of Hugging Face's router

Run by hand, never in CI. Each is asked for by a process of its own whose time limit is
``TIMEOUT_S``. It has to end as a recorded error within two seconds more, and with a
peak of resident memory of at most 300 MB; an odd answer may be taken as well. A key is
sent along, and a server to which some answers lead looks out for it. The first row is
an ordinary answer. Where the machine is busy, look at the processor time of the client.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends import http, hub_inference
from pytest_llmlat.machine.process_memory import peak_of_family
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.records import Request
from tests.perf.fault_answers import FAULTS, ODD, WHOLE, sized
from tests.perf.more_fault_answers import MORE_FAULTS, MORE_ODD, STAYING

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMEOUT_S = 4.0
SLACK_S = 2.0
MOST_MB = 300.0
WORST = 10
"""How many rows are printed where all are tried: those that took most memory."""
KEY, VARIABLE = "sk-faults-0123456789abcdef", "FAULTS_KEY"
ORDINARY = "an ordinary answer"


SILENT = STAYING | {"silence", "half a status line", "half a head", "half a chunk"}
"""Answers behind which the connection stays open."""
BROKEN = FAULTS | MORE_FAULTS
TAKEN_OR_NOT = ODD | MORE_ODD
HUB = "--hub"


def serve(
    listener: socket.socket,
    answer: Iterable[bytes],
    over: threading.Event,
    stay_s: float,
) -> None:
    """Play an answer to whoever comes, and hang up after some seconds."""
    while not over.is_set():
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                for piece in answer:
                    connection.sendall(piece)
                over.wait(stay_s)


def ask(url: str, *, hub: bool = False) -> dict[str, object]:
    """Ask once, as a cell does, and say what came of it and what it cost."""
    clock = SystemClock()
    options = {"timeout_s": TIMEOUT_S, "retries": 0, "check": False, "probe": False}
    kind = hub_inference.KIND if hub else http.KIND
    model = ModelSpec(
        name="bad",
        backend=kind.name,
        devices=kind.devices,
        weights="org/bad",
        url=None if hub else url,
        api_key_env=VARIABLE,
        options=(*options.items(), *([("router", url)] if hub else ())),
    )
    request = Request(prompt="2 + 2?", chat=True, max_new_tokens=8)
    place = Deployment(model=model, device=kind.devices[0])
    server: Any = kind.open(place, clock)
    begin, busy = time.perf_counter(), time.process_time()
    exchange = server.run(server.exchange(request, clock.now_ns()), alone=True)
    response = server.read(request, exchange)
    spent, busy = time.perf_counter() - begin, time.process_time() - busy
    server.close()
    # Not ru_maxrss: that begins with what the process had that started this one, which
    # is the server that holds the bombs.
    peak = (peak_of_family(os.getpid()) or 0) / 1e6
    answer = response.generation
    tokens = None if answer is None else answer.output_tokens
    return {
        "s": spent,
        "cpu": busy,
        "MB": peak,
        "error": response.error,
        "tokens": tokens,
    }


class Elsewhere:
    """A server to which some answers lead, and that should hear nothing."""

    def __init__(self) -> None:
        """Listen."""
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> bytes:
        """Where it is."""
        return b"http://127.0.0.1:%d/v1" % self._listener.getsockname()[1]

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                self.heard += connection.recv(65_536) or b"?"


def tried(
    name: str, answer: Iterable[bytes], elsewhere: Elsewhere, *more: str
) -> dict[str, Any]:
    """Let another process ask a server that plays an answer."""
    over = threading.Event()
    stay_s = TIMEOUT_S + SLACK_S if name in SILENT else 0.2
    pieces = (piece.replace(b"ELSEWHERE", elsewhere.url) for piece in answer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        told = (listener, pieces, over, stay_s)
        threading.Thread(target=serve, args=told, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        done = subprocess.run(  # noqa: S603 - this script
            [sys.executable, "-m", "tests.perf.faults", "--ask", url, *more],
            env={**os.environ, VARIABLE: KEY},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def missed(name: str, found: dict[str, Any]) -> bool:
    """Say whether an answer took too long or too much, or was taken for a good one."""
    within = found["s"] <= TIMEOUT_S + SLACK_S and found["MB"] <= MOST_MB
    broke = found["error"] is not None
    right = name in TAKEN_OR_NOT or broke == (name != ORDINARY)
    # Of an answer that was taken, a number of tokens is one, or there is none.
    counted = found["tokens"] is None or (
        type(found["tokens"]) is int and found["tokens"] >= 0
    )
    return not (within and right and counted and KEY not in str(found["error"]))


def main(wanted: list[str]) -> None:
    """Print rows of answers; exits with 1 where a target was missed."""
    elsewhere = Elsewhere()
    more = [word for word in wanted if word == HUB]
    wanted = [word for word in wanted if word != HUB]
    answers = {ORDINARY: lambda: sized(WHOLE), **BROKEN, **TAKEN_OR_NOT}
    rows: list[tuple[float, bool, str]] = []
    for name, answer in answers.items():
        if wanted and not any(part in name for part in wanted):
            continue
        found = tried(name, answer(), elsewhere, *more)
        bad = missed(name, found)
        told = str(found["error"] or "-").partition(": ")[2][:90] or "-"
        figures = f"{found['s']:.2f} | {found['cpu']:.2f} | {found['MB']:.0f}"
        row = f"| {name} | {figures} | {'MISSED ' if bad else ''}{told} |"
        rows.append((found["MB"], bad, row))
        print(row, file=sys.stderr, flush=True)
    limit = f"{TIMEOUT_S:g} + {SLACK_S:g}"
    print(f"| answer | s (limit {limit}) | of them busy | peak MB | error |")
    print("|---|---|---|---|---|")
    for _, _, row in sorted(rows, reverse=True)[:WORST]:
        print(row)
    count = sum(bad for _, bad, _ in rows)
    print(
        f"{len(rows)} answers, {count} missed; elsewhere heard {elsewhere.heard!r:.99}"
    )
    sys.exit(bool(count or elsewhere.heard))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        print(json.dumps(ask(sys.argv[2], hub=HUB in sys.argv)))
    else:
        main(sys.argv[1:])
