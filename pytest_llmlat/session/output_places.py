"""Places that a run writes to, checked before anything is measured.

To find out after hours that a file cannot be written would lose its content.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
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
    if folder is not None and (why := _unfillable(folder)):
        raise UsageError(
            f"{spelled('report')}: {folder} is no folder that can be written to"
            f" ({why}); name another one"
        )
    files = {"benchmark": settings.benchmark, "save_baseline": settings.save_baseline}
    for setting, path in files.items():
        if path is not None and (why := _unwritable(path)):
            raise UsageError(
                f"{spelled(setting)}: {path} cannot be written ({why}); name another"
                " file"
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
    if why := _unfillable(settings.folder):
        raise UsageError(
            f"{settings.folder.parent}: cannot be written ({why}), and what is measured"
            " is written there at once, so that nothing is lost; name a folder that"
            f" can be with {spelled('runs')}"
        )


def _unwritable(path: Path) -> str | None:
    """Reason why a file cannot be written, ``None`` where it can; it stays as it is."""
    try:
        if path.is_file():
            path.open("ab").close()
            return None
        return None if path.is_dir() else _unfillable(path.parent)
    except OSError as error:
        return error.strerror or str(error)


def _unfillable(folder: Path) -> str | None:
    """Reason why a folder takes no files, ``None`` where it does; it is not made.

    Whether it can be made is tried beside it: rights alone do not tell of a disk that
    is full, or of a file system that takes nothing, such as ``/proc``.
    """
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
        TemporaryDirectory(dir=place, prefix=".llmlat-").cleanup()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _nothing_lost(path: Path) -> bool:
    """Whether a file may be replaced by a baseline: it is absent, or is one."""
    if "::" in path.name or path.is_dir():
        return False
    if not path.exists():
        return True
    begin = path.read_bytes()[:_BEGIN].decode("utf-8", "replace")
    return not begin.strip() or baselines.baseline_files.KIND in begin
