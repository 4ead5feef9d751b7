"""Cells whose answer is the option that the model finds likeliest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.backends.slowed import Slowed
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.ranked_answers import likeliest
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.ranking import RankedOption
from pytest_llmlat.values.scenario import SINGLE, Scenario
from tests.unit.builders import a_cell, a_deployment, a_model, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar, Task
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation, Record, Request
    from pytest_llmlat.values.token_meter import Meter

pytestmark = pytest.mark.slow


LABELS = ("negative", "positive")
SAMPLES = (a_sample("s1", "positive"), a_sample("s2", "negative"))


def a_ranked_task(**changes: str) -> Task:
    """Return a task of two labels."""
    task = a_task("sentiment/words", extractor="verbatim", labels=LABELS)
    ranked = replace(
        task, ranked="total", continuation=" {{ option }}", chat=False, max_new_tokens=0
    )
    return replace(ranked, **changes)  # type: ignore[arg-type] # any field


def run(
    wrap: Callable[[Scripted, ManualClock], Backend] = lambda backend, _: backend,
    *,
    answers: Mapping[str, str] | None = None,
    scenario: Scenario = SINGLE,
) -> list[Record]:
    """Measure both samples on a model that says "positive", after half a second."""
    clock = ManualClock(1_000)
    records: list[Record] = []
    script = {"": "positive"} if answers is None else answers
    backend = Scripted(script, clock=clock, ttft_s=0.5, tpot_s=0.25)
    task = a_ranked_task()

    def told(facts: CellFacts) -> None:
        del facts

    run_cell(
        Plan(
            cell=a_cell(task=task.name),
            task=task,
            samples=SAMPLES,
            seed=3,
            revision="abc",
            scenario=scenario,
        ),
        LoadedModel(
            deployment=a_deployment(a_model("parrot")),
            backend=wrap(backend, clock),
            load_s=1.5,
        ),
        Tools(clock=clock, sandbox=None, on_facts=told, on_record=records.append),
    )
    return records


def test_the_likeliest_option_is_the_answer() -> None:
    """It is the answer whatever the model would have written, and judged as one."""
    first, second = run()

    assert (first.answer, first.extracted, first.grade.correct) == (
        *("positive", "positive"),
        True,
    )
    assert (second.answer, second.grade.correct) == ("positive", False)
    assert [option.answer for option in first.ranked] == list(LABELS)
    assert first.ranked[1].logprob > first.ranked[0].logprob
    assert {first.unparsed, first.truncated, first.empty} == {False}


def test_its_time_is_that_of_the_ranking_and_no_token_has_one() -> None:
    """No token is generated: none is first, and there is no count, not even 0."""
    record, _ = run()

    assert record.timing is not None
    assert record.timing.e2e_s == 0.5
    assert (record.timing.ttft_s, record.timing.tpot_s) == (None, None)
    assert record.timing.itl_s == ()
    assert (record.output_tokens, record.token_source) == (None, None)
    assert (record.temperature, record.top_p, record.seed) == (None, None, None)


def test_a_slowed_model_ranks_the_same_later() -> None:
    """By the share of the time that it took."""
    record, _ = run(lambda backend, clock: Slowed(backend, share=0.5, clock=clock))

    assert record.answer == "positive"
    assert record.timing is not None
    assert record.timing.e2e_s == 0.75


def test_all_at_once_are_ranked_one_after_the_other() -> None:
    """The second waits for the first."""
    records = run(scenario=Scenario(kind="offline", level=None))

    assert [r.timing.e2e_s for r in records if r.timing] == [0.5, 1.0]


def test_a_record_comes_back_from_its_line() -> None:
    """With its options; a line without any is that of a written answer."""
    record, _ = run()
    line = json.loads(json.dumps(json_object(record)))

    assert record_of(line) == record
    del line["ranked"]
    assert record_of(line).ranked == ()
    line["ranked"] = [{"answer": "a", "text": "a", "logprob": "high", "tokens": 1}]
    with pytest.raises(ValueError, match="no record"):
        record_of(line)


class Writer:
    """A backend that can only write."""

    remote: Literal[False] = False
    chat = False
    facts: dict[str, Scalar | None] = {}  # noqa: RUF012 - never changed

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Never be asked."""
        raise AssertionError(request, meter)

    def reset_device_peak(self) -> None:
        """There is no device."""

    def device_peak_bytes(self) -> int | None:
        """There is no device."""
        return None

    def close(self) -> None:
        """There is nothing to free."""


@pytest.mark.parametrize("slower", [False, True])
def test_who_cannot_rank_is_refused_before_anything_is_asked(*, slower: bool) -> None:
    """The task and the model are named; slowing a model gives it no new skill."""

    def wrap(_: Backend, clock: ManualClock) -> Backend:
        return Slowed(Writer(), share=1, clock=clock) if slower else Writer()

    with pytest.raises(Unsupported, match=r"'sentiment/words'.*'parrot'"):
        run(wrap)


@pytest.mark.parametrize(
    ("way", "best"), [("total", "no"), ("character", "not at all"), ("byte", "здесь")]
)
def test_what_is_compared(
    way: Literal["total", "character", "byte"], best: str
) -> None:
    """The sum, or its share for each character or byte of the option's own words."""
    options = [
        RankedOption(answer=text, text=text, logprob=logprob, tokens=1)
        for text, logprob in (("no", -2.0), ("not at all", -5.0), ("здесь", -4.0))
    ]

    assert likeliest(options, way).answer == best


def test_each_way_is_told_beside_the_one_that_counts() -> None:
    """As the usual harness calls them; a question that broke has none right."""
    found = [dict(record.grade.details) for record in run()]
    assert found == [
        {"acc": 1.0, "acc_norm": 1.0, "acc_bytes": 1.0},
        {"acc": 0.0, "acc_norm": 0.0, "acc_bytes": 0.0},
    ]

    broken = {"s1": {"error": "lost"}, "": "negative"}
    records = run(answers=broken)  # type: ignore[arg-type] # a script may break

    assert records[0].error == "GenerationFailed: lost"
    assert records[0].ranked == ()
    assert dict(records[0].grade.details)["acc"] == 0.0
    assert records[1].grade.correct
