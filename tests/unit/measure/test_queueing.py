"""Requests that wait for a model that takes one at a time, to the nanosecond."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.arrivals import Arrivals
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.scenarios import under_load
from pytest_llmlat.measure.scenarios.queueing import take_turns
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_deployment, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.measure.scenarios.queueing import Queue
    from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
    from pytest_llmlat.values.records import Record, Response
    from pytest_llmlat.values.results import Summary

pytestmark = pytest.mark.slow

BEGIN_NS = 1_000
OFFLINE = Scenario(kind="offline")
TWO = Scenario(kind="concurrent", level=2)
EVERY = [OFFLINE, TWO, Scenario(kind="server", level=0.25)]


@dataclass
class Model:
    """A model that takes so long to each prompt, and somebody who may stop it."""

    seconds: Callable[[str], float] = lambda _: 2.0
    stopped_at: int | None = None
    """The request at which somebody presses Ctrl-C, counted from 1."""
    failing: frozenset[str] = frozenset()
    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN_NS))
    asked: list[tuple[str, float]] = field(default_factory=list)
    """Prompts, and the seconds at which the model took them."""

    def say(self, request: Request) -> str:
        """Answer at the end of the time that it takes."""
        begun = self.clock.now_ns()
        self.asked.append((request.prompt, since(begun)))
        if len(self.asked) == self.stopped_at:
            raise KeyboardInterrupt
        taken = self.seconds(request.prompt)
        self.clock.wait_until(begun + round(taken * NS_PER_S))
        if request.prompt in self.failing:
            raise RuntimeError(request.prompt)
        return request.prompt

    @property
    def backend(self) -> Scripted:
        """The model as a backend."""
        return Scripted(self.say, clock=self.clock)


def since(instant_ns: int) -> float:
    """Return the seconds since the clock began."""
    return (instant_ns - BEGIN_NS) / NS_PER_S


def queued(scenario: Scenario, model: Model, count: int, *, seed: int = 0) -> Queue:
    """Offer requests whose prompts are ``a``, ``b``, ``c`` and so on."""
    requests = [
        Request(prompt=chr(ord("a") + n), chat=True, max_new_tokens=4)
        for n in range(count)
    ]
    return take_turns(scenario, requests, model.backend, model.clock, seed=seed)


def times(queue: Queue) -> list[tuple[float, float, float]]:
    """Return start, sending and end of every answer, in seconds."""
    found = []
    for response in queue.responses:
        assert response is not None
        timing = response.timing
        assert timing.sent_ns is not None
        found.append(
            (since(timing.start_ns), since(timing.sent_ns), since(timing.end_ns))
        )
    return found


def texts(responses: list[Response | None]) -> list[str | None]:
    """Return what was answered, ``None`` where nothing was."""
    return [r.generation.text if r and r.generation else None for r in responses]


def facts_of(queue: Queue) -> LoadFacts:
    """Return the facts of a queue in which something ended."""
    assert queue.facts is not None
    return queue.facts


def test_offline_all_wait_from_the_beginning() -> None:
    """The last of three waits for the two before it."""
    queue = queued(OFFLINE, Model(), 3)

    assert times(queue) == [(0, 0, 2), (0, 2, 4), (0, 4, 6)]
    assert texts(queue.responses) == ["a", "b", "c"]
    facts = facts_of(queue)
    assert (facts.window_s, facts.ended, facts.failed) == (6, 3, 0)
    assert (facts.before, facts.after, facts.in_flight) == (0, 0, 3)


def test_a_closed_loop_waits_for_the_other_one() -> None:
    """With two in flight each request waits while the one before it is served."""
    model = Model()

    queue = queued(TWO, model, 3)

    # Two go before: one is served until 2, the other until 4.
    assert model.asked == [("c", 0), ("b", 2), ("a", 4), ("b", 6), ("c", 8)]
    assert times(queue) == [(2, 4, 6), (4, 6, 8), (6, 8, 10)]
    facts = facts_of(queue)
    assert (facts.window_s, facts.ended, facts.failed) == (6, 3, 0)
    assert (facts.before, facts.after, facts.in_flight) == (2, 0, 2)


def test_a_closed_loop_of_one_has_no_queue() -> None:
    """Who comes when the other has left is served at once."""
    queue = queued(Scenario(kind="concurrent", level=1), Model(), 2)

    assert times(queue) == [(2, 2, 4), (4, 4, 6)]
    assert facts_of(queue).in_flight == 1


def test_a_closed_loop_waits_as_long_as_the_others_take() -> None:
    """A quick one behind two slow ones waits for both."""
    model = Model(lambda prompt: {"a": 10.0, "b": 1.0}[prompt])

    queue = queued(Scenario(kind="concurrent", level=3), model, 2)

    # Before: b, a, b, as they would come; they end at 1, 11 and 12.
    assert [prompt for prompt, _ in model.asked] == ["b", "a", "b", "a", "b"]
    assert times(queue) == [(1, 12, 22), (11, 22, 23)]


@pytest.mark.parametrize(
    ("service_s", "before", "steady"),
    [(0.01, 4, True), (2.0, 5, True), (50.0, 20, False)],
)
def test_an_open_loop_counts_from_the_arrival(
    service_s: float, before: int, *, steady: bool
) -> None:
    """Each is served when it has come and all before it are done."""
    scenario = Scenario(kind="server", level=0.25)

    queue = queued(scenario, Model(lambda _: service_s), 20, seed=6)

    arrivals = Arrivals(0.25, 6)
    due = [arrivals.next_ns() for _ in range(before + 20)]
    free = 0
    expected = []
    for arrival in due:
        sent = max(arrival, free)
        free = sent + round(service_s * NS_PER_S)
        expected.append(tuple(ns / NS_PER_S for ns in (arrival, sent, free)))
    assert times(queue) == expected[before:]
    facts = facts_of(queue)
    in_window = sum(end > due[before] / NS_PER_S for _, _, end in expected)
    assert (facts.before, facts.after, facts.ended) == (before, 0, in_window)
    assert facts.steady is steady


def test_the_wait_in_the_queue_is_a_part_of_the_latency() -> None:
    """It is told, and end to end it is not left out."""
    last = queued(OFFLINE, Model(), 3).responses[-1]

    assert last is not None
    assert (last.timing.queue_s, last.timing.e2e_s) == (4, 6)
    assert last.timing.ttft_s == 6


def test_as_many_are_in_flight_as_have_come_and_not_left() -> None:
    """Where arrivals are far apart there is one, where they pile up there are all."""
    scenario = Scenario(kind="server", level=0.25)

    idle = facts_of(queued(scenario, Model(lambda _: 1e-6), 10))
    busy = facts_of(queued(scenario, Model(lambda _: 1e6), 10))

    assert idle.in_flight == 1
    # The first that went before is still being served when the last one comes.
    assert busy.in_flight == 20


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.25])
@pytest.mark.parametrize("count", [1, 3, 20])
def test_an_idle_model_serves_no_more_than_arrive(rate: float, count: int) -> None:
    """The rate of an open loop that keeps up is that of its arrivals."""
    scenario = Scenario(kind="server", level=rate)

    found = [
        facts_of(queued(scenario, Model(lambda _: 0.001), count, seed=seed))
        for seed in range(200)
    ]

    told = sum(f.ended for f in found) / sum(f.window_s for f in found)
    assert told == pytest.approx(rate, rel=0.2)


def test_who_goes_before_is_not_told_of() -> None:
    """Nor is what went wrong with them."""
    model = Model(failing=frozenset({"b"}))

    queue = queued(TWO, model, 2)

    assert len(model.asked) == 4
    assert texts(queue.responses) == ["a", None]
    assert (facts_of(queue).ended, facts_of(queue).failed) == (2, 1)


def test_a_failure_takes_its_time_and_the_next_one_waits_for_it() -> None:
    """A queue goes on behind a request that broke."""
    queue = queued(OFFLINE, Model(failing=frozenset({"a"})), 2)

    assert times(queue) == [(0, 0, 2), (0, 2, 4)]
    assert texts(queue.responses) == [None, "b"]
    first = queue.responses[0]
    assert first is not None
    assert first.error == "RuntimeError: a"
    assert facts_of(queue).failed == 1


@pytest.mark.parametrize(
    ("scenario", "stopped_at", "expected"),
    [
        (OFFLINE, 1, []),
        (OFFLINE, 3, ["a", "b"]),
        (TWO, 2, []),
        (TWO, 3, []),
        (TWO, 5, ["a", "b"]),
        (EVERY[2], 1, []),
        (EVERY[2], 4, []),
        (EVERY[2], 9, ["a", "b"]),
    ],
)
def test_what_has_ended_is_kept_when_somebody_stops_the_load(
    scenario: Scenario, stopped_at: int, expected: list[str]
) -> None:
    """Ctrl-C leaves an answer or nothing in every place."""
    queue = queued(scenario, Model(stopped_at=stopped_at), 4)

    assert queue.interrupted
    missing: list[str | None] = [None] * (4 - len(expected))
    assert texts(queue.responses) == [*expected, *missing]
    if expected:
        # In an open loop also who came before and ended after the first that counts.
        assert facts_of(queue).ended >= len(expected)
    else:
        assert queue.facts is None


def test_a_load_that_went_to_its_end_was_not_stopped() -> None:
    """What is whole is not taken for a part."""
    for scenario in EVERY:
        assert not queued(scenario, Model(), 3).interrupted


def test_a_model_of_this_process_takes_turns() -> None:
    """It is no server, so its requests wait for each other."""
    model = Model()
    request = Request(prompt="a", chat=True, max_new_tokens=4)

    assert not model.backend.remote
    load = under_load(
        OFFLINE, [request] * 2, model.backend, model.clock, seed=0, ramp_s=9.0
    )

    assert [r.timing.e2e_s for r in load.responses if r] == [2, 4]
    assert load.facts is not None
    assert load.facts.in_flight == 2


@dataclass
class Told:
    """What a cell under a load reported."""

    facts: list[CellFacts] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    @property
    def summary(self) -> Summary:
        """What it comes to."""
        return summarise(self.facts[-1], self.records, balance="geometric")


def cell_under(
    scenario: Scenario,
    backend: Scripted,
    clock: ManualClock,
    told: Told,
    *,
    requests: int | None = None,
) -> None:
    """Run a cell of three samples in a scenario."""
    task = replace(a_task(), max_new_tokens=4)
    plan = Plan(
        cell=a_cell(scenario=scenario.name),
        task=task,
        samples=tuple(a_sample(f"s{n}") for n in range(1, 4)),
        seed=0,
        revision="abc",
        scenario=scenario,
        requests=requests,
    )
    run_cell(
        plan,
        LoadedModel(deployment=a_deployment(), backend=backend, load_s=1.5),
        Tools(
            clock=clock,
            sandbox=None,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )


def test_a_cell_goes_round_its_samples() -> None:
    """Seven requests of three samples are records of three rounds."""
    model, told = Model(), Told()

    cell_under(TWO, model.backend, model.clock, told, requests=7)

    assert [(r.sample, r.round) for r in told.records] == [
        *[("s1", 0), ("s2", 0), ("s3", 0)],
        *[("s1", 1), ("s2", 1), ("s3", 1)],
        ("s1", 2),
    ]
    begun, finished = told.facts
    assert (begun.planned, begun.load) == (7, None)
    assert finished.load is not None
    assert (finished.load.ended, finished.load.in_flight) == (7, 2)
    summary = told.summary
    assert (summary.planned, summary.samples, summary.partial) == (7, 7, False)
    assert summary.requests_per_s == pytest.approx(1 / 2)
    assert summary.queue_s.mean == 2
    assert summary.e2e_s.mean == 4


def test_a_cell_that_is_stopped_keeps_its_records_and_is_partial() -> None:
    """The interrupt goes on after them, and no rate is made of overlapping times."""
    model, told = Model(stopped_at=5), Told()

    # One warms up, two fill the loop, and the fifth is the second that counts.
    with pytest.raises(KeyboardInterrupt):
        cell_under(TWO, model.backend, model.clock, told, requests=7)

    assert [r.sample for r in told.records] == ["s1"]
    assert not told.facts[-1].finished
    assert told.summary.partial


def test_a_stopped_load_is_not_summed_up_as_one_after_the_other() -> None:
    """Two seconds of service each, of which the rest was waiting: not 1/8 a second."""
    model, told = Model(stopped_at=8), Told()

    with pytest.raises(KeyboardInterrupt):
        cell_under(
            Scenario(kind="concurrent", level=4),
            model.backend,
            model.clock,
            told,
            requests=9,
        )

    assert len(told.records) == 2
    assert told.summary.requests_per_s in (None, pytest.approx(1 / 2))


def test_a_prompt_that_is_turned_away_is_no_answer_of_a_load() -> None:
    """What left no room in the context was not answered, however many there were."""
    told, clock = Told(), ManualClock(BEGIN_NS)
    backend = Scripted({"": "4"}, clock=clock, ttft_s=2.0, context=4)
    samples = (a_sample("s1"), a_sample("much longer than the model can take"))
    run_cell(
        Plan(
            cell=a_cell(scenario="offline"),
            task=a_task(),
            samples=samples,
            seed=0,
            revision="abc",
            scenario=OFFLINE,
        ),
        LoadedModel(deployment=a_deployment(), backend=backend, load_s=1.5),
        Tools(
            clock=clock,
            sandbox=None,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )

    assert [r.finish for r in told.records] == ["stop", "context"]
    summary = told.summary
    assert summary.load is not None
    assert summary.load.window_s == 2
    assert summary.requests_per_s == pytest.approx(1 / 2)
    assert summary.output_tokens_per_s == pytest.approx(1 / 2)
