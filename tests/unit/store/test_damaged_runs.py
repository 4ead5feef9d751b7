"""However a run or a baseline is damaged: it is read, or a sentence says why not."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.store.baselines import baseline_files, differences, load, save
from pytest_llmlat.store.journal import CELLS, RECORDS, RUN, SUMMARY
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run, told_of
from pytest_llmlat.values.errors import BadBaseline, BadRun
from tests.unit.mutations import damaged, sources, torn
from tests.unit.stored_runs import HERE, a_stored_run, answers, facts_of

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.results import Scoreboard


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the texts of a small run's files."""
    folder = tmp_path_factory.mktemp("runs") / "runs" / "one"
    told: dict[str, Any] = {"settings": {"seed": 0, "models": ["parrot"]}, "varied": []}
    a_stored_run(folder, answers(count=3), answers("owl", count=3), **told)
    run = open_run(folder)
    text = summary_text(told_of(run), _board(run, []))
    (folder / SUMMARY).write_text(text, "utf-8")
    names = (RUN, CELLS, RECORDS, SUMMARY)
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
    """Make of a run what a report makes of it."""
    run = open_run(folder)
    problems: list[str] = []
    board = _board(run, problems)
    told = told_of(run, problems)
    json.loads(summary_text(told, board))
    report_text(told, board)
    list(records_of(run, tell=problems.append))


@pytest.mark.slow
@pytest.mark.parametrize("name", [RUN, CELLS, RECORDS, SUMMARY])
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
