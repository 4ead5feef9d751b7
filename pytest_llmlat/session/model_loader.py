"""The loader of a session: models on their devices, timed, within the budget."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pytest_llmlat.backends import open_model, try_loading
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.machine.device_table import absence, is_present
from pytest_llmlat.measure.cell import LoadedModel
from pytest_llmlat.session.lenient_warnings import lenient
from pytest_llmlat.values.errors import DeviceAbsent
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from pytest_llmlat.measure.run_budget import Budget
    from pytest_llmlat.session.run_place import RunPlace
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment

_LOG = logging.getLogger(__name__)


class ModelLoader:
    """Loads models one after the other; a base that two of them need is kept."""

    def __init__(
        self, selection: Selection, place: RunPlace, budget: Budget, clock: Clock
    ) -> None:
        """Load nothing yet."""
        self._selection, self._place = selection, place
        self._budget, self._clock = budget, clock
        self._shelf = BaseCache()

    def load(self, deployment: Deployment) -> LoadedModel:
        """Load a model, timed.

        Raises:
            DeviceAbsent: says what was looked for and what was found.
            BudgetSpent: what the run may spend is spent.
        """
        self._budget.check()
        inventory = self._selection.inventory
        if not is_present(deployment.device, inventory):
            raise DeviceAbsent(absence(deployment.device, inventory))
        self._place.leases.take_cards(deployment, inventory)
        with lenient():
            if try_loading(deployment):
                _LOG.info("%s: loaded in a process of its own first", deployment.id)
        _LOG.info("%s: loading", deployment.id)
        begin = self._clock.now_ns()
        with lenient():
            opened = open_model(deployment, self._clock, self._shelf)
        spent_s = (self._clock.now_ns() - begin) / NS_PER_S
        _LOG.info("%s: ready after %.3f s", deployment.id, spent_s)
        return LoadedModel(
            deployment=deployment,
            backend=opened.backend,
            load_s=spent_s if opened.load_measured else opened.startup_s,
        )

    def clear(self) -> None:
        """Free what is kept."""
        self._shelf.clear()
