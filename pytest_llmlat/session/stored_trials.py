"""Trials of an earlier run, so that a race that was cut short goes on where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.session.recording import Told
from pytest_llmlat.store.record_reader import cell_records
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.store.run_reader import Run


class StoredTrials:
    """The finished cells of a run, each found by what it asked."""

    def __init__(self, folder: Path | None) -> None:
        """Read a run; ``None`` stands for none.

        Raises:
            BadRun: there is no run in the folder.
        """
        self.run: Run | None = None if folder is None else open_run(folder)
        facts = () if self.run is None else self.run.facts
        self._facts = {each.cell.id: each for each in facts if each.finished}

    def of(self, plan: Plan) -> Told | None:
        """Return what a cell measured that asked the same, if there is one."""
        facts = self._facts.get(plan.cell.id)
        if self.run is None or facts is None or facts.asked != plan.asked:
            return None
        place = self.run.places[plan.cell.id]
        records = tuple(cell_records(place, facts.cell, lambda _: None))
        return Told(facts=facts, records=records) if facts.whole(len(records)) else None

    def check(self, key: str, environment: Mapping[str, Any], *, where: str) -> None:
        """See that the run raced the same, on a machine that is the same.

        Args:
            key: digest of what is raced.
            environment: of this run.
            where: the option, for the complaint.

        Raises:
            UsageError: it did not, or the machine or its software is another.
        """
        if self.run is None:
            return
        name = self.run.told["id"]
        if key not in {race.key for race in self.run.races}:
            raise UsageError(
                f"{where}: run {name} raced other settings, tasks or samples, or to"
                " another goal; give the same options as then, or leave this one out"
            )
        before = self.run.told["environment"]
        apart = [k for k, v in environment.items() if before.get(k) != v]
        if apart:
            raise UsageError(
                f"{where}: run {name} was measured with another {apart[0]}"
                f" ({before.get(apart[0])!s:.60}, now {environment[apart[0]]!s:.60});"
                " what was measured there proves nothing here: begin anew"
            )
