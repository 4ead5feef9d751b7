"""The server of the instrument: what it writes and logs is what a client sees."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.measure.instrument import calibration
from pytest_llmlat.measure.instrument.calibration import Pulse, pulse_server
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import MissingExtra, ServerUnavailable
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("httptools")

MS = NS_PER_S // 1000
AT_ONCE = Schedule(ttft_s=0.0, tokens=12, gap_s=0.0)
NEVER = Schedule(ttft_s=0.0, tokens=2, gap_s=3600.0)
CHAT = "/v1/chat/completions"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def pulse() -> Iterator[Pulse]:
    """Give a server that writes all of its tokens at once."""
    with pulse_server(AT_ONCE) as running:
        yield running


@pytest.fixture
def line(pulse: Pulse) -> Iterator[HTTPConnection]:
    """Give a connection to it, whose log is empty."""
    pulse.log()
    connection = HTTPConnection("127.0.0.1", pulse.port, timeout=30)
    yield connection
    connection.close()


@dataclass(frozen=True)
class Answer:
    """What a client saw of one request."""

    header: str | None
    events: list[str]

    @property
    def messages(self) -> list[dict[str, object]]:
        """All events but the last, which is no JSON."""
        return [json.loads(event) for event in self.events[:-1]]

    @property
    def texts(self) -> list[str]:
        """The content, token by token."""
        told: list[str] = []
        for event in self.events[:-1]:
            for choice in json.loads(event)["choices"]:
                told += [choice["delta"]["content"]] if choice["delta"] else []
        return told


def ask(line: HTTPConnection, name: str | None = None) -> Answer:
    """Send one request and read the whole answer."""
    line.request("POST", CHAT, b"{}", {"X-Request-Id": name} if name else {})
    response = line.getresponse()
    body = response.read().decode()
    events = [event.removeprefix("data: ") for event in body.split("\n\n") if event]
    return Answer(response.getheader("x-request-id"), events)


def ask_raw(pulse: Pulse, text: bytes) -> bytes:
    """Send bytes and read until the server closes or this side is told enough."""
    with socket.create_connection(("127.0.0.1", pulse.port), timeout=30) as line:
        line.sendall(text)
        line.shutdown(socket.SHUT_WR)
        told = b""
        while piece := line.recv(1 << 16):
            told += piece
    return told


def test_the_log_is_what_the_client_saw(pulse: Pulse, line: HTTPConnection) -> None:
    """Requests of one connection are logged in order, each with all of its tokens.

    The stamps of both processes are of one clock: nothing is received before it was
    sent, written before it was received, or seen before it was written.
    """
    clock = SystemClock()
    sides = []
    for _ in range(3):
        sent = clock.now_ns()
        answer = ask(line)
        sides.append((sent, answer, clock.now_ns()))

    log = pulse.log()

    assert [entry.id for entry in log] == [answer.header for _, answer, _ in sides]
    for entry, (sent, answer, ended) in zip(log, sides, strict=True):
        assert answer.texts == [f" {place:02}" for place in range(AT_ONCE.tokens)]
        assert len(entry.written_ns) == AT_ONCE.tokens
        stamps = [sent, entry.received_ns, *entry.written_ns, ended]
        assert stamps == sorted(stamps)


def test_an_answer_says_why_it_ended_and_how_long_it_was(line: HTTPConnection) -> None:
    """After the tokens come the reason, the usage and the word that all is said."""
    answer = ask(line)

    *tokens, finish, usage = answer.messages
    assert answer.events[-1] == "[DONE]"
    assert len(tokens) == AT_ONCE.tokens
    assert finish["choices"] == [
        {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    ]
    assert usage["choices"] == []
    assert usage["usage"] == {
        "prompt_tokens": 1,
        "completion_tokens": AT_ONCE.tokens,
        "total_tokens": AT_ONCE.tokens + 1,
    }


@pytest.mark.parametrize("awake", [False, True])
def test_no_token_is_written_before_its_time(*, awake: bool) -> None:
    """Tokens may be late, and the log says so, but never early."""
    schedule = Schedule(ttft_s=0.02, tokens=4, gap_s=0.005)
    with pulse_server(schedule, awake=awake) as pulse:
        line = HTTPConnection("127.0.0.1", pulse.port, timeout=30)
        ask(line)
        line.close()

        (entry,) = pulse.log()

    due = [schedule.due_ns(entry.received_ns, token) for token in range(4)]
    assert due[1] - due[0] == 5 * MS
    assert all(w >= d for w, d in zip(entry.written_ns, due, strict=True))
    assert entry.ttft_s >= 0.02
    assert schedule.e2e_s == pytest.approx(0.035)


def test_reading_the_log_empties_it(pulse: Pulse, line: HTTPConnection) -> None:
    """Each request is told once."""
    ask(line)

    assert len(pulse.log()) == 1
    assert pulse.log() == []


def test_a_client_may_name_its_request(pulse: Pulse, line: HTTPConnection) -> None:
    """The client's own name is in the header, in every message and in the log."""
    answer = ask(line, "mine-1")

    assert answer.header == "mine-1"
    assert {message["id"] for message in answer.messages} == {"mine-1"}
    assert [entry.id for entry in pulse.log()] == ["mine-1"]


