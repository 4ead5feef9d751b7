"""A worker: measures cells that another process of the run has ordered."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.machine.nvidia import card_ids
from pytest_llmlat.machine.sealed_values import packed, unpacked
from pytest_llmlat.session.cell_orders import Answered, raised_of
from pytest_llmlat.session.run import Session
from pytest_llmlat.session.selection import Selection
from pytest_llmlat.session.shipped_past import put_past
from pytest_llmlat.session.shipped_rows import ShippedRows
from pytest_llmlat.session.told_journal import ToldJournal
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.measure.cell import LoadedModel
    from pytest_llmlat.session.cell_orders import CellOrder, WorkerSetup
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.values.node_facts import NodeFacts
    from pytest_llmlat.values.settings import Settings

_BASELINE = "baseline.json"


def _as_seen(node: NodeFacts) -> NodeFacts:
    """Return the facts of a node with the cards that this process really has.

    A cluster may have given it others than were asked for, of the same kind.
    """
    seen = card_ids() if node.cards else None
    return node if seen is None else replace(node, cards=seen)


class CellWorker:
    """A worker; it keeps the model that it has loaded until it needs another."""

    def __init__(self, setup: bytes, tell: Callable[[bytes], None]) -> None:
        """Load nothing yet.

        Args:
            setup: a packed :class:`WorkerSetup`.
            tell: takes what is measured, while it is.
        """
        told: WorkerSetup = unpacked(setup)
        self._setup = replace(told, node=_as_seen(told.node))
        self._tell = tell
        self._held = ExitStack()
        self._scratch = Path(tempfile.mkdtemp(prefix="llmlat-worker-"))
        self._held.callback(shutil.rmtree, self._scratch, ignore_errors=True)
        self._session: Session | None = None
        self._model: LoadedModel | None = None

    def measure(self, order: bytes) -> bytes:
        """Measure a cell; an error of ours is told as the result."""
        leaves = not self._setup.writes
        try:
            answered = Answered(measured=self._measured(unpacked(order)))
        except LLMLatError as error:
            where = f" (on {self._setup.node.name})" if leaves else ""
            answered = Answered(measured=None, raised=raised_of(error, where))
        return packed(answered, leaves=leaves)

    def close(self) -> None:
        """Leave no process, no weights and no file behind."""
        with self._held:
            self._unload()
            if self._session is not None:
                self._session.close()

    def _measured(self, order: CellOrder) -> Measured:
        session = self._session_for(order)
        if self._model is None or self._model.deployment != order.deployment:
            self._unload()
            self._model = session.load(order.deployment)
        measured = session.run(self._model, order.task, order.wanted)
        facts = replace(measured.facts, node=self._setup.node)
        # The records of a shard were told while they came, and may be very many.
        records = () if order.shard else measured.records
        return replace(measured, facts=facts, records=records)

    def _session_for(self, order: CellOrder) -> Session:
        """Return the session, which is begun with the first order."""
        session = self._session
        if session is None:
            settings = self._settings()
            journal = ToldJournal(
                settings.folder,
                settings.sitting,
                self._setup.node,
                self._tell,
                written=self._setup.writes,
            )
            put_past(settings.folder, self._setup)
            selection = Selection(settings, models=order.models)
            session = Session(settings, selection=selection, journal=journal)
            self._session, self._journal = session, journal
            self._own_rows = session.rows
        session.rows = self._own_rows
        if order.rows is not None:
            session.rows = ShippedRows(order.rows, order.shots or ())
        self._journal.only_tells = order.shard
        session.cells_planned = order.planned
        return session

    def _settings(self) -> Settings:
        """Return the settings of the run as they are here."""
        settings = self._setup.settings
        if self._setup.writes:
            return settings
        baseline = None
        if self._setup.baseline is not None:
            baseline = self._scratch / _BASELINE
            baseline.write_bytes(self._setup.baseline)
        return replace(
            settings,
            root=self._scratch,
            folder=self._scratch / settings.folder.name,
            runs=self._scratch,
            baseline=baseline,
        )

    def _unload(self) -> None:
        if self._model is not None and self._session is not None:
            model, self._model = self._model, None
            self._session.unload(model)
