"""What cells report while they are measured, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.plugin.progress import Progress

if TYPE_CHECKING:
    import pytest

    from pytest_llmlat.journal import Journal
    from pytest_llmlat.records import Cell, CellFacts, Record
    from pytest_llmlat.runner import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a cell reported."""

    facts: CellFacts
    records: tuple[Record, ...]


class Recorder:
    """Takes what cells report to the journal, to the hook and to the terminal."""

    def __init__(
        self, config: pytest.Config, journal: Journal, plan: Plan, total: int
    ) -> None:
        """Begin to show progress towards ``total`` records of the plan's cell."""
        self.facts: dict[Cell, CellFacts] = {}
        self.records: list[Record] = []
        self.progress = Progress(config, plan.cell.id, total)
        self._config = config
        self._journal = journal
        self._cell = plan.cell
        self._count = 0

    def of(self, cell: Cell) -> Told:
        """Return what one of the cells reported."""
        own = tuple(record for record in self.records if record.cell == cell)
        return Told(facts=self.facts[cell], records=own)

    def on_facts(self, facts: CellFacts) -> None:
        """Keep what a cell is at its beginning and, with more, at its end."""
        self.facts[facts.cell] = facts
        self._journal.add(facts)

    def on_record(self, record: Record) -> None:
        """Keep a record and show it to whoever follows the run."""
        # First to the disk: a hook may raise, and a measurement is not to be lost.
        self._journal.add(record)
        self.records.append(record)
        self._config.hook.pytest_llmlat_record(config=self._config, record=record)
        self._count += record.cell == self._cell
        self.progress.step(self._count)
