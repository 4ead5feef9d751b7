"""Answers that are none: refusals, retries, and what a server does not want."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.timing import NS_PER_S
from tests.http.asking import CLOCK, QUESTION, answered, ask, error_of, url_of
from tests.http.loopback import (
    HANG,
    HELLO,
    answer,
    complaint,
)

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

BUSY = complaint("429 Too Many Requests", "slow down")


def test_not_authorised(server: Loopback, model: Completions) -> None:
    """It is said that no key was given; nothing is sent again."""
    server.scripts = [[complaint("401 Unauthorized", "who are you?")]]

    response = ask(model)

    assert "HTTP 401: who are you?; no key was sent" in error_of(response)
    assert "api_key_env" in error_of(response)
    assert response.transport is not None
    assert (response.transport.status, response.transport.retries) == (401, 0)


def test_a_model_that_is_gone(server: Loopback, model: Completions) -> None:
    """The models that the server has are listed."""
    server.scripts = [[complaint("404 Not Found", "no such model")]]

    error = error_of(ask(model))

    assert error == (
        f"{url_of(server)}: HTTP 404: no such model; the server's models: tiny, small"
    )


@pytest.mark.parametrize(
    "status",
    [
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ],
)
def test_a_failure_that_passes(
    server: Loopback, model: Completions, status: str
) -> None:
    """The request is sent again, and its latency counts from the first time."""
    server.scripts = [[complaint(status, "not now")], [HELLO]]
    start = CLOCK.now_ns()

    exchange = model.run(model.exchange(QUESTION, start))
    response = model.read(QUESTION, exchange)

    assert response.generation is not None
    assert response.generation.text == "Hello you"
    assert response.transport is not None
    assert response.transport.retries == 1
    assert response.transport.retried_for == (status[:3],)
    assert response.transport.status == 200
    assert response.timing.start_ns == start
    sent = response.timing.sent_ns
    assert sent is not None
    # Sent again after the first answer had been written, but not counted from there.
    assert exchange.outcome.last.sent_ns is not None
    assert sent < exchange.outcome.last.sent_ns


def test_a_failure_that_stays(server: Loopback, model: Completions) -> None:
    """After the last retry the error says how often, and gives the server's words."""
    server.scripts = [[complaint("503 Service Unavailable", "loading\nthe model")]]

    response = ask(model)

    assert "HTTP 503 after 3 retries (503, 503, 503): loading the model" in error_of(
        response
    )
    assert len(server.posted) == 4
    assert response.transport is not None
    assert response.transport.retries == 3


def test_no_retries_if_none_are_wanted(server: Loopback, open_at: Opener) -> None:
    """The option counts retries, so that 0 means one sending."""
    server.scripts = [[BUSY]]

    error = error_of(ask(open_at(url_of(server), retries=0)))

    assert "HTTP 429: slow down; it is busy" in error
    assert len(server.posted) == 1


def test_a_wait_that_was_asked_for_is_kept(
    server: Loopback, model: Completions
) -> None:
    """What Retry-After says is waited, however short our own wait would be."""
    wait = complaint("429 Too Many Requests", "slow down", "Retry-After: 1")
    server.scripts = [[wait], [HELLO]]

    exchange = model.run(model.exchange(QUESTION, CLOCK.now_ns()))

    assert not exchange.failed
    assert exchange.outcome.last.sent_ns is not None
    assert exchange.outcome.sent_ns is not None
    assert exchange.outcome.last.sent_ns - exchange.outcome.sent_ns >= 0.9 * NS_PER_S


def test_a_wait_of_no_seconds(server: Loopback, open_at: Opener) -> None:
    """A server may say that it can be asked again at once."""
    server.scripts = [
        [complaint("429 Too Many Requests", "x", "Retry-After: 0")],
        [HELLO],
    ]

    assert answered(open_at(url_of(server), backoff_s=3600)) == "Hello you"


@pytest.mark.parametrize("dated", [False, True])
def test_a_wait_that_is_too_long(
    server: Loopback, open_at: Opener, *, dated: bool
) -> None:
    """Who asks us to wait for an hour is not asked again."""
    when = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    asked = f"Retry-After: {when if dated else 3600}"
    server.scripts = [[complaint("429 Too Many Requests", "slow down", asked)]]

    error = error_of(ask(open_at(url_of(server), timeout_s=5e5)))

    assert "HTTP 429: slow down" in error
    assert dated or "it asks to wait 3600 s" in error
    assert len(server.posted) == 1


