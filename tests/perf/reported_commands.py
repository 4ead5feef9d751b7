"""Reported commands, each replayed as a pytest of its own against a real server.

    python -m tests.perf.reported_commands [NAME ...]     # all of them, some minutes

What servers and surroundings were reported to do that is no stream of bytes: servers
that turn requests away, few file descriptors, test time-outs, async tests, a folder
that cannot be written, an address without ``/v1``. Prints what a user sees of each and
the figures that could flatter, beside what the server counted. Run by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.http.loopback import DONE, ended, event, said, used

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer: TypeAlias = "Callable[[Handler, Any], None]"

MODULE = """
import pytest

@pytest.mark.llm("sentiment/polarity")
def test_sentiment(llm, llmlat):
    llmlat.run(llm)
"""
ASYNC = """
import pytest

@pytest.mark.{mark}
@pytest.mark.llm("sentiment/polarity")
async def test_sentiment(llm, llmlat):
    llmlat.run(llm)
"""
OF_OTHERS = """
import asyncio, pytest

@pytest.mark.llm("sentiment/polarity")
def test_1(llm, llmlat):
    llmlat.run(llm)

def test_2():
    async def nothing():
        return 1
    assert asyncio.get_event_loop().run_until_complete(nothing()) == 1
"""
TWO_TESTS = """
import pytest

@pytest.mark.llm("sentiment/polarity", samples=8)
def test_1(llm, llmlat):
    llmlat.run(llm)

@pytest.mark.llm("sentiment/polarity", samples=4)
def test_2(llm, llmlat):
    llmlat.run(llm)
"""
ENTRY = """
[models.mine]
backend = "http"
url = "{url}/v1"
weights = "tiny"
options = {{ {more}probe = false }}
"""
NOBODY = "unshare -U --map-user=12345 --"
READ_ONLY = 'mount --bind . . && mount -o remount,ro,bind . && cd $PWD && exec "$@"'
NO_UVLOOP = """
import sys
sys.modules["uvloop"] = None
"""
LIMITED = """
import pytest

@pytest.mark.llm("sentiment/polarity", limits=["quality>=0.3"])
def test_sentiment(llm, llmlat):
    llmlat.run(llm)
"""


@dataclass
class Served:
    """What a server did."""

    slots: int = 10**6
    takes_s: float = 0.0
    retry_after: str | None = None
    answered: int = 0
    refused: int = 0
    most: int = 0
    began: float = 0.0
    ended: float = 0.0
    at_once: int = 0
    number: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rate(self) -> float:
        """Answers in a second, from the first request to the last answer."""
        return self.answered / max(1e-9, self.ended - self.began)


class Handler(BaseHTTPRequestHandler):
    """Answers as its server is told to."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List one model, unless there is a page."""
        status, body = self.server.models
        self._whole(status, body)

    def do_POST(self) -> None:
        """Answer, or turn away."""
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answer(self, json.loads(asked))

    def _whole(self, status: int, body: object, *headers: tuple[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def whole(self, status: int, body: object, *headers: tuple[str, str]) -> None:
        """Send an answer in one piece."""
        self._whole(status, body, *headers)

    def streamed(self, *pieces: bytes) -> None:
        """Send a stream of events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for data in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.flush()


HELLO = [event(said("positive")), event(ended()), event(used(1)), DONE]


def hello(served: Served) -> Answer:
    """Return what answers so many at once and turns the others away."""

    def answer(handler: Handler, _: object) -> None:
        with served.lock:
            served.number += 1
            served.began = served.began or time.monotonic()
            full = served.at_once >= served.slots
            served.refused += full
            served.at_once += not full
            served.most = max(served.most, served.at_once)
        if full:
            more = (
                ()
                if served.retry_after is None
                else (("Retry-After", served.retry_after),)
            )
            handler.whole(429, {"error": "Model is overloaded"}, *more)
            return
        try:
            time.sleep(served.takes_s)
            # Free when the answer is written, as those of real servers are.
            with served.lock:
                served.at_once -= 1
                served.answered += 1
                served.ended = time.monotonic()
            handler.streamed(*HELLO)
            handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass

    return answer


class Server(ThreadingHTTPServer):
    """A server with a long queue at its door."""

    request_queue_size = 512
    daemon_threads = True
    models: tuple[int, object] = (200, {"data": [{"id": "tiny"}]})
    answer: Answer

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(answer: Answer, models: tuple[int, object] | None = None) -> Iterator[str]:
    """Run a server and give its address, without a version."""
    server = Server(("127.0.0.1", 0), Handler)
    server.answer = answer
    server.models = models or server.models
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Ran:
    """What came of a pytest."""

    exit: int
    took_s: float
    text: str
    summary: dict[str, Any] | None


def run(
    *options: str,
    module: str = MODULE,
    before: str = "",
    models: str = "",
    files: dict[str, str] | None = None,
    locked: bool = False,
    env: dict[str, str] | None = None,
) -> Ran:
    """Run pytest on a module in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "project").mkdir()
        project = folder / "project"
        (project / "test_it.py").write_text(module)
        (project / "pytest.ini").write_text("[pytest]\n")
        for file, text in (files or {}).items():
            (project / file).write_text(text)
        if models:
            (project / "models.toml").write_text(models)
            options = (*options, "--llm-models=models.toml")
        out = [] if locked else ["--llm-report=out"]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            *out,
            *options,
        ]
        line = " ".join(f"'{word}'" for word in command)
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own words
            ["/bin/bash", "-c", f"{before} {line}"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
            timeout=580,
        )
        took = time.monotonic() - began
        summary = project / "out" / "summary.json"
        told = json.loads(summary.read_text()) if summary.is_file() else None
        return Ran(done.returncode, took, done.stdout + done.stderr, told)


