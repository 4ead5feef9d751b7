"""Progress of cells that workers measure, while a test waits for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.plugin.progress import Progress
from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_llmlat.spread.jobs import SpreadProgress

_MINUTE_S = 60


def show_spread(config: pytest.Config) -> Callable[[SpreadProgress | None], None]:
    """Return what shows how far the cells of workers are; ``None`` takes it away."""
    line = Progress(config)

    def show(progress: SpreadProgress | None) -> None:
        if progress is None:
            line.clear()
        else:
            line.show_text(lambda: printable(spread_line(progress)))

    return show


def spread_line(progress: SpreadProgress) -> str:
    """Say how many cells wait, for how long, and which runs where."""
    running = ", ".join(f"{job} on {node}" for job, node in progress.running)
    waiting = "1 cell waits" if progress.pending == 1 else f"{progress.pending} wait"
    left = "" if progress.left_s is None else f", {_span(progress.left_s)} left"
    return f"{waiting}{left}; {running or 'none runs'}"


def _span(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE_S:.0f} min"