def test_a_wait_beyond_the_time_limit(server: Loopback, open_at: Opener) -> None:
    """A retry that would come too late is not waited for."""
    wait = complaint("429 Too Many Requests", "slow down", "Retry-After: 50")
    server.scripts = [[wait]]

    response = ask(open_at(url_of(server), timeout_s=5.0))

    assert not response.timed_out
    assert "it asks to wait 50 s" in error_of(response)


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "501 No"])
def test_what_would_fail_again_is_not_sent_again(
    server: Loopback, model: Completions, status: str
) -> None:
    """Only failures that may pass are worth another request."""
    server.scripts = [[complaint(status, "no")]]

    assert f"HTTP {status[:3]}: no" in error_of(ask(model))
    assert len(server.posted) == 1


def test_the_time_limit_is_for_all_retries(server: Loopback, open_at: Opener) -> None:
    """A retry does not get a new time limit."""
    server.scripts = [[BUSY], [HANG]]

    response = ask(open_at(url_of(server), timeout_s=0.3))

    assert response.timed_out
    assert "timed out after 0.3 s after 1 retry (429)" in error_of(response)
    assert response.timing.end_ns - response.timing.start_ns < 10 * NS_PER_S


def test_a_redirect(server: Loopback, model: Completions) -> None:
    """It is not followed: the key may not be for the other place."""
    to = "Location: https://user:word@elsewhere/v2?token=1"
    server.scripts = [[answer(status="307 Temporary Redirect", headers=[to])]]

    error = error_of(ask(model))

    assert "HTTP 307: redirects to https://elsewhere/v2?…; put the address" in error
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "message",
    [
        "'max_completion_tokens' is too large: the maximum context length is 4096",
        "the request exceeds the available context size",
        "prompt is too long",
    ],
)
def test_a_prompt_that_is_too_long(
    server: Loopback, model: Completions, message: str
) -> None:
    """It is an answer of no text, as it is for a model in this process."""
    server.scripts = [[complaint("400 Bad Request", message)]]

    response = ask(model)

    assert response.error is None
    assert response.generation is not None
    assert (response.generation.text, response.generation.finish) == ("", "context")
    assert response.generation.output_tokens is None
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Unrecognized request argument: stream_options", "stream_options"),
        ("body -> seed: extra fields not permitted", "seed"),
        ("'stop' is not supported by this model", "stop"),
    ],
)
def test_a_parameter_that_is_not_wanted(
    server: Loopback, model: Completions, message: str, name: str
) -> None:
    """It is left out from then on, and the retry is told."""
    server.scripts = [[complaint("400 Bad Request", message)], [HELLO]]
    request = replace(QUESTION, stop=("Q:",))

    first = ask(model, request)
    second = ask(model, request)

    assert first.error is None
    assert first.transport is not None
    assert first.transport.retried_for == (f"400 {name}",)
    assert second.transport is not None
    assert second.transport.retries == 0
    assert [name in body for body in server.posted] == [True, False, False]


def test_a_parameter_of_another_name(server: Loopback, model: Completions) -> None:
    """Newer models call the length of an answer otherwise."""
    told = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server.scripts = [[complaint("400 Bad Request", told)], [HELLO]]

    assert answered(model) == "Hello you"
    assert server.posted[1]["max_completion_tokens"] == 64
    assert "max_tokens" not in server.posted[1]


def test_a_parameter_is_given_up_only_once(
    server: Loopback, model: Completions
) -> None:
    """A server that always complains of the same ends as an error."""
    server.scripts = [[complaint("400 Bad Request", "bad seed")]]

    assert "HTTP 400 after 1 retry (400 seed): bad seed" in error_of(ask(model))


def test_a_parameter_that_was_not_the_reason_is_sent_again(
    server: Loopback, model: Completions
) -> None:
    """A refusal of one question that only names it changes nothing for the others."""
    refused = complaint("400 Bad Request", "policy; input was {'seed': 0}")
    server.scripts = [[refused], [refused], [HELLO]]

    assert "policy" in error_of(ask(model))
    assert answered(model) == "Hello you"

    assert "seed" in server.posted[-1]
    assert model.facts["left_out"] is None


def test_what_is_left_out_is_a_fact(server: Loopback, model: Completions) -> None:
    """Answers without a seed are not those that were asked for."""
    server.scripts = [[complaint("422 No", "seed: extra inputs")], [HELLO]]

    ask(model)

    assert model.facts["left_out"] == "seed"


def test_long_words_are_shortened(server: Loopback, model: Completions) -> None:
    """A page of a server's text does not fill the report, nor move the cursor."""
    server.scripts = [[complaint("400 Bad Request", "\x1b[2J" + "x" * 5000)]]

    error = error_of(ask(model))

    assert len(error) < 500
    assert error.isprintable()
