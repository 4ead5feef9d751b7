"""A cell from its samples to its records, on a clock that moves by script."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure import cell as runner
from pytest_llmlat.measure.cell import (
    LoadedModel,
    Tools,
    run_cell,
)
from pytest_llmlat.measure.cell_warnings import cards
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.warm_up import WARMUP_TOKENS, troubled_warm_up
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.entities import Shots
from pytest_llmlat.values.records import Generation, Response, Transport
from pytest_llmlat.values.sampling import Sampling, seed_of
from tests.unit.builders import (
    a_cell,
    a_deployment,
    a_model,
    a_sample,
    a_task,
    a_timing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import ModelSpec, Sample, Scalar, Task
    from pytest_llmlat.values.records import Record, Request
    from pytest_llmlat.values.token_meter import Meter

pytestmark = pytest.mark.slow

Answers: TypeAlias = "Mapping[str, str | Mapping[str, str]]"
ANSWERS: Answers = {
    "s1": "Answer: 4",
    "s2": {"error": "out of memory"},
    "s3": "Answer: 5",
}
SAMPLES = (a_sample("s1"), a_sample("s2"), a_sample("s3"))


@dataclass
class Told:
    """What a run reported, in its order."""

    facts: list[CellFacts] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


def measured(  # noqa: PLR0913 - what a test may vary
    answers: Answers | Callable[[Request], str],
    samples: Sequence[Sample] = SAMPLES,
    *,
    task: Task | None = None,
    context: int = 4096,
    chat: bool = True,
    told: Told | None = None,
    sandbox: Sandbox | None = None,
    sampling: Sampling | None = None,
    repeats: int = 1,
    options: Mapping[str, Scalar] | None = None,
    shots: Sequence[Sample] = (),
    model: ModelSpec | None = None,
    constraint: Constraint | None = None,
) -> Told:
    """Run a cell on a scripted model: 0.5 s to a token, 0.25 s to each other."""
    clock = ManualClock(1_000)
    backend = Scripted(
        answers, clock=clock, ttft_s=0.5, tpot_s=0.25, context=context, chat=chat
    )
    entry = model or a_model("parrot")
    entry = replace(entry, options=tuple((options or {}).items()))
    deployment = a_deployment(entry)
    told = told or Told()
    task = task or a_task()
    run_cell(
        Plan(
            cell=a_cell(task=task.name),
            task=task,
            samples=tuple(samples),
            seed=3,
            revision="abc",
            sampling=sampling or Sampling(),
            repeats=repeats,
            shots=tuple(shots),
            constraint=constraint,
        ),
        LoadedModel(deployment=deployment, backend=backend, load_s=1.5),
        Tools(
            clock=clock,
            sandbox=sandbox,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )
    return told


def marks(record: Record) -> set[str]:
    """Return what is marked on a record."""
    names = {"unparsed", "empty", "truncated", "refused"}
    return {name for name in names if getattr(record, name)}


def test_a_record_holds_what_was_asked_answered_and_measured() -> None:
    """Everything of one sample, on the clock to the nanosecond."""
    (record,) = measured({"": "Answer: 4"}, SAMPLES[:1]).records

    assert (record.sample, record.difficulty, record.round) == ("s1", "easy", 0)
    assert (record.prompt, record.reference) == ("What is s1?", "4")
    assert (record.answer, record.extracted) == ("Answer: 4", "4")
    assert (record.finish, record.error) == ("stop", None)
    assert (record.grade.value, record.grade.correct) == (1.0, True)
    assert record.timing is not None
    assert (record.timing.ttft_s, record.timing.e2e_s) == (0.5, 0.75)
    assert (record.prompt_tokens, record.output_tokens) == (3, 2)
    assert (record.metric, record.budget_s, record.chance) == ("accuracy", 1.0, 0.0)
    assert marks(record) == set()


def test_every_sample_has_a_record_in_order() -> None:
    """A backend that breaks in the middle leaves an error, and the others go on."""
    records = measured(ANSWERS).records

    assert [record.sample for record in records] == ["s1", "s2", "s3"]
    assert [record.grade.correct for record in records] == [True, False, False]
    assert [record.error for record in records] == [
        None,
        "GenerationFailed: out of memory",
        None,
    ]


def test_an_error_is_a_wrong_answer_with_its_time() -> None:
    """It has no answer and no tokens; what it cost is known; it is not unparsed."""
    failed = measured(ANSWERS).records[1]

    assert (failed.finish, failed.answer, failed.extracted) == ("error", None, None)
    assert failed.timing is not None
    assert (failed.output_tokens, failed.token_source) == (None, None)
    assert marks(failed) == set()


def test_a_prompt_without_room_has_no_latency() -> None:
    """It was turned away: no answer, truncated, and no time that would look fast.

    The error says how long the prompt was and how large the context is.
    """
    (record,) = measured({"": "4"}, SAMPLES[:1], context=3).records

    assert (record.finish, record.answer) == ("context", None)
    assert record.error == (
        "context overflow: the prompt of 3 tokens leaves no room for an answer in the"
        " context of 3 tokens"
    )
    assert record.timing is None
    assert (record.truncated, record.unparsed) == (True, False)
    assert record.grade.correct is False


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("no number here", {"unparsed"}),
        ("", {"unparsed", "empty"}),
        (" \n ", {"unparsed", "empty"}),
        ("Answer: 4, as one can see at once if", {"truncated"}),
    ],
)
def test_an_answer_is_marked(answer: str, expected: set[str]) -> None:
    """What could not be read, had nothing in it or was cut off."""
    (record,) = measured({"": answer}, SAMPLES[:1]).records

    assert marks(record) == expected


def test_facts_come_unfinished_and_then_finished() -> None:
    """A cell that is cut off is known to be so; the second facts have more."""
    first, last = measured(ANSWERS).facts

    assert (first.finished, last.finished) == (False, True)
    assert (first.planned, last.planned) == (3, 3)
    assert (first.warmup_s, first.wall_s, first.peak_rss_bytes) == (None, None, None)
    assert (last.load_s, last.task_revision) == (1.5, "abc")
    assert dict(last.backend)["context"] == 4096
    assert last.peak_device_bytes is None
    # Warm-up and two answers of two tokens; an error takes no time here.
    assert last.wall_s == 3 * 0.75


def test_the_warm_up_is_told_apart() -> None:
    """It is one short request before the first sample, and is no record."""
    asked: list[Request] = []

    def say(request: Request) -> str:
        asked.append(request)
        return "Answer: 4"

    told = measured(say, task=replace(a_task(), max_new_tokens=64))

    assert [request.max_new_tokens for request in asked] == [WARMUP_TOKENS, 64, 64, 64]
    assert asked[0].prompt == asked[1].prompt
    assert len(told.records) == 3
    assert told.facts[-1].warmup_s == 0.75


def test_a_warm_up_is_no_longer_than_an_answer() -> None:
    """A task of few tokens warms up with as few."""
    asked: list[int] = []

    def say(request: Request) -> str:
        asked.append(request.max_new_tokens)
        return "4"

    measured(say, SAMPLES[:1], task=replace(a_task(), max_new_tokens=2))

    assert asked == [2, 2]


def test_a_warm_up_that_fails_is_unknown() -> None:
    """The sample that it was made of says what went wrong."""
    told = measured({"": {"error": "broken"}}, SAMPLES[:1])

    assert told.facts[-1].warmup_s is None
    assert any("warm-up came to nothing" in text for text in told.facts[-1].warnings)
    assert told.facts[-1].finished
    assert told.records[0].error is not None


@pytest.mark.parametrize(
    ("retried_for", "told"),
    [((), ()), (("429",), ("once (429)",)), (("429", "503"), ("2 times (429, 503)",))],
)
def test_a_warm_up_that_was_turned_away_is_told(
    retried_for: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """No record tells of it, so the cell does."""
    sent = Transport(
        request_id=None,
        status=200,
        reused=False,
        dns_s=None,
        connect_s=None,
        tls_s=None,
        retries=len(retried_for),
        retried_for=retried_for,
    )
    generation = Generation(
        text="4", finish="stop", prompt_tokens=1, output_tokens=None, token_source=None
    )
    response = Response(
        generation=generation, timing=a_timing(1.0), error=None, transport=sent
    )

    warnings = troubled_warm_up(a_cell(), response)

    assert [text.partition("sent again ")[2] for text in warnings] == list(told)


class Declining(Scripted):
    """A model that declines in a field of its own."""

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer nothing, and say why."""
        found = super().generate(request, meter)
        return replace(found, text="", refusal="I can't help.")


