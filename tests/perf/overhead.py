"""The harness's own cost, timed by pytest-benchmark. Run by hand, never in CI.

    pytest -p benchmark tests/perf/overhead.py --benchmark-columns=min,median,rounds

Both ask the scripted model the same samples, which it answers at once: a bare loop asks
and looks at no clock, a cell goes through the runner, with stamps, extraction, metric,
and the facts of the cell. The difference, over the samples, is what a sample costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_sample, a_task

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

SAMPLES = tuple(a_sample(f"s{number}") for number in range(200))
ANSWER = {"": "the answer is 4"}


@pytest.mark.benchmark(group="200 samples")
def test_bare_loop(benchmark: Any) -> None:  # noqa: ANN401 - its fixture has no types
    """The model alone: what any harness has to pay."""
    clock = SystemClock()
    backend = Scripted(ANSWER, clock=clock)

    def ask() -> list[str]:
        found = []
        for sample in SAMPLES:
            question = str(sample.field("question"))
            request = Request(prompt=question, chat=True, max_new_tokens=8)
            found.append(backend.generate(request, Meter(clock)).text)
        return found

    assert len(benchmark(ask)) == len(SAMPLES)


@pytest.mark.benchmark(group="200 samples")
def test_cell(benchmark: Any) -> None:  # noqa: ANN401 - as above
    """The same through the runner, into a list instead of a journal."""
    clock = SystemClock()
    deployment, task = a_deployment(), a_task()
    model = LoadedModel(
        deployment=deployment, backend=Scripted(ANSWER, clock=clock), load_s=0.0
    )
    plan = Plan(
        cell=cell(deployment, task, SINGLE.name),
        task=task,
        samples=SAMPLES,
        seed=0,
        revision="r",
        scenario=SINGLE,
    )

    def measure() -> list[Record]:
        records: list[Record] = []
        facts: list[CellFacts] = []
        tools = Tools(
            clock=clock,
            sandbox=None,
            on_facts=facts.append,
            on_record=records.append,
        )
        run_cell(plan, model, tools)
        return records

    records = benchmark(measure)
    assert [record.grade.value for record in records] == [1.0] * len(SAMPLES)