def show(name: str, ran: Ran, *more: object, lines: int = 25) -> None:
    """Print what a user sees of a run, and its figures."""
    print(f"=== {name}: exit {ran.exit}, {ran.took_s:.1f} s", *more)
    if ran.summary:
        for cell in ran.summary["cells"]:
            keys = (
                "samples",
                "errors",
                "requests_per_s",
                "e2e_s",
                "ttft_s",
                "tpot_s",
                "output_tokens",
                "load",
                "retries",
                "warnings",
                "notes",
            )
            print("   ", {k: cell[k] for k in keys if k in cell})
    print("\n".join("    | " + x for x in ran.text.splitlines()[-lines:]))
    sys.stdout.flush()


def load_429(level: int, after: str | None) -> None:
    """A server that takes four at once and turns the others away."""
    served = Served(slots=4, takes_s=0.2, retry_after=after)
    with serving(hello(served)) as url:
        ran = run(
            f"--llm={url}/v1#tiny",
            "--llm-samples=60",
            f"--llm-scenario=concurrent:{level}",
        )
    show(
        f"load-429 at {level}, Retry-After {after}",
        ran,
        served,
        f"server {served.rate:.1f}/s",
    )


def load_200() -> None:
    """A server that turns away with an error which it calls a success."""
    served = Served(slots=4, takes_s=0.2)
    inner = hello(served)

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        whole = handler.whole

        def good(_: int, body: object, *__: tuple[str, str]) -> None:
            whole(200, body)

        handler.whole = good  # type: ignore[assignment, method-assign]
        inner(handler, asked)

    with serving(answer) as url:
        ran = run(
            f"--llm={url}/v1#tiny", "--llm-samples=60", "--llm-scenario=concurrent:16"
        )
    show("load-200 at 16", ran, served, f"server {served.rate:.1f}/s")


def load_fd() -> None:
    """Fewer file descriptors than requests in flight."""
    served = Served(takes_s=0.2)
    for most in (64, 56):
        with serving(hello(served)) as url:
            ran = run(
                f"--llm={url}/v1#tiny",
                "--llm-samples=60",
                "--llm-requests=128",
                "--llm-scenario=concurrent:64",
                before=f"ulimit -n {most};",
            )
        show(f"load-fd {most}", ran, served)


def two_tests() -> None:
    """Two tests that measure one cell."""
    served = Served(takes_s=0.002)
    with serving(hello(served)) as url:
        ran = run(f"--llm={url}/v1#tiny", module=TWO_TESTS)
    show("two-tests-one-cell", ran, served)


def reruns() -> None:
    """A cell that misses its limits in its first attempt."""
    number = 0

    def answer(handler: Handler, _: object) -> None:
        nonlocal number
        number += 1
        text = "banana" if number < 12 else "positive"
        if number < 12:
            time.sleep(0.15)
        handler.streamed(event(said(text)), event(ended()), event(used(1)), DONE)
        handler.wfile.write(b"0\r\n\r\n")

    with serving(answer) as url:
        ran = run(
            f"--llm={url}/v1#tiny[probe=off]",
            "--llm-samples=8",
            "--llm-limit=quality>=0.3",
            "--llm-limit=e2e_p50<=100ms",
            "--reruns=2",
            "--llm-save-baseline=mine",
            module=MODULE,
        )
    show("reruns", ran)


