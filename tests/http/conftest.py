"""A misbehaving server, and the client that is to say so."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import http
from pytest_llmlat.measure import clock_check
from pytest_llmlat.values.entities import Deployment, ModelSpec
from tests.http.asking import CLOCK, QUICK, url_of
from tests.http.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.entities import Scalar
    from tests.http.asking import Opener


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away keys and proxies that this machine may have."""
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for scheme in ("http", "https", "all", "no"):
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _short_clock_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the check of the clock before a cell be of two answers.

    Each takes a third of a second of a real clock. How true that is has its own tests.
    """
    monkeypatch.setattr(clock_check, "LEAST_REQUESTS", 2)


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Give a server that answers as it should until it is told otherwise."""
    running = Loopback()
    yield running
    running.stop()


@pytest.fixture
def open_at() -> Iterator[Opener]:
    """Give a function that opens a model, and close what it opened."""
    with ExitStack() as stack:

        def opened(
            url: str,
            *,
            weights: str | None = "tiny",
            chat: bool | None = None,
            api_key_env: str | None = None,
            headers: Mapping[str, str] | None = None,
            **options: Scalar,
        ) -> Completions:
            model = ModelSpec(
                name="mine",
                backend="http",
                devices=("endpoint",),
                weights=weights,
                chat=chat,
                url=url,
                api_key_env=api_key_env,
                headers=tuple((headers or {}).items()),
                options=tuple({**QUICK, **options}.items()),
            )
            found = http.open_model(Deployment(model=model, device="endpoint"), CLOCK)
            stack.callback(found.close)
            return found

        yield opened


@pytest.fixture
def model(server: Loopback, open_at: Opener) -> Completions:
    """Give the model of the server."""
    return open_at(url_of(server))
