"""The measurement of one cell, from its samples to its records."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.machine.contention import Watch
from pytest_llmlat.machine.environment import PeakMemory
from pytest_llmlat.measure import scenarios
from pytest_llmlat.measure.answer_record import answer_record, asked_record
from pytest_llmlat.measure.cell_loads import CellLoads
from pytest_llmlat.measure.cell_resources import CellResources
from pytest_llmlat.measure.cell_tools import LoadedModel, Tools
from pytest_llmlat.measure.cell_warnings import (
    cards,
    changed,
    not_held,
    odd,
    overflow,
    standing_warnings,
)
from pytest_llmlat.measure.cold_prompts import is_warm
from pytest_llmlat.measure.cut_off import told_if_cut_off
from pytest_llmlat.measure.device_memories import device_memory
from pytest_llmlat.measure.draft_check import check_draft
from pytest_llmlat.measure.kept_answers import (
    KeptAnswers,
    asked_in_order,
    headed_again,
)
from pytest_llmlat.measure.managed_servers import (
    check_running,
    is_elsewhere,
    made_ready,
)
from pytest_llmlat.measure.own_answers import OwnAnswers, never_sent
from pytest_llmlat.measure.planned_facts import planned_facts
from pytest_llmlat.measure.questions import question_of, questions
from pytest_llmlat.measure.ranked_answers import check_ranking
from pytest_llmlat.measure.uncounted import Uncounted
from pytest_llmlat.measure.warm_up import (
    compile_constraint,
    fill_cache,
    troubled_warm_up,
    warm_up,
)
from pytest_llmlat.values.answered_record import with_response
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from pytest_llmlat.machine.energy_meter import EnergySpan
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record, Request, Response
    from pytest_llmlat.values.stopping import Stopping

__all__ = ["CellMeasurement", "LoadedModel", "Tools", "run_cell", "told_if_cut_off"]


def measure_again(*cells: CellMeasurement) -> None:
    """Measure some of the kept answers again, of cells in turn in turn."""
    for place in cells[0].places_again:
        for cell in cells:
            cell.ask_again(place)
    for cell in cells:
        cell.compare_sittings()


def run_cell(plan: Plan, model: LoadedModel, tools: Tools) -> None:
    """Measure every sample of a cell."""
    cell = CellMeasurement(plan, model, tools, alone=True)
    with scenarios.settled(), told_if_cut_off(cell):
        cell.warm_up()
        measure_again(cell)
        load = cell.ask_all()
    cell.finish(load)


class CellMeasurement:
    """The measurement of one cell while it goes on."""

    def __init__(
        self,
        plan: Plan,
        model: LoadedModel,
        tools: Tools,
        *,
        alone: bool,
        in_turn: bool = True,
    ) -> None:
        """Begin, and say so; what cannot be measured is refused before.

        Args:
            plan: what to measure.
            model: what to measure it on.
            tools: what to measure it with.
            alone: no other model is loaded, so that memory is this one's.
            in_turn: where another is, each sample is asked an even number of times.
        """
        self._plan, self._model, self._tools = plan, model, tools
        self._managed = made_ready(model.backend)
        whole = alone and not plan.before and not plan.kept
        self._used = CellResources(model, tools, whole=whole)
        remote = model.backend.remote
        compiled_s = compile_constraint(plan, model.backend, tools.clock)
        self._asked = asked_in_order(plan, in_turn=in_turn and not alone)
        self._memory = PeakMemory() if alone and not remote else None
        self._alone = alone
        model.backend.reset_device_peak()
        planned = planned_facts(
            plan,
            self._facts_of_model(),
            requests=plan.before + len(self._asked),
            load_s=model.load_s,
            warnings=standing_warnings(tools.sandbox),
            compiled_s=compiled_s,
            price=model.deployment.model.price,
        )
        self.facts = replace(planned, energy=self._used.energy)
        tools.on_facts(self.facts)
        if plan.task.ranked is not None:
            check_ranking(model.backend, model=model.name, task=plan.task.name)
        who, backend = model.deployment.model, model.backend
        self._questions = questions(plan, self._asked, model=who, chat=backend.chat)
        self._uncounted = Uncounted(plan, self._questions, model=who, backend=backend)
        self._kept = KeptAnswers(plan, self._asked, self._questions)
        self._own = OwnAnswers()
        self.records: list[Record] = []
        self._made: list[Request] = []
        self.warmup_s: float | None = None
        self._troubled: tuple[str, ...] = ()
        self._notes: Counter[str] = Counter()
        self._begin = tools.clock.now_ns()
        self._answering_ns = 0
        self._watch = Watch(
            device=plan.cell.device,
            remote=is_elsewhere(model.backend),
            cards=cards(dict(self.facts.backend).get("devices")),
        )

    def _facts_of_model(self) -> tuple[tuple[str, Scalar | None], ...]:
        """Return the facts that identify the model, with those of its entry."""
        head = (("prompt_head", "4 numbers"),) if self._plan.headed else ()
        return (*self._model.backend.facts.items(), *self._plan.entry_facts, *head)

    def warm_up(self) -> None:
        """Make one short request, timed apart, and fill a warm cache."""
        backend, clock = self._model.backend, self._tools.clock
        self._used.must_fit(self._uncounted.shortest(), None)
        first = warm_up(self._uncounted.shortest(), backend, clock)
        self._troubled = troubled_warm_up(self._plan.cell, first)
        if first.generation is not None:
            self.warmup_s = (first.timing.end_ns - first.timing.start_ns) / NS_PER_S
        if is_warm(backend.facts):
            fill_cache(self._questions, backend, clock)

    def ask_all(self) -> LoadFacts | None:
        """Make all requests in the scenario, and keep their records.

        Returns:
            What was measured of the load; ``None`` where there is none.
        """
        if self._plan.scenario == SINGLE:
            for place in range(len(self._questions)):
                self.ask(place)
            return None
        return self.ask_block(range(len(self._questions)))

    def ask_block(self, places: range, number: int = 0) -> LoadFacts | None:
        """Make the requests at some places as one load, and keep their records.

        Args:
            places: of its questions.
            number: of the load, so that another one has other arrivals.
        """
        loads = CellLoads(
            self._plan,
            self._model,
            self._tools,
            asked=self._asked,
            questions=self._questions,
            uncounted=self._uncounted,
            used=self._used,
        )
        ramp_s = self.warmup_s or 0.0
        with loads.offered(places, number=number, ramp_s=ramp_s) as load:
            for place, request, response in load.ended:
                self.keep(place, request, response)
        for place in () if load.interrupted else load.unasked:
            self._keep_unasked(place)
        self._used.after_load(interrupted=load.interrupted)
        check_running(self._managed, *(response for *_, response in load.ended))
        return load.facts

    def _keep_unasked(self, place: int) -> bool:
        """Keep an error for a turn that lacks an earlier answer; false otherwise."""
        question, number = self._questions[place], self._asked[place][1]
        lacking = self._own.lacking(question.needs, number)
        if lacking is None:
            return False
        response = never_sent(lacking, self._tools.clock.now_ns())
        self.keep(place, question.request, response, sent=False)
        return True

    def ask(self, place: int) -> None:
        """Make one request and keep its record.

        A turn of a conversation is asked with the model's answers to those before it.
        Where one of these failed, it is an error: it would be another question.
        """
        if self._take_kept(place) or self._keep_unasked(place):
            return
        question, clock = self._questions[place], self._tools.clock
        sample, number = self._asked[place]
        request = question.request
        if question.needs:
            request = question_of(
                self._plan,
                sample,
                number,
                model=self._model.deployment.model,
                chat=self._model.backend.chat,
                answers=self._own.of_round(number),
            ).request
        self._used.begin(request, place)
        response = scenarios.ask(request, self._model.backend, clock)
        self.keep(place, request, response, span=self._used.end())
        check_running(self._managed, response)

    def _take_kept(self, place: int) -> bool:
        """Take the answer of an earlier sitting, if there is one; false otherwise."""
        record = self._kept.of(place)
        if record is not None:
            self._own.keep(record)
            self.records.append(record)
            self._made.append(self._questions[place].request)
        return record is not None

    @property
    def places_again(self) -> list[int]:
        """The places of the kept answers that are measured again."""
        return self._kept.places_again

    def ask_again(self, place: int) -> None:
        """Ask for a kept answer again, only to see how long it takes now."""
        (sample, number), model = self._asked[place], self._model
        who, chat, clock = model.deployment.model, model.backend.chat, self._tools.clock
        plan = headed_again(self._plan)
        question = question_of(plan, sample, number, model=who, chat=chat)
        response = scenarios.ask(question.request, model.backend, clock)
        empty = asked_record(plan, sample, question.request)
        again = replace(empty, round=number, shots=question.shots, head=question.head)
        record = with_response(again, response)
        self._kept.measured_again(place, record)
        if self._tools.on_again is not None:
            self._tools.on_again(record)

    def compare_sittings(self) -> None:
        """Tell whether the machine is as fast as when the kept answers were given."""
        compare = self._tools.compare
        if compare is not None and self._kept.joined:
            sitting = self._kept.compared(compare, self._plan.sitting)
            sittings = (*self.facts.sittings, sitting)
            self.facts = replace(self.facts, sittings=sittings)
            self._tools.on_facts(self.facts)

    def keep(
        self,
        place: int,
        request: Request,
        response: Response,
        *,
        sent: bool = True,
        span: EnergySpan | None = None,
    ) -> None:
        """Grade a response and hand it on.

        Args:
            place: of the question.
            request: as it was made.
            response: what came of it.
            sent: it was made at all; else it has no times.
            span: of its energy, where it has a window of its own.
        """
        self._answering_ns += response.timing.end_ns - response.timing.start_ns
        if self._memory:
            self._memory.note()
        sample, number = self._asked[place]
        record = answer_record(
            self._plan, sample, request, response, self._tools.sandbox
        )
        record = replace(
            record,
            round=number,
            shots=self._questions[place].shots,
            head=self._questions[place].head,
            timing=record.timing if sent else None,
            error=overflow(record, self.facts) or record.error,
            energy_j=span.joules if span else None,
            energy_s=span.seconds if span and span.joules is not None else None,
        )
        self._own.keep(record)
        self.records.append(record)
        self._used.settle(place, record)
        self._made.append(request)
        self._tools.on_record(record)
        for note in (response.note, not_held(request, response)):
            if note is not None:
                self._notes[note] += 1

    @property
    def disturbed(self) -> bool:
        """Whether its times prove nothing, as far as that is known by now."""
        told = (*self.facts.warnings, *self._troubled, *self._notes)
        seen = self._watch.end(answering_ns=self._answering_ns)
        return bool(told) or bool(seen and seen.contended)

    def cut_off(self) -> None:
        """Report how busy the machine was, and its energy, until it was cut off."""
        seen = self._watch.end(answering_ns=self._answering_ns)
        energy, warmup_s = self._used.close(), self.warmup_s
        told = replace(self.facts, warmup_s=warmup_s, contention=seen, energy=energy)
        self._tools.on_facts(told)

    def finish(
        self,
        load: LoadFacts | None,
        *,
        stopping: Stopping | None = None,
        visits: tuple[int, ...] = (),
    ) -> None:
        """Report that the cell is finished: wholly, or as far as its result needs.

        Args:
            load: what was measured of its load, if it had one.
            stopping: what became of looks at its result, if there were any.
            visits: requests of each of its blocks; empty where it had none.
        """
        clock, backend = self._tools.clock, self._model.backend
        # What earlier sittings took in all died with them.
        whole = not self._plan.kept
        alone = self._alone and whole
        steady = self._memory.steady_bytes() if self._memory else None
        answering_ns = (
            self._answering_ns if load is None else round(load.window_s * NS_PER_S)
        )
        self._tools.on_facts(
            replace(
                self.facts,
                planned=len(self.records) if stopping else self.facts.planned,
                finished=True,
                stopping=stopping,
                visits=visits or self.facts.visits,
                warmup_s=self.warmup_s,
                peak_rss_bytes=self._memory.bytes() if self._memory and whole else None,
                peak_device_bytes=backend.device_peak_bytes() if alone else None,
                steady_rss_bytes=steady if whole else None,
                device_memory=device_memory(backend) if alone else (),
                wall_s=(clock.now_ns() - self._begin) / NS_PER_S if whole else None,
                # Anew: what a server rejects is found out while it is measured.
                backend=self._facts_of_model(),
                warnings=(
                    *self.facts.warnings,
                    *self._troubled,
                    *changed(self._plan.cell, load),
                    *odd(self._plan.cell, self._notes),
                ),
                load=load,
                draft_check=check_draft(
                    self._made, self.records, backend, clock, seed=self._plan.seed
                ),
                engine=self._managed.engine if self._managed else None,
                energy=self._used.close(),
                contention=self._watch.end(answering_ns=answering_ns),
            )
        )
