"""However a run or a baseline is damaged: it is read, or a sentence says why not."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.analysis.watched_run import RunWatch
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.report.progress_words import run_sentence
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.store.baselines import baseline_files, differences, load, save
from pytest_llmlat.store.human_labels import HumanLabel, add_label, answer_digest
from pytest_llmlat.store.journal import (
    CELLS,
    LABELS,
    RACES,
    RECORDS,
    RUN,
    SUMMARY,
    TRIALS,
    Journal,
)
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.judge_trials_file import add_trials, read_trials
from pytest_llmlat.store.partial_runs import StoredCells, is_partial, sitting_after
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run, told_of
from pytest_llmlat.values.errors import BadBaseline, BadRun
from pytest_llmlat.values.judge_votes import UNCALIBRATED
from tests.unit.builders import A_VOTE
from tests.unit.mutations import damaged, sources, torn
from tests.unit.stored_runs import HERE, STARTED, a_stored_run, answers, facts_of
from tests.unit.tuning.races import A_RACE

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.results import Scoreboard


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the texts of a small run's files."""
    folder = tmp_path_factory.mktemp("runs") / "runs" / "one"
    judged = [
        replace(record, metric=UNCALIBRATED, votes=(A_VOTE,))
        for record in answers(count=3)
    ]
    owl = answers("owl", count=3)
    told: dict[str, Any] = {
        "settings": {"seed": 0, "models": ["parrot"]},
        "varied": [],
        "plan": [asdict(records[0].cell) for records in (judged, owl)],
        "sittings": [{"started": STARTED, "host": "h", "commit": None, "pid": 1}] * 2,
    }
    a_stored_run(folder, judged, owl, **told)
    Journal(folder).add(A_RACE)
    add_trials(folder, A_VOTE.rubric, [(A_VOTE.judge, True), ("another", False)])
    add_label(
        folder,
        HumanLabel(
            cell=judged[0].cell.id,
            sample=judged[0].sample,
            round=0,
            answer=answer_digest(judged[0]),
            rubric=A_VOTE.rubric,
            score=5.0,
            share=1.0,
        ),
    )
    run = open_run(folder)
    text = summary_text(told_of(run), _board(run, []))
    (folder / SUMMARY).write_text(text, "utf-8")
    names = (RUN, CELLS, RECORDS, SUMMARY, LABELS, TRIALS, RACES)
    return {name: (folder / name).read_text("utf-8") for name in names}


def _board(run: Run, problems: list[str]) -> Scoreboard:
    asked = asked_for(run)
    return board_of(
        run,
        balance=asked.balance,
        seed=asked.seed,
        slo=asked.slo,
        varied=asked.varied,
        tell=problems.append,
    )


def _damaged_lines(text: str, source: random.Random) -> str:
    lines = text.splitlines()
    number = source.randrange(len(lines))
    content = damaged(json.loads(lines[number]), source)
    lines[number] = json.dumps(content)
    return "\n".join([*lines, ""])


def read(folder: Path) -> None:
    """Make of a run what a report, a watch and a later sitting make of it."""
    run_sentence(folder.name, RunWatch(folder).look())
    is_partial(folder)
    StoredCells(folder, sitting_after(folder)).plan  # noqa: B018 - it is read on use
    run = open_run(folder)
    problems: list[str] = []
    board = _board(run, problems)
    told = told_of(run, problems)
    json.loads(summary_text(told, board))
    report_text(told, board)
    list(records_of(run, tell=problems.append))


@pytest.mark.slow
@pytest.mark.parametrize("name", [RUN, CELLS, RECORDS, SUMMARY, LABELS, TRIALS, RACES])
def test_a_damaged_run_is_read_or_refused(
    name: str, whole: dict[str, str], tmp_path: Path
) -> None:
    """What cannot be is left out and told; nothing else is raised."""
    told: list[str] = []
    for number, source in enumerate(sources()):
        for each, text in whole.items():
            (tmp_path / each).write_text(text, "utf-8")
        if source.random() < 0.7:
            if name in (RUN, SUMMARY):
                text = json.dumps(damaged(json.loads(whole[name]), source))
            else:
                text = _damaged_lines(whole[name], source)
        else:
            text = torn(whole[name], source)
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read(tmp_path)
        except BadRun as error:
            told.append(str(error))
        except Exception as error:
            error.add_note(f"case {number} of {name}: {text[:3000]}")
            raise
    assert all(str(tmp_path) in sentence for sentence in told)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give the content of a baseline."""
    path = tmp_path_factory.mktemp("baselines") / "base.json"
    records = answers(count=3)
    save(
        path,
        facts=[facts_of(records[0].cell, 3)],
        records=records,
        environment=dict(HERE),
        created="2026-01-01T00:00:00+00:00",
        plugin="0",
    )
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def test_a_damaged_baseline_is_read_or_refused(
    stored: dict[str, Any], tmp_path: Path
) -> None:
    """Also one whose checksum is that of what was changed in it."""
    path, told = tmp_path / "base.json", []
    for number, source in enumerate(sources()):
        content = damaged(stored, source)
        text = json.dumps(content)
        if source.random() < 0.2:
            text = torn(text, source)
        elif isinstance(content, dict):
            rest = {k: v for k, v in content.items() if k not in baseline_files.HEAD}
            text = baseline_files.signed(rest)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = load(path)
                for cell in found.cells:
                    run = found.runs[0]
                    differences(run.environment, cell.backend, HERE, ())
                    [record.timing.e2e_s for record in cell.records if record.timing]
        except BadBaseline as error:
            told.append(str(error))
        except Exception as error:
            error.add_note(f"case {number}: {text[:3000]}")
            raise
    assert all(str(path) in sentence for sentence in told)


@pytest.mark.parametrize(
    "change",
    [
        {"votes": [{**asdict(A_VOTE), "cost": -1.0}]},
        {"votes": [{**asdict(A_VOTE), "seconds": -1.0}]},
        {"votes": [{**asdict(A_VOTE), "orders": [1.0, 7.0]}]},
        {"energy_j": -1.0},
        {"energy_s": -1.0},
    ],
)
def test_an_impossible_figure_makes_no_record(change: dict[str, Any]) -> None:
    """It would be added to those of others."""
    content = json_object(answers(count=1)[0])
    record_of(json.loads(json.dumps(content)))

    with pytest.raises(ValueError, match="no record"):
        record_of(json.loads(json.dumps({**content, **change})))


@pytest.mark.parametrize(
    "line", ["", "5", "[]", '{"judge": "j"}', '{"judge": "j", "rubric": "r", "fit": 1}']
)
def test_a_line_that_is_no_trial_is_told(tmp_path: Path, line: str) -> None:
    """The others count."""
    add_trials(tmp_path, "r", [("k", True)])
    with (tmp_path / TRIALS).open("a") as file:
        file.write(line + "\n")
    told: list[str] = []

    assert read_trials(tmp_path, told.append) == {("k", "r"): True}
    (sentence,) = told
    assert f"{tmp_path / TRIALS}: 1 of its lines left out" in sentence
