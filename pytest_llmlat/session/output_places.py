"""Places that a run writes to, checked before anything is measured.

To find out after hours that a file cannot be written would lose its content.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmlat.store import baselines
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.settings import Settings, Spelled

_BEGIN = 200
"""Bytes of a file that are read to see whether it is a baseline."""


def check_files(settings: Settings, spelled: Spelled) -> None:
    """Check that the files that were asked for can be written.

    Raises:
        UsageError: one cannot, or a file that is no baseline would be written over.
    """
    folder = settings.report
    if folder is not None and not _can_be_filled(folder):
        raise UsageError(
            f"{spelled('report')}: {folder} is no folder that can be written"
            " to; name another one"
        )
    files = {"benchmark": settings.benchmark, "save_baseline": settings.save_baseline}
    for setting, path in files.items():
        if path is not None and not _can_be_written(path):
            raise UsageError(
                f"{spelled(setting)}: {path} cannot be written; name another file"
            )
    path = settings.save_baseline
    if path is not None and not _nothing_lost(path):
        option = spelled("save_baseline")
        raise UsageError(
            f"{option}: {path} is no baseline and is not written over; write"
            f" {option}=FILE, with =, and what to run apart from it"
        )


def check_runs(settings: Settings, spelled: Spelled) -> None:
    """Check that the folder of runs can be written while it is measured.

    Raises:
        UsageError: the folder of runs cannot be made or written to.
    """
    if not _can_be_filled(settings.folder):
        raise UsageError(
            f"{settings.folder.parent}: cannot be written, and what is measured is"
            " written there at once, so that nothing is lost; name a folder that can"
            f" be with {spelled('runs')}"
        )


def _can_be_written(path: Path) -> bool:
    if path.exists() and not path.is_dir():
        return os.access(path, os.W_OK)
    return path.is_dir() or _can_be_filled(path.parent)


def _can_be_filled(folder: Path) -> bool:
    """Whether a folder is there, or can be made, and takes files; it is not made."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _nothing_lost(path: Path) -> bool:
    """Whether a file may be replaced by a baseline: it is absent, or is one."""
    if "::" in path.name or path.is_dir():
        return False
    if not path.exists():
        return True
    begin = path.read_bytes()[:_BEGIN].decode("utf-8", "replace")
    return not begin.strip() or baselines.baseline_files.KIND in begin
