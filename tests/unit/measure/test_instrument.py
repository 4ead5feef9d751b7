"""The trial of a client's clock: which figures come of which errors."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

import pytest

from pytest_llmlat.measure.instrument.calibration import Pulse, calibrate, tried
from pytest_llmlat.measure.instrument.comparison import Entry
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import GenerationFailed, LLMLatError
from pytest_llmlat.values.percentiles import nearest_rank
from pytest_llmlat.values.records import Response, Transport
from pytest_llmlat.values.timing import NS_PER_S, Timing

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Request

pytestmark = pytest.mark.slow

T = TypeVar("T")
MS = NS_PER_S // 1000


@dataclass
class Ended:
    """A scripted exchange."""

    timing: Timing
    name: str | None
    error: str | None = None
    failed: bool = False
    retries: int = 0

    @property
    def end_ns(self) -> int:
        """When it ended."""
        return self.timing.end_ns


@dataclass(frozen=True, kw_only=True)
class Told(Pulse):
    """A pulse without a process: its log is written by the scripted client."""

    entries: list[Entry] = field(default_factory=list)

    def log(self) -> list[Entry]:
        """Return the entries and forget them."""
        told = list(self.entries)
        self.entries.clear()
        return told


class Client:
    """A client whose requests take 100 ms and are told too long by scripted errors."""

    remote: Literal[True] = True

    chat = True

    def __init__(self, *errors_ns: int) -> None:
        """Give the errors of single requests, gone round in order."""
        self.errors_ns = errors_ns
        self.clock = ManualClock()
        self.pulse = Told(port=0, pid=0, schedule=Schedule(tokens=2))
        self.names: dict[int, str | None] = {}
        self.logged = ""
        self.broken: dict[int, str] = {}
        self.sent = 0
        self.in_flight: list[int] = []
        self.connected = 0
        self.ahead: list[int] = []
        self.late = 0
        """Requests that could not be written ahead."""

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """Nothing to say."""
        return {}

    def reset_device_peak(self) -> None:
        """Have no device."""

    def device_peak_bytes(self) -> int | None:
        """Have no device."""

    def close(self) -> None:
        """Have nothing to close."""

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run on a loop of asyncio."""
        del alone

        async def awaited() -> T:
            return await main

        return asyncio.run(awaited())

    async def connect(self, connections: int, ahead: Sequence[Request] = ()) -> None:
        """Remember how many were wanted, and what can be written before they go."""
        self.connected = connections
        self.ahead = [id(request) for request in ahead]

    def most_in_flight(self) -> int:
        """Nobody asks for it here."""
        return 0

    async def exchange(self, request: Request, start_ns: int) -> Ended:
        """Take 100 ms of the manual clock."""
        if id(request) in self.ahead:
            self.ahead.remove(id(request))
        else:
            self.late += 1
        place, self.sent = self.sent, self.sent + 1
        self.in_flight.append(place)
        await asyncio.sleep(0)
        self.in_flight.remove(place)
        written = (start_ns + 50 * MS, start_ns + 100 * MS)
        name = f"r{place}"
        logged = self.logged or name
        self.pulse.entries.append(
            Entry(id=logged, received_ns=start_ns, written_ns=written)
        )
        self.clock.wait_until(written[-1])
        error = self.errors_ns[place % len(self.errors_ns)]
        timing = Timing(
            start_ns=start_ns,
            end_ns=written[-1],
            stamps_ns=(written[0] + error, written[1] + error),
            stamp_tokens=(1, 1),
        )
        return Ended(timing, self.names.get(place, name), self.broken.get(place))

    def read(self, request: Request, exchange: object) -> Response:
        """Say what the script says."""
        del request
        assert isinstance(exchange, Ended)
        transport = Transport(
            request_id=exchange.name,
            status=200,
            reused=True,
            dns_s=None,
            connect_s=None,
            tls_s=None,
            retries=0,
        )
        return Response(
            generation=None,
            timing=exchange.timing,
            error=exchange.error,
            transport=transport,
        )


