"""Models of this process, for tests that call them directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_llmlat.backends import open_backend
from pytest_llmlat.values.clock import SystemClock

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.protocols import Backend


def local(deployment: Deployment) -> Backend:
    """Load a model that is no server."""
    return cast("Backend", open_backend(deployment, SystemClock()))
