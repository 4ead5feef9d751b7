"""Records of a route, made of the records of its steps.

The time of a cascade is the sum of its steps': a step that was not the last takes until
its answer had ended, since a rule looked at the whole of it. An answer that a rule
looked at was held back until then, so its first token comes at its end; only an answer
that nothing looks at is seen token by token, after all steps before it. Tokens are
those of all steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.answer_signals import signals_of_record
from pytest_llmlat.values.cost_budget import JOULES
from pytest_llmlat.values.going_on import StepTaken, agreed
from pytest_llmlat.values.request_cost import cost_of
from pytest_llmlat.values.timing import NS_PER_S, Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.routing.common_answers import (
        CommonAnswers,
        CommonQuestion,
    )
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.going_on import GoOn
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.routes import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedAnswer:
    """The answer that a route gives to a question."""

    record: Record
    step: int
    """Place of the step that gave it."""
    cost: float | None
    """Cost of all steps; ``None`` where one is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswer:
    """What one model answers to a question, asked as often as a rule says."""

    given: Record
    tries: tuple[Record, ...]
    agreement: float | None

    @property
    def spent_ns(self) -> int:
        """Time until the last of its tries had ended."""
        return sum(map(spent_ns, self.tries))


def spent_ns(record: Record) -> int:
    """Return how long a request took until nothing more could come."""
    timing = record.timing
    return 0 if timing is None else timing.end_ns - timing.start_ns


def step_answer(question: CommonQuestion, place: int, rule: GoOn | None) -> StepAnswer:
    """Return what a model answers under a rule.

    Args:
        question: the question.
        place: the model's place among all.
        rule: of going on; ``None`` for the last step.
    """
    own = question.answers[place]
    if rule is None or rule.repeats == 1:
        return StepAnswer(given=own, tries=(own,), agreement=None)
    tries = question.rounds[place][: rule.repeats]
    broken = next((each for each in tries if not each.answered), None)
    if broken is not None:
        return StepAnswer(given=broken, tries=tries, agreement=None)
    which, share = agreed([each.extracted for each in tries])
    return StepAnswer(given=tries[which], tries=tries, agreement=share)


def why_on(answer: StepAnswer, rule: GoOn | None) -> str | None:
    """Return the condition by which an answer goes on; a broken one does not."""
    if rule is None or not rule.looks_at_answers or not answer.given.answered:
        return None
    return rule.goes_on(signals_of_record(answer.given, answer.agreement))


def routed(
    answers: CommonAnswers, question: CommonQuestion, route: Route, name: str
) -> RoutedAnswer:
    """Return what a route answers to a question.

    Args:
        answers: of all models.
        question: one of theirs.
        route: which of them are asked, and when.
        name: of the route, in place of a model's.
    """
    taken: list[StepTaken] = []
    asked: list[tuple[int, StepAnswer]] = []
    earlier_ns = 0
    for step, model in enumerate(route.steps):
        place = answers.models.index(model)
        rule = route.rules[step] if step < len(route.rules) else None
        why = None if rule is None else rule.passes_over(question.question)
        if why is not None:
            taken.append(
                StepTaken(model=model, seconds=0.0, output_tokens=0, went_on=why)
            )
            continue
        own = step_answer(question, place, rule)
        why = why_on(own, rule)
        asked.append((place, own))
        taken.append(
            StepTaken(
                model=model,
                seconds=own.spent_ns / NS_PER_S,
                output_tokens=_total([each.output_tokens for each in own.tries]),
                went_on=why,
            )
        )
        if why is not None:
            earlier_ns += own.spent_ns
            continue
        held = rule is not None and rule.looks_at_answers
        before_ns = earlier_ns + own.spent_ns - spent_ns(own.given)
        return RoutedAnswer(
            record=_record(own.given, name, taken, asked, before_ns, held=held),
            step=step,
            cost=_cost(answers, question.task, asked),
        )
    raise ValueError("the last step of a route has a rule")


def _record(
    given: Record,
    name: str,
    taken: Sequence[StepTaken],
    asked: Sequence[tuple[int, StepAnswer]],
    before_ns: int,
    *,
    held: bool,
) -> Record:
    tries = [each for _, own in asked for each in own.tries]
    return replace(
        given,
        cell=replace(given.cell, model=name),
        timing=_later(given.timing, before_ns, held=held),
        prompt_tokens=_total([each.prompt_tokens for each in tries]),
        output_tokens=_total([each.output_tokens for each in tries]),
        energy_j=_energy([each.energy_j for each in tries]),
        energy_s=_energy([each.energy_s for each in tries]),
        steps=tuple(taken) if len(taken) > 1 or held else (),
    )


def _later(timing: Timing | None, before_ns: int, *, held: bool) -> Timing | None:
    """Return the timing of an answer that others came before."""
    if timing is None:
        return None
    start = timing.start_ns - before_ns
    if not held:
        return replace(timing, start_ns=start)
    end = timing.end_ns
    thought = None if timing.reasoning_ns is None else end
    return Timing(
        start_ns=start,
        end_ns=end,
        stamps_ns=(end,) if timing.stamps_ns else (),
        stamp_tokens=(sum(timing.stamp_tokens),) if timing.stamps_ns else (),
        reasoning_ns=thought,
        thought_end_ns=thought,
    )


def _cost(
    answers: CommonAnswers, task: str, asked: Sequence[tuple[int, StepAnswer]]
) -> float | None:
    """Return the cost of all that was asked; ``None`` where one is not known."""
    spent = 0.0
    for place, own in asked:
        facts = answers.facts[place][task]
        for each in own.tries:
            cost = step_cost(each, facts, answers.cost_unit)
            if cost is None:
                return None
            spent += cost
    return spent


def step_cost(record: Record, facts: CellFacts, unit: str | None) -> float | None:
    """Return what one answer of one model cost; ``None`` where it is not known.

    Args:
        record: of the answer.
        facts: of its cell.
        unit: a currency, ``J``, or ``None`` where costs are not told in one.
    """
    if unit == JOULES:
        return record.energy_j
    if unit is None or facts.price is None:
        return None
    cost = cost_of(record, facts.price, facts.load)
    return None if cost is None else float(cost)


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _energy(told: Sequence[float | None]) -> float | None:
    known = [each for each in told if each is not None]
    return sum(known) if len(known) == len(told) else None
