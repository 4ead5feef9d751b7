"""Connections: kept, stale, opened ahead, through a proxy, and interrupted."""

from __future__ import annotations

import asyncio
import signal
import ssl
import threading
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import trustme

from pytest_llmlat.backends.transport.connection import AnswerEnds
from pytest_llmlat.values.errors import ServerUnavailable
from tests.http.asking import CLOCK, QUESTION, answered, ask, error_of, url_of
from tests.http.loopback import (
    CLOSE,
    HANG,
    HELLO,
    Loopback,
    answer,
    body,
    ended,
    head,
    said,
    used,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.backends.completions.completions_server import (
        Completions,
    )
    from pytest_llmlat.backends.completions.sent_requests import SentRequest
    from tests.http.asking import Opener


async def gone(model: Completions) -> None:
    """Wait until no connection is open."""
    async with asyncio.timeout(10):
        while model._client._pool._all:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0)


def test_a_connection_is_kept(server: Loopback, open_at: Opener) -> None:
    """The second request needs no new connection, and has no times of one."""
    model = open_at(url_of(server), check=False)

    first, second = ask(model).transport, ask(model).transport

    assert first is not None
    assert second is not None
    assert server.connections == 1
    assert (first.reused, second.reused) == (False, True)
    assert first.connect_s is not None
    assert first.connect_s > 0
    assert first.dns_s is None
    assert (second.dns_s, second.connect_s, second.tls_s) == (None, None, None)


def test_a_connection_that_went_stale(server: Loopback, model: Completions) -> None:
    """The server closes it just as it is asked: quietly asked again, and counted."""
    server.scripts = [[CLOSE], [HELLO]]

    response = ask(model)

    assert response.error is None
    assert response.transport is not None
    assert response.transport.retried_for == ("stale",)
    assert not response.transport.reused
    assert response.transport.connect_s is not None


def test_a_connection_that_was_seen_to_close(
    server: Loopback, model: Completions
) -> None:
    """It is not tried again, so that there is nothing to count."""
    server.scripts = [[HELLO, CLOSE], [HELLO]]
    answered(model)
    model.run(gone(model))

    response = ask(model)

    assert response.transport is not None
    assert response.transport.retries == 0
    assert not response.transport.reused


def test_a_stale_connection_needs_no_retries(server: Loopback, open_at: Opener) -> None:
    """It says nothing of the server, so that it is mended even without retries."""
    server.scripts = [[CLOSE], [HELLO]]

    assert answered(open_at(url_of(server), retries=0)) == "Hello you"


def test_a_connection_that_is_not_to_be_kept(
    server: Loopback, model: Completions
) -> None:
    """A server may ask for a new connection each time; that is no retry."""
    events = body(said("a"), ended(), used(1))
    whole = answer(events, kind="text/event-stream", headers=["Connection: close"])
    server.scripts = [[whole]]

    responses = [ask(model) for _ in range(3)]

    assert [r.transport and r.transport.retries for r in responses] == [0, 0, 0]
    assert server.connections == 3


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\n\r\n", b"more", HELLO])
def test_bytes_behind_an_answer(
    server: Loopback, model: Completions, surplus: bytes
) -> None:
    """They are not taken for the answer to the next question."""
    server.scripts = [[HELLO + surplus], [HELLO.replace(b"Hello", b"Other")]]

    assert answered(model) == "Hello you"
    assert answered(model) == "Other you"
    assert server.connections == 2