@pytest.mark.parametrize("name", ['a"b', "a b", "x" * 129])
def test_a_name_that_would_break_the_answer_is_not_taken(
    line: HTTPConnection, name: str
) -> None:
    """A name is echoed only if it can stand in a header and in JSON as it is."""
    answer = ask(line, name)

    assert answer.header is not None
    assert answer.header.startswith("pulse-")
    assert len(answer.texts) == AT_ONCE.tokens


def test_it_lists_its_one_model(line: HTTPConnection) -> None:
    """Whoever looks a model up first finds ``pulse``."""
    line.request("GET", "/v1/models")

    listed = json.loads(line.getresponse().read())

    assert [model["id"] for model in listed["data"]] == ["pulse"]


def test_other_addresses_are_not_found(pulse: Pulse, line: HTTPConnection) -> None:
    """What is not served is refused, and the connection goes on."""
    line.request("GET", CHAT)
    refused = line.getresponse()
    refused.read()

    assert refused.status == 404
    assert len(ask(line).texts) == AT_ONCE.tokens
    assert len(pulse.log()) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00",
        b"POST\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: no\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Le",
        b"GET /log HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        POST + POST,
        b"",
    ],
)
def test_a_malformed_request_harms_nobody_else(
    pulse: Pulse, line: HTTPConnection, text: bytes
) -> None:
    """Whatever comes over one connection, the others are served on."""
    ask_raw(pulse, text)

    assert len(ask(line).texts) == AT_ONCE.tokens


def test_an_answer_that_nobody_waits_for_is_logged_as_far_as_it_came() -> None:
    """A client that leaves takes nothing but its own answer with it."""
    with pulse_server(NEVER) as pulse:
        with socket.create_connection(("127.0.0.1", pulse.port), timeout=30) as line:
            line.sendall(POST)
            seen = b""
            while b'"content":" 0"' not in seen:
                seen += line.recv(1 << 16)
        while not (log := pulse.log()):
            pass  # until the server has noticed

    assert [len(entry.written_ns) for entry in log] == [1]


def test_it_ends_with_whoever_started_it() -> None:
    """When its standard input closes it ends, whatever it was doing."""
    command = [
        sys.executable,
        "-m",
        "pytest_llmlat.measure.instrument.pulse",
        "--gap=3600",
    ]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        with socket.create_connection(address, timeout=30) as line:
            line.sendall(POST)
            line.recv(1)
            process.stdin.close()

            assert process.wait(30) == 0


def test_nothing_is_left_when_the_session_is_over() -> None:
    """The process has ended when the context is left, also by an error."""
    found = []
    with pytest.raises(KeyError), pulse_server(AT_ONCE) as pulse:  # noqa: PT012
        found.append(pulse)
        raise KeyError

    with pytest.raises(ServerUnavailable, match="does not tell its log"):
        found[0].log()


def test_a_server_that_does_not_start_says_why() -> None:
    """The reason is the last line of what it said."""
    wrong = Schedule(tokens=0)

    with (
        pytest.raises(ServerUnavailable, match="one token or more"),
        pulse_server(wrong),
    ):
        pass


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without httptools, the pip line is given before any process is started."""
    monkeypatch.setattr(calibration, "find_spec", lambda _: None)

    with pytest.raises(MissingExtra, match=r"pytest-llmlat\[http\]"), pulse_server():
        pass
