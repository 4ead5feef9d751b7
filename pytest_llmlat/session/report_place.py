"""The folder of a report, when several runs write to one at the same time.

Files of two runs side by side would be read as one: records of the one, the page of the
other. So a report is written while no other is, and where another run has put its
report there since this one began, neither is lost: this one gets a folder of its own.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_llmlat.store.journal import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other runs from writing into a folder inside a block.

    Waits for the run that writes there now. Where the folder cannot be made or the
    system has no such lock, nothing is held.
    """
    descriptor = -1
    with suppress(OSError, ImportError):
        import fcntl  # noqa: PLC0415 - not on every system

        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def place_of(report: Path, run: str, started: str) -> Path:
    """Return the folder that was asked for, or one of this run's own in it.

    Args:
        report: the folder that was asked for.
        run: the id of the run.
        started: when the run began, as ``run.json`` says it.
    """
    try:
        written = (report / SUMMARY).stat().st_mtime
    except OSError:
        return report
    began = datetime.fromisoformat(started).timestamp()
    return report / run if written > began else report


def told_apart(report: Path, place: Path) -> list[str]:
    """Return a warning of a report that is not where it was asked for."""
    if place == report:
        return []
    return [
        (
            f"another run has written its report to {report} since this one began; this"
            f" one's is in {place}: name a folder for each run"
        )
    ]
