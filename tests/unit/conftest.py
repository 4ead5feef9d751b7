"""What all unit tests need."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

ROOM = 1 << 30
"""Bytes that a folder in memory must have for the files of tests."""

# For `tox -e quick`: pytest --hypothesis-profile=quick
settings.register_profile("quick", max_examples=5, deadline=None)


def is_fit(folder: Path) -> bool:
    """Return whether tests may keep their files in a folder that lies in memory.

    A container's is often small, and no program may be run from it.
    """
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return False
    found = os.statvfs(folder)
    runs = not found.f_flag & os.ST_NOEXEC
    return runs and found.f_bavail * found.f_frsize >= ROOM


# The same: thousands of small files are made and deleted, which a disk takes long for.
if (memory := os.environ.get("LLMLAT_TEMP")) and is_fit(Path(memory)):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)
