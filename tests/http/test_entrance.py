"""How a server is entered: headers of the entry's own, Azure's ways, and secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.http import KIND
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.confidential import Secret, WebAddress
from pytest_llmlat.values.errors import BadCatalogue, ServerUnavailable
from tests.http.asking import answered, ask, error_of, url_of
from tests.http.loopback import HELLO, answer, complaint

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

KEY = "very-secret-0123456789abcdef"
LONG = "Rj5Ym2Lc6Hd4Fs1Gw8Ue"


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a key into the environment."""
    monkeypatch.setenv("GATE_KEY", KEY)


def heads(server: Loopback) -> list[list[str]]:
    """Return the lines of the head of each request."""
    return [head.split("\r\n") for head, _ in server.requests]


def test_headers_go_with_every_request(server: Loopback, open_at: Opener) -> None:
    """Those of the entry stand in the question and in the look before it."""
    headers = {"api-key": "${GATE_KEY}", "X-Team": "search"}

    answered(open_at(url_of(server), headers=headers))

    assert len(heads(server)) == 2
    for head in heads(server):
        assert f"api-key: {KEY}" in head
        assert "X-Team: search" in head


def test_a_variable_in_the_midst_of_a_value(server: Loopback, open_at: Opener) -> None:
    """What stands round it is sent as it is."""
    answered(open_at(url_of(server), headers={"Authorization": "Token ${GATE_KEY}"}))

    assert all(f"Authorization: Token {KEY}" in head for head in heads(server))


def test_a_header_of_ours_is_replaced(server: Loopback, open_at: Opener) -> None:
    """A request has one host and one agent: those of the entry."""
    answered(open_at(url_of(server), headers={"host": "inner", "User-Agent": "me/1"}))

    for head in heads(server):
        assert [line for line in head if line.lower().startswith("host:")] == [
            "host: inner"
        ]
        agents = [line for line in head if "agent" in line.lower()]
        assert agents == ["User-Agent: me/1"]


def test_facts_tell_headers_without_their_secrets(
    server: Loopback, open_at: Opener
) -> None:
    """Names and plain values identify a run; what came from a variable is hidden."""
    headers = {"api-key": "${GATE_KEY}", "X-Team": "search"}

    facts = open_at(url_of(server), headers=headers).facts

    assert facts["headers"] == "api-key: ***, X-Team: search"
    assert KEY not in repr(facts)


@pytest.mark.parametrize("header", ["api-key", "X-Anything"])
def test_a_server_that_repeats_the_key(
    server: Loopback, open_at: Opener, header: str
) -> None:
    """The value of a variable stands in no error, whatever its header is called."""
    server.scripts = [[complaint("401 Unauthorized", f"bad key {KEY}")]]
    model = open_at(url_of(server), headers={header: "Key ${GATE_KEY}"})

    error = error_of(ask(model))

    assert KEY not in error
    assert "bad key ***" in error
    assert f"{header}: ***" in error


@pytest.mark.parametrize("status", ["401 Unauthorized", "500 Broken"])
def test_a_server_that_repeats_the_whole_request(
    server: Loopback, open_at: Opener, status: str
) -> None:
    """Nothing of it that lets somebody in stands in the error, however deep it lay."""
    secret = "Zq7Wv9Kp3Tn8Bx"  # noqa: S105 - made up
    body = {
        "deep": {"auth": [{"value": secret}]},
        "list": [f"http://me:{secret}@host/v1?x={secret}"],
        "stop_at": LONG,
    }
    server.scripts = [[complaint(status, f"no: {json.dumps(body)}")]]
    model = open_at(url_of(server), extra_body=json.dumps(body))

    error = error_of(ask(model))

    assert '"value": "***"' in error
    assert secret[:6] not in error
    assert LONG not in error


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-Key": "${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE"),
        ({"X Key": "1"}, "no header can have this name"),
        ({"X-A": "b\r\nX-C: d"}, "cannot be sent"),
        ({"X-A": "ü"}, "cannot be sent"),
        ({"Content-Length": "7"}, "is set for each request"),
        ({"X-A": "1", "x-a": "2"}, "twice"),
        ({"Authorization": f"Bearer {KEY}"}, "not to stand in a file"),
        ({"api-key": KEY}, "not to stand in a file"),
    ],
)
def test_headers_that_cannot_be(
    server: Loopback, open_at: Opener, headers: dict[str, str], told: str
) -> None:
    """They are refused by name before anything is sent, and no value is shown."""
    with pytest.raises(ServerUnavailable, match=told) as caught:
        open_at(url_of(server), headers=headers)

    assert not server.requests
    assert KEY not in str(caught.value)


