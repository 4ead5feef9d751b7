"""A server, measured from Python, inside of a notebook's running event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat import ModelSpec, RunResult, measure_models
from pytest_llmlat.values.errors import ServerUnavailable
from tests.http.asking import QUICK, url_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http.loopback import Loopback


def test_a_server_is_measured_inside_of_a_running_loop(
    server: Loopback, tmp_path: Path
) -> None:
    """The client's own loop runs in the same thread, and the outer one goes on."""
    model = ModelSpec(
        name="mine",
        backend="http",
        devices=("endpoint",),
        weights="tiny",
        url=url_of(server),
        options=tuple(QUICK.items()),
    )

    async def cell() -> RunResult:
        result = measure_models(
            model, "sentiment/polarity", samples=2, scenario="offline", root=tmp_path
        )
        await asyncio.sleep(0)
        gone = replace(model, url="http://127.0.0.1:1/v1")
        with pytest.raises(ServerUnavailable):
            measure_models(gone, "sentiment/polarity", samples=2, root=tmp_path)
        await asyncio.sleep(0)
        return result

    result = asyncio.run(cell())

    assert [record.answer for record in result.records()] == ["Hello you"] * 2
    assert result.summaries[0].e2e_s.p50 is not None
