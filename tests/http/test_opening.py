"""What is found out of a server before the first question, and what it is told."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import sys
import traceback
from typing import TYPE_CHECKING

import pytest
import trustme

from pytest_llmlat.values.errors import (
    BadCatalogue,
    MissingExtra,
    ServerUnavailable,
)
from tests.http.asking import answered, ask, error_of, url_of
from tests.http.loopback import HELLO, Loopback, answer, complaint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.http.asking import Opener
    from tests.http.loopback import Script

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give an authority that nobody trusts of their own accord."""
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[Loopback]:
    """Give a server with a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    running = Loopback(tls=context)
    yield running
    running.stop()


def test_it_is_a_server(server: Loopback, open_at: Opener) -> None:
    """It says so, and has no memory of a device."""
    model = open_at(url_of(server))

    assert model.remote
    assert model.device_peak_bytes() is None


def test_the_facts(server: Loopback, open_at: Opener) -> None:
    """Which model, where, under which settings."""
    assert dict(open_at(url_of(server)).facts) == {
        "library": "http",
        "url": url_of(server),
        "model": "tiny",
        "server": "odd/1",
        "chat": True,
        "stream": True,
        "timeout_s": 20.0,
        "extra_body": None,
        "awake": False,
        "context": None,
        "headers": None,
        "structured_by": None,
        "left_out": None,
        "cache": None,
        "cold_by": None,
        "keeps_prompts": None,
    }


def test_the_context_is_a_fact_where_it_is_told(
    server: Loopback, open_at: Opener
) -> None:
    """Some servers say how long their model's context is."""
    listed = {"data": [{"id": "only", "max_model_len": 2048}]}
    server.models = [answer(json.dumps(listed))]

    facts = open_at(url_of(server), weights=None).facts

    assert (facts["model"], facts["context"]) == ("only", 2048)


def test_nobody_there(open_at: Opener) -> None:
    """A refused connection names the place and what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(ServerUnavailable) as caught:
        open_at(f"http://127.0.0.1:{port}/v1")

    assert str(caught.value) == (
        f"http://127.0.0.1:{port}/v1: cannot connect to 127.0.0.1 port {port}:"
        " Connection refused; is the server running, and is the port right?"
    )


def test_gone_after_the_opening(server: Loopback, open_at: Opener) -> None:
    """A connection that is refused later is tried again, and then an error."""
    model = open_at(url_of(server))
    server.stop()

    response = ask(model)

    assert "cannot connect" in error_of(response)
    assert response.transport is not None
    assert response.transport.retried_for == ("stale", *["connect"] * 3)
    assert response.transport.status is None


def test_no_such_name(open_at: Opener) -> None:
    """A name that nobody has is the first thing to check."""
    with pytest.raises(ServerUnavailable) as caught:
        open_at("http://no-such-host.invalid:8000/v1")

    assert "the name 'no-such-host.invalid' cannot be looked up" in str(caught.value)


def test_a_certificate_that_is_not_trusted(
    tls_server: Loopback, open_at: Opener
) -> None:
    """The reason is given, and the variable that mends it."""
    with pytest.raises(ServerUnavailable) as caught:
        open_at(url_of(tls_server, "https"))

    assert "TLS with 127.0.0.1 failed" in str(caught.value)
    assert "certificate" in str(caught.value)
    assert "SSL_CERT_FILE" in str(caught.value)


def test_a_certificate_that_is_trusted(
    tls_server: Loopback,
    authority: trustme.CA,
    open_at: Opener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the authority's file the answer comes, and TLS has its time."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    model = open_at(f"https://localhost:{tls_server.port}/v1", check=False)

    response = ask(model)

    assert response.error is None
    assert response.transport is not None
    assert response.transport.tls_s is not None
    assert response.transport.dns_s is not None
    assert response.transport.tls_s > 0
    assert answered(model) == "Hello you"


def test_no_tls_where_it_was_expected(server: Loopback, open_at: Opener) -> None:
    """An https address of a plain server says so."""
    with pytest.raises(ServerUnavailable, match="write http://"):
        open_at(url_of(server, "https"))


def test_a_model_that_is_not_there(server: Loopback, open_at: Opener) -> None:
    """The nearest of the server's models come first."""
    with pytest.raises(ServerUnavailable) as caught:
        open_at(url_of(server), weights="smal")

    assert "no model 'smal'; the server has: small, tiny" in str(caught.value)


