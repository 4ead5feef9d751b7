"""The dispatcher: jobs get workers, results come back, what is lost begins again."""

from __future__ import annotations

import queue
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.spread.dispatcher import Dispatcher
from pytest_llmlat.spread.worker_pool import Launch, Node, Report, Seat
from tests.unit.spread.jobs import job, needs, node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.spread.jobs import Job

UNTIL_S = 60.0
PROCESSOR = needs("processor")


class Scripted:
    """A pool whose workers do what a script says of their order, in turn."""

    left_out: tuple[str, ...] = ()

    def __init__(self, *names: str, script: dict[str, list[str]] | None = None) -> None:
        """Have some nodes; what the script leaves out ends well."""
        self._names = names
        self._script = defaultdict(list, script or {})
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self.given: list[tuple[str, str]] = []
        self.ended: list[Seat] = []

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that it was made with."""
        return tuple(map(node, self._names))

    def start(self, seat: Seat, launch: Launch) -> None:
        """Start nothing."""

    def give(self, seat: Seat, order: bytes) -> None:
        """Do at once what the script says."""
        text = order.decode()
        self.given.append((seat.node, text))
        steps = self._script[text]
        does = steps.pop(0) if steps else "ended"
        if does == "silent":
            return
        if does == "lost":
            report = Report(seat=seat, kind="lost", why="it died", node_lost=True)
        elif does == "failed":
            report = Report(seat=seat, kind="failed", why="it broke")
        else:
            self._reports.put(Report(seat=seat, kind="told", content=b"a record"))
            report = Report(seat=seat, kind="ended", content=b"done " + order)
        self._reports.put(report)

    def tell(self, report: Report) -> None:
        """Let something come from outside."""
        self._reports.put(report)

    def end(self, seat: Seat) -> None:
        """Note it."""
        self.ended.append(seat)

    def reports(self, wait_s: float) -> list[Report]:
        """Return the next."""
        try:
            return [self._reports.get(timeout=wait_s)]
        except queue.Empty:
            return []

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def opened() -> Iterator[list[Dispatcher]]:
    """Close what a test opens."""
    made: list[Dispatcher] = []
    yield made
    for each in made:
        each.close()


@pytest.mark.slow
def test_each_job_has_its_result(opened: list[Dispatcher]) -> None:
    """What workers tell meanwhile is passed on."""
    told: list[bytes] = []
    pool = Scripted("a")
    opened.append(Dispatcher(pool, told.append))
    for name in ("one", "two"):
        opened[0].submit(job(name, PROCESSOR))

    found = [opened[0].outcome(name, UNTIL_S) for name in ("one", "two")]

    assert [each and each.content for each in found] == [b"done one", b"done two"]
    assert told == [b"a record"] * 2
    assert opened[0].progress().left_s is not None


@pytest.mark.slow
def test_a_lost_job_begins_again_elsewhere(opened: list[Dispatcher]) -> None:
    """Once, as whoever ordered it makes it anew; the node that went gets none."""
    asked: list[str] = []

    def anew(lost: Job, why: str) -> Job:
        asked.append(why)
        return replace(lost, order=b"again")

    pool = Scripted("a", "b", script={"one": ["lost"]})
    opened.append(Dispatcher(pool, lambda _: None, anew=anew))
    opened[0].submit(job("one", PROCESSOR, nodes="a b"))

    outcome = opened[0].outcome("one", UNTIL_S)

    assert outcome is not None
    assert outcome.content == b"done again"
    assert pool.given == [("a", "one"), ("b", "again")]
    assert asked == ["its worker on a was lost (it died)"]


@pytest.mark.slow
def test_all_jobs_of_a_node_that_goes_begin_again(opened: list[Dispatcher]) -> None:
    """Each worker of it is told to be lost, one after the other."""
    cards = [needs("card:1"), needs("card:2")]
    pool = Scripted("a", "b", script={"one": ["silent"], "two": ["silent"]})
    opened.append(Dispatcher(pool, lambda _: None))
    for name in ("one", "two"):
        opened[0].submit(job(name, *cards, nodes="a b"))
    while len(pool.given) < 2:
        assert opened[0].outcome("two", 0.01) is None

    for way in cards:
        seat = Seat(node="a", resources=way.resources)
        pool.tell(Report(seat=seat, kind="lost", why="it died", node_lost=True))
    found = [opened[0].outcome(name, UNTIL_S) for name in ("one", "two")]

    assert [each and each.content for each in found] == [b"done one", b"done two"]
    assert pool.given[2:] == [("b", "one"), ("b", "two")]


@pytest.mark.slow
def test_a_job_that_is_lost_twice_is_given_up(opened: list[Dispatcher]) -> None:
    """It may be what kills its workers."""
    pool = Scripted("a", "b", "c", script={"one": ["lost", "lost"]})
    opened.append(Dispatcher(pool, lambda _: None))
    opened[0].submit(job("one", PROCESSOR, nodes="a b c"))

    outcome = opened[0].outcome("one", UNTIL_S)

    assert outcome is not None
    assert outcome.content is None
    assert "for the second time" in outcome.why


@pytest.mark.slow
def test_a_job_that_no_node_can_do_says_so(opened: list[Dispatcher]) -> None:
    """The last node that could has gone; nobody waits for ever."""
    pool = Scripted("a", "b", script={"one": ["lost"]})
    opened.append(Dispatcher(pool, lambda _: None))
    opened[0].submit(job("one", PROCESSOR))

    outcome = opened[0].outcome("one", UNTIL_S)

    assert outcome is not None
    assert outcome.why == (
        "one: no node that is left can measure it; nodes that are there: b"
    )


@pytest.mark.slow
def test_what_breaks_in_a_worker_is_told(opened: list[Dispatcher]) -> None:
    """It is not done again: it would break again."""
    opened.append(Dispatcher(Scripted("a", script={"one": ["failed"]}), lambda _: None))
    opened[0].submit(job("one", PROCESSOR))

    outcome = opened[0].outcome("one", UNTIL_S)

    assert outcome is not None
    assert (outcome.content, outcome.why) == (None, "it broke")


def test_nobody_waits_for_a_dispatcher_that_broke(opened: list[Dispatcher]) -> None:
    """A disk that is full ends all jobs, with the reason."""

    def full(_: bytes) -> None:
        raise OSError("no space left")

    opened.append(Dispatcher(Scripted("a"), full))
    opened[0].submit(job("one", PROCESSOR))

    outcome = opened[0].outcome("one", UNTIL_S)

    assert outcome is not None
    assert outcome.why == "OSError: no space left"


@pytest.mark.slow
def test_what_waits_is_told(opened: list[Dispatcher]) -> None:
    """Which job runs where, and how many wait."""
    pool = Scripted("a", script={"one": ["silent"]})
    opened.append(Dispatcher(pool, lambda _: None))
    for name in ("one", "two"):
        opened[0].submit(job(name, PROCESSOR))

    while not pool.given:
        assert opened[0].outcome("two", 0.01) is None
    progress = opened[0].progress()

    assert (progress.running, progress.pending) == ((("one", "a"),), 1)
    assert progress.left_s is None
