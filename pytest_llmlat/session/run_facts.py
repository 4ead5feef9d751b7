"""Facts of a run for ``run.json``: the settings and the machine."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.environment import commit_of, fingerprint
from pytest_llmlat.store.run_sittings import SITTINGS
from pytest_llmlat.values.confidential import shown_text

if TYPE_CHECKING:
    import datetime as dt

    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.values.settings import Settings


def facts_of_run(
    settings: Settings, selection: Selection, started: dt.datetime
) -> dict[str, Any]:
    """Return the facts of a run that are known before anything is measured.

    Args:
        settings: all that was asked for; its folder names the run.
        selection: what was chosen.
        started: when the session began.
    """
    told = {name: _told(value) for name, value in asdict(settings).items()}
    told.pop("addressed")
    told["balance"] = str(settings.balance)
    told["cost_budget"] = [
        f"{name}={budget.told}" if name else budget.told
        for name, budget in settings.cost_budget
    ]
    sitting = {
        "started": started.isoformat(timespec="seconds"),
        "commit": commit_of(settings.root),
        # To tell runs of several machines apart, once they are shown as one.
        "host": platform.node() or None,
    }
    return {
        "id": settings.folder.name,
        **sitting,
        SITTINGS: [{**sitting, "pid": os.getpid(), "seconds": None, "told": []}],
        "settings": told,
        "varied": [asdict(each) for each in selection.varied],
        "environment": fingerprint(selection.inventory),
    }


def _told(value: object) -> list[str] | str | int | None:
    """Return what is written of a setting: nothing that lets somebody in."""
    if isinstance(value, tuple | frozenset):
        return sorted(shown_text(str(each)) for each in value)
    if value is None or isinstance(value, int):
        return value
    return shown_text(str(value))
