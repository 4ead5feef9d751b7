"""Two cells that are measured in turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.cell import (
    LoadedModel,
    Tools,
)
from pytest_llmlat.measure.in_turn import run_pair
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.sampling import Sampling
from tests.unit.builders import (
    a_cell,
    a_deployment,
    a_model,
    a_sample,
    a_task,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Request
from tests.unit.measure.test_cell import SAMPLES, Answers, Told

pytestmark = pytest.mark.slow


MANY = tuple(a_sample(f"q{number:02}") for number in range(24))


def paired(
    ours: Answers | Callable[[Request], str],
    theirs: Answers | Callable[[Request], str],
    samples: Sequence[Sample] = SAMPLES,
    *,
    seed: int = 3,
    told: Told | None = None,
) -> Told:
    """Measure ``parrot`` beside ``owl``, which takes twice as long."""
    clock = ManualClock(1_000)
    told = told or Told()
    plan = Plan(
        cell=a_cell("parrot"),
        task=a_task(),
        samples=tuple(samples),
        seed=seed,
        revision="abc",
    )
    models = [
        LoadedModel(
            deployment=a_deployment(a_model(name)),
            backend=Scripted(answers, clock=clock, ttft_s=ttft_s),
            load_s=0.5,
        )
        for name, answers, ttft_s in (("parrot", ours, 0.5), ("owl", theirs, 1.0))
    ]
    run_pair(
        (plan, replace(plan, cell=a_cell("owl"))),
        (models[0], models[1]),
        Tools(
            clock=clock,
            sandbox=None,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )
    return told


def turns(told: Told) -> list[str]:
    """Return for each sample who was asked when, by the models' first letters."""
    letters = "".join(record.cell.model[0] for record in told.records)
    return [letters[place : place + 4] for place in range(0, len(letters), 4)]


def test_two_models_take_turns_on_every_sample() -> None:
    """A B B A or B A A B: what comes and goes slowly meets both alike."""
    told = paired({"": "4"}, {"": "4"}, MANY)

    assert set(turns(told)) == {"poop", "oppo"}
    for place, sample in enumerate(MANY):
        four = told.records[4 * place : 4 * place + 4]
        assert {record.sample for record in four} == {sample.id}
    stamps = [record.timing.start_ns for record in told.records if record.timing]
    assert stamps == sorted(stamps)
    assert len(stamps) == 4 * len(MANY)


def test_the_order_follows_the_seed() -> None:
    """The same seed asks in the same order, another one in another."""
    orders = [turns(paired({"": "4"}, {"": "4"}, MANY, seed=n)) for n in (3, 3, 4)]

    assert orders[0] == orders[1] != orders[2]


def test_each_model_has_two_rounds_of_every_sample() -> None:
    """They are told apart by their number, and each has its model's own time."""
    records = paired({"": "4"}, {"": "5"}).records

    for model, ttft_s, answer in (("parrot", 0.5, "4"), ("owl", 1.0, "5")):
        own = [record for record in records if record.cell.model == model]
        rounds = [(record.sample, record.round) for record in own]
        assert rounds == [(s.id, number) for s in SAMPLES for number in (0, 1)]
        assert {r.timing.ttft_s for r in own if r.timing} == {ttft_s}
        assert {record.answer for record in own} == {answer}


def test_both_cells_are_described_and_finished() -> None:
    """Facts come for each before and after; memory of two is nobody's own."""
    told = paired({"": "4"}, {"": "4"})

    assert [(f.cell.model, f.finished, f.planned) for f in told.facts] == [
        ("parrot", False, 6),
        ("owl", False, 6),
        ("parrot", True, 6),
        ("owl", True, 6),
    ]
    for facts in told.facts[2:]:
        assert facts.peak_rss_bytes is facts.peak_device_bytes is None
        assert facts.load is None
        assert facts.load_s == 0.5
    assert [facts.warmup_s for facts in told.facts[2:]] == [0.5, 1.0]


def test_an_error_of_one_model_does_not_stop_the_other() -> None:
    """Either may break: its samples are errors, the other's are answers."""
    broken: Answers = {"s2": {"error": "out of memory"}, "": "4"}
    for told, failing in (
        (paired(broken, {"": "4"}), "parrot"),
        (paired({"": "4"}, broken), "owl"),
    ):
        assert len(told.records) == 4 * len(SAMPLES)
        errors = [
            (record.cell.model, record.sample, record.round)
            for record in told.records
            if record.finish == "error"
        ]
        assert errors == [(failing, "s2", 0), (failing, "s2", 1)]
        assert [facts.finished for facts in told.facts[2:]] == [True, True]


def test_an_interrupt_leaves_both_cells_unfinished() -> None:
    """What was measured is kept, and neither is taken for whole."""

    def say(request: Request) -> str:
        if "s2" in request.prompt:
            raise KeyboardInterrupt
        return "4"

    told = Told()
    with pytest.raises(KeyboardInterrupt):
        paired(say, {"": "4"}, told=told)

    assert {record.sample for record in told.records[:4]} == {"s1"}
    assert [facts.finished for facts in told.facts] == [False] * 4
    unknown = [facts.contention is None for facts in told.facts]
    assert unknown == [True, True, False, False]


def test_models_in_turn_are_asked_an_even_number_of_repeats() -> None:
    """Three become four, A B B A twice, each with the same seeds on both sides."""
    clock, told = ManualClock(), Told()
    model = LoadedModel(
        deployment=a_deployment(), backend=Scripted({"": "4"}, clock=clock), load_s=0.0
    )
    plans = [
        Plan(
            cell=a_cell(model=name),
            task=a_task(),
            samples=SAMPLES[:2],
            seed=3,
            revision="abc",
            sampling=Sampling(temperature=1.0),
            repeats=3,
        )
        for name in ("parrot", "owl")
    ]
    run_pair(
        (plans[0], plans[1]),
        (model, model),
        Tools(
            clock=clock,
            sandbox=None,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )

    of = [[r for r in told.records if r.cell.model == n] for n in ("parrot", "owl")]
    assert sorted((r.sample, r.round) for r in of[0]) == [
        (name, number) for name in ("s1", "s2") for number in range(4)
    ]
    seeds = [{(r.sample, r.round): r.seed for r in side} for side in of]
    assert seeds[0] == seeds[1]
    assert plans[0].planned_in_turn == len(of[0]) == 8
