"""Conversations while they are measured: order, own answers, and what fails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure import cell as runner
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.in_turn import run_pair
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.cell_spec import CellSpec, plan_of
from pytest_llmlat.session.task_rows import TaskRows
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.entities import ConversationTurn
from pytest_llmlat.values.errors import GenerationFailed, Unsupported
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.settings import Settings
from pytest_llmlat.values.stopping import ClearResult, Stopping
from tests.unit.builders import a_cell, a_deployment, a_model, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Record, Request

pytestmark = pytest.mark.slow


SETTINGS = Settings(root=Path(), folder=Path())
ROWS = TaskRows(SETTINGS)
TASK = replace(
    a_task("talks/one"), chat_prompt=None, completion_prompt=None, messages="messages"
)


def a_turn(name: str, number: int, reference: str = "4", **columns: object) -> Sample:
    """Return a turn of a conversation whose answers are all the model's own."""
    before = range(1, number)
    return replace(
        a_sample(f"{name}#{number}", reference, **columns),
        turn=ConversationTurn(
            conversation=name,
            number=number,
            text=f"{name} {number}?",
            earlier=tuple((f"{name} {n}?", None) for n in before),
            asked_before=tuple(f"{name}#{n}" for n in before),
            graded=bool(reference),
        ),
    )


TALK = tuple(a_turn(name, number) for name in "ab" for number in (1, 2, 3))


