"""The place of a run: its folder, its lock, and what ``run.json`` says of it."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmlat.session.leasing import Leases
from pytest_llmlat.session.resuming import Resumption
from pytest_llmlat.session.reusing import Reuse
from pytest_llmlat.session.run_facts import facts_of_run
from pytest_llmlat.store.journal import Journal, runs_of
from pytest_llmlat.store.partial_runs import told_of_run

if TYPE_CHECKING:
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.settings import Settings, Spelled


class RunPlace:
    """The folder of a run: a new one, or that of one that was cut off."""

    def __init__(
        self,
        settings: Settings,
        selection: Selection,
        spelled: Spelled,
        journal: Journal | None = None,
    ) -> None:
        """Write nothing yet.

        Args:
            settings: name the folder, and the number of this sitting.
            selection: what was chosen.
            spelled: how the user writes a setting, for complaints.
            journal: where to write, if that is not the folder alone.
        """
        self.journal = journal or Journal(settings.folder, settings.sitting)
        self._settings, self._selection = settings, selection
        self._started, self._spelled = dt.datetime.now(dt.UTC), spelled
        self.leases = Leases(settings)
        """What this process may measure on, where there are other workers."""
        self._taken = settings.joined
        self.to_come: tuple[Cell, ...] = ()
        """The cells that are to be measured, as far as they are known."""

    def take_over(self) -> None:
        """Take the run that is gone on with, if one is; for one of its processes.

        Raises:
            UsageError: somebody measures in it, or it is of another machine; or there
                is no run that answers were to be taken from.
        """
        _ = self.reuse
        if self._settings.sitting == 1 or self._taken:
            return
        self.journal.lock.take_over(told_of_run(self._settings.folder))
        self._taken = True
        if self.resumption is not None:
            self.resumption.check(self._own_facts["environment"])

    def open(self) -> None:
        """Write down the run, and the cells that are to be measured.

        Raises:
            RunNotWritten: there is no room for it, or no right to.
        """
        plan = self.to_come
        if self.resumption is not None:
            plan = self.resumption.whole_plan(plan)
        self.journal.open(self.facts, plan)

    @cached_property
    def resumption(self) -> Resumption | None:
        """The run that is gone on with; ``None`` where one begins."""
        if self._settings.sitting == 1:
            return None
        return Resumption(self._settings, self._spelled)

    @cached_property
    def reuse(self) -> Reuse | None:
        """The runs that answers may be taken from; ``None`` for none.

        Raises:
            UsageError: there is no such run.
        """
        if not self._settings.reuse:
            return None
        settings = self._settings
        return Reuse(settings, runs_of(settings.root, settings.runs), self._spelled)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        if self.resumption is None:
            return self._own_facts
        return self.resumption.run_facts(self._own_facts, self.to_come)

    @cached_property
    def _own_facts(self) -> dict[str, Any]:
        """What ``run.json`` would say of this sitting alone."""
        return facts_of_run(self._settings, self._selection, self._started)

    def hold(self) -> None:
        """Hold the folder that others have measured in, while their run is closed."""
        if self._settings.folder.is_dir():
            self.journal.lock.share()

    def close(self) -> None:
        """Let go of the folder and of cards."""
        self.journal.lock.free()
        self.leases.close()