def pytest_timeout() -> None:
    """A server that hangs, and a time limit of the test."""

    def answer(handler: Handler, _: object) -> None:
        handler.streamed(event(said("pos")))
        time.sleep(60)

    with serving(answer) as url:
        ran = run(
            f"--llm={url}/v1#tiny",
            "--llm-samples=2",
            "--timeout=6",
            "--timeout-method=signal",
            "--llm-timeout=30s",
        )
        show("pytest-timeout signal", ran, lines=14)
        models = ENTRY.format(url=url, more="timeout_s = 30, ")
        ran = run(
            "--llm=mine",
            "--llm-samples=2",
            "--timeout=6",
            "--timeout-method=signal",
            models=models,
        )
    show("pytest-timeout entry", ran, lines=14)


def sticky() -> None:
    """One prompt that is refused in words that name parameters."""
    bodies: list[Any] = []
    refused: list[str] = []

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        bodies.append(asked)
        told = json.dumps(asked["messages"])
        if len(bodies) == 2:
            refused.append(told)
        if told in refused:
            bad = {
                "detail": [
                    {
                        "loc": ["body", "messages"],
                        "msg": "Value error, content policy violation",
                        "input": {"seed": 0, "stream_options": {"include_usage": True}},
                    }
                ]
            }
            handler.whole(400, bad)
            return
        handler.streamed(
            event(said("posi")),
            event(said("tive")),
            event(ended()),
            event(used(2)),
            DONE,
        )
        handler.wfile.write(b"0\r\n\r\n")

    with serving(answer) as url:
        models = ENTRY.format(url=url, more="")
        ran = run("--llm=mine", "--llm-samples=12", models=models)
    show(
        "sticky-adaptation",
        ran,
        [sorted(set(b) & {"seed", "stream_options"}) for b in bodies],
    )


def home_unset() -> None:
    """No HOME, and a user whom nobody knows."""
    served = Served(takes_s=0.002)
    with serving(hello(served)) as url:
        ran = run(
            f"--llm={url}/v1#tiny",
            "--llm-samples=4",
            before="unset HOME; ",
        )
        show("home-unset (root)", ran, lines=6)
        ran = run(
            f"--llm={url}/v1#tiny",
            "--llm-samples=4",
            before=f"unset HOME; exec {NOBODY}",
        )
        show("home-unset (no passwd entry)", ran, lines=8)


def read_only() -> None:
    """A folder that cannot be written."""
    served = Served(takes_s=0.002)
    with serving(hello(served)) as url, tempfile.TemporaryDirectory() as elsewhere:
        for more in ((), (f"--llm-runs={elsewhere}",)):
            before = f"exec unshare -m bash -c '{READ_ONLY}' x"
            ran = run(
                f"--llm={url}/v1#tiny",
                "--llm-samples=4",
                *more,
                before=before,
                locked=True,
            )
            show(f"read-only {more}", ran, lines=12)


def async_tests() -> None:
    """Tests that are coroutines."""
    served = Served(takes_s=0.002)
    with serving(hello(served)) as url:
        for mark in ("asyncio", "anyio"):
            ran = run(
                f"--llm={url}/v1#tiny",
                "--llm-samples=4",
                module=ASYNC.format(mark=mark),
            )
            show(f"{mark}-test", ran, lines=30)


def loop_of_others() -> None:
    """A later test that has an event loop of its own."""
    served = Served(takes_s=0.002)
    with serving(hello(served)) as url:
        for conftest in ("", NO_UVLOOP):
            ran = run(
                f"--llm={url}/v1#tiny",
                "--llm-samples=4",
                module=OF_OTHERS,
                files={"conftest.py": conftest},
            )
            show(f"loop-of-others uvloop={not conftest}", ran, lines=12)


def url_without_v1() -> None:
    """An address without a version and without a name."""
    served = Served(takes_s=0.002)
    with serving(hello(served), (404, {"detail": "Not Found"})) as url:
        show("url-without-v1", run(f"--llm={url}", "--llm-samples=4"), lines=12)
    words = {"error": "Unexpected endpoint or method. (GET /models)"}
    with serving(hello(served), (200, words)) as url:
        show("url-without-v1-lm", run(f"--llm={url}", "--llm-samples=4"), lines=12)


CASES: dict[str, Callable[[], None]] = {
    "load-429": partial(load_429, 16, None),
    "load-429-after": partial(load_429, 16, "20"),
    "load-429-8": partial(load_429, 8, None),
    "load-200": load_200,
    "load-fd": load_fd,
    "two-tests-one-cell": two_tests,
    "reruns": reruns,
    "pytest-timeout": pytest_timeout,
    "sticky-adaptation": sticky,
    "home-unset": home_unset,
    "read-only": read_only,
    "async-test": async_tests,
    "loop-of-others": loop_of_others,
    "url-without-v1": url_without_v1,
}


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        CASES[name]()
