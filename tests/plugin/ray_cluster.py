"""A Ray cluster of several nodes on this machine, for tests."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parents[2]
STORE = 80 * 1024 * 1024
ON_RECORD: list[Callable[[Any], None]] = []
"""What the project's hook calls with each record."""
CONFTEST = """
from tests.plugin.ray_cluster import ON_RECORD

def pytest_llmlat_record(record):
    for call in ON_RECORD:
        call(record)
"""
AT_START = """
import os

if os.environ.get("STAND_IN_CARDS"):
    from pytest_llmlat.machine import devices, nvidia
    from tests.unit.nvml_driver import Driver

    count = range(int(os.environ["STAND_IN_CARDS"]))
    CARDS = Driver(
        {n: [] for n in count},
        {n: 0 for n in count},
        energy_mj={n: 0 for n in count},
        names=("NVIDIA RTX A6000",) * len(count),
    )
    nvidia.load_driver = devices.load_driver = lambda: (CARDS, "a stand-in")
"""


@dataclass
class Nodes:
    """The nodes of a cluster; each has a folder of its own for leases."""

    cluster: Any
    folder: Path
    found: dict[str, Any] = field(default_factory=dict)

    def add(
        self,
        name: str,
        *,
        cards: int = 0,
        path: Path | None = None,
        client_port: int | None = None,
    ) -> None:
        """Start a node.

        Args:
            name: of the node.
            cards: stand-ins of a driver's.
            path: comes before all others in the imports of its workers.
            client_port: of a head, where others are to reach it by ``ray://``.
        """
        port = {} if client_port is None else {"ray_client_server_port": client_port}
        beside = self.folder / "beside"
        beside.mkdir(exist_ok=True)
        (beside / "sitecustomize.py").write_text(AT_START, "utf-8")
        paths = [*([] if path is None else [str(path)]), str(beside), str(HERE)]
        self.found[name] = self.cluster.add_node(
            **port,
            num_cpus=1,
            object_store_memory=STORE,
            include_dashboard=False,
            node_name=name,
            resources={"a6000": cards} if cards else {},
            env_vars={
                "PYTHONPATH": os.pathsep.join(paths),
                "STAND_IN_CARDS": str(cards or ""),
                "XDG_CACHE_HOME": str(self.folder / name),
            },
        )

    def kill(self, name: str) -> None:
        """End a node as a power cut does."""
        self.cluster.remove_node(self.found.pop(name), allow_graceful=False)

    def kill_head(self) -> None:
        """End the head as a power cut does; the cluster has gone with it."""
        self.found.pop("head").kill_all_processes(
            check_alive=False, allow_graceful=False
        )


def opened(folder: Path) -> Nodes:
    """Return a cluster with no node."""
    from ray.cluster_utils import Cluster

    return Nodes(cluster=Cluster(), folder=folder)
