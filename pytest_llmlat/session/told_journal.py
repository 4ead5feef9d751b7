"""A journal that tells all that is written to whoever ordered it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.machine.sealed_values import packed
from pytest_llmlat.session.cell_orders import ToldValue
from pytest_llmlat.store.journal import Journal
from pytest_llmlat.values.cell_facts import CellFacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmlat.values.node_facts import NodeFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict
    from pytest_llmlat.values.tuning_race import TuningRace


class ToldJournal(Journal):
    """The journal of a worker."""

    def __init__(
        self,
        folder: Path,
        sitting: int,
        node: NodeFacts,
        tell: Callable[[bytes], None],
        *,
        written: bool,
    ) -> None:
        """Write into a folder, and tell.

        Args:
            folder: of the run, or one of the worker's own.
            sitting: number of the sitting.
            node: stands in the facts of each cell.
            tell: takes each value; outside of every timed region, as writing is.
            written: whether the folder is that of the run.
        """
        super().__init__(folder, sitting)
        self._node, self._told_to, self._written = node, tell, written
        self.only_tells = False
        """Whether what is measured now is for others to write, as a shard is."""

    def add(self, value: Record | CellFacts | Verdict | TuningRace) -> None:
        """Append one line, and tell it; raises as a journal does."""
        if isinstance(value, CellFacts):
            value = replace(value, node=self._node)
        if not self.only_tells:
            super().add(value)
        written = self._written and not self.only_tells
        self._send(ToldValue(value=value, written=written))

    def add_again(self, record: Record) -> None:
        """Append a record that counts for no figure, and tell it."""
        super().add_again(record)
        self._send(ToldValue(value=record, again=True, written=self._written))

    def _send(self, told: ToldValue) -> None:
        self._told_to(packed(told, leaves=not self._written))
