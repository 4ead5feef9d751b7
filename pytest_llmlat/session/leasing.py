"""Leases of a worker: no two workers of one machine time on the same thing at once.

With ``pytest -n`` each worker takes a card of its own, before a model library sees any,
and keeps it to its end: other runs of the same user are kept off it too. Within the
run a processor is measured by one worker at a time, while no other times anything; so
is each server, and each card that there is only one of.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import find_device, general
from pytest_llmlat.machine.leases import Wanted, first_free, leased
from pytest_llmlat.machine.nvidia import card_ids
from pytest_llmlat.machine.sibling_workers import worker_number
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.machine.visible_cards import visible_cards
from pytest_llmlat.values.errors import DeviceAbsent

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.settings import Settings

VISIBLE, _ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_FOLDER = "leases"
_PROCESSOR = "processor"


class Leases:
    """What one worker may measure on; a process that measures alone needs none."""

    def __init__(
        self, settings: Settings, environ: MutableMapping[str, str] = os.environ
    ) -> None:
        """Hold nothing yet.

        Args:
            settings: whether there are other workers, and the folder that they share.
            environ: what a model library reads of cards.
        """
        self._several, self._folder = settings.joined, settings.folder / _FOLDER
        if settings.spread and (cache := user_cache()) is not None:
            # Workers of several nodes of one machine have no folder in common.
            self._folder = cache / _FOLDER
        self._placed = bool(settings.spread)
        """Whether somebody has chosen the cards that this process sees."""
        self._environ = environ
        self._first: dict[str, str] = {}
        self._descriptors: list[int] = []
        self._card: str | None = None

    def take_cards(self, deployment: Deployment, inventory: Inventory) -> None:
        """Take a card for a model, unless this worker has one; waits for a free one.

        A model that spreads over several takes all of its kind.

        Args:
            deployment: is to be loaded.
            inventory: of the machine, as it was before a card was chosen.

        Raises:
            DeviceAbsent: this worker has a card of another kind.
        """
        if not self._several or general(deployment.device) != "cuda":
            return
        cards = self._cards(deployment.device, inventory)
        cache = user_cache()
        if not cards or cache is None:
            return
        spread = deployment.model.option("device_map") is not None
        if self._placed and self._card is not None:
            return
        if self._card is not None:
            if self._card in cards and not spread:
                return
            raise DeviceAbsent(
                f"{deployment.id}: this worker measures on card {self._card} and keeps"
                " it to its end; run each kind of card, and each model on several"
                " cards, in a run of its own (-m, --llm)"
            )
        folder = cache / _FOLDER
        if spread or self._placed:
            for name in sorted(cards.values()):
                self._keep(first_free(folder, [name])[1])
            self._card = ", ".join(cards)
            return
        labels = {name: label for label, name in cards.items()}
        # Each worker begins with another card, so that few meet.
        first = worker_number(self._environ) % len(cards)
        names = [*labels][first:] + [*labels][:first]
        name, descriptor = first_free(folder, names)
        self._keep(descriptor)
        self._card = labels[name]
        self._environ[VISIBLE] = self._card
        # As the driver counts them, which is how they were chosen.
        self._environ[_ORDER] = "PCI_BUS_ID"

    @contextmanager
    def measuring(self, *models: LoadedModel) -> Iterator[None]:
        """Keep other workers from timing on the same thing inside a block."""
        if not self._several:
            yield
            return
        with leased(self._folder, {w for model in models for w in _wanted(model)}):
            yield

    def close(self) -> None:
        """Give the cards back."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    def _keep(self, descriptor: int | None) -> None:
        if descriptor is not None:
            self._descriptors.append(descriptor)

    def _cards(self, device: str, inventory: Inventory) -> dict[str, str]:
        """Return the names of the leases of a device's cards, by what CUDA calls them.

        The names are the cards' UUIDs where the driver tells them.
        """
        known = find_device(device)
        if known is None:
            return {}
        fitting = [known.matches(name) for name in inventory.gpus]
        found = visible_cards(
            device, sum(fitting), inventory=inventory, environ=self._before
        )
        ids = card_ids(self._before)
        if not found:
            return {}
        own = [place for place, fits in enumerate(fitting) if fits]
        told = ids if ids is not None and len(ids) == len(fitting) else None
        return {
            label: f"card-{label}" if told is None else told[place]
            for label, place in zip(found, own, strict=True)
        }

    @property
    def _before(self) -> dict[str, str]:
        """The environment as it was before a card was chosen."""
        if self._card is None:
            self._first = dict(self._environ)
        return self._first


def _wanted(model: LoadedModel) -> Iterator[Wanted]:
    """Yield what a model is measured on."""
    kind = general(model.device)
    if model.backend.remote:
        where = str(model.backend.facts.get("url") or model.name)
        yield Wanted(
            name=f"server-{sha256(where.encode()).hexdigest()[:16]}", alone=True
        )
    elif kind not in ("cpu", "cuda"):
        yield Wanted(name=f"device-{kind}", alone=True)
    alone = kind == "cpu" and not model.backend.remote
    yield Wanted(name=_PROCESSOR, alone=alone)