@dataclass
class Asked:
    """What two models were asked, in order, and what was recorded of it."""

    requests: list[tuple[str, Request]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def by(self, name: str, say: Callable[[Request], str]) -> Callable[[Request], str]:
        """Return a script that notes what it is asked, but for the warm-up."""

        def answer(request: Request) -> str:
            if request.max_new_tokens > 4:
                self.requests.append((name, request))
            return say(request)

        return answer


def loaded(
    asked: Asked, name: str, say: Callable[[Request], str], *, context: int = 4096
) -> tuple[LoadedModel, Tools]:
    """Return a scripted model and what it is measured with."""
    clock = ManualClock(1_000)
    script = asked.by(name, say)
    backend = Scripted(script, clock=clock, ttft_s=0.5, context=context)
    return LoadedModel(
        deployment=a_deployment(a_model(name)), backend=backend, load_s=None
    ), Tools(
        clock=clock,
        sandbox=None,
        on_facts=lambda _: None,
        on_record=asked.records.append,
    )


def a_plan(samples: tuple[Sample, ...] = TALK, repeats: int = 1) -> Plan:
    """Return the plan of a cell of conversations."""
    return Plan(
        cell=a_cell(task=TASK.name),
        task=TASK,
        samples=samples,
        seed=1,
        revision="abc",
        repeats=repeats,
    )


def measured(
    say: Callable[[Request], str],
    samples: tuple[Sample, ...] = TALK,
    *,
    repeats: int = 1,
    context: int = 4096,
) -> Asked:
    """Measure a cell of conversations on a scripted model."""
    asked = Asked()
    model, tools = loaded(asked, "one", say, context=context)
    run_cell(a_plan(samples, repeats), model, tools)
    return asked


def test_the_answer_to_a_turn_stands_in_the_prompt_of_the_next() -> None:
    """Its text as the model gave it, in this very repeat."""
    number = iter(range(1, 100))
    asked = measured(lambda request: f"{request.prompt} {next(number)}", repeats=2)

    last = asked.requests[-1][1]

    assert last.prompt == "b 3?"
    # The warm-up was the first answer.
    assert last.turns == (("b 1?", "b 1? 11"), ("b 2?", "b 2? 12"))
    assert (last.conversation, last.continues) == ("b, 1", True)


def test_a_record_says_which_turn_of_what_it_is() -> None:
    """And whether its prompt goes on where one before it ended."""
    records = measured(lambda _: "Answer: 4").records

    assert [(r.conversation, r.turn, r.continues) for r in records] == [
        (name, turn, turn > 1) for name in "ab" for turn in (1, 2, 3)
    ]
    assert {record.item for record in records} == {"a", "b"}


def test_a_turn_behind_a_failed_one_is_an_error_and_not_asked() -> None:
    """It would be another question; the next conversation goes on."""

    def say(request: Request) -> str:
        if request.prompt == "a 1?" and request.max_new_tokens > 4:
            raise GenerationFailed("out of memory")
        return "Answer: 4"

    asked = measured(say)
    told = [(r.sample, r.finish, r.timing is None) for r in asked.records]

    assert told[:3] == [
        ("a#1", "error", False),
        ("a#2", "error", True),
        ("a#3", "error", True),
    ]
    assert asked.records[1].error == asked.records[2].error
    assert asked.records[2].error == (
        "not asked: turn 1 was not answered (GenerationFailed: out of memory)"
    )
    assert [r.grade.correct for r in asked.records[3:]] == [True] * 3
    assert [request.prompt for _, request in asked.requests] == [
        *("a 1?", "b 1?", "b 2?", "b 3?"),
    ]


def test_a_turn_that_overflows_the_context_ends_the_conversation() -> None:
    """Told as an overflow, and as its consequence for the turn behind it."""
    asked = measured(lambda _: "Answer: 4 or so", TALK[:3], context=8)

    assert [record.finish for record in asked.records] == ["stop", "context", "error"]
    assert str(asked.records[1].error).startswith("context overflow: the prompt of 8")
    assert asked.records[2].error == (
        "not asked: turn 2 was not answered (context overflow)"
    )


def test_a_turn_without_a_right_answer_is_timed_and_not_graded() -> None:
    """It is neither wrong nor unparsed."""
    (record,) = measured(lambda _: "Noted.", (a_turn("a", 1, ""),)).records

    assert (record.graded, record.grade.correct, record.unparsed) == (
        False,
        None,
        False,
    )
    assert record.timing is not None
    assert record.timing.ttft_s == 0.5


def test_figures_are_told_apart_by_columns_that_the_task_names() -> None:
    """As texts, whatever they are in the row."""
    asked = Asked()
    model, tools = loaded(asked, "one", lambda _: "4")
    plan = a_plan((a_turn("a", 1, depth=50),))
    run_cell(replace(plan, task=replace(TASK, breakdown=("depth",))), model, tools)

    assert asked.records[0].groups == (("depth", "50"),)


def test_what_a_task_calls_a_cluster_is_resampled_whole() -> None:
    """Its column is read as a text, and comes before the conversation."""
    asked = Asked()
    model, tools = loaded(asked, "one", lambda _: "4")
    plan = a_plan((a_turn("a", 1, text=7),))
    run_cell(replace(plan, task=replace(TASK, cluster="text")), model, tools)

    assert (asked.records[0].cluster, asked.records[0].item) == ("7", "7")


def test_two_models_in_turn_have_whole_conversations() -> None:
    """A B B A of conversations, each model with its own answers in each repeat."""
    asked = Asked()
    one, tools = loaded(asked, "one", lambda _: "1")
    two, _ = loaded(asked, "two", lambda _: "2")
    plan = a_plan()

    run_pair((plan, plan), (one, two), tools)

    turns = [
        f"{name}{r.prompt[:3]} {r.conversation}" for name, r in asked.requests[:12]
    ]
    first = asked.requests[0][0]
    other = "two" if first == "one" else "one"
    assert turns == [
        f"{name}a {turn} a, {number}"
        for name, number in ((first, 0), (other, 0), (other, 1), (first, 1))
        for turn in (1, 2, 3)
    ]
    for name, request in asked.requests:
        said = {answer for _, answer in request.turns}
        assert said <= {"1" if name == "one" else "2"}


@dataclass
class AfterSome:
    """A rule that finds so many pairs enough."""

    pairs: int
    by_time: bool = False
    seen: list[tuple[list[str], list[str]]] = field(default_factory=list)

    def after(
        self, candidate: Sequence[Record], reference: Sequence[Record]
    ) -> ClearResult | None:
        """Note what is new, and count it."""
        sides = [[r.sample for r in side] for side in (candidate, reference)]
        self.seen.append((sides[0], sides[1]))
        if len(self.seen) < self.pairs:
            return None
        return ClearResult(why="a clear result", by_time=self.by_time)


def in_pairs(plan: Plan, rule: AfterSome) -> list[CellFacts]:
    """Measure two models in turn; returns what was told of both cells at their end."""
    told: list[CellFacts] = []
    asked = Asked()
    one, tools = loaded(asked, "one", lambda _: "1")
    two, _ = loaded(asked, "two", lambda _: "2")
    other = replace(plan, cell=a_cell("two", task=plan.task.name))
    tools = replace(tools, on_facts=told.append)
    run_pair((plan, other), (one, two), tools, rule)
    return told[-2:]


def test_a_rule_ends_both_cells_after_a_whole_pair() -> None:
    """It sees each conversation once, whole on both sides; the rest is not asked."""
    more = tuple(a_turn(name, number) for name in "abcd" for number in (1, 2))
    rule = AfterSome(2)

    facts = in_pairs(a_plan(more), rule)

    assert rule.seen == [
        ([f"{name}#1", f"{name}#2"] * 2, [f"{name}#1", f"{name}#2"] * 2)
        for name in "ab"
    ]
    for each in facts:
        assert each.stopping == Stopping(planned=4, used=2, why="a clear result")
        assert each.finished
        assert each.planned == 8


def test_nobody_looks_after_the_last_pair_or_into_a_cluster() -> None:
    """There is nothing to save after the last; half of a cluster is no pair."""
    texts = "xxyyz"
    samples = tuple(a_turn(f"{n}", 1, text=text) for n, text in enumerate(texts))
    plan = a_plan(samples)
    rule = AfterSome(9)

    facts = in_pairs(replace(plan, task=replace(TASK, cluster="text")), rule)

    assert [len(set(ours)) for ours, _ in rule.seen] == [2, 2]
    assert facts[0].stopping == Stopping(planned=3, used=3, why=None)
    assert facts[0].planned == 10


@pytest.mark.parametrize(("by_time", "used"), [(True, 4), (False, 1)])
def test_a_result_of_times_that_prove_nothing_ends_no_cell(
    monkeypatch: pytest.MonkeyPatch, *, by_time: bool, used: int
) -> None:
    """They are not gated, and quality is then to be known of all samples."""
    monkeypatch.setattr(runner, "standing_warnings", lambda _: ("traced",))
    more = tuple(a_turn(name, 1) for name in "abcd")

    facts = in_pairs(a_plan(more), AfterSome(1, by_time=by_time))

    assert [each.stopping and each.stopping.used for each in facts] == [used, used]


def test_without_a_rule_nothing_is_said_of_stopping() -> None:
    """The number of samples was fixed before."""
    asked = Asked()
    told: list[CellFacts] = []
    one, tools = loaded(asked, "one", lambda _: "1")

    run_pair((a_plan(), a_plan()), (one, one), replace(tools, on_facts=told.append))

    assert told[-1].stopping is None


def test_what_may_be_stopped_is_asked_in_an_order_that_is_drawn() -> None:
    """Whole conversations and clusters, the same ones for every model and run."""
    texts = "xxyyzz"
    talks = tuple(
        a_turn(f"{n}", turn, text=text)
        for n, text in enumerate(texts)
        for turn in (1, 2)
    )
    task = replace(TASK, chance=0.0, cluster="text")
    until = replace(SETTINGS, until_decided=True, seed=2)

    plans = [
        plan_of(CellSpec(), task, talks, a_deployment(a_model(name)), until, rows=ROWS)
        for name in ("parrot", "owl")
    ]

    drawn = [sample.field("text") for sample in plans[0].samples]
    assert "".join(dict.fromkeys(map(str, drawn))) != "xyz"
    assert sum(a != b for a, b in pairwise(drawn)) == 2
    assert plans[0].samples == plans[1].samples
    assert set(plans[0].samples) == set(talks)
    assert (
        plan_of(CellSpec(), task, talks, a_deployment(), SETTINGS, rows=ROWS).samples
        == talks
    )


LOADS = [
    Scenario(kind="offline"),
    Scenario(kind="concurrent", level=2),
    Scenario(kind="server", level=1.5),
]


def under(
    scenario: Scenario, say: Callable[[Request], str], samples: tuple[Sample, ...]
) -> Asked:
    """Measure a cell of conversations under a load of a scripted model."""
    asked = Asked()
    model, tools = loaded(asked, "one", say)
    run_cell(replace(a_plan(samples), scenario=scenario), model, tools)
    return asked


@pytest.mark.parametrize("scenario", LOADS, ids=lambda scenario: scenario.name)
def test_under_a_load_a_turn_is_sent_when_the_one_before_was_answered(
    scenario: Scenario,
) -> None:
    """It is due at that instant, and waits behind those that were due before."""
    talks = tuple(a_turn(name, number) for name in "abcd" for number in (1, 2, 3))
    asked = under(scenario, lambda request: f"so {request.prompt}", talks)

    by_name = {record.sample: record for record in asked.records}
    assert sorted(by_name) == sorted(sample.id for sample in talks)
    for name in "abcd":
        turns = [by_name[f"{name}#{number}"].timing for number in (1, 2, 3)]
        for before, after in pairwise(turns):
            assert before is not None
            assert after is not None
            assert after.start_ns == before.end_ns
    last = next(r for _, r in reversed(asked.requests) if r.prompt == "d 3?")
    assert last.turns == (("d 1?", "so d 1?"), ("d 2?", "so d 2?"))
    starts = [r.timing.start_ns for r in asked.records if r.timing]
    assert starts == sorted(starts)


def test_a_closed_loop_has_so_many_conversations_under_way() -> None:
    """Until the last that counts has ended, with others where none is left."""
    talks = tuple(a_turn(name, number) for name in "abc" for number in (1, 2, 3))
    asked = under(LOADS[1], lambda _: "so", talks)

    # One request at a time, of two that wait: each takes twice as long.
    times = [r.timing.e2e_s for r in asked.records if r.timing]
    assert times == pytest.approx([1.0] * 9)


def test_a_turn_behind_a_failed_one_is_not_asked_under_a_load() -> None:
    """It is an error, as it is without a load."""

    def say(request: Request) -> str:
        if request.prompt == "a 1?" and request.conversation == "a, 0":
            raise GenerationFailed("out of memory")
        return "Answer: 4"

    asked = under(LOADS[1], say, TALK)

    told = {r.sample: (r.error, r.timing is None) for r in asked.records}
    assert len(told) == len(asked.records) == 6
    for number in (2, 3):
        error, timeless = told[f"a#{number}"]
        assert str(error).startswith("not asked: turn 1 was not answered")
        assert timeless
    assert told["b#3"] == (None, False)


def test_a_load_refuses_conversations_whose_options_are_ranked() -> None:
    """No answer is written that the next turn could go on from."""
    wanted = CellSpec(scenario=Scenario(kind="concurrent", level=2))
    task = replace(TASK, chance=0.0, ranked="total")
    parrot = a_deployment()

    with pytest.raises(Unsupported, match="ranks their options"):
        plan_of(wanted, task, TALK, parrot, SETTINGS, rows=ROWS)
