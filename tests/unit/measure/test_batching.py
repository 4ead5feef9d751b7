"""All at once on a model that answers many together, to the nanosecond."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.scenarios import BatchSettings, batch_settings, under_load
from pytest_llmlat.measure.scenarios.batching import CHECKED, in_batches
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import BadCatalogue, OutOfMemory
from pytest_llmlat.values.protocols import Batching
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_deployment, a_model, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.measure.scenarios.batching import Batched
    from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
    from pytest_llmlat.values.records import Generation, Record
    from pytest_llmlat.values.token_meter import Meter

pytestmark = pytest.mark.slow

BEGIN_NS = 1_000
OFFLINE = Scenario(kind="offline")
SHORT, MIDDLE, LONG = "a", "bb", "ccc"
PROMPTS = (MIDDLE, SHORT, LONG)


@dataclass
class Together:
    """Takes two seconds to a batch, however many are in it."""

    clock: ManualClock
    log: list[str]
    press: Callable[[], None]
    rows: int = 1000
    """How many it would answer at once."""
    fits: int = 1000
    """How many it has memory for."""
    failing: str = ""
    """The prompt that breaks its batch."""
    turned_away: str = ""
    """The prompt that is too long for the context."""
    fits_until: int = 1000
    """The batch, counted from 1, at which there is room for one only."""
    own_queue: bool = False
    kind: str = "padded"

    def first_size(self, requests: Sequence[Request]) -> int:
        """Say how many it would answer."""
        del requests
        return self.rows

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Take seven seconds that nobody should count."""
        self.log.append(f"prepare {size}: {written(requests)}")
        later(self.clock, 7.0)

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Stamp each prompt's text at the end of two seconds."""
        self.log.append(f"{size}: {written(requests)}")
        self.press()
        later(self.clock, 2.0)
        self.fits_until -= 1
        if size > (self.fits if self.fits_until else 1):
            raise OutOfMemory(f"{size} do not fit")
        if self.failing in [request.prompt for request in requests]:
            raise RuntimeError("broken")
        return [
            self._said(request, meter)
            for request, meter in zip(requests, meters, strict=True)
        ]

    def close(self) -> None:
        """Note it."""
        self.log.append("close")

    def _said(self, request: Request, meter: Meter) -> Generation:
        if request.prompt == self.turned_away:
            return meter.generation("context", 1)
        meter.token(request.prompt)
        return meter.generation("stop", 1)


class Model(Scripted):
    """Answers with the prompt: many together in two seconds, or one in three."""

    def __init__(
        self, *, other_alone: str = "", stopped_at: int = 0, **batches: object
    ) -> None:
        """Set what happens.

        Args:
            other_alone: the prompt whose answer is another one when it is alone.
            stopped_at: the call at which somebody presses Ctrl-C, counted from 1.
            batches: fields of ``Together``.
        """
        self.clock = ManualClock(BEGIN_NS)
        super().__init__(self._say, clock=self.clock, ttft_s=3.0)
        self.log: list[str] = []
        self._other, self._stopped_at, self._calls = other_alone, stopped_at, 0
        self._together = Together(
            self.clock,
            self.log,
            self._press,
            **batches,  # type: ignore[arg-type]
        )

    def batches(self, requests: Sequence[Request], kind: str | None) -> Together:
        """Note what is asked for."""
        self.log.append(f"batches of {len(requests)}: {kind}")
        return self._together

    def _say(self, request: Request) -> str:
        self.log.append(f"alone: {request.prompt}")
        self._press()
        return "another" if request.prompt == self._other else request.prompt

    def _press(self) -> None:
        self._calls += 1
        if self._calls == self._stopped_at:
            raise KeyboardInterrupt


def later(clock: ManualClock, seconds: float) -> None:
    """Let time pass."""
    clock.wait_until(clock.now_ns() + round(seconds * NS_PER_S))


def written(requests: Sequence[Request]) -> str:
    """Return the prompts in their order."""
    return " ".join(request.prompt for request in requests)


