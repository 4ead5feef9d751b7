"""Judges of a session: asked when all is measured, and never before."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat import ModelSpec, measure_models
from pytest_llmlat.judges.judge_prompts import SYSTEM, judge_prompt
from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.measure.run_budget import most_cost
from pytest_llmlat.session.listening import Silent
from pytest_llmlat.store.human_labels import HumanLabel, add_label, answer_digest
from pytest_llmlat.store.judge_trials_file import add_trials
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.judge_votes import VERDICT_TOKENS
from pytest_llmlat.values.price import Price, TokenRate
from pytest_llmlat.values.records import Request
from tests.unit.session.parrots import OWL, PARROT, a_tiny_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat import Record, RunResult, Task
    from pytest_llmlat.values.results import Verdict

CENT = TokenRate(per_million="10000")
PRICE = Price(currency="USD", source="entry", input=CENT, output=CENT)
NEXT_TO_NOTHING = TokenRate(per_million="0.0001")
CHEAP = replace(PRICE, input=NEXT_TO_NOTHING, output=NEXT_TO_NOTHING)
RUBRIC = find_rubric("helpfulness", where="tests")


def a_judge(name: str, says: str, **more: Any) -> ModelSpec:  # noqa: ANN401 - any field
    """Return a model that says the same of every answer."""
    options = (("answer", says),)
    return ModelSpec(
        name=name, backend="scripted", devices=("cpu",), options=options, **more
    )


STRICT = a_judge("strict", '{"reason": "thin", "score": 2}')
KIND = a_judge("kind", '{"reason": "fine", "score": 5}')


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Give a task of six samples that judges grade, with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return replace(
        a_tiny_task(tmp_path),
        metric="judge",
        extractor="answer",
        labels=(),
        chance=None,
        options=(("rubric", "helpfulness"),),
    )


def measured(root: Path, task: Task, *judges: ModelSpec, **more: Any) -> RunResult:  # noqa: ANN401 - any argument
    """Measure the parrot on a task, with judges."""
    return measure_models(PARROT, task, root=root, judges=judges, **more)


def the_votes(result: RunResult) -> list[list[float | None]]:
    """Return the scores of each answer."""
    return [[vote.score for vote in record.votes] for record in result.records()]


class Order(Silent):
    """A listener that notes what came when."""

    def __init__(self) -> None:
        """Note nothing yet."""
        self.seen: list[str] = []

    def on_record(self, record: Record) -> None:
        """Note a measured sample."""
        self.seen.append(record.cell.model)

    def on_judging(self, judge: str, done: int, planned: int) -> None:
        """Note a vote."""
        assert done <= planned
        self.seen.append(judge)


@pytest.mark.slow
def test_judges_are_asked_when_all_is_measured(tmp_path: Path, task: Task) -> None:
    """Of two models no vote comes before the last answer; the grade is the panel's."""
    order = Order()

    result = measure_models(
        [PARROT, OWL], task, root=tmp_path, judges=[STRICT, KIND], listener=order
    )

    candidates = [name in ("parrot", "owl") for name in order.seen]
    assert candidates == sorted(candidates, reverse=True)
    assert candidates.count(False) == 24, "two judges saw twelve answers"
    assert {s.quality.value for s in result.summaries} == {0.625}
    assert {s.metric for s in result.summaries} == {"uncalibrated_judge"}
    assert the_votes(result) == [[2, 5]] * 12


@pytest.mark.slow
def test_a_task_names_its_own_judges(tmp_path: Path, task: Task) -> None:
    """And how their votes come to a grade; what is named for the run comes first."""
    catalogue = tmp_path / "models.toml"
    catalogue.write_text(
        "[models.kind]\nbackend = 'scripted'\ndevices = ['cpu']\n"
        "options = { answer = '{\"score\": 4}' }\n",
        "utf-8",
    )
    options = (*task.options, ("judges", "kind"), ("panel", "median"))
    own = replace(task, options=options)

    by_task = measured(tmp_path, own, model_files=catalogue)
    by_run = measured(tmp_path, own, STRICT, model_files=catalogue)

    assert the_votes(by_task) == [[4]] * 6
    assert the_votes(by_run) == [[2]] * 6


