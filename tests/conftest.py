"""What all tests need."""

from __future__ import annotations

import gc
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# No garbage is collected while tests are: all that is made stays to the end.
gc.disable()

# No test is timed: on a busy machine an example may take as long as it likes.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later collection of garbage.

    It is thousands of tests, and modules; to go through them again and again took a
    third of the time of collecting tests, and a tenth of that of running them.
    """
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def kept_apart() -> Iterator[None]:
    """Let no measured cell take back into collections what was left out of them.

    A cell sets apart all that there is while it is measured, and after it nothing is:
    every collection of every later test would go through all tests and modules again.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "freeze", lambda: None)
        patch.setattr(gc, "unfreeze", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be heard: a shell makes what it runs in the background deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
