"""What of a node a cell needs to itself: cards, the processor, a server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.devices import Inventory
from pytest_llmlat.machine.sealed_values import unpacked
from pytest_llmlat.session.cell_orders import WorkerSetup
from pytest_llmlat.session.placements import Placements
from pytest_llmlat.spread.worker_pool import Card, Node
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.node_facts import NodeFacts
from pytest_llmlat.values.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("NVIDIA H100", "NVIDIA RTX A6000", "NVIDIA RTX A6000")
MODEL = ModelSpec(name="m", backend="scripted", devices=("a6000", "cpu", "endpoint"))


def node(name: str, *kinds: str, own: bool = False) -> Node:
    """Return a node with cards of some kinds, each on a NUMA node of its own."""
    return Node(
        name=name,
        inventory=Inventory(
            gpus=kinds, gpu_note="", platform="linux", machine="x86_64", hub_token=False
        ),
        cards=tuple(
            Card(label=str(place), name=kind, id=f"GPU-{place}", numa=place)
            for place, kind in enumerate(kinds)
        ),
        environment=(("cpu", name),),
        shares_folder=own,
        own=own,
    )


def placements(folder: Path, *nodes: Node, apart: bool = False) -> Placements:
    """Return the placements on some nodes."""
    settings = Settings(root=folder, folder=folder / "run")
    setup = WorkerSetup(settings=settings, node=NodeFacts(name=""), writes=True)
    return Placements(nodes, setup, apart=apart)


def test_a_card_of_its_kind_is_taken(tmp_path: Path) -> None:
    """Each that fits will do; its worker sees no other."""
    own = placements(tmp_path, node("here", *KINDS, own=True))

    found = own.of(Deployment(model=MODEL, device="a6000"))["here"]

    assert [set(each.resources) for each in found] == [{"card:GPU-1"}, {"card:GPU-2"}]
    assert found[0].launch.environ["CUDA_VISIBLE_DEVICES"] == "1"
    assert found[0].launch.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert found[0].shared == {"processor"}
    told = unpacked(found[0].launch.setup).node
    assert (told.cards, told.numa, told.environment) == (("GPU-1",), 1, ())


@pytest.mark.parametrize(
    "wide",
    [
        replace(MODEL, options=(("device_map", "auto"),)),
        replace(MODEL, backend="engine", engine="vllm"),
    ],
)
def test_what_spreads_over_cards_takes_all(tmp_path: Path, wide: ModelSpec) -> None:
    """All of its kind, in one worker; an engine chooses among them itself."""
    own = placements(tmp_path, node("here", *KINDS, own=True))

    (found,) = own.of(Deployment(model=wide, device="a6000"))["here"]

    assert found.resources == {"card:GPU-1", "card:GPU-2"}
    assert found.launch.environ["CUDA_VISIBLE_DEVICES"] == "1,2"


def test_cards_of_one_memory_are_apart_if_asked(tmp_path: Path) -> None:
    """The memory that a card hangs on is then nobody else's."""
    deployment = Deployment(model=MODEL, device="a6000")

    plain = placements(tmp_path, node("here", *KINDS, own=True)).of(deployment)
    apart = placements(tmp_path, node("here", *KINDS, own=True), apart=True)

    assert plain["here"][0].alone == frozenset()
    assert apart.of(deployment)["here"][0].alone == {"memory:1"}


def test_a_processor_is_wanted_alone(tmp_path: Path) -> None:
    """So that nothing is timed beside it on its node."""
    own = placements(tmp_path, node("here", *KINDS, own=True))

    (found,) = own.of(Deployment(model=MODEL, device="cpu"))["here"]

    assert found.resources == {"processor"}
    assert not found.shared


def test_a_node_without_the_device_is_none_for_it(tmp_path: Path) -> None:
    """Where no node has it there is nowhere to go."""
    own = placements(tmp_path, node("bare"), node("rich", *KINDS))

    assert set(own.of(Deployment(model=MODEL, device="a6000"))) == {"rich"}
    assert set(own.of(Deployment(model=MODEL, device="cpu"))) == {"bare", "rich"}
    assert own.of(Deployment(model=MODEL, device="l40s")) == {}


def test_cells_of_servers_are_measured_from_one_node(tmp_path: Path) -> None:
    """The way to a server is that node's; one cell at a time for each address."""
    own = placements(tmp_path, node("a"), node("b"))
    first, second = (
        own.of(Deployment(model=replace(MODEL, url=url), device="endpoint"))
        for url in ("http://one/v1", "http://two/v1")
    )

    assert set(first) == set(second) == {"a"}
    assert first["a"][0].resources != second["a"][0].resources


def test_the_fingerprint_of_another_node_goes_with_its_cells(tmp_path: Path) -> None:
    """A gate compares what was measured there with runs of such a machine."""
    own = placements(tmp_path, node("far", *KINDS))

    (found, _) = own.of(Deployment(model=MODEL, device="a6000"))["far"]

    setup = unpacked(found.launch.setup)
    assert setup.node.environment == (("cpu", "far"),)
    assert not setup.writes
