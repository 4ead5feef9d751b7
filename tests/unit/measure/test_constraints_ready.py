"""What is done before a cell is measured: schemas are made ready, or refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.warm_up import warm_up
from pytest_llmlat.store.json_lines import facts_of, json_object
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.constraint import Constraint, schema_constraint
from pytest_llmlat.values.errors import GenerationFailed, Unsupported
from tests.unit.builders import a_cell, a_deployment, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation, Record, Request
    from pytest_llmlat.values.token_meter import Meter

SCHEMA = schema_constraint({"type": "object"})


class Compiling(Scripted):
    """A script whose schemas take two seconds to compile, which it notes."""

    def __init__(self, answer: str, clock: ManualClock) -> None:
        """Say one answer to everything, a second after it is asked."""
        super().__init__({"": answer}, clock=clock, ttft_s=1.0)
        self.clock = clock
        self.compiled: list[Constraint] = []

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Take two seconds."""
        self.compiled.append(constraint)
        self.clock.wait_until(self.clock.now_ns() + 2 * 10**9)


class Free:
    """A backend of somebody who knows nothing of schemas."""

    remote: Literal[False] = False
    chat = True

    def __init__(self, inner: Scripted) -> None:
        """Answer as a script does."""
        self.inner = inner
        self.asked: list[Request] = []
        self.facts: Mapping[str, Scalar | None] = inner.facts

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer, and note that one was asked."""
        self.asked.append(request)
        return self.inner.generate(request, meter)

    def reset_device_peak(self) -> None:
        """There is no device."""

    def device_peak_bytes(self) -> int | None:
        """There is no device."""
        return None

    def close(self) -> None:
        """There is nothing to free."""


@dataclass
class Told:
    """What a cell told."""

    facts: list[CellFacts] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


def measured(
    backend: Backend, clock: ManualClock, constraint: Constraint | None, told: Told
) -> Told:
    """Run a cell of two samples under a constraint."""
    plan = Plan(
        cell=a_cell(),
        task=a_task(),
        samples=(a_sample("s1"), a_sample("s2")),
        seed=3,
        revision="abc",
        constraint=constraint,
    )
    model = LoadedModel(deployment=a_deployment(), backend=backend, load_s=1.5)
    tools = Tools(
        clock=clock,
        sandbox=None,
        on_facts=told.facts.append,
        on_record=told.records.append,
    )
    run_cell(plan, model, tools)
    return told


@pytest.mark.slow
def test_a_schema_is_compiled_once_and_in_no_sample() -> None:
    """How long it took is a fact of the cell; records say what they were held to."""
    clock = ManualClock(0)
    backend = Compiling("{}", clock)

    told = measured(backend, clock, SCHEMA, Told())

    assert backend.compiled == [SCHEMA]
    facts = told.facts[-1]
    assert (facts.constraint, facts.constraint_compile_s) == (SCHEMA.digest, 2.0)
    assert facts.warmup_s == 1.0
    assert [record.constraint for record in told.records] == [SCHEMA.digest] * 2
    assert [r.timing.e2e_s for r in told.records if r.timing] == [1.0, 1.0]
    assert not [told for told in facts.warnings if "held to" in told]


def test_without_a_schema_nothing_is_said_of_one() -> None:
    """Absent, not zero."""
    clock = ManualClock(0)
    backend = Compiling("{}", clock)

    told = measured(backend, clock, None, Told())

    assert backend.compiled == []
    assert (told.facts[-1].constraint, told.facts[-1].constraint_compile_s) == (
        None,
        None,
    )
    assert [record.constraint for record in told.records] == [None, None]


@pytest.mark.slow
def test_what_was_held_to_is_read_back() -> None:
    """By records and facts; those of older runs were held to nothing."""
    clock = ManualClock(0)
    told = measured(Compiling("{}", clock), clock, SCHEMA, Told())
    record, facts = json_object(told.records[0]), json_object(told.facts[-1])

    assert record_of(record) == told.records[0]
    assert facts_of(facts) == told.facts[-1]
    del record["constraint"], facts["constraint"], facts["constraint_compile_s"]
    assert record_of(record).constraint is None
    assert facts_of(facts).constraint is None
    with pytest.raises(ValueError, match="not what it should be"):
        record_of({**record, "constraint": 3})


def test_a_backend_that_cannot_is_refused_before_anything_is_measured() -> None:
    """With the cell and the way to measure it without."""
    clock, told = ManualClock(0), Told()
    backend = Free(Scripted({"": "{}"}, clock=clock))

    with pytest.raises(Unsupported, match=r"sums\|parrot.*structured = false"):
        measured(backend, clock, SCHEMA, told)

    assert (backend.asked, told.facts, told.records) == ([], [], [])
    assert len(measured(backend, clock, None, told).records) == 2


def test_answers_that_do_not_fit_tell_that_it_was_not_heeded() -> None:
    """A server that takes the field and ignores it would pass for one that does not."""
    clock = ManualClock(0)

    told = measured(Compiling("Sure!", clock), clock, SCHEMA, Told())

    (warning,) = [each for each in told.facts[-1].warnings if "held to" in each]
    assert "2 answers: do not fit what they were held to" in warning
    assert SCHEMA.digest in warning


def test_what_one_is_held_to_is_part_of_what_was_asked() -> None:
    """So that answers with and without are never mixed in one cell."""
    plan = Plan(cell=a_cell(), task=a_task(), samples=(), seed=3, revision="abc")
    held = replace(plan, constraint=SCHEMA)
    other = replace(plan, constraint=Constraint("regex", "a"))

    assert len({each.asked for each in (plan, held, other)}) == 3


def test_a_model_that_only_breaks_under_the_schema_is_refused() -> None:
    """All samples would be errors; where it breaks without one too, they tell."""

    def breaks(request: Request) -> str:
        if request.constraint is not None:
            raise GenerationFailed("no such keyword: maxItems")
        return "fine"

    def always(request: Request) -> str:
        raise GenerationFailed(request.prompt)

    clock = ManualClock(0)
    request = replace(_request(), constraint=SCHEMA)
    with pytest.raises(Unsupported, match=r"no such keyword: maxItems"):
        warm_up(request, Scripted(breaks, clock=clock), clock)
    broken = warm_up(request, Scripted(always, clock=clock), clock)
    assert broken.generation is None


def _request() -> Request:
    from pytest_llmlat.tasks.prompts import request_for  # noqa: PLC0415 - one use

    return request_for(a_task(), a_sample(), chat=True, seed=0)
