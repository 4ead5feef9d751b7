"""The dispatcher: gives jobs to workers as they become free, and keeps the results.

It works in a thread of its own, so that what is measured goes to the disk whatever the
rest of this process waits for. A job whose worker was lost is given to another once.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.spread.jobs import Job, JobOutcome, SpreadProgress
from pytest_llmlat.spread.seating import Seating
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.spread.worker_pool import Report, WorkerPool

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.2
_TRIES = 2


class Dispatcher:
    """Runs jobs on the workers of a pool."""

    def __init__(
        self,
        pool: WorkerPool,
        on_told: Callable[[bytes], None],
        *,
        anew: Callable[[Job, str], Job] = lambda job, _: job,
    ) -> None:
        """Begin with no job.

        Args:
            pool: has the workers.
            on_told: called with what workers tell while they work, in a thread of its
                own; what it raises ends all jobs.
            anew: returns a job whose worker was lost as it is to begin again; it is
                told why.
        """
        self._pool, self._on_told, self._anew = pool, on_told, anew
        self._seating = Seating(pool.nodes)
        self._waiting: dict[str, Job] = {}
        self._outcomes: dict[str, JobOutcome] = {}
        self._tried: dict[str, int] = {}
        self._began_ns: dict[str, int] = {}
        self._took_s: list[float] = []
        self._clock = SystemClock()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._broken: str | None = None
        self._stale = False
        """Whether a job might begin that could not before."""

    def submit(self, job: Job) -> None:
        """Take a job; it begins as soon as what it needs is free."""
        with self._changed:
            if self._broken is not None:
                self._settle(job.id, JobOutcome(content=None, why=self._broken))
                return
            self._waiting[job.id] = job
            self._stale = True
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="llmlat-spread", daemon=True
                )
                self._thread.start()

    def outcome(self, job: str, wait_s: float) -> JobOutcome | None:
        """Return what became of a job; ``None`` while nothing has.

        Args:
            job: its id.
            wait_s: how long to wait for it at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: job in self._outcomes, wait_s)
            return self._outcomes.get(job)

    def progress(self) -> SpreadProgress:
        """Return how far the jobs are."""
        with self._changed:
            running = [
                (has.job.id, seat.node)
                for seat, has in self._seating.seats.items()
                if has.job is not None
            ]
            pending, took = len(self._waiting), self._took_s
            rounds = (pending + len(running)) / max(1, len(running))
            return SpreadProgress(
                running=tuple(running),
                pending=pending,
                left_s=rounds * sum(took) / len(took) if took else None,
            )

    def close(self) -> None:
        """End all jobs and workers; what waits is not begun any more."""
        with self._changed:
            self._closed = True
        if self._thread is not None:
            self._thread.join()
        self._pool.close()

    def _work(self) -> None:
        while not self._closed:
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - who waits must hear of it
                _LOG.debug("the dispatcher broke", exc_info=True)
                self._end_all(f"{type(error).__name__}: {error}")
                return

    def _step(self) -> None:
        """Begin what may begin, and take in what was told."""
        while self._stale and self._begin_one():
            pass
        for report in self._pool.reports(_LOOK_S):
            self._take(report)

    def _begin_one(self) -> bool:
        """Begin a job, if one may."""
        with self._changed:
            for job in [*self._waiting.values()]:
                if not self._seating.able(job):
                    del self._waiting[job.id]
                    self._settle(
                        job.id, JobOutcome(content=None, why=self._nowhere(job))
                    )
            begin = self._seating.next_of(self._waiting.values())
            if begin is None:
                self._stale = False
                return False
            del self._waiting[begin.job.id]
            known = begin.seat in self._seating.seats
            for seat in begin.leave:
                del self._seating.seats[seat]
            self._seating.take(begin)
            self._tried[begin.job.id] = self._tried.get(begin.job.id, 0) + 1
            self._began_ns[begin.job.id] = self._clock.now_ns()
        for seat in begin.leave:
            self._pool.end(seat)
        _LOG.info("%s: on %s", begin.job.id, begin.seat.node)
        if not known:
            self._pool.start(begin.seat, begin.placement.launch)
        self._pool.give(begin.seat, begin.job.order)
        return True

    def _take(self, report: Report) -> None:
        """Take in one report."""
        has = self._seating.seats.get(report.seat)
        if has is None:
            return
        if report.kind == "told":
            self._on_told(report.content)
            return
        with self._changed:
            self._stale = True
            job, has.job = has.job, None
            if report.kind == "lost":
                del self._seating.seats[report.seat]
            if report.node_lost:
                self._seating.lose(report.seat.node)
            if job is None:
                return
            if report.kind == "lost":
                self._again(job, report)
            elif report.kind == "failed":
                self._settle(
                    job.id, JobOutcome(content=None, why=report.why, seat=report.seat)
                )
            else:
                took_ns = self._clock.now_ns() - self._began_ns[job.id]
                self._took_s.append(took_ns / NS_PER_S)
                self._settle(
                    job.id, JobOutcome(content=report.content, seat=report.seat)
                )

    def _again(self, job: Job, report: Report) -> None:
        """Let a job whose worker is lost begin once more, or give it up."""
        why = f"its worker on {report.seat.node} was lost ({report.why})"
        if self._tried[job.id] < _TRIES:
            _LOG.warning("%s: %s; it begins again", job.id, why)
            # Before the others: somebody may wait for it.
            again = self._elsewhere(self._anew(job, why), report.seat.node)
            self._waiting = {job.id: again, **self._waiting}
            return
        self._settle(
            job.id, JobOutcome(content=None, why=f"{why}, for the second time")
        )

    def _elsewhere(self, job: Job, node: str) -> Job:
        """Return a job without the node that it was lost on, if another can do it."""
        others = {n: ways for n, ways in job.placements.items() if n != node}
        elsewhere = replace(job, placements=others)
        return elsewhere if self._seating.able(elsewhere) else job

    def _settle(self, job: str, outcome: JobOutcome) -> None:
        self._outcomes[job] = outcome
        self._changed.notify_all()

    def _nowhere(self, job: Job) -> str:
        left = ", ".join(self._seating.nodes) or "none"
        return (
            f"{job.id}: no node that is left can measure it; nodes that are there:"
            f" {left}"
        )

    def _end_all(self, why: str) -> None:
        """Let nobody wait for what will not come."""
        with self._changed:
            self._broken = why
            running = [h.job for h in self._seating.seats.values() if h.job is not None]
            for job in [*running, *self._waiting.values()]:
                self._settle(job.id, JobOutcome(content=None, why=why))
            self._waiting.clear()