def test_a_model_that_was_not_named(server: Loopback, open_at: Opener) -> None:
    """Of several models none is taken by chance."""
    with pytest.raises(ServerUnavailable, match="the server has 2: tiny, small"):
        open_at(url_of(server), weights=None)


def test_a_model_by_its_short_name(server: Loopback, open_at: Opener) -> None:
    """What is listed with the tag of the latest can be asked for without it."""
    server.models = [answer(json.dumps({"data": [{"id": "llama:latest"}]}))]

    assert open_at(url_of(server), weights="llama").facts["model"] == "llama"


@pytest.mark.parametrize("status", ["404 Not Found", "405 Not Allowed", "501 No"])
def test_a_server_that_lists_nothing(
    server: Loopback, open_at: Opener, status: str
) -> None:
    """Not every server has a list; it is believed to have the model."""
    server.models = [answer(status=status)]

    assert answered(open_at(url_of(server))) == "Hello you"


def test_a_server_that_is_not_asked(server: Loopback, open_at: Opener) -> None:
    """With the check off nothing is sent before the first question."""
    open_at(url_of(server), weights="other", check=False)

    assert server.connections == 0


def test_a_web_page_instead_of_models(server: Loopback, open_at: Opener) -> None:
    """The address of a start page is the wrong one."""
    server.models = [answer("<html>", kind="text/html")]

    with pytest.raises(ServerUnavailable, match="it usually ends in /v1"):
        open_at(url_of(server))


def test_a_server_that_is_still_loading(server: Loopback, open_at: Opener) -> None:
    """It is waited for, as often as a request would be."""
    loading: Script = [complaint("503 Service Unavailable", "Loading model")]
    server.models_before = [loading, loading]

    assert answered(open_at(url_of(server))) == "Hello you"


def test_a_server_that_goes_on_loading(server: Loopback, open_at: Opener) -> None:
    """It is said in the server's own words."""
    server.models = [complaint("503 Service Unavailable", "Loading model")]

    with pytest.raises(ServerUnavailable, match=r"HTTP 503 after .*: Loading model"):
        open_at(url_of(server))


def test_a_key_that_is_good_for_answers_alone(
    server: Loopback, open_at: Opener
) -> None:
    """Where a model was named, the list is not needed; where none was, it is."""
    server.models = [complaint("403 Forbidden", "Missing scopes: api.model.read")]

    assert answered(open_at(url_of(server))) == "Hello you"
    with pytest.raises(ServerUnavailable, match="Missing scopes"):
        open_at(url_of(server), weights=None)


@pytest.mark.parametrize(
    "models",
    [answer(status="404 Not Found"), answer('{"error": "Unexpected endpoint"}')],
)
def test_an_address_without_a_list_and_no_name(
    server: Loopback, open_at: Opener, models: bytes
) -> None:
    """The first mistake of everyone: it is said how addresses end."""
    server.models = [models]

    with pytest.raises(ServerUnavailable, match="ends in /v1, and #NAME") as told:
        open_at(url_of(server), weights=None)
    assert "404" in str(told.value) or "Unexpected endpoint" in str(told.value)


def test_no_key_where_one_is_wanted(server: Loopback, open_at: Opener) -> None:
    """It is said how to give one."""
    server.models = [complaint("401 Unauthorized", "key?")]

    with pytest.raises(ServerUnavailable, match="no key was sent; put it into"):
        open_at(url_of(server))