def test_one_authorization(server: Loopback, open_at: Opener) -> None:
    """A key and a header of that name cannot both be sent."""
    with pytest.raises(ServerUnavailable, match="one of them"):
        open_at(
            url_of(server),
            api_key_env="GATE_KEY",
            headers={"authorization": "Bearer ${GATE_KEY}"},
        )


def test_a_catalogue_has_headers(tmp_path: Path) -> None:
    """They are a table of strings; variables stay names until a server is opened."""
    file = tmp_path / "models.toml"
    entry = '[models.mine]\nbackend = "http"\nurl = "http://h/v1"\n'
    file.write_text(f'{entry}headers = {{ api-key = "${{GATE_KEY}}" }}\n', "utf-8")

    model = load_models([file]).entries["mine"]

    assert model.headers == (("api-key", Secret("${GATE_KEY}")),)
    file.write_text(f"{entry}headers = {{ x = 7 }}\n", "utf-8")
    with pytest.raises(BadCatalogue, match=r"headers\.x"):
        load_models([file])


def test_azures_address_of_a_deployment(server: Loopback, open_at: Opener) -> None:
    """The deployment is the model's name, and the version stands in every address."""
    place = f"http://127.0.0.1:{server.port}/openai/deployments/my-gpt"
    server.models = [answer('{"error": {"code": "404"}}', status="404 Not Found")]

    model = open_at(
        f"{place}?api-version=2024-10-21",
        weights=None,
        headers={"api-key": "${GATE_KEY}"},
    )

    assert answered(model) == "Hello you"
    assert model.facts["model"] == "my-gpt"
    assert heads(server)[-1][0] == (
        "POST /openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
        " HTTP/1.1"
    )


def test_azures_own_messages(server: Loopback, open_at: Opener) -> None:
    """What its filters found stands beside the choices, and is no text."""
    found = {"hate": {"filtered": False, "severity": "safe"}}
    first = {
        "choices": [],
        "prompt_filter_results": [{"content_filter_results": found}],
    }
    last = {"choices": [{"index": 0, "content_filter_results": found}]}
    opening = HELLO.index(b"\r\n\r\n") + 4
    more = b"".join(
        b"%x\r\n%b\r\n" % (len(data), data)
        for data in (f"data: {json.dumps(m)}\n\n".encode() for m in (first, last))
    )
    server.scripts = [[HELLO[:opening] + more + HELLO[opening:]]]

    response = ask(open_at(url_of(server)))

    assert response.generation is not None
    assert response.generation.text == "Hello you"
    assert sum(response.timing.stamp_tokens) == 2


def test_a_name_shows_no_query_but_the_version() -> None:
    """A key behind the question mark stands in no report; a version may."""
    assert KIND.read_address is not None

    model = KIND.read_address(f"https://h/v1?api-version=7&key={KEY}#tiny")

    assert model.name == "https://h/v1?api-version=7#tiny"
    assert model.url == WebAddress(f"https://h/v1?api-version=7&key={KEY}")


def test_a_key_in_the_query_is_hidden(server: Loopback, open_at: Opener) -> None:
    """A server that repeats the address does not bring it into an error."""
    server.scripts = [[complaint("400 Bad Request", f"no such key: {KEY}")]]

    error = error_of(ask(open_at(f"{url_of(server)}?key={KEY}")))

    assert KEY not in error
