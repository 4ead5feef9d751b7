"""Streams of servers as they were reported in the field, replayed byte by byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.http.asking import ask, url_of
from tests.http.loopback import CLOSE, HANG, HELLO, MODELS
from tests.http.told import Told, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.http.asking import Opener
    from tests.http.loopback import Loopback, Script

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "speed.jsonl"
THEN = {"close": CLOSE, "hang": HANG}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_file(), reason="the reported cases are not here"),
]


TOLD = {
    "buffered-one-segment": Told(no_tpot=True),
    "bursts-two": Told(tpot_s=0.02),
    "finish-insufficient": Told(finish="error", error="insufficient_system_resource"),
    "finish-model-length": Told(finish="length"),
    "finish-SAFETY": Told(finish="error", error="SAFETY"),
    "fin-timeout": Told(finish="error", error="timeout"),
    "fin-ERROR": Told(finish="error", error="ERROR"),
    "fin-max_output_tokens": Told(finish="length"),
    "finish-early-then-cut": Told(finish="error", error="cut"),
    "fake-stream-message": Told(text="positive"),
    "no-done-hang": Told(text="positive"),
    "done-hang": Told(text="positive"),
    "llamacpp-timings": Told(text="positive", tokens=4),
    "usage-string": Told(text="positive", no_tokens=True),
    "mistral-list": Told(left_out="seed, stream_options"),
    "context-word": Told(finish="error", error="context_length"),
    "temperature-0": Told(left_out="temperature"),
    "llamacpp-error-field": Told(finish="context"),
    "json-error-as-eventstream": Told(finish="error", error="rate limit"),
    "finish-dict-abort": Told(finish="error", error="Abort before prefill"),
    "message-in-stream": Told(finish="context"),
    "json-200-detail": Told(finish="error", error="quota exceeded"),
    "json-answer-as-eventstream": Told(text="positive"),
    "finish-missing-natural": Told(text="positive"),
    "ctx-tgi": Told(finish="context"),
    "ctx-gemini": Told(finish="context"),
    "ctx-xinference": Told(finish="context"),
    "context-in-stream": Told(finish="context"),
    "think-in-content": Told(text="positive", ttft_s=0.24, thought=True),
    "usage-hidden-reasoning": Told(text="positive", tpot_s=0.02),
    "usage-only-first": Told(text="positive", no_tokens=True),
    "retry-529": Told(text="positive"),
    "408-keepalive": Told(text="positive"),
    "retry-after-float": Told(text="positive"),
    "403-models": Told(text="positive"),
    "501-models": Told(text="positive"),
    "models-503-first": Told(text="positive"),
    "sse-as-json": Told(text="positive"),
    "reasoning-list": Told(text="positive", ttft_s=0.02, thought=True),
}


def cases() -> dict[str, dict[str, Any]]:
    """Return the cases that are streams of bytes, by their names."""
    if not CASES.is_file():
        return {}
    every = map(json.loads, CASES.read_text(encoding="utf-8").splitlines())
    return {
        case["id"]: case["input"] for case in every if "server_writes" in case["input"]
    }


def script(writes: Sequence[Any]) -> Script:
    """Return what is played for one request."""
    return [
        each.encode()
        if isinstance(each, str)
        else float(each["sleep_s"])
        if "sleep_s" in each
        else THEN[each["then"]]
        for each in writes
    ]


def scripts(writes: Sequence[Any]) -> list[Script]:
    """Return what is played for each request in turn."""
    several = isinstance(writes[0], list)
    return [script(each) for each in writes] if several else [script(writes)]


def test_every_reported_stream_has_an_expectation() -> None:
    """A case that is added later is not passed over."""
    assert set(cases()) == set(TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_a_reported_stream_is_measured_right_or_quoted(
    server: Loopback, open_at: Opener, name: str
) -> None:
    """The figure is right, null, or an error that has the server's own words."""
    case, wanted = cases()[name], TOLD[name]
    plays = scripts(case["server_writes"])
    if wanted.left_out is not None:
        # Of a server that names several parameters one is left out at a time.
        plays = [*plays * len(wanted.left_out.split(", ")), [HELLO]]
    server.scripts = list(plays)
    if "get_models" in case:
        *server.models_before, server.models = scripts(case["get_models"])
    named = "m" if "get_models" in case else MODELS[0]
    model = open_at(url_of(server), weights=named, **case.get("options", {}))
    if len(plays) > 1 and wanted.left_out is None:
        # The first is an ordinary answer, which opens the connection.
        ask(model)

    check(ask(model), wanted)

    assert wanted.left_out in (None, model.facts["left_out"])