@pytest.mark.slow
def test_the_metric_beside_stands_in_the_report(tmp_path: Path, task: Task) -> None:
    """It is graded at once, and is no part of the score."""
    beside = replace(task, options=(*task.options, ("beside", "rouge")))

    (summary,) = measured(tmp_path, beside, KIND).summaries

    assert summary.quality.value == 1
    assert dict(summary.details)["rouge"].value == 0.5


@pytest.mark.slow
def test_without_judges_answers_wait_and_the_run_says_so(
    tmp_path: Path, task: Task
) -> None:
    """No figure of quality is made up; going on with the run asks the judges."""
    first = measured(tmp_path, task)
    told = json.loads((first.folder / "summary.json").read_text("utf-8"))

    assert first.summaries[0].quality.value is None
    assert "answers wait for judges" in str(told["run"]["problems"])

    again = measured(tmp_path, task, KIND, resume=first.folder)
    assert again.folder == first.folder
    assert the_votes(again) == [[5]] * 6


@pytest.mark.slow
def test_limits_wait_for_the_grades(tmp_path: Path, task: Task) -> None:
    """What is not judged has missed a limit on its quality."""
    judged = measured(tmp_path, task, STRICT, limits="e2e_p50<=60s")
    waiting = measured(tmp_path, task, limits="quality>=0.1")

    assert [v.quantity for v in judged.verdicts] == ["e2e_p50"]
    assert [(v.quantity, v.outcome) for v in waiting.verdicts] == [
        ("quality", "failed")
    ]


@pytest.mark.slow
def test_judges_keep_to_the_budget(tmp_path: Path, task: Task) -> None:
    """What they may cost is known before they are asked; the rest is not judged."""
    dear = replace(KIND, price=PRICE)
    unbound = measured(tmp_path, task, replace(dear, name="unbound"))
    one = next(unbound.records())
    most = most_cost(
        Request(
            prompt=judge_prompt(RUBRIC, one.prompt, "", one.answer or ""),
            chat=True,
            max_new_tokens=VERDICT_TOKENS,
            system=SYSTEM,
        ),
        PRICE,
    )
    # The first vote may cost that much, and with it spent two more may be asked for.
    enough = most + Decimal(2.5 * (one.votes[0].cost or 0.0))

    result = measure_models(
        replace(PARROT, price=CHEAP),
        task,
        root=tmp_path,
        judges=[dear],
        spend=f"usd={enough:.6f}",
    )

    votes = [record.votes[0] for record in result.records()]
    assert {vote.problem for vote in votes} == {None, "not asked"}
    assert [vote.problem for vote in votes].count(None) == 3
    (verdict,) = [v for v in result.verdicts if v.quantity == "quality"]
    assert verdict.outcome == "warned"
    assert "budget" in str(verdict.note)


@pytest.mark.slow
def test_what_a_judge_costs_is_told_apart(tmp_path: Path, task: Task) -> None:
    """It is no cost of the candidate."""
    dear = replace(KIND, price=PRICE)

    result = measured(tmp_path, task, dear)

    votes = [record.votes[0] for record in result.records()]
    assert all(vote.cost is not None and vote.cost > 0 for vote in votes)
    assert {vote.currency for vote in votes} == {"USD"}
    again = measured(tmp_path, task, dear)
    known = [record.votes[0] for record in again.records()]
    assert {(vote.cost, vote.seconds) for vote in known} == {(None, None)}


@pytest.mark.slow
def test_a_judge_that_cannot_be_loaded_fails_the_run(
    tmp_path: Path, task: Task
) -> None:
    """What was measured is there all the same."""
    script = tmp_path / "kind.json"
    script.write_text("{}", "utf-8")
    gone = replace(KIND, options=(("script", str(script)),))

    class Removing(Silent):
        def on_record(self, record: Record) -> None:
            del record
            script.unlink(missing_ok=True)

    result = measured(tmp_path, task, gone, listener=Removing())

    assert len(list(result.records())) == 6
    (verdict,) = result.verdicts
    assert verdict.outcome == "failed"
    assert "kind.json" in str(verdict.note)


