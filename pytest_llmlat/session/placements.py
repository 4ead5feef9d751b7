"""Placements: what of which node a cell needs to itself.

The same rules as those of leases: a card is one worker's, a processor is measured alone
while nothing else is timed on the node, and a server by one worker at a time.
"""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import (
    find_device,
    general,
    is_present,
    is_remote,
)
from pytest_llmlat.machine.numa import cores_of
from pytest_llmlat.machine.sealed_values import packed
from pytest_llmlat.machine.sibling_workers import OWN, PARENT
from pytest_llmlat.spread.jobs import Placement
from pytest_llmlat.spread.worker_pool import Launch
from pytest_llmlat.values.confidential import Secret
from pytest_llmlat.values.node_facts import NodeFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.session.cell_orders import WorkerSetup
    from pytest_llmlat.spread.worker_pool import Card, Node
    from pytest_llmlat.values.entities import Deployment

PROCESSOR = "processor"
_WORK = "pytest_llmlat.session.cell_worker:CellWorker"
_VISIBLE, _ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_SERVER_DIGITS = 16


class Placements:
    """The placements of models on the nodes of a run."""

    def __init__(
        self, nodes: Sequence[Node], setup: WorkerSetup, *, apart: bool
    ) -> None:
        """Place nothing yet.

        Args:
            nodes: that are there.
            setup: of every worker, but for its node.
            apart: whether cards of one NUMA node's memory are used one at a time.
        """
        self._nodes, self._setup, self._apart = nodes, setup, apart
        self._known: dict[Deployment, Mapping[str, tuple[Placement, ...]]] = {}

    def of(self, deployment: Deployment) -> Mapping[str, tuple[Placement, ...]]:
        """Return where a model's cells can be measured, by node; empty for nowhere."""
        if deployment not in self._known:
            self._known[deployment] = self._found(deployment)
        return self._known[deployment]

    def _found(self, deployment: Deployment) -> Mapping[str, tuple[Placement, ...]]:
        if is_remote(deployment.device):
            # One node for all cells of servers: the way to one is of that node.
            node = next((node for node in self._nodes if node.own), self._nodes[0])
            return {node.name: (self._server(deployment, node),)}
        found = {
            node.name: tuple(self._here(deployment, node))
            for node in self._nodes
            if is_present(deployment.device, node.inventory)
        }
        return {name: ways for name, ways in found.items() if ways}

    def _here(self, deployment: Deployment, node: Node) -> Iterator[Placement]:
        """Yield the placements of a model on one node."""
        kind = general(deployment.device)
        if kind == "cuda":
            yield from self._on_cards(deployment, node)
        elif kind == "cpu":
            yield self._placed(deployment, node, frozenset({PROCESSOR}))
        else:
            yield self._placed(
                deployment,
                node,
                frozenset({f"device:{kind}"}),
                shared=frozenset({PROCESSOR}),
            )

    def _on_cards(self, deployment: Deployment, node: Node) -> Iterator[Placement]:
        """Yield one placement for each card, or one on all of them."""
        device = find_device(deployment.device)
        fitting = [
            c for c in node.cards if device is not None and device.matches(c.name)
        ]
        model = deployment.model
        # An engine chooses its cards itself.
        whole = model.option("device_map") is not None or model.engine is not None
        for cards in [fitting] if whole and fitting else [[card] for card in fitting]:
            memory = {f"memory:{c.numa}" for c in cards if c.numa is not None}
            yield self._placed(
                deployment,
                node,
                frozenset(f"card:{card.id}" for card in cards),
                cards=cards,
                alone=frozenset(memory) if self._apart else frozenset(),
                shared=frozenset({PROCESSOR}),
            )

    def _server(self, deployment: Deployment, node: Node) -> Placement:
        url = deployment.model.url
        where = url.reveal() if isinstance(url, Secret) else deployment.model.name
        digits = sha256(where.encode()).hexdigest()[:_SERVER_DIGITS]
        return self._placed(
            deployment,
            node,
            frozenset({f"server:{digits}"}),
            shared=frozenset({PROCESSOR}),
        )

    def _placed(
        self,
        deployment: Deployment,
        node: Node,
        resources: frozenset[str],
        *,
        cards: Sequence[Card] = (),
        alone: frozenset[str] = frozenset(),
        shared: frozenset[str] = frozenset(),
    ) -> Placement:
        numas = {card.numa for card in cards}
        numa = numas.pop() if len(numas) == 1 else None
        told = NodeFacts(
            name=node.name,
            cards=tuple(card.id for card in cards),
            numa=numa,
            environment=() if node.own else node.environment,
        )
        environ = {OWN: node.name}
        if node.own:
            environ[PARENT] = str(os.getpid())
        if cards:
            labels = ",".join(card.label for card in cards)
            # As the driver counts them, which is how they were chosen.
            environ |= {_VISIBLE: labels, _ORDER: "PCI_BUS_ID"}
        setup = replace(self._setup, node=told, writes=node.shares_folder)
        launch = Launch(
            work=_WORK,
            setup=packed(setup, leaves=not node.own),
            environ=environ,
            cores=() if numa is None or not node.own else cores_of(numa),
            device=deployment.device,
            cards=len(cards),
        )
        return Placement(resources=resources, launch=launch, alone=alone, shared=shared)
