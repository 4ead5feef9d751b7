"""Client processes on the nodes of a real Ray cluster offer one load together."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.measure.clients.load_clients import LoadClients
from pytest_llmlat.measure.clock_check import open_pulse
from pytest_llmlat.measure.instrument.calibration import pulse_server
from pytest_llmlat.measure.instrument.comparison import compared
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.spread.ray_processes import ray_places
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario
from tests.plugin import ray_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.measure.instrument.calibration import Pulse
    from pytest_llmlat.measure.scenarios import Load
    from tests.plugin.ray_cluster import Nodes

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    # What Ray leaves open is not ours to close.
    pytest.mark.filterwarnings("default"),
]
QUICK = Schedule(ttft_s=0.005, tokens=3, gap_s=0.002)
SLOW = Schedule(ttft_s=0.05, tokens=3, gap_s=0.2)
CLOCK = SystemClock()
DEADLINE_S = 60.0
CLOSED = Scenario(kind="concurrent", level=4)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Give a cluster of two nodes that this process is a part of."""
    import ray

    made = ray_cluster.opened(tmp_path_factory.mktemp("cluster"))
    try:
        made.add("head")
        made.add("alpha")
        ray.init(made.cluster.address, log_to_driver=False)
        yield made
    finally:
        ray.shutdown()
        made.cluster.shutdown()


@contextmanager
def clients_of(pulse: Pulse, number: int) -> Iterator[LoadClients]:
    """Start clients on all nodes in turn."""
    model = ModelSpec(
        name="pulse",
        backend="http",
        devices=("endpoint",),
        weights="pulse",
        url=pulse.url,
        options=(("awake", False), ("probe", False)),
    )
    places = ray_places()
    clients = LoadClients(
        [places[place % len(places)] for place in range(number)],
        Deployment(model=model, device="endpoint"),
        CLOCK,
        open_spool=None,
    )
    try:
        clients.open()
        yield clients
    finally:
        clients.close()


def offered(clients: LoadClients, pulse: Pulse, count: int) -> Load:
    """Offer so many requests."""
    asked = [
        Request(prompt=str(number), chat=True, max_new_tokens=3)
        for number in range(count)
    ]
    front = open_pulse(pulse.url, CLOCK)
    try:
        return clients.under_load(CLOSED, asked, front, CLOCK, seed=1, ramp_s=0.01)
    finally:
        front.close()


@pytest.mark.usefixtures("nodes")
def test_nodes_offer_one_load_and_clocks_are_told() -> None:
    """Each answer is in its place, with the times of one clock, and its host told."""
    with pulse_server(QUICK) as pulse, clients_of(pulse, 3) as clients:
        tried = clients.try_clocks(4, awake=False)
        pulse.log()
        load = offered(clients, pulse, 40)
        log = pulse.log()

    responses = [one for one in load.responses if one is not None]
    assert len(responses) == 40
    names = {one.transport.request_id for one in responses if one.transport}
    compared(responses, [entry for entry in log if entry.id in names])
    assert tried is not None
    assert load.facts is not None
    told = load.facts.clients
    assert [each.host for each in told] == ["alpha", "head", "alpha"]
    assert [each.requests for each in told] == [14, 13, 13]
    assert all(each.bias_s is not None for each in told)
    # All nodes are of this machine, whose processes have one clock.
    assert all(abs(e.clock_offset_s) <= e.clock_offset_error_s < 0.5 for e in told)


def test_a_node_that_is_lost_stops_the_load(nodes: Nodes) -> None:
    """The others offer a smaller one: the load is an error that names the machine."""
    nodes.add("doomed")
    with pulse_server(SLOW) as pulse, clients_of(pulse, 3) as clients:
        killer = threading.Thread(target=_kill_when_asked, args=(nodes, pulse))
        killer.start()

        with pytest.raises(LLMLatError, match=r"on doomed: its machine was lost"):
            offered(clients, pulse, 400)
        killer.join()
        assert clients.lost


def _kill_when_asked(nodes: Nodes, pulse: Pulse) -> None:
    """Kill a node as soon as the server has answered some requests of the load."""
    pause, seen = threading.Event(), 0
    for _ in range(int(DEADLINE_S / 0.1)):
        seen += len(pulse.log())
        if seen > 8:
            break
        pause.wait(0.1)
    nodes.kill("doomed")