def asked(
    model: Model,
    prompts: Sequence[str] = PROMPTS,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Batched:
    """Offer prompts all at once."""
    requests = [Request(prompt=p, chat=True, max_new_tokens=4) for p in prompts]
    settings = BatchSettings(size=size)
    return in_batches(requests, model, model.clock, settings=settings, seed=seed)


def facts_of(batched: Batched) -> LoadFacts:
    """Return the facts of a load in which something ended."""
    assert batched.facts is not None
    return batched.facts


def texts(batched: Batched) -> list[str | None]:
    """Return what was answered, ``None`` where nothing was."""
    return [
        r.generation.text if r and r.generation else None for r in batched.responses
    ]


def times(batched: Batched) -> list[tuple[float, ...]]:
    """Return queue, first token, last token and end of each, from the common start."""
    found: list[tuple[float, ...]] = []
    for response in batched.responses:
        assert response is not None
        timing = response.timing
        assert timing.queue_s is not None
        assert timing.ttft_s is not None
        end_s = (timing.end_ns - timing.start_ns) / NS_PER_S
        found.append((timing.queue_s, timing.ttft_s, timing.e2e_s, end_s))
    return found


def test_the_longest_are_answered_first_and_every_answer_finds_its_request() -> None:
    """Batches are sorted by length; responses come in the order of the requests."""
    model = Model(rows=2)

    batched = asked(model)

    assert model.log[:4] == [
        "batches of 3: None",
        "prepare 2: bb a",
        "2: ccc bb",
        "2: a",
    ]
    assert texts(batched) == [MIDDLE, SHORT, LONG]
    assert not batched.interrupted


def test_all_count_from_the_common_start() -> None:
    """Who is in the second batch has waited for the first; preparing is not counted."""
    batched = asked(Model(rows=2))

    assert times(batched) == [(0, 2, 2, 2), (2, 4, 4, 4), (0, 2, 2, 2)]
    starts = {r.timing.start_ns for r in batched.responses if r}
    assert starts == {BEGIN_NS + 7 * NS_PER_S}


def test_the_window_holds_the_batches_and_nothing_else() -> None:
    """Neither the batch before nor the comparison after is in it."""
    model = Model(rows=2)

    facts = facts_of(asked(model))

    # Seven seconds before, four of batches, nine of three asked alone.
    assert model.clock.now_ns() == BEGIN_NS + 20 * NS_PER_S
    assert (facts.window_s, facts.ended, facts.failed) == (4, 3, 0)
    assert (facts.before, facts.after, facts.in_flight) == (0, 0, 3)
    assert (facts.batch, facts.batching, facts.batch_halved) == (2, "padded", 0)
    assert facts.batch_prepared == 2


@pytest.mark.slow
def test_what_did_not_fit_is_forgotten_and_all_is_measured_with_half() -> None:
    """No figure is made of batches of two sizes."""
    model = Model(fits=2)
    prompts = [letter * n for n, letter in enumerate("abcdefghi", start=1)]

    batched = asked(model, prompts)

    runs = [line.split()[0] for line in model.log if line[0].isdigit()]
    assert runs == ["9:", "4:", *["2:"] * 5]
    facts = facts_of(batched)
    assert (facts.batch, facts.batch_halved, facts.batch_prepared) == (2, 2, 2)
    assert (facts.window_s, facts.ended) == (10, 9)
    assert times(batched)[-1] == (0, 2, 2, 2)
    assert texts(batched) == prompts


@pytest.mark.slow
def test_memory_that_gives_out_late_throws_away_what_was_there() -> None:
    """Batches that went well before the one that did not are measured again too."""
    model = Model(rows=2, fits_until=2)

    facts = facts_of(asked(model))

    assert (facts.batch, facts.batch_halved, facts.window_s) == (1, 1, 6)
    assert model.log[-4:] == ["1: ccc", "1: bb", "1: a", "close"]


@pytest.mark.slow
def test_one_that_does_not_fit_alone_is_an_error_and_the_next_ones_go_on() -> None:
    """It is the same as out of memory in a request that was never in a batch."""
    batched = asked(Model(fits=0), [LONG, SHORT])

    found = [r.error for r in batched.responses if r]
    assert found == ["OutOfMemory: 1 do not fit"] * 2
    facts = facts_of(batched)
    assert (facts.batch, facts.batch_halved, facts.failed) == (1, 1, 2)
    assert facts.batch_checked is None


def test_what_breaks_a_batch_is_the_error_of_each_of_its_requests() -> None:
    """None is asked again alone to look better; the other batches go on."""
    model = Model(rows=2, failing=LONG)

    batched = asked(model)

    assert texts(batched) == [None, SHORT, None]
    errors = [r.error for r in batched.responses if r]
    assert errors == ["RuntimeError: broken", None, "RuntimeError: broken"]
    facts = facts_of(batched)
    assert (facts.ended, facts.failed, facts.window_s) == (3, 2, 4)
    # Only what was answered can be compared.
    assert (facts.batch_checked, facts.batch_changed) == (1, 0)


def test_answers_are_compared_with_those_asked_alone() -> None:
    """How many were looked at, and how many are others."""
    model = Model(other_alone=LONG)

    facts = facts_of(asked(model))

    assert (facts.batch_checked, facts.batch_changed) == (3, 1)
    assert model.log[3] == "close"
    assert sorted(model.log[4:]) == ["alone: a", "alone: bb", "alone: ccc"]


@pytest.mark.slow
def test_only_some_of_many_are_compared_the_same_ones_for_a_seed() -> None:
    """The draw is fixed by the seed, and is another for another seed."""
    prompts = [str(n) for n in range(50)]

    def drawn(seed: int) -> list[str]:
        model = Model()
        assert facts_of(asked(model, prompts, seed=seed)).batch_checked == CHECKED
        return [line for line in model.log if line.startswith("alone")]

    assert len(set(drawn(1))) == CHECKED
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_batches_of_one_have_nothing_to_be_compared_with() -> None:
    """The user's size is heeded, and who is alone in it is told as one at a time."""
    model = Model()

    facts = facts_of(asked(model, size=1))

    assert (facts.batch, facts.batch_checked, facts.batch_changed) == (1, None, None)
    assert not [line for line in model.log if line.startswith("alone")]


@pytest.mark.slow
def test_the_size_of_the_entry_is_a_bound() -> None:
    """It counts instead of what the backend would take; there are no empty rows."""
    assert facts_of(asked(Model(), size=2)).batch == 2
    assert facts_of(asked(Model(), size=200)).batch == 3


def test_a_queue_of_its_own_gets_all_at_once() -> None:
    """The library sees to it who is served when; the size is told to it."""
    model = Model(own_queue=True, rows=2, kind="continuous")

    batched = asked(model)

    assert model.log[2] == "2: ccc bb a"
    assert times(batched) == [(0, 2, 2, 2)] * 3
    assert (facts_of(batched).batch, facts_of(batched).batching) == (2, "continuous")


@pytest.mark.parametrize(
    ("stopped_at", "expected"),
    [(1, [None] * 3), (2, [None, None, LONG]), (4, [MIDDLE, SHORT, LONG])],
)
def test_ctrl_c_keeps_the_batches_that_have_ended(
    stopped_at: int, expected: list[str | None]
) -> None:
    """In a batch what is in it is lost; in the comparison only that is."""
    model = Model(rows=1 if stopped_at < 4 else 2, stopped_at=stopped_at)

    batched = asked(model)

    assert batched.interrupted
    assert texts(batched) == expected
    assert "close" in model.log
    if expected[-1] is None:
        assert batched.facts is None
    else:
        assert facts_of(batched).ended == 3 - expected.count(None)
        assert facts_of(batched).batch_checked is None


def test_ctrl_c_after_memory_gave_out_keeps_nothing_of_the_larger_size() -> None:
    """What was thrown away does not come back."""
    model = Model(fits=2, stopped_at=3)

    batched = asked(model, [*PROMPTS, "dddd"])

    assert texts(batched) == [None, None, LONG, "dddd"]
    assert (facts_of(batched).batch, facts_of(batched).ended) == (2, 2)


def test_ctrl_c_right_after_memory_gave_out_leaves_nothing() -> None:
    """A batch that went well at the larger size is no part of the smaller one."""
    batched = asked(Model(rows=2, fits_until=2, stopped_at=3))

    assert batched.interrupted
    assert texts(batched) == [None] * 3
    assert batched.facts is None


def test_a_prompt_that_was_turned_away_is_not_compared() -> None:
    """There is no answer that a batch could have changed."""
    model = Model(turned_away=LONG)

    facts = facts_of(asked(model))

    assert (facts.ended, facts.failed, facts.batch_checked) == (3, 0, 2)
    assert "alone: ccc" not in model.log


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "many"])
def test_a_size_that_is_none_is_refused(wrong: float | str) -> None:
    """The entry and the option are named."""
    model = replace(a_model("mine"), options=(("batch_size", wrong),))

    with pytest.raises(BadCatalogue, match=r"'mine': option batch_size"):
        batch_settings(model)


