"""Models of this process, for tests that call them directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_llmlat.backends import open_backend
from pytest_llmlat.clock import SystemClock

if TYPE_CHECKING:
    from pytest_llmlat.protocols import Backend
    from pytest_llmlat.specs import Deployment


def local(deployment: Deployment) -> Backend:
    """Load a model that is no server."""
    return cast("Backend", open_backend(deployment, SystemClock()))