def test_a_refusal_in_a_field_of_its_own_is_no_answer() -> None:
    """It is marked as one, its words are kept, and nothing is right."""
    told = Told()
    clock = ManualClock(1_000)
    run_cell(
        Plan(cell=a_cell(), task=a_task(), samples=SAMPLES[:1], seed=3, revision="abc"),
        LoadedModel(
            deployment=a_deployment(), backend=Declining({}, clock=clock), load_s=None
        ),
        Tools(
            clock=clock,
            sandbox=None,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )

    (record,) = told.records
    assert marks(record) == {"unparsed", "empty", "refused"}
    assert record.grade.value == 0
    assert record.grade.note == "refused: I can't help."


def test_an_interrupt_passes_through_after_what_was_measured() -> None:
    """Whoever stops a run keeps its records; the cell stays unfinished."""

    def say(request: Request) -> str:
        if "s2" in request.prompt:
            raise KeyboardInterrupt
        return "Answer: 4"

    told = Told()
    with pytest.raises(KeyboardInterrupt):
        measured(say, told=told)

    assert [record.sample for record in told.records] == ["s1"]
    assert [facts.finished for facts in told.facts] == [False, False]
    # What disturbed the part that was measured is known.
    assert [facts.contention is None for facts in told.facts] == [True, False]


def test_records_are_reported_as_they_are_made() -> None:
    """A run that is killed has lost the sample in flight and no other."""
    told = Told()
    seen: list[int] = []

    def say(request: Request) -> str:
        del request
        seen.append(len(told.records))
        return "4"

    measured(say, told=told)

    assert seen == [0, 0, 1, 2]


@pytest.mark.parametrize("chat", [True, False])
def test_the_backend_says_which_form_a_prompt_takes(*, chat: bool) -> None:
    """A model that chats is asked, a base model has a text to continue."""
    asked: list[Request] = []

    def say(request: Request) -> str:
        asked.append(request)
        return "4"

    (record,) = measured(say, SAMPLES[:1], chat=chat).records

    assert all(request.chat is chat for request in asked)
    assert all(request.seed == seed_of(3, sample="s1", number=0) for request in asked)
    assert record.prompt.startswith("What" if chat else "Question: ")


def test_every_model_is_shown_the_same_examples() -> None:
    """Which they were is in the records, and they are part of what was asked."""
    pool = tuple(a_sample(f"t{number}") for number in range(9))
    shots = Shots(count=2, answer=" {{ reference }}", turns=True)
    told: dict[bool, Told] = {}
    requests: list[Request] = []

    def answer(request: Request) -> str:
        requests.append(request)
        return "Answer: 4"

    for chat in (True, False):
        told[chat] = measured(
            answer, task=replace(a_task(), shots=shots), chat=chat, shots=pool
        )

    shown = [[record.shots for record in told[chat].records] for chat in told]
    assert shown[0] == shown[1]
    assert len(set(shown[0])) > 1
    by_turns = requests[1]  # the first is the warm-up
    assert [asked for asked, _ in by_turns.turns] == [
        f"What is {id_}?" for id_ in shown[0][0]
    ]
    assert all(
        f"What is {id_}?" in told[False].records[0].prompt for id_ in shown[0][0]
    )


def test_what_an_entry_says_of_chats_is_asked_and_recorded() -> None:
    """The system prompt is in each record; both are in each request."""
    model = replace(
        a_model(),
        system="Be brief.",
        chat_template_kwargs=(("enable_thinking", False),),
    )
    requests: list[Request] = []

    def answer(request: Request) -> str:
        requests.append(request)
        return "Answer: 4"

    told = measured(answer, model=model)

    assert {record.system for record in told.records} == {"Be brief."}
    assert {request.template for request in requests} == {(("enable_thinking", False),)}


def test_the_same_cell_has_the_same_records() -> None:
    """Nothing but the clock can differ between two runs of a script."""
    assert measured(ANSWERS).records == measured(ANSWERS).records


def test_records_can_be_written() -> None:
    """Every record and every facts are plain values."""
    told = measured(ANSWERS)

    lines = [*map(json_object, told.records), *map(json_object, told.facts)]

    assert len(lines) == 5
    assert json.loads(json.dumps(lines, allow_nan=False))[0]["sample"] == "s1"


class Loose:
    """A sandbox that keeps nothing from anything."""

    name = "none"
    isolated = False

    def run(self, program: object, limits: object) -> object:
        """Run nothing: no answer here holds code."""
        raise NotImplementedError(program, limits)

    def close(self) -> None:
        """Leave nothing."""


def test_code_that_ran_unsandboxed_is_told() -> None:
    """The warning stands in the facts of the cell."""
    told = measured({"": "no code"}, sandbox=Loose())  # type: ignore[arg-type]

    assert any("unsandboxed" in warning for warning in told.facts[0].warnings)
    assert not any("unsandboxed" in w for w in measured(ANSWERS).facts[0].warnings)


def test_a_loaded_model_has_names() -> None:
    """Tests read them from the fixture."""
    backend = Scripted({}, clock=ManualClock())
    model = LoadedModel(deployment=a_deployment(), backend=backend, load_s=0.0)

    assert (model.name, model.device) == ("parrot", "cpu")


@dataclass
class Watched:
    """Notes what it is told; nothing else happens."""

    told: list[object]

    def __call__(self, **given: object) -> Watched:
        """Begin."""
        self.told.append(given)
        return self

    def end(self, *, answering_ns: int) -> None:
        """Note how long answers took."""
        self.told.append(answering_ns)


def test_what_else_happened_is_held_against_the_time_of_the_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the warm-up, the grading or another model's turn."""
    watched = Watched([])
    monkeypatch.setattr(runner, "Watch", watched)

    measured(ANSWERS)

    assert watched.told == [
        {"device": "cpu", "remote": False, "cards": ()},
        2 * 750_000_000,
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("cuda:0", (0,)),
        ("cuda:2, cuda:0", (2, 0)),
        ("cuda:1, cpu", (1,)),
        ("cpu", ()),
        ("mps", ()),
        (None, ()),
    ],
)
def test_cards_are_read_from_what_a_backend_tells(
    told: str | None, expected: tuple[int, ...]
) -> None:
    """Torch's names of them; whoever tells none may be on any."""
    assert cards(told) == expected


def test_each_repeat_is_drawn_with_a_seed_of_its_own() -> None:
    """It follows from session, sample and repeat, and stands in the record."""
    asked: list[Request] = []

    def say(request: Request) -> str:
        asked.append(request)
        return "4"

    how = Sampling(temperature=0.8, top_p=0.9)
    records = measured(say, SAMPLES[:2], sampling=how, repeats=3).records

    assert [(r.sample, r.round) for r in records] == [
        (name, number) for number in range(3) for name in ("s1", "s2")
    ]
    assert [r.seed for r in records] == [
        seed_of(3, sample=r.sample, number=r.round) for r in records
    ]
    assert [r.seed for r in records] == [request.seed for request in asked[1:]]
    assert len({r.seed for r in records}) == 6
    assert {(r.temperature, r.top_p) for r in records} == {(0.8, 0.9)}
