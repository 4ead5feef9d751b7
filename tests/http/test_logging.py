"""A request can be followed through the log; unasked for, nothing is written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.transport import client, connection
from pytest_llmlat.backends.transport.addresses import parse_address
from pytest_llmlat.backends.transport.client import Client
from pytest_llmlat.backends.transport.dialling import Dialler, Unreachable
from pytest_llmlat.backends.transport.messages import WireMessage
from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.values.confidential import Secret
from tests.http.asking import CLOCK, QUESTION, ask, url_of
from tests.http.loopback import HANG, answer, body, chunks, complaint, event, head, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.backends.transport.connection import Connection
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

NAME = "pytest_llmlat"
KEY = "sk-very-secret-0123456789"


class Noting(logging.Handler):
    """Keeps the lines."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one, as it would be written."""
        self.lines.append(record.getMessage())


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Give the lines of the log, which grow while the test goes on."""
    caplog.set_level(logging.DEBUG, NAME)
    handler, transport = Noting(), logging.getLogger(f"{NAME}.backends.transport")
    transport.addHandler(handler)
    yield handler.lines
    transport.removeHandler(handler)


def test_a_request_is_followed_from_the_connection_to_its_end(
    server: Loopback, lines: list[str], open_at: Opener
) -> None:
    """Each step is told under the name that the server sees too."""
    model = open_at(url_of(server))
    opened = len(lines)

    ask(model)

    head_of_request, _ = server.requests[-1]
    name = next(
        line.partition(": ")[2]
        for line in head_of_request.split("\r\n")
        if line.lower().startswith("x-request-id")
    )
    steps = [line.removeprefix(f"{name}: ") for line in lines[opened:]]
    assert lines[0].endswith(": connecting")
    assert "connected in" in lines[1]
    assert [step.split(" ")[0] for step in steps] == ["sending", "first", "status"]
    assert "on a kept connection" in steps[0]
    assert steps[-1].startswith("status 200, ")


def test_what_is_stuck_is_seen(
    server: Loopback, lines: list[str], open_at: Opener
) -> None:
    """An answer that begins and never ends: its first bytes are told, then the end."""
    model = open_at(url_of(server), timeout_s=0.2, retries=0)
    server.scripts[:0] = [[head() + chunks(event(said("Hello")), last=False), HANG]]
    begun = len(lines)

    ask(model)

    assert ["first" in line for line in lines[begun:]].count(True) == 1
    assert ": timed out, " in lines[-1]


def test_a_retry_says_why(
    server: Loopback, model: Completions, lines: list[str]
) -> None:
    """The status that led to it stands there."""
    server.scripts[:0] = [[complaint("503 Service Unavailable", "busy")]]

    ask(model)

    assert any(line.endswith(": again, because of 503") for line in lines)


def test_a_server_that_is_gone_is_told(
    server: Loopback, model: Completions, lines: list[str]
) -> None:
    """A connection that cannot be opened has its reason in the log."""
    server.stop()

    ask(model)

    assert any(": no connection: cannot connect to" in line for line in lines)


def test_keys_prompts_and_answers_stand_in_no_line(
    server: Loopback,
    lines: list[str],
    open_at: Opener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A log may be shown to others."""
    monkeypatch.setenv("MY_KEY", KEY)
    model = open_at(url_of(server), api_key_env="MY_KEY", retries=0)
    server.scripts[:0] = [[b"no HTTP\r\n\r\n"]]

    ask(model)
    ask(model)

    told = "\n".join(lines)
    assert len(lines) > 4
    assert KEY not in told
    assert QUESTION.prompt not in told
    assert "Hello" not in told


class Refusing(Dialler):
    """Opens nothing, and says the key, as a proxy may."""

    async def dial(self, on_close: Callable[[Connection], None]) -> Connection:
        """Refuse."""
        del on_close
        raise Unreachable(f"the proxy said '{KEY}'", again=False)


def test_a_key_that_somebody_repeats_is_hidden(lines: list[str]) -> None:
    """What a proxy or a server says is told without our secrets."""
    place = parse_address("http://127.0.0.1:1/v1", where="here")
    sender = Client(
        Refusing(place, place, CLOCK),
        CLOCK,
        timeout_s=1,
        retries=0,
        backoff_s=0,
        secrets=Secrets(Secret(KEY)),
    )

    asked = WireMessage(b"GET / HTTP/1.1\r\nX-Request-Id: 7\r\n\r\n")
    sender.run(sender.send(asked, 0))
    sender.close()

    assert lines == ["7: no connection: the proxy said '***'"]


def test_a_password_in_the_address_is_not_told(
    server: Loopback, lines: list[str], open_at: Opener
) -> None:
    """The address is shown without what lets us in."""
    url = url_of(server).replace("://", "://me:hidden-password@")

    ask(open_at(url))

    assert lines
    assert "hidden-password" not in "\n".join(lines)


def test_nobody_who_did_not_ask_is_told(
    server: Loopback,
    model: Completions,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With logging as it comes, no line is even put together."""
    # Each line needs the request's name.
    for module in (client, connection):
        monkeypatch.setattr(module, "request_id", None)
    server.scripts[:0] = [[answer(body(said("fine")))], [complaint("503 Busy", "busy")]]

    ask(model)
    ask(model)

    assert capfd.readouterr() == ("", "")
    assert logging.getLogger(NAME).handlers[0].__class__ is logging.NullHandler
