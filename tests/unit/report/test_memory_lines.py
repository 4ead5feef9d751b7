"""Which cards a model fits on, by what it was measured to take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.memory_lines import memory_lines
from pytest_llmlat.values.device_memory import DeviceMemory
from pytest_llmlat.values.results import Scoreboard
from tests.unit.boards import a_standing, a_summary

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


def test_the_memory_of_process_and_model_is_told_for_each_device() -> None:
    """Steady, and what answering took on top of it at most."""
    cell = replace(
        a_summary(),
        steady_rss_bytes=1_200_000_000,
        peak_rss_bytes=1_500_000_000,
        device_memory=(
            DeviceMemory(
                device="cuda:0",
                model_bytes=500_000_000,
                steady_bytes=520_000_000,
                peak_bytes=900_000_000,
            ),
            DeviceMemory(device="cpu", model_bytes=100_000_000),
        ),
    )
    (line,) = memory_lines(Scoreboard(summaries=(cell,), standings=()))

    assert line == (
        "memory: owl on cpu: process 1.20 GB between answers, 1.50 GB at its peak;"
        " cuda:0 model 500 MB, steady 520 MB, cache and answering up to 380 MB more;"
        " cpu model 100 MB"
    )


def test_what_a_library_counts_on_all_devices_fits_on_a_card_or_not() -> None:
    """A model on the processor has no peak of a device: its library's count is used."""
    cell = replace(
        a_summary(),
        device_memory=(
            DeviceMemory(
                device="cpu",
                model_bytes=20 * GIB,
                cache_bytes=4 * GIB,
                steady_bytes=25 * GIB,
            ),
        ),
    )
    fits, steady = memory_lines(Scoreboard(summaries=(cell,), standings=()))

    assert fits.startswith("memory: owl on cpu takes 26.84 GB for model, cache")
    assert fits.endswith(": all of it fits on a 48 GB card, not on a 24 GB card")
    assert steady == (
        "memory: owl on cpu: cpu model 21.47 GB, cache of the whole context 4.29 GB,"
        " steady 26.84 GB"
    )


def test_weights_alone_say_nothing_of_a_card() -> None:
    """Without cache and room to compute a model would fit where it does not."""
    cell = replace(
        a_summary(), device_memory=(DeviceMemory(device="cpu", model_bytes=GIB),)
    )
    (line,) = memory_lines(Scoreboard(summaries=(cell,), standings=()))

    assert "card" not in line
