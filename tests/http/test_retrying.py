"""Which statuses are tried again, and the waits that servers ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pytest_llmlat.backends.completions.requests import too_long
from pytest_llmlat.backends.transport.retrying import is_passing, wait_asked


@pytest.mark.parametrize(
    "status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 524, 529, 599]
)
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Also what gateways have added: Cloudflare's 52x, Anthropic's 529."""
    assert is_passing(status)


@pytest.mark.parametrize("status", [None, 200, 301, 400, 401, 404, 422, 501, 505, 600])
def test_what_will_be_the_same_is_not(status: int | None) -> None:
    """A request that is wrong stays so, and what a server never learnt too."""
    assert not is_passing(status)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0.6 "}, 0.6),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "2", "retry-after-ms": "soon"}, 2.0),
        ({"retry-after": "2.5s"}, 2.5),
        ({"retry-after": "300ms"}, 0.3),
        ({"retry-after": ".5"}, 0.5),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "later"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_is_asked_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    """In seconds, whole or not, or in milliseconds."""
    assert wait_asked(headers) == seconds


def test_a_wait_until_a_date() -> None:
    """One that has passed is no wait."""
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(hours=1), usegmt=True)
    before = format_datetime(now - timedelta(hours=1), usegmt=True)

    assert 3000 < (wait_asked({"retry-after": later}) or 0) <= 3600
    assert wait_asked({"retry-after": before}) == 0
    old = (now + timedelta(hours=1)).strftime("%a %b %d %H:%M:%S %Y")
    assert 3000 < (wait_asked({"retry-after": old}) or 0) <= 3600


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "This model's maximum context length is 4097 tokens"),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 4000"),
        (422, "`inputs` must have less than 1024 tokens. Given: 3000"),
        (400, "The input token count (9) exceeds the maximum number of tokens allowed"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),
        (400, "input length and `max_tokens` exceed context limit: 9 + 2 > 10"),
        (400, "the request exceeds the available context size, try increasing it"),
        (None, "the request exceeds the available context size"),
        (400, "Range of input length should be [1, 30720]"),
        (400, "Please reduce the length of the messages or completion."),
        (500, "The prompt (length 66501) is longer than the maximum model length of 9"),
        (413, "too many tokens: size limit exceeded by 1000 tokens"),
        (400, "maximum prompt length is 131072 but the request contains 200000"),
        (500, "Prompt of 5000 tokens does not fit the KV cache of 4096 tokens"),
    ],
)
def test_a_full_context_is_known_by_the_words_of_many_servers(
    status: int | None, words: str
) -> None:
    """Whatever the status, or inside of a stream."""
    assert too_long(status, words)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Unrecognized request argument supplied: context_length"),
        (422, "max_model_len: Extra inputs are not permitted (extra_forbidden)"),
        (500, "CUDA out of memory; try a smaller max_model_len"),
        (401, "maximum context length"),
        (500, "the input tensor does its work and the shapes do not match"),
        (400, "temperature must be below 2"),
    ],
)
def test_what_only_names_the_context_is_no_full_one(status: int, words: str) -> None:
    """A mistake in the request, or a server without memory, is an error."""
    assert not too_long(status, words)
