"""The backends, a file or a room each, imported only when a model of theirs is loaded.

Files beside the rooms are what several of them need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.model_opening import kind_of, open_model
from pytest_llmlat.backends.trial_loads import try_first
from pytest_llmlat.values.entities import Deployment

if TYPE_CHECKING:
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server

__all__ = ["open_backend", "open_model", "try_loading"]


def open_backend(deployment: Deployment, clock: Clock) -> Backend | Server[Any]:
    """Open a model for which nothing was kept; raises what :func:`open_model` does."""
    return open_model(deployment, clock).backend


def try_loading(deployment: Deployment) -> bool:
    """Load a model in a process of its own, where its files are new on this machine.

    Returns:
        Whether that was done, so that the files lie in the system's memory now.

    Raises:
        WeightsUnavailable: its files say what cannot be, or the process died over them.
        UsageError: as :func:`open_model`.
    """
    kind = kind_of(deployment)
    if kind.remote:
        return False
    if deployment.model.steps:
        device = deployment.device
        steps = [Deployment(model=m, device=device) for m in deployment.model.steps]
        tried = [try_loading(step) for step in steps]
        return any(tried)
    return try_first(deployment, kind.files(deployment.model), libraries=kind.libraries)