def test_a_judge_without_a_device_here_is_refused_beforehand(
    tmp_path: Path, task: Task
) -> None:
    """Nothing is measured that nobody could grade."""
    away = replace(KIND, devices=("mps",))

    with pytest.raises(UsageError, match="judge 'kind' runs on mps"):
        measured(tmp_path, task, away)


@pytest.mark.slow
def test_a_broken_off_judging_is_gone_on_with(tmp_path: Path, task: Task) -> None:
    """Ctrl-C among the votes loses none, and the run is written."""

    class Interrupted(Silent):
        def on_judging(self, judge: str, done: int, planned: int) -> None:
            raise KeyboardInterrupt(judge, done, planned)

    first = measured(tmp_path, task, KIND, listener=Interrupted())
    assert [v.outcome for v in first.verdicts] == ["failed"]

    order = Order()
    again = measured(tmp_path, task, KIND, resume=first.folder, listener=order)

    assert the_votes(again) == [[5]] * 6
    assert again.verdicts == (), "what was said of the first end is over"
    assert order.seen == ["kind"] * 5, "no answer, and no vote, is asked for again"


@pytest.mark.slow
def test_the_gate_is_asked_anew_when_people_have_labelled(
    tmp_path: Path, task: Task
) -> None:
    """Going on with the run measures nothing, and tests what people would say."""
    rows = [{"id": f"t{n}", "text": f"text {n}", "label": "good"} for n in range(12)]
    source = tmp_path / "many.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    asked = replace(task, source=str(source), chance=0.0)
    first = measured(tmp_path, asked, KIND, against=OWL)
    assert quality_of(first).outcome == "inconclusive"
    assert "uncalibrated" in str(quality_of(first).note)
    for record in first.records():
        label = HumanLabel(
            cell=record.cell.id,
            sample=record.sample,
            round=record.round,
            answer=answer_digest(record),
            rubric=record.votes[0].rubric,
            score=5.0,
            share=float(record.cell.model == "owl"),
        )
        add_label(first.folder, label)

    untried = measured(tmp_path, asked, KIND, against=OWL, resume=first.folder)
    add_trials(first.folder, RUBRIC.id, [("kind", True)])
    order = Order()
    again = measured(
        tmp_path, asked, KIND, against=OWL, resume=first.folder, listener=order
    )

    assert "never tried" in str(quality_of(untried).note)
    assert order.seen == []
    assert quality_of(again).outcome == "regression"
    assert {summary.metric for summary in again.summaries} == {"calibrated_judge"}


@pytest.mark.slow
def test_two_models_in_turn_are_held_against_each_other(
    tmp_path: Path, task: Task
) -> None:
    """By a rubric for pairs; a judge that prefers a place calls all of them ties."""
    pairs = replace(task, options=(("rubric", "preference"),))
    taste = a_judge("taste", '{"reason": "so it is", "better": "first"}')

    records = list(measured(tmp_path, pairs, taste, against=OWL).records())

    assert {record.cell.model for record in records} == {"parrot", "owl"}
    assert {record.grade.value for record in records} == {0.5}
    rubrics = {record.votes[0].rubric for record in records}
    assert [rubric.endswith(" against each other") for rubric in rubrics] == [True]


def quality_of(result: RunResult) -> Verdict:
    """Return the gate's verdict on quality."""
    (found,) = [v for v in result.board.verdicts if v.quantity == "quality"]
    return found


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"judges": [KIND, KIND.name]}, "named twice"),
        ({"judges": ["nobody"]}, "nobody"),
        ({"judges": [KIND], "spend": "usd=1"}, "has no price"),
        ({"judges": [KIND], "spend": "joules=5"}, "joules"),
    ],
)
def test_what_cannot_judge_is_told_before_anything_is_measured(
    tmp_path: Path, task: Task, more: dict[str, Any], complaint: str
) -> None:
    """Twins, unknown names, and budgets that could not be kept."""
    with pytest.raises((UsageError, UnknownName), match=complaint):
        measure_models(replace(PARROT, price=PRICE), task, root=tmp_path, **more)

    assert not (tmp_path / ".llmlat").exists()