def test_settings_are_those_of_the_entry() -> None:
    """Without any there is nothing to heed."""
    options = (("batch_size", 4), ("batching", "padded"))
    model = replace(a_model(), options=options)

    assert batch_settings(model) == BatchSettings(size=4, kind="padded")
    assert batch_settings(a_model()) == BatchSettings()


@pytest.mark.parametrize(
    ("scenario", "batch"),
    [
        (OFFLINE, 2),
        (Scenario(kind="concurrent", level=2), 1),
        (Scenario(kind="server", level=0.1), 1),
    ],
)
def test_only_what_comes_all_at_once_is_batched(scenario: Scenario, batch: int) -> None:
    """In the other scenarios one request at a time is served, and the facts say so."""
    model = Model()
    request = Request(prompt=SHORT, chat=True, max_new_tokens=4)

    load = under_load(scenario, [request] * 2, model, model.clock, seed=0, ramp_s=0.0)

    assert load.facts is not None
    assert load.facts.batch == batch


def test_a_model_without_batches_says_one_at_a_time() -> None:
    """Its requests wait for each other."""
    clock = ManualClock(BEGIN_NS)
    backend = Scripted({"": "4"}, clock=clock, ttft_s=2.0)
    request = Request(prompt=SHORT, chat=True, max_new_tokens=4)

    load = under_load(OFFLINE, [request] * 2, backend, clock, seed=0, ramp_s=0.0)

    assert not isinstance(backend, Batching)
    assert load.facts is not None
    assert (load.facts.batch, load.facts.batching) == (1, None)
    assert load.facts.batch_checked is None


