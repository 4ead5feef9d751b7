"""Hints on a marker expression never hide why nothing could be chosen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_llmlat.plugin.device_hints import idle_devices
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmlat.session.selection import Selection


def refusing() -> Any:  # noqa: ANN401 - whatever is refused
    """Refuse, as a selection does whose workers cannot be opened."""
    raise UsageError("--llm-spread=ray: needs 'ray', which is not installed")


@pytest.mark.parametrize("expression", ["", "cpu", "not cpu"])
def test_what_cannot_be_selected_gives_no_hint(expression: str) -> None:
    """It was told at collection; a second time would be a traceback."""
    selection = SimpleNamespace(deployments=refusing, chosen_models=())

    assert idle_devices(expression, cast("Selection", selection)) == []
