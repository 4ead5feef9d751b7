"""Sibling workers: other processes of the same run, started by the same parent.

They are pytest-xdist's, or our own of ``--llm-spread``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "PYTEST_LLMLAT_WORKER"
"""Variable that our own workers have: the name of their node."""
PARENT = "PYTEST_LLMLAT_PARENT"
"""Variable of those whose siblings are children of one process: its number."""
_XDIST, _COUNT = "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"


def parent_of_workers(environ: Mapping[str, str] = os.environ) -> int | None:
    """Return the process whose children are workers of the run; ``None`` for none.

    On a cluster it is whatever starts processes there, others' as well.
    """
    if environ.get(PARENT, "").isdecimal():
        return int(environ[PARENT])
    return os.getppid() if environ.get(_XDIST) else None


def has_siblings(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether other workers of the run may measure beside this process."""
    return OWN in environ or environ.get(_COUNT, "1") != "1"


def worker_number(environ: Mapping[str, str]) -> int:
    """Return the number of a worker of pytest-xdist: 1 of ``gw1``; else 0."""
    digits = environ.get(_XDIST, "").removeprefix("gw")
    return int(digits) if digits.isdecimal() else 0
