"""Steps of a cascade behind servers: stamps, tokens, cold prompts, and what fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pytest

from pytest_llmlat.backends.cascade.cascade_model import Cascade, CascadeStep
from pytest_llmlat.backends.cascade.served_step import ServedStep
from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.cold_prompts import with_head
from pytest_llmlat.measure.managed_servers import is_elsewhere
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import GenerationFailed, ServerUnavailable
from pytest_llmlat.values.going_on import GoOn
from pytest_llmlat.values.protocols import ManagedServer, Stepped
from pytest_llmlat.values.records import Extraction, Generation, Request, Response
from pytest_llmlat.values.timing import NS_PER_S, Timing
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.protocols import Backend

T = TypeVar("T")


@dataclass
class Sent:
    """An answer on its way: its stamps, in seconds after the request."""

    start_ns: int
    end_ns: int
    failed: bool = False
    retries: int = 0


@dataclass
class Remote:
    """A server that answers a word a second, after two seconds."""

    clock: ManualClock
    says: str = "5 6"
    error: str | None = None
    told: dict[str, Scalar | None] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    closed: int = 0
    remote: Literal[True] = True
    chat: bool = True

    @property
    def facts(self) -> dict[str, Scalar | None]:
        """Return its address, and what else it tells."""
        return {"url": "http://there/v1", **self.told}

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run on a loop of its own."""
        assert alone
        return asyncio.run(main)

    async def connect(self, connections: int, ahead: Sequence[Request] = ()) -> None:
        """Need no connection."""

    def most_in_flight(self) -> int:
        """Have one request under way."""
        return 1

    async def exchange(self, request: Request, start_ns: int) -> Sent:
        """Let the time of an answer pass."""
        self.asked.append(request)
        words = len(self.says.split())
        self.clock.wait_until(start_ns + (1 + words) * NS_PER_S)
        return Sent(start_ns=start_ns, end_ns=self.clock.now_ns())

    def read(self, request: Request, exchange: Sent) -> Response:
        """Say what came, and when; reading takes half a second."""
        del request
        self.clock.wait_until(self.clock.now_ns() + NS_PER_S // 2)
        count = len(self.says.split())
        stamps = tuple(exchange.start_ns + (2 + n) * NS_PER_S for n in range(count))
        timing = Timing(
            start_ns=exchange.start_ns,
            end_ns=exchange.end_ns,
            stamps_ns=stamps,
            stamp_tokens=(1,) * count,
        )
        answer = Generation(
            text=self.says,
            finish="stop",
            prompt_tokens=3,
            output_tokens=count,
            token_source="usage",  # noqa: S106 - where tokens were counted
        )
        return Response(
            generation=None if self.error else answer, timing=timing, error=self.error
        )

    def reset_device_peak(self) -> None:
        """Have no memory."""

    def device_peak_bytes(self) -> int | None:
        """Have no memory."""
        return None

    def close(self) -> None:
        """Count how often."""
        self.closed += 1


@dataclass
class Engine(Remote):
    """A server that was started here, and may end."""

    begun: int = 0
    ended: bool = False

    def begin_cell(self) -> None:
        """Start anew."""
        self.begun += 1
        self.ended = False

    def check(self) -> None:
        """See that it runs."""
        if self.ended:
            raise ServerUnavailable("it ended; its last lines: boom")

    @property
    def engine(self) -> Any:  # noqa: ANN401 - nobody looks
        """Tell nothing."""
        return None


def reads(text: str, *, truncated: bool = False) -> Extraction:
    """Read a number, and nothing else."""
    del truncated
    return Extraction(value=text.strip() if text.strip().isdigit() else None)


REQUEST = Request(prompt="2 + 2?", chat=True, max_new_tokens=8, reads=reads)


def a_cascade(
    first: str, server: Remote, *, rule: GoOn | None = None, at_last: bool = True
) -> Cascade:
    """Return a cascade of a script, which takes a second a word, and a server."""
    clock = server.clock
    script = Scripted({"": first}, clock=clock, ttft_s=1.0, tpot_s=1.0)
    served = ServedStep("large", server, clock)
    backends: list[tuple[str, Backend]] = [("small", script), ("large", served)]
    (a, one), (b, other) = backends if at_last else backends[::-1]
    return Cascade(
        [
            CascadeStep(name=a, backend=one, rule=rule or GoOn(unparsed=True)),
            CascadeStep(name=b, backend=other, rule=None),
        ],
        clock=clock,
    )


def asked(cascade: Cascade, clock: ManualClock, request: Request = REQUEST) -> Any:  # noqa: ANN401 - a pair
    """Return what comes of one request."""
    meter = Meter(clock, request.stop)
    meter.start()
    return cascade.generate(request, meter), meter.timing()


def test_the_last_answer_has_the_stamps_of_its_bytes() -> None:
    """Behind the whole time of the step before; reading it is no part of its e2e."""
    clock = ManualClock(0)
    generation, timing = asked(a_cascade("no idea", Remote(clock)), clock)

    assert generation.text == "5 6"
    assert (timing.ttft_s, timing.e2e_s) == (2.0 + 2.0, 2.0 + 3.0)
    assert timing.stamp_tokens == (1, 1)
    assert generation.output_tokens == 2 + 2
    assert [step.seconds for step in generation.steps] == [2.0, 3.5]


def test_an_answer_that_is_judged_is_there_when_it_was_read() -> None:
    """A cascade must read it to judge it."""
    clock = ManualClock(0)
    generation, timing = asked(
        a_cascade("x", Remote(clock, says="7"), at_last=False), clock
    )

    assert generation.text == "7"
    assert timing.ttft_s == timing.e2e_s == 2.0 + 0.5


def test_an_answer_that_is_not_read_goes_on_to_the_next() -> None:
    """The server's time is in that of the whole."""
    clock = ManualClock(0)
    generation, timing = asked(
        a_cascade("9", Remote(clock, says="no idea"), at_last=False), clock
    )

    assert generation.text == "9"
    assert timing.ttft_s == 3.0 + 0.5 + 1.0


def test_a_server_that_does_not_answer_is_the_end_of_the_cascade() -> None:
    """With what came instead; as in the records that a route is found in."""
    clock = ManualClock(0)
    cascade = a_cascade("no idea", Remote(clock, error="503 busy"))

    with pytest.raises(GenerationFailed, match="step 'large': 503 busy"):
        asked(cascade, clock)


def test_an_engine_that_died_is_told_and_started_anew() -> None:
    """Its last lines are in the error; the next cell's warm-up starts it."""
    clock = ManualClock(0)
    engine = Engine(clock, error="connection lost", ended=True)
    cascade = a_cascade("no idea", engine)

    with pytest.raises(ServerUnavailable, match="boom"):
        asked(cascade, clock)
    engine.error = None
    cascade.warm_up(REQUEST)

    assert engine.begun == 1
    assert asked(cascade, clock)[0].text == "5 6"


def test_prompts_are_kept_cold_for_all_steps() -> None:
    """One head is enough to make a prompt new for each of them."""
    clock = ManualClock(0)
    told = a_cascade("x", Remote(clock, told={"cold_by": "head"})).facts

    assert (told["url"], told["cold_by"]) == ("http://there/v1", "head")
    assert "cold_by" not in a_cascade("x", Remote(clock)).facts
    warm = a_cascade("x", Remote(clock, told={"cache": "warm"})).facts
    assert warm["cache"] == "warm"


@pytest.mark.parametrize("rule", [GoOn(digits_over=2), GoOn(prompt_longer_than=6)])
def test_the_head_is_none_of_the_question(rule: GoOn) -> None:
    """A router decides as it was found to, of questions without heads."""
    clock = ManualClock(0)
    server = Remote(clock)
    cold = with_head(REQUEST, "123 456 789 123\n\n")
    generation, _ = asked(a_cascade("4", server, rule=rule), clock, cold)

    assert [step.model for step in generation.steps] == ["small"]
    assert server.asked == []
    longer = replace(cold, prompt=cold.prompt + " and 33 + 33?")
    assert asked(a_cascade("4", server, rule=rule), clock, longer)[0].text == "5 6"


def test_where_servers_are_is_told() -> None:
    """What others use of this machine may be somebody's server, and not an engine."""
    clock = ManualClock(0)
    remote = a_cascade("x", Remote(clock))
    engine = a_cascade("x", Engine(clock))

    assert isinstance(remote, Stepped)
    assert isinstance(Engine(clock), ManagedServer)
    assert (remote.served, engine.served) == ("elsewhere", "here")
    assert (is_elsewhere(remote), is_elsewhere(engine)) == (True, False)
    assert remote.device_peak_bytes() is None


def test_servers_are_let_go() -> None:
    """Connections are closed, and engines ended."""
    server = Remote(ManualClock(0))

    a_cascade("x", server).close()

    assert server.closed == 1