def test_a_key_is_sent(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The named variable's; a key that lies about for another server is not sent."""
    monkeypatch.setenv("OPENAI_API_KEY", "usual-key")
    monkeypatch.setenv("MY_KEY", KEY)

    open_at(url_of(server))
    open_at(url_of(server), api_key_env="MY_KEY")

    assert "Authorization" not in server.requests[0][0]
    assert f"\r\nAuthorization: Bearer {KEY}" in server.requests[1][0]


def test_a_variable_that_is_not_set(server: Loopback, open_at: Opener) -> None:
    """It is named, and no other key is sent instead."""
    with pytest.raises(ServerUnavailable, match="variable MY_KEY, which is not set"):
        open_at(url_of(server), api_key_env="MY_KEY")
    assert server.connections == 0


def test_a_key_that_would_be_two_headers(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line break in a key is refused, without showing the key."""
    monkeypatch.setenv("MY_KEY", f"{KEY}\r\nX-Evil: 1")

    with pytest.raises(ServerUnavailable, match="line break") as caught:
        open_at(url_of(server), api_key_env="MY_KEY")
    assert KEY not in str(caught.value)


def test_a_key_that_is_not_let_in_is_named_by_its_variable(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key itself, which the server echoes, stands nowhere."""
    monkeypatch.setenv("MY_KEY", KEY)
    server.models = [complaint("401 Unauthorized", f"bad key {KEY} " + "x" * 255 + KEY)]

    with pytest.raises(ServerUnavailable) as caught:
        open_at(url_of(server), api_key_env="MY_KEY")

    told = "".join(traceback.format_exception(caught.value))
    assert "bad key *** " in told
    assert "variable MY_KEY" in told
    assert KEY[:8] not in told


def test_the_key_stands_nowhere(
    server: Loopback,
    open_at: Opener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in a record, nor in the facts, a repr or a log."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_KEY", KEY)
    model = open_at(url_of(server), api_key_env="MY_KEY")
    choice = {"message": {"content": f"your key is {KEY}"}, "finish_reason": "stop"}
    server.scripts = [
        [complaint("400 Bad Request", f"who is {KEY}?", f"X-Request-Id: {KEY}")],
        [answer(json.dumps({"id": KEY, "choices": [choice]}))],
        [answer(f"nonsense {KEY}")],
    ]

    responses = [ask(model) for _ in server.scripts[:]]

    seen = repr((responses, model, vars(model), model.facts)) + caplog.text
    assert KEY not in seen
    assert "who is ***?" in seen
    assert "your key is ***" in seen


def test_credentials_in_an_address(server: Loopback, open_at: Opener) -> None:
    """They are sent as Basic, and shown to nobody."""
    model = open_at(f"http://me:p%40ssword@127.0.0.1:{server.port}/v1")
    server.scripts = [[complaint("400 Bad Request", "not p@ssword but p%40ssword")]]

    error = error_of(ask(model))

    assert "\r\nAuthorization: Basic bWU6cEBzc3dvcmQ=" in server.requests[0][0]
    assert "not *** but ***" in error
    assert "ssword" not in error + repr(model) + repr(model.facts)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://", "http://x:y"])
def test_no_address(open_at: Opener, url: str) -> None:
    """What is no address is not shown, since it may hold a password."""
    with pytest.raises(ServerUnavailable, match="not an address of a server"):
        open_at(url)


def test_an_option_that_is_no_number(server: Loopback, open_at: Opener) -> None:
    """The message names the option."""
    with pytest.raises(BadCatalogue, match="option retries = 'many'"):
        open_at(url_of(server), retries="many")


@pytest.mark.parametrize("library", ["httptools", "tenacity"])
def test_a_library_that_is_missing(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """It gives the pip line."""
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(MissingExtra, match=r"pip install 'pytest-llmlat\[http\]'"):
        open_at(url_of(server))


def test_without_uvloop(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard event loop will do, slower."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    server.scripts = [[complaint("503 Service Unavailable", "x")], [HELLO]]

    assert answered(open_at(url_of(server))) == "Hello you"


def test_closing_twice(server: Loopback, open_at: Opener) -> None:
    """The second time does nothing."""
    model = open_at(url_of(server))

    model.close()
    model.close()

    assert server.connections == 1


def test_only_one_way_to_be_let_in(
    server: Loopback, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user in the address and a key cannot both be sent, and none is dropped."""
    monkeypatch.setenv("MY_KEY", KEY)

    with pytest.raises(ServerUnavailable, match="can carry one of them"):
        open_at(f"http://me:word@127.0.0.1:{server.port}/v1", api_key_env="MY_KEY")
