"""Recording: cells report to the journal and to whoever follows the run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.errors import BudgetSpent
    from pytest_llmlat.values.records import Cell, Record

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The facts and the records that a cell has reported."""

    facts: CellFacts
    records: tuple[Record, ...]


class Recorder:
    """Passes the reports of cells to the journal and to whoever follows the run."""

    def __init__(self, listener: Listener, journal: Journal) -> None:
        """Begin with nothing reported."""
        self.facts: dict[Cell, CellFacts] = {}
        self.records: list[Record] = []
        self.stopped: BudgetSpent | None = None
        """Says that the budget was spent before the cell's end."""
        self._listener = listener
        self._journal = journal

    def keep(self, facts: Iterable[CellFacts], records: Iterable[Record]) -> None:
        """Keep what is on the disk already, of an earlier sitting."""
        self.facts.update((each.cell, each) for each in facts)
        self.records.extend(records)

    def take(self, records: Iterable[Record]) -> None:
        """Write down what was taken from another run; nobody follows that."""
        for record in records:
            if record.reused is not None:
                self._journal.add(record)
                self.records.append(record)

    def of(self, cell: Cell) -> Told:
        """Return the reports of one cell."""
        own = tuple(record for record in self.records if record.cell == cell)
        return Told(facts=self.facts[cell], records=own)

    def on_facts(self, facts: CellFacts) -> None:
        """Keep what a cell is at its beginning and, with more, at its end."""
        self.facts[facts.cell] = facts
        self._journal.add(facts)

    def on_record(self, record: Record) -> None:
        """Keep a record and show it to whoever follows the run."""
        # First to the disk: a listener may raise, and no measurement is to be lost.
        self._journal.add(record)
        self.records.append(record)
        _LOG.debug("%s: %s: %s", record.cell.id, record.sample, record.finish)
        self._listener.on_record(record)