def test_an_early_hint(server: Loopback, model: Completions) -> None:
    """An informational answer is not the answer."""
    server.scripts = [[b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", HELLO]]

    assert answered(model) == "Hello you"
    assert answered(model) == "Hello you"
    assert server.connections == 1


def test_connections_ahead(server: Loopback, open_at: Opener) -> None:
    """They are opened once, and the requests find them."""
    model = open_at(url_of(server), check=False)

    async def load() -> list[SentRequest]:
        await model.connect(5)
        await model.connect(5)
        asked = [model.exchange(QUESTION, CLOCK.now_ns()) for _ in range(5)]
        return list(await asyncio.gather(*asked))

    outcomes = model.run(load())

    assert server.connections == 5
    assert all(outcome.outcome.last.reused for outcome in outcomes)
    assert not any(outcome.failed for outcome in outcomes)


def test_connections_that_cannot_be_opened(
    server: Loopback, model: Completions
) -> None:
    """Opening ahead fails quietly; the exchange says it."""
    server.stop()

    model.run(model.connect(3))

    assert "cannot connect" in error_of(ask(model))


def test_many_at_once(server: Loopback, model: Completions) -> None:
    """Each answer goes to the one who asked."""
    server.scripts = [
        [HELLO.replace(b"Hello", b"%05d" % number)] for number in range(40)
    ]

    async def load() -> list[SentRequest]:
        asked = [model.exchange(QUESTION, CLOCK.now_ns()) for _ in range(40)]
        return list(await asyncio.gather(*asked))

    responses = [model.read(QUESTION, outcome) for outcome in model.run(load())]

    texts = sorted(r.generation.text for r in responses if r.generation)
    assert texts == [f"{number:05d} you" for number in range(40)]


def test_an_exchange_that_is_cancelled(server: Loopback, model: Completions) -> None:
    """It raises the cancellation; the next request gets its own answer."""
    server.scripts = [[head(), HANG], [HELLO]]

    async def give_up() -> bool:
        task = asyncio.create_task(model.exchange(QUESTION, CLOCK.now_ns()))
        await asyncio.to_thread(server.asked.acquire)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    assert model.run(give_up())
    model.run(gone(model))
    assert answered(model) == "Hello you"


def test_an_interrupt(server: Loopback, model: Completions) -> None:
    """Ctrl-C ends what is under way, and leaves a backend that can be used."""
    server.scripts = [[head(), HANG], [head(), HANG], [HELLO]]
    left: list[asyncio.Task[SentRequest]] = []

    async def wait() -> None:
        # One that is waited for, and one that nobody waits for.
        left.append(asyncio.create_task(model.exchange(QUESTION, 0)))
        await model.exchange(QUESTION, 0)

    def interrupt() -> None:
        server.asked.acquire()
        server.asked.acquire()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        model.run(wait())
    thread.join()

    assert left[0].cancelled()
    assert answered(model) == "Hello you"


def test_a_failure_of_the_caller(server: Loopback, model: Completions) -> None:
    """Whatever breaks the coroutine, nothing of it goes on."""
    server.scripts = [[HANG], [HELLO]]
    left: list[asyncio.Task[SentRequest]] = []

    async def fail() -> None:
        left.append(asyncio.create_task(model.exchange(QUESTION, 0)))
        await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        model.run(fail())

    assert left[0].cancelled()


def test_through_a_proxy(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for the whole address, and given its own credentials."""
    proxy = f"http://us:proxyword@127.0.0.1:{server.port}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    model = open_at("http://far.example:81/v1")

    text = answered(model)

    assert text == "Hello you"
    for head_, _ in server.requests:
        assert head_.split()[1].startswith("http://far.example:81/v1/")
        assert "\r\nHost: far.example:81" in head_
        assert "\r\nProxy-Authorization: Basic dXM6cHJveHl3b3Jk" in head_
    assert "proxyword" not in repr(vars(model))


def test_past_the_proxy(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What NO_PROXY names is asked itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost")

    model = open_at(url_of(server).replace("127.0.0.1", "localhost"))

    assert answered(model) == "Hello you"
    assert server.requests[0][0].startswith("GET /v1/models ")


def test_this_machine_is_asked_past_the_proxy(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without NO_PROXY too: from a proxy, 127.0.0.1 is another machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert answered(open_at(url_of(server))) == "Hello you"


def test_through_a_tunnel(
    server: Loopback,
    open_at: Opener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To a server with TLS a proxy makes a tunnel, and does not see the request."""
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    far = Loopback(tls=context)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("HTTPS_PROXY", f"us:proxyword@127.0.0.1:{server.port}")

    text = answered(open_at(f"https://localhost:{far.port}/v1"))
    far.stop()

    assert text == "Hello you"
    (asked,) = server.requests
    assert asked[0].startswith(f"CONNECT localhost:{far.port} HTTP/1.1\r\n")
    assert "\r\nProxy-Authorization: Basic dXM6cHJveHl3b3Jk" in asked[0]
    assert far.requests[0][0].startswith("GET /v1/models HTTP/1.1\r\n")
    assert "Proxy-Authorization" not in far.requests[0][0]


def test_a_proxy_that_is_not_there(
    open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the proxy that is named, without its password."""
    monkeypatch.setenv("HTTPS_PROXY", "http://us:proxyword@127.0.0.1:1")

    with pytest.raises(ServerUnavailable) as caught:
        open_at("https://far.example/v1")

    assert "cannot connect to 127.0.0.1 port 1" in str(caught.value)
    assert "(proxy http://127.0.0.1:1, from the environment)" in str(caught.value)
    assert "proxyword" not in str(caught.value)


def test_a_proxy_of_another_kind(
    open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not spoken here is refused, not passed by."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")

    with pytest.raises(ServerUnavailable, match="proxy of https://far"):
        open_at("https://far.example/v1")


def test_connections_that_begin_at_once_look_at_different_times() -> None:
    """Of a thousand no more than a few fall together, and one alone looks at once."""
    ends = AnswerEnds(is_whole=lambda _: False)

    places = [ends.next_place() for _ in range(1024)]

    assert places[0] == 0.0
    assert all(0.0 <= place < 1.0 for place in places)
    gaps = [b - a for a, b in pairwise(sorted([*places, 1.0]))]
    assert max(gaps) < 3 / 1024
