"""Typed keys of ``config.stash`` under which hooks keep their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.plugin import options

if TYPE_CHECKING:
    from pytest_llmlat.plugin.workers_progress import WorkersProgress
    from pytest_llmlat.session.beforehand import Complaint
    from pytest_llmlat.session.cells import Cells
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.session.stop_signals import StopSignals
    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.settings import Settings

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
SESSION: pytest.StashKey[Session] = pytest.StashKey()
BOARD: pytest.StashKey[Scoreboard] = pytest.StashKey()
COMPLAINTS: pytest.StashKey[dict[pytest.Item, Complaint]] = pytest.StashKey()
"""What is wrong with items, as far as it can be known beforehand."""
REFUSED: pytest.StashKey[dict[str, str]] = pytest.StashKey()
"""Tests that fail before anything is loaded for them, by node id, and why."""
CELLS: pytest.StashKey[Cells] = pytest.StashKey()
SIGNALS: pytest.StashKey[StopSignals] = pytest.StashKey()
WORKERS: pytest.StashKey[WorkersProgress] = pytest.StashKey()
"""What a controller of pytest-xdist tells of its workers."""


def settings_of(config: pytest.Config) -> Settings:
    """Return the settings, read when they are first asked for.

    Raises:
        pytest.UsageError: a value that is not what its option takes.
    """
    if SETTINGS not in config.stash:
        config.stash[SETTINGS] = options.read(config)
    return config.stash[SETTINGS]


def session_of(config: pytest.Config) -> Session:
    """Return the session, begun when it is first asked for."""
    if SESSION not in config.stash:
        from pytest_llmlat.plugin.following import Follower  # noqa: PLC0415
        from pytest_llmlat.session.run import Session  # noqa: PLC0415

        follower = Follower(config, lambda: config.stash[SESSION].cells_planned)
        config.stash[SESSION] = Session(
            settings_of(config), follower, spelled=options.spelled
        )
    return config.stash[SESSION]


def cells_of(config: pytest.Config) -> Cells:
    """Return where cells are measured, opened when it is first asked for."""
    if CELLS not in config.stash:
        from pytest_llmlat.plugin.spread_progress import show_spread  # noqa: PLC0415
        from pytest_llmlat.session.open_cells import open_cells  # noqa: PLC0415

        config.stash[CELLS] = open_cells(session_of(config), show_spread(config))
    return config.stash[CELLS]
