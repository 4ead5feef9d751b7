"""The nodes of a Ray cluster: which of them can measure, and what each has."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pytest_llmlat.spread.nodes_here import node_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.spread.worker_pool import Node

_PLUGIN = "pytest-llmlat"
_WAIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RayNode:
    """A node of the cluster that can measure."""

    id: str
    """Ray's name of it."""
    node: Node
    resources: Mapping[str, float]
    """What Ray has of it to give: ``GPU``, and devices by their markers."""


def look_at_nodes(ray: Any) -> tuple[list[RayNode], list[str]]:  # noqa: ANN401 - a library
    """Return the nodes that can measure, and sentences on those that cannot.

    A node with another Python or another version of the plugin is among the latter: it
    would fail in the midst of a run, or measure otherwise.
    """
    found: list[RayNode] = []
    refused: list[str] = []
    alive = [each for each in ray.nodes() if each["Alive"]]
    names = _names(alive)
    asked = {each["NodeID"]: _asked(ray, each["NodeID"]) for each in alive}
    for each in alive:
        name = names[each["NodeID"]]
        why, node = _told(ray, each["NodeID"], asked[each["NodeID"]], name)
        if node is None:
            refused.append(f"node {name}: {why}")
            continue
        found.append(RayNode(id=each["NodeID"], node=node, resources=each["Resources"]))
    return sorted(found, key=lambda each: each.node.name), refused


def on_node(ray: Any, node: str) -> Any:  # noqa: ANN401 - a library
    """Return the strategy by which Ray puts something on one node and no other."""
    kind = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    return kind(node_id=node, soft=False)


def _names(alive: list[dict[str, Any]]) -> dict[str, str]:
    """Return a name for each node, of which no two are the same."""
    given = [each.get("NodeName") or each["NodeManagerAddress"] for each in alive]
    return {
        each["NodeID"]: name
        if given.count(name) == 1
        else f"{name}#{each['NodeID'][:6]}"
        for each, name in zip(alive, given, strict=True)
    }


def _asked(ray: Any, node: str) -> Any:  # noqa: ANN401 - a reference of Ray's
    """Ask a node for its versions; what it runs for that is nothing of the plugin."""

    def versions() -> tuple[str, str | None]:
        import platform as there  # noqa: PLC0415 - it runs on the node
        from importlib import metadata  # noqa: PLC0415 - as above

        try:
            plugin = metadata.version("pytest-llmlat")
        except metadata.PackageNotFoundError:
            plugin = None
        return there.python_version(), plugin

    options = {"num_cpus": 0, "scheduling_strategy": on_node(ray, node)}
    return ray.remote(versions).options(max_retries=0, **options).remote()


def _told(
    ray: Any,  # noqa: ANN401 - a library
    node: str,
    asked: Any,  # noqa: ANN401 - a reference of Ray's
    name: str,
) -> tuple[str, Node | None]:
    """Return what a node has, or why it cannot measure."""
    try:
        python, plugin = ray.get(asked, timeout=_WAIT_S)
        if python.rpartition(".")[0] != platform.python_version().rpartition(".")[0]:
            here = platform.python_version()
            return f"has Python {python}, and here is {here}: start it with that", None
        if plugin != version(_PLUGIN):
            has = "no" if plugin is None else f"version {plugin} of"
            here = version(_PLUGIN)
            return f"has {has} {_PLUGIN}, and here is {here}: install that there", None
        options = {"num_cpus": 0, "scheduling_strategy": on_node(ray, node)}
        there = ray.remote(node_here).options(max_retries=0, **options).remote(name)
        found: Node = ray.get(there, timeout=_WAIT_S)
    except Exception as error:  # noqa: BLE001 - whatever a node does
        first = str(error).strip().split("\n")[0]
        return f"does not answer ({type(error).__name__}: {first:.200})", None
    return "", replace(found, shares_folder=False, own=False)
