"""A measured cascade beside what was predicted of it from the records of its steps."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat import measure_models
from pytest_llmlat.analysis.routing.common_answers import common_answers
from pytest_llmlat.analysis.routing.found_routes import find_routes
from pytest_llmlat.analysis.routing.measured_routes import with_measured
from pytest_llmlat.analysis.routing.route_records import routed
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command import main
from pytest_llmlat.report.route_words import route_entry
from pytest_llmlat.store.merge import merge
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.results import Estimate
from tests.unit.builders import a_sample, a_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat import RunResult
    from pytest_llmlat.values.entities import Sample

COUNT = 40
TASK = replace(a_task(), max_new_tokens=6, budget_s=0.05)
MODELS = """
[models.small]
backend = "scripted"
devices = ["cpu"]
options = { script = "./small.json", ttft_s = 0.001, tpot_s = 0.001 }
[models.large]
backend = "scripted"
devices = ["cpu"]
options = { script = "./large.json", ttft_s = 0.02, tpot_s = 0.002 }
"""


def samples() -> tuple[Sample, ...]:
    """Return questions whose answers are their numbers."""
    return tuple(
        replace(
            a_sample(f"s{n:02}", reference=str(n)),
            fields=(("question", f"What is <{n}>?"), ("reference", str(n))),
        )
        for n in range(COUNT)
    )


def scripts(folder: Path) -> Path:
    """Write two models: the small one says so where it does not know."""
    small = {
        f"<{n}>": f"{n}" if n % 2 else "I do not know that one at all"
        for n in range(COUNT)
    }
    large = {f"<{n}>": f"{n}" if n % 8 else "99" for n in range(COUNT)}
    (folder / "small.json").write_text(json.dumps(small), "utf-8")
    (folder / "large.json").write_text(json.dumps(large), "utf-8")
    path = folder / "models.toml"
    path.write_text(MODELS, "utf-8")
    return path


def measured(names: list[str], models: Path) -> RunResult:
    """Measure models of a catalogue on all samples, in its folder."""
    return measure_models(
        names, TASK, samples=samples(), model_files=models, root=models.parent
    )


def check_reports(before: Path, after: Path, name: str, out: Path) -> None:
    """See that the prediction stands beside what was measured, wherever it is told."""
    assert main(["report", str(before), str(after), "--routes", "--out", str(out)]) == 0
    for file in ("report.html", "report.md"):
        text = unescape((out / file).read_text("utf-8"))
        assert "predicted: balanced" in text
        assert f"measured as {name}: balanced" in text
        assert "its balance lies in the predicted interval" in text
    assert main(["report", str(before), "--out", str(out / "plain")]) == 0
    assert "predicted" not in (out / "plain" / "report.md").read_text("utf-8")


@pytest.mark.slow
def test_a_cascade_does_what_its_records_predict(tmp_path: Path) -> None:
    """The lines that are printed make a model; it answers as was told, and as fast."""
    models = scripts(tmp_path)
    before = measured(["small", "large"], models)
    answers = common_answers(open_run(before.folder))
    found = find_routes(answers, balance="geometric", seed=0, tolerance=0.02)
    chosen = found.chosen[0]
    models.write_text(MODELS + route_entry(chosen.route), "utf-8")
    (name,) = (
        load_models([models]).entries.keys()
        - load_models().entries.keys()
        - {
            "small",
            "large",
        }
    )

    after = measured([name], models)

    assert chosen.route.steps == ("small", "large")
    predicted = {
        question.sample: routed(answers, question, chosen.route, name).record
        for question in answers.questions
    }
    check_reports(before.folder, after.folder, name, tmp_path / "report")
    both = merge([open_run(before.folder), open_run(after.folder)])
    (run,) = with_measured(found, both, seed=0).chosen[0].measured
    assert (run.model, run.within) == (name, True)
    narrow = replace(chosen, predicted=Estimate(value=0.1, low=0.05, high=0.15))
    (run,) = (
        with_measured(replace(found, chosen=(narrow,)), both, seed=0).chosen[0].measured
    )
    assert run.within is False
    other = replace(found, tasks=("reasoning/other",))
    assert with_measured(other, both, seed=0).chosen[0].measured == ()
    (standing,) = after.standings
    assert chosen.predicted.low is not None
    assert chosen.predicted.high is not None
    assert chosen.predicted.low <= (standing.balanced.value or 0)
    assert (standing.balanced.value or 1) <= chosen.predicted.high
    for record in after.records():
        told = predicted[record.sample]
        assert record.answer == told.answer
        assert record.output_tokens == told.output_tokens
        assert [(s.model, s.went_on) for s in record.steps] == [
            (s.model, s.went_on) for s in told.steps
        ]
