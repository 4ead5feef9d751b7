"""What a server's metrics tell of kept prompts, where its answers do not."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat import measure_models
from pytest_llmlat.backends import http
from pytest_llmlat.backends.completions.prompt_counters import samples_of
from pytest_llmlat.backends.completions.prompt_watch import SpanCount
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.entities import Deployment
from tests.http.asking import ask
from tests.http.caching import CachingServer
from tests.http.loopback import answer
from tests.http.test_prompt_caches import an_entry, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.records import Response
    from tests.http.loopback import Script

TASK = "sentiment/polarity"
CHAT = "/v1/chat/completions"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Stop what was started."""
    with ExitStack() as opened:
        yield opened


def a_server(stack: ExitStack, **how: object) -> CachingServer:
    """Start a server that keeps prompts and says nothing of it in its answers."""
    server = CachingServer(**{"tells": False, "counts": "vllm", **how})  # type: ignore[arg-type]
    stack.callback(server.stop)
    return server


def opened(stack: ExitStack, server: CachingServer) -> Completions:
    """Open the way to it, on a clock that stands still; prompts come as they are."""
    deployment = Deployment(model=an_entry(server, cache="as_is"), device="endpoint")
    model = http.open_model(deployment, ManualClock())
    stack.callback(model.close)
    return model


def cached(response: Response) -> int | None:
    """Return the kept tokens of an answer that came."""
    assert response.generation is not None
    return response.generation.cached_tokens


@pytest.mark.parametrize("counts", ["vllm", "sglang"])
def test_kept_tokens_of_each_request(stack: ExitStack, counts: str) -> None:
    """As many as the server logged; the probe needs no clock to see that it keeps."""
    server = a_server(stack, counts=counts)

    model = opened(stack, server)

    assert model.facts["keeps_prompts"] is True
    for _ in range(3):
        assert cached(ask(model)) == server.served[-1].cached
    assert server.served[-1].cached == server.served[-1].tokens


def test_tokens_of_others_are_none_of_ours(stack: ExitStack) -> None:
    """Then what was kept of a prompt is not known, and that some was is told."""
    server = a_server(stack)
    model = opened(stack, server)
    ask(model)
    server.of_others += 1000

    found = ask(model)

    assert cached(found) is None
    assert "metrics tell that 50." in str(found.note)
    assert cached(ask(model)) == server.served[-1].cached


def test_answers_that_tell_it_need_no_metrics(stack: ExitStack) -> None:
    """They are looked at once, when the server is opened."""
    server = a_server(stack, tells=True)
    model = opened(stack, server)

    assert cached(ask(model)) == server.served[-1].cached
    assert server.looks == 1


class Closing(CachingServer):
    """Closes the connection behind its metrics."""

    def page(self, path: str) -> Script | None:
        """Say so before."""
        found = super().page(path)
        if found is None:
            return None
        (whole,) = found
        assert isinstance(whole, bytes)
        text = whole.partition(b"\r\n\r\n")[2]
        return [answer(text, kind="text/plain", headers=["Connection: close"]), "close"]


def test_metrics_that_cost_a_connection_are_not_used(stack: ExitStack) -> None:
    """The next request would have to open one, and be slower for it."""
    server = Closing(tells=False, counts="vllm")
    stack.callback(server.stop)
    model = opened(stack, server)

    ask(model)
    found = ask(model)

    assert cached(found) is None
    assert found.transport is not None
    assert found.transport.reused
    assert server.looks == 1


@pytest.mark.slow
def test_nothing_is_looked_at_while_a_request_is_under_way(
    stack: ExitStack, tmp_path: Path
) -> None:
    """Under a load once, behind it: where nothing was kept, nothing was of any."""
    server = a_server(stack, heeds="cache_salt")

    result = measure_models(
        an_entry(server), TASK, samples=4, scenario="concurrent:2", root=tmp_path
    )

    (summary,) = result.summaries
    assert share_of(summary) == 0.0
    assert {record.cached_tokens for record in result.records()} == {0}
    places = [head.split()[1] for head, _ in server.requests]
    # Alone, each request is followed by a look; the load begins where none is. One that
    # is given up when the load ends may reach the server behind its last look.
    alone = next(at for at, two in enumerate(pairwise(places)) if two == (CHAT, CHAT))
    load = places[alone + 1 :]
    assert load.count(CHAT) >= summary.samples
    assert load.count("/metrics") == 1
    assert "/metrics" not in load[: summary.samples]


@pytest.mark.parametrize(
    ("span", "number", "tokens", "expected"),
    [
        (SpanCount(4, 5, 100.0, 64.0), 5, 100, 64),
        (SpanCount(4, 5, 101.0, 64.0), 5, 100, None),  # somebody else asked
        (SpanCount(4, 5, 100.0, 64.0), 5, None, None),
        (SpanCount(4, 5, 90.0, 0.0), 5, 100, None),  # it was not counted yet
        (SpanCount(4, 5, 100.0, 0.0), 5, 100, 0),
        (SpanCount(4, 6, 200.0, 64.0), 5, 100, None),  # whose they were is not known
        (SpanCount(4, 6, 200.0, 0.0), 5, 100, 0),
        (SpanCount(4, 6, 0.0, 0.0), 5, 100, None),  # it counts later than it answers
        (SpanCount(4, 6, 200.0, 0.0), 7, 100, None),
        (SpanCount(4, 5, 100.0, 120.0), 5, 100, None),
        (SpanCount(4, 5, -900.0, -64.0), 5, 100, None),  # it was started anew
    ],
)
def test_what_two_looks_tell_of_a_request(
    span: SpanCount, number: int, tokens: int | None, expected: int | None
) -> None:
    """A count that may be of others is nobody's."""
    assert span.cached_of(number, tokens) == expected


def test_samples_of_one_name_are_summed() -> None:
    """Over all labels; comments, histograms' infinities and stamps are no values."""
    text = """# HELP a:b_total Text a:b_total 7
a:b_total{x="1 2",y="}"} 3 1700000000
a:b_total 4.5e1
c NaN
d +Inf
e{le="+Inf"} 2
broken{
"""
    assert samples_of(text) == {"a:b_total": 48.0, "e": 2.0}


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Whatever stands at that path, it is no error."""
    assert all(value == value for value in samples_of(text).values())  # noqa: PLR0124 - not NaN