def test_a_constant_error_is_all_bias() -> None:
    """Two milliseconds too long each time: a bias and a jitter of 2 ms."""
    client = Client(2 * MS)

    found = calibrate(client, client.pulse, 3, 40, client.clock)

    assert (found.streams, found.requests) == (3, 40)
    assert found.bias_s == pytest.approx(0.002)
    assert found.jitter_p99_s == pytest.approx(0.002)
    assert client.connected == 3


def test_errors_either_way_cancel_in_the_bias_and_not_in_the_jitter() -> None:
    """The mean is of signed errors, the percentile of how far they were."""
    client = Client(5 * MS, -5 * MS)

    found = calibrate(client, client.pulse, 1, 200, client.clock)

    assert found.bias_s == pytest.approx(0.0)
    assert found.jitter_p99_s == pytest.approx(0.005)


def test_the_first_wave_does_not_count() -> None:
    """What setting up connections cost is no error of the clock."""
    client = Client(*[90 * MS] * 4, *[MS] * 1000)

    found = calibrate(client, client.pulse, 4, 50, client.clock)

    assert found.bias_s == pytest.approx(0.001)


def test_the_load_stays_until_the_last_measured_request_has_ended() -> None:
    """Others are sent in the place of those that are through, and do not count."""
    client = Client(0)

    trial = tried(client, client.pulse, 5, 20, client.clock)

    names = [pair.entry.id for pair in trial.measured]
    assert names == [f"r{place}" for place in range(5, 25)]
    assert len(trial.before) == 5
    assert len(trial.after) == 4
    assert client.in_flight == []


def test_requests_of_a_trial_are_written_before_it() -> None:
    """Those of a load are: a client that writes meanwhile would be told too badly."""
    client = Client(0)

    tried(client, client.pulse, 5, 20, client.clock)

    assert client.sent == 29
    assert client.late == 0


def test_throughput_is_of_whole_waves() -> None:
    """One stream of 100 ms requests makes ten in a second, warm-up left out."""
    client = Client(0)

    trial = tried(client, client.pulse, 1, 7, client.clock)

    assert trial.requests_per_s == pytest.approx(10.0)
    assert {pair.tpot_error_s for pair in trial.measured} == {0.0}


@pytest.mark.parametrize("name", [None, "stranger", "r3"])
def test_an_answer_that_cannot_be_found_in_the_log_is_an_error(
    name: str | None,
) -> None:
    """Without a name, under a wrong one or under another's, nothing is dropped."""
    client = Client(0)
    client.names[4] = name

    with pytest.raises(LLMLatError, match="only the log \\['r4'\\]"):
        calibrate(client, client.pulse, 2, 10, client.clock)


def test_one_name_for_all_is_an_error() -> None:
    """Requests that cannot be told apart cannot be compared."""
    client = Client(0)
    client.names = dict.fromkeys(range(100), "same")
    client.logged = "same"

    with pytest.raises(LLMLatError, match="one name stands for several"):
        calibrate(client, client.pulse, 1, 5, client.clock)


def test_a_failed_request_is_not_left_out() -> None:
    """The others would flatter: no figure is given, warm-up or not."""
    client = Client(0)
    client.broken[0] = "reset by peer"

    with pytest.raises(GenerationFailed, match=r"1 of .* failed.*reset by peer"):
        calibrate(client, client.pulse, 2, 10, client.clock)


@pytest.mark.parametrize(("streams", "requests"), [(0, 1), (1, 0)])
def test_no_load_is_no_trial(streams: int, requests: int) -> None:
    """A figure of nothing is not given."""
    client = Client(0)

    with pytest.raises(ValueError, match="no load"):
        calibrate(client, client.pulse, streams, requests, client.clock)


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (99, 99), (100, 99), (1000, 990)])
def test_the_percentile_is_of_nearest_rank(count: int, rank: int) -> None:
    """Of few values it is the largest: an instrument is not told too well."""
    assert nearest_rank(list(range(count, 0, -1)), 99) == rank
