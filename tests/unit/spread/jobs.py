"""Nodes and jobs, for tests of what begins where."""

from __future__ import annotations

from pytest_llmlat.machine.devices import Inventory
from pytest_llmlat.spread.jobs import Job, Placement
from pytest_llmlat.spread.worker_pool import Launch, Node

BARE = Inventory(
    gpus=(), gpu_note="", platform="linux", machine="x86_64", hub_token=False
)
LAUNCH = Launch(work="", setup=b"", environ={})


def node(name: str, kind: str = "one") -> Node:
    """Return a node of a kind."""
    return Node(
        name=name,
        inventory=BARE,
        cards=(),
        environment=(("cpu", kind),),
        shares_folder=True,
    )


def needs(*resources: str, alone: str = "", shared: str = "") -> Placement:
    """Return a placement that needs some things."""
    return Placement(
        resources=frozenset(resources),
        launch=LAUNCH,
        alone=frozenset(alone.split()),
        shared=frozenset(shared.split()),
    )


def job(name: str, *ways: Placement, group: str = "owl", nodes: str = "a") -> Job:
    """Return a job that can be done in some ways on some nodes."""
    return Job(
        id=name,
        group=group,
        order=name.encode(),
        placements=dict.fromkeys(nodes.split(), ways),
    )
