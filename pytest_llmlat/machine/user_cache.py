"""The folder of this user's caches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def user_cache(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return this project's folder in the user's cache; it need not be there yet.

    ``None`` for a user who has no home, as some containers have.
    """
    given = environ.get("XDG_CACHE_HOME")
    try:
        home = Path(given) if given else Path.home() / ".cache"
    except RuntimeError:  # neither HOME nor an entry in the table of users
        return None
    return home / "pytest-llmlat"
