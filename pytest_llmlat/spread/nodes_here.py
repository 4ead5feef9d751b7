"""What a node has, as it is seen from a process of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmlat.machine.devices import look
from pytest_llmlat.machine.environment import fingerprint
from pytest_llmlat.machine.numa import card_nodes
from pytest_llmlat.machine.nvidia import card_ids
from pytest_llmlat.spread.worker_pool import Card, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.machine.devices import Inventory

VISIBLE = "CUDA_VISIBLE_DEVICES"


def node_here(
    name: str, *, own: bool = False, environ: Mapping[str, str] = os.environ
) -> Node:
    """Return this machine as a node.

    Args:
        name: that it goes by.
        own: whether workers write into the folder of the run themselves.
        environ: hides and reorders cards.
    """
    inventory = look(environ)
    return Node(
        name=name,
        inventory=inventory,
        cards=cards_here(inventory, environ),
        environment=tuple(fingerprint(inventory).items()),
        shares_folder=own,
        own=own,
    )


def cards_here(
    inventory: Inventory, environ: Mapping[str, str] = os.environ
) -> tuple[Card, ...]:
    """Return the NVIDIA cards of this machine that this process may give away."""
    names = inventory.gpus
    told = environ.get(VISIBLE)
    labels = [text.strip() for text in told.split(",")] if told else None
    if labels is not None and len(labels) < len(names):
        return ()
    ids, nodes = card_ids(environ), card_nodes(environ)
    found = []
    for place, name in enumerate(names):
        label = str(place) if labels is None else labels[place]
        known = ids is not None and len(ids) == len(names)
        found.append(
            Card(
                label=label,
                name=name,
                id=ids[place] if ids is not None and known else f"card-{label}",
                numa=nodes[place] if len(nodes) == len(names) else None,
            )
        )
    return tuple(found)
