"""Loads of one cell: all of its requests at once, or block after block."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.measure import scenarios
from pytest_llmlat.measure.conversation_chains import Talks
from pytest_llmlat.measure.spooling import spool_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.measure.cell_resources import CellResources
    from pytest_llmlat.measure.cell_tools import LoadedModel, Tools
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.measure.scenarios import Alongside
    from pytest_llmlat.measure.uncounted import Uncounted
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedLoad:
    """What came of one load of a cell."""

    ended: Sequence[tuple[int, Request, Response]]
    """Requests that ended, by their places in the cell, in the order of sending."""
    unasked: Sequence[int] = ()
    """Places of turns that could not be asked, since an earlier one has no answer."""
    facts: LoadFacts | None
    interrupted: bool


class CellLoads:
    """The loads of one cell."""

    def __init__(
        self,
        plan: Plan,
        model: LoadedModel,
        tools: Tools,
        *,
        asked: Sequence[tuple[Sample, int]],
        questions: Sequence[Question],
        uncounted: Uncounted,
        used: CellResources,
    ) -> None:
        """Offer nothing yet.

        Args:
            plan: of the cell.
            model: what it is offered to.
            tools: of the session.
            asked: each item and which of its repeats it is, in the order of asking.
            questions: what is asked about each.
            uncounted: what goes before and after.
            used: what the cell uses and may use.
        """
        self._plan, self._model, self._tools = plan, model, tools
        self._asked, self._questions = asked, questions
        self._uncounted, self._used = uncounted, used

    @contextmanager
    def offered(
        self, places: range, *, number: int, ramp_s: float
    ) -> Iterator[OfferedLoad]:
        """Offer the requests at some places; their answers are on the disk until then.

        Args:
            places: in the cell.
            number: of the load, so that another one has other arrivals.
            ramp_s: over how long the start of a closed loop is spread.
        """
        asked = self._asked[places.start : places.stop]
        model, backend = self._model.deployment.model, self._model.backend
        own = self._questions[places.start : places.stop]
        kept = spool_of(self._plan, asked, own, model, backend, self._tools.spool)
        seed = self._plan.arrivals_seed + number
        talks = any(s.turn is not None and s.turn.continues for s, _ in asked)
        with kept as spool:
            along = self._used.along(spool, first=places.start)
            if talks:
                yield self._talk(places, along, seed=seed, ramp_s=ramp_s)
            else:
                yield self._ask(places, along, seed=seed, ramp_s=ramp_s)

    def _ask(
        self, places: range, along: Alongside, *, seed: int, ramp_s: float
    ) -> OfferedLoad:
        requests = [self._questions[place].request for place in places]
        load = (self._tools.offer or scenarios.under_load)(
            self._plan.scenario,
            requests,
            self._model.backend,
            self._tools.clock,
            seed=seed,
            ramp_s=ramp_s,
            uncounted=self._uncounted,
            batches=scenarios.batch_settings(self._model.deployment.model),
            along=along,
        )
        ended = [(places[at], requests[at], one) for at, one in load.ended]
        return OfferedLoad(ended=ended, facts=load.facts, interrupted=load.interrupted)

    def _talk(
        self, places: range, along: Alongside, *, seed: int, ramp_s: float
    ) -> OfferedLoad:
        """Hold conversations, whose turns follow each other."""
        backend, model = self._model.backend, self._model.deployment.model
        talks = Talks(self._plan, model=model, chat=backend.chat)
        asked = self._asked[places.start : places.stop]
        load = scenarios.talks_under_load(
            self._plan.scenario,
            talks.counted(asked, self._questions[places.start : places.stop]),
            backend,
            self._tools.clock,
            sent=talks.sent,
            places=len(places),
            seed=seed,
            ramp_s=ramp_s,
            uncounted=talks.uncounted(headed=self._uncounted.headed),
            along=along,
        )
        # In the order of sending, which figures of a load go by.
        ended = [(at, one) for at, one in enumerate(load.responses) if one]
        ended.sort(key=lambda each: each[1].timing.start_ns)
        return OfferedLoad(
            ended=[(places[at], talks.sent[at], one) for at, one in ended],
            unasked=[place for at, place in enumerate(places) if at not in talks.sent],
            facts=load.facts,
            interrupted=load.interrupted,
        )