def test_a_model_with_batches_is_no_server() -> None:
    """The interfaces are told apart by what they say of themselves."""
    assert isinstance(Model(), Batching)
    assert not Model().remote


@dataclass
class Told:
    """What a cell reported."""

    facts: list[CellFacts] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


def cell_of(model: Model, told: Told, *, size: int) -> None:
    """Run a cell of three samples, all at once."""
    entry = replace(a_model(), options=(("batch_size", size),))
    run_cell(
        Plan(
            cell=a_cell(scenario="offline"),
            task=a_task(),
            samples=tuple(a_sample(f"s{n}") for n in range(1, 4)),
            seed=0,
            revision="abc",
            scenario=OFFLINE,
        ),
        LoadedModel(deployment=a_deployment(entry), backend=model, load_s=1.5),
        Tools(
            clock=model.clock,
            sandbox=None,
            on_facts=told.facts.append,
            on_record=told.records.append,
        ),
    )


def test_a_cell_in_batches_has_the_rate_of_its_window() -> None:
    """Three in two batches of two seconds, as the size of the model's entry says."""
    told = Told()

    cell_of(Model(), told, size=2)

    assert [record.sample for record in told.records] == ["s1", "s2", "s3"]
    summary = summarise(told.facts[-1], told.records, balance="geometric")
    assert summary.load is not None
    assert (summary.load.batch, summary.load.batch_checked) == (2, 3)
    assert summary.requests_per_s == pytest.approx(3 / 4)
    assert summary.e2e_s.mean == pytest.approx((2 + 2 + 4) / 3)
    assert summary.queue_s.mean == pytest.approx(2 / 3)


def test_a_cell_that_is_stopped_keeps_the_batches_that_have_ended() -> None:
    """Its records are those of the first batch, and it is not finished."""
    told = Told()

    # The first call warms up, and the third is the second batch.
    with pytest.raises(KeyboardInterrupt):
        cell_of(Model(stopped_at=3), told, size=2)

    assert [record.sample for record in told.records] == ["s1", "s2"]
    assert not told.facts[-1].finished


def test_a_cell_whose_batches_changed_answers_warns() -> None:
    """The cell is named, and how many of how many."""
    told, same = Told(), Told()
    changed = Model(other_alone="What is s2?")

    cell_of(changed, told, size=2)
    cell_of(Model(), same, size=2)

    new = set(told.facts[-1].warnings) - set(same.facts[-1].warnings)
    assert len(new) == 1
    warning = new.pop()
    assert warning.startswith(
        "reasoning/sums|parrot|cpu|offline: 1 of 3 answers differ"
    )
