"""Which cards a model fits on, by what it was measured to take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.memory_lines import memory_lines
from pytest_llmlat.values.results import Scoreboard
from tests.unit.boards import a_standing

GIB = 1024**3


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        (13 * GIB, "fits on a 24 GB card"),
        (23 * GIB, "fits on a 48 GB card, not on a 24 GB card"),
        (44 * GIB, "fits on a 48 GB card, not on a 24 GB card"),
        (47 * GIB, "does not fit on a 48 GB card"),
    ],
)
def test_what_was_measured_fits_or_does_not(taken: int, told: str) -> None:
    """With room for what a driver keeps."""
    row = replace(a_standing(), peak_device_bytes=taken)
    (line,) = memory_lines(Scoreboard(summaries=(), standings=(row,)))

    assert line.endswith(f"(measured): {told}")


def test_what_was_not_measured_is_not_told() -> None:
    """A model on the processor has no card."""
    assert memory_lines(Scoreboard(summaries=(), standings=(a_standing(),))) == []
