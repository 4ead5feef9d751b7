"""Client processes that offer one load to a server that logs its writes."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.piped_process import PipedProcess
from pytest_llmlat.machine.process_place import ThisMachine
from pytest_llmlat.measure.clients.load_clients import LoadClients
from pytest_llmlat.measure.clock_check import open_pulse
from pytest_llmlat.measure.instrument.calibration import pulse_server
from pytest_llmlat.measure.instrument.comparison import compared
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.store.spooled_answers import (
    Spool,
    SpooledLoad,
    spooled,
    spooled_records,
)
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario
from tests.unit.builders import a_cell, a_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.measure.instrument.calibration import Pulse
    from pytest_llmlat.measure.scenarios import Load

pytestmark = pytest.mark.slow

QUICK = Schedule(ttft_s=0.005, tokens=3, gap_s=0.002)
SLOW = Schedule(ttft_s=0.005, tokens=3, gap_s=0.2)
CLOCK = SystemClock()
DEADLINE_S = 60.0


@contextmanager
def clients_of(
    pulse: Pulse, number: int = 2, folder: Path | None = None
) -> Iterator[LoadClients]:
    """Start clients of a server, and end them."""
    model = ModelSpec(
        name="pulse",
        backend="http",
        devices=("endpoint",),
        weights="pulse",
        url=pulse.url,
        options=(("awake", False), ("probe", False)),
    )
    clients = LoadClients(
        [ThisMachine()] * number,
        Deployment(model=model, device="endpoint"),
        CLOCK,
        open_spool=None if folder is None else partial(Spool, folder),
    )
    try:
        clients.open()
        yield clients
    finally:
        clients.close()


def offered(clients: LoadClients, pulse: Pulse, scenario: Scenario, count: int) -> Load:
    """Offer so many requests."""
    front = open_pulse(pulse.url, CLOCK)
    try:
        return clients.under_load(
            scenario, requests(count), front, CLOCK, seed=1, ramp_s=0.01
        )
    finally:
        front.close()


def requests(count: int) -> list[Request]:
    """Return so many requests."""
    return [
        Request(prompt=str(number), chat=True, max_new_tokens=3)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(kind="concurrent", level=5),
        Scenario(kind="server", level=200),
        Scenario(kind="offline"),
    ],
)
def test_every_request_is_sent_once_by_one_of_them(scenario: Scenario) -> None:
    """Each answer stands in its place, and the server saw each request that counts."""
    with pulse_server(QUICK) as pulse, clients_of(pulse) as clients:
        pulse.log()
        load = offered(clients, pulse, scenario, 41)
        log = pulse.log()

    responses = [one for one in load.responses if one is not None]
    assert len(responses) == 41
    names = {one.transport.request_id for one in responses if one.transport}
    assert len(names) == 41
    compared(responses, [entry for entry in log if entry.id in names])
    facts = load.facts
    assert facts is not None
    assert [each.requests for each in facts.clients] == [21, 20]
    # Two that warm the clients up are in the log and in no load.
    assert len(log) >= facts.before + 41 + facts.after


def test_all_clocks_are_tried_at_once() -> None:
    """Each client has an accuracy of its own, and the load has the worst of them."""
    with pulse_server(QUICK) as pulse, clients_of(pulse) as clients:
        found = clients.try_clocks(6, awake=False)
        load = offered(clients, pulse, Scenario(kind="concurrent", level=2), 8)

    assert found is not None
    assert load.facts is not None
    told = [each.bias_s for each in load.facts.clients]
    assert None not in told
    assert found.bias_s in told
    assert found.requests == 40


def test_a_client_that_dies_is_told_and_its_answers_are_kept(tmp_path: Path) -> None:
    """The load is an error, and what had ended until then is in the clients' files."""
    cell = a_cell()
    asked = tuple(
        (a_record(cell=cell, sample=str(n)), r) for n, r in enumerate(requests(40))
    )
    load = SpooledLoad(cell=cell, backend="http", server="here", asked=asked)
    with pulse_server(SLOW) as pulse, clients_of(pulse, folder=tmp_path) as clients:
        victim = clients._pool.clients[1]._process
        assert isinstance(victim, PipedProcess)
        killer = threading.Thread(
            target=_kill_when_answered, args=(tmp_path, victim.pid)
        )
        killer.start()
        ended: list[Load] = []

        def lead() -> None:
            with clients.spool(load, lambda _: None):
                ended.append(
                    offered(clients, pulse, Scenario(kind="concurrent", level=4), 40)
                )

        with pytest.raises(LLMLatError, match=r"client process 2 of 2: .*signal 9"):
            lead()
        killer.join()
        assert clients.lost

    kept = [one for one in ended[0].responses if one is not None]
    assert len(kept) < 40
    files = dict(spooled(tmp_path))
    records = [r for path in files for r in spooled_records(path, cell)]
    samples = {record.sample for record in records}
    assert any(int(sample) % 2 for sample in samples), "those of the dead one"
    assert len(samples) >= len(kept)


def _kill_when_answered(folder: Path, victim: int) -> None:
    """Kill a client as soon as an answer of its own is on the disk."""
    pause = threading.Event()
    name = f"*-{victim}.raw"
    for _ in range(int(DEADLINE_S / 0.01)):
        for path in (folder / "spool").glob(name):
            if path.read_bytes().count(b'"sizes"') > 2:
                os.kill(victim, signal.SIGKILL)
                return
        pause.wait(0.01)


def test_a_server_that_they_cannot_reach() -> None:
    """It is told which client could not, before anything is measured."""
    with pulse_server(QUICK) as pulse:
        pass
    with (
        pytest.raises(LLMLatError, match="client process 1 of 2: ServerUnavailable"),
        clients_of(pulse),
    ):
        pass
