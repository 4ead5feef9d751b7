"""Runs of several machines and days as one, and what is said of their differences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.store.journal import FILES, Journal, copy_run
from pytest_llmlat.store.merge import merge
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.errors import BadRun
from pytest_llmlat.values.records import Cell
from pytest_llmlat.values.results import Verdict
from tests.unit.builders import a_cell, a_record, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts

DESK = {"cpu": "EPYC", "cores": 2, "pytest": "9.0"}
LAPTOP = {"cpu": "M2", "cores": 8, "pytest": "9.0"}


def a_run(
    tmp_path: Path,
    name: str,
    cells: Sequence[Cell | CellFacts],
    verdicts: Sequence[Verdict] = (),
    **told: Any,  # noqa: ANN401 - whatever run.json says
) -> Run:
    """Return a run with one record of each cell, named after the run."""
    journal = Journal(tmp_path / name / "runs" / name)
    journal.open(
        {
            "id": name,
            "started": f"2026-01-0{name[-1]}T00:00:00+00:00",
            "commit": "c" * 40,
            "host": "desk",
            "settings": {"seed": 0},
            "environment": DESK,
            "seconds": 10.0,
            **told,
        }
    )
    for each in cells:
        facts = some_facts(each) if isinstance(each, Cell) else each
        journal.add(facts)
        journal.add(a_record(name, cell=facts.cell))
    for verdict in verdicts:
        journal.add(verdict)
    return open_run(journal.folder)


def shown(run: Run) -> dict[str, list[str]]:
    """Return for each cell of which runs its records are."""
    return {
        cell.id: [record.sample for record in records]
        for cell, records in records_of(run)
        if all(record.cell == cell for record in records)
    }


def test_runs_of_different_models_are_simply_joined(tmp_path: Path) -> None:
    """Also of different machines: their rows have different names anyhow."""
    runs = [
        a_run(tmp_path, "r1", [a_cell("owl")]),
        a_run(tmp_path, "r2", [a_cell("cat", "mps")], host="lap", environment=LAPTOP),
    ]

    whole = merge(runs)

    assert shown(whole) == {
        a_cell("owl").id: ["r1"],
        a_cell("cat", "mps").id: ["r2"],
    }
    assert whole.problems == ()
    board = board_of(whole, balance="geometric", seed=0)
    assert {row.model for row in board.standings} == {"owl", "cat"}


def test_what_the_runs_agree_in_is_told_and_each_by_itself(tmp_path: Path) -> None:
    """A fact in which they differ is of none of them."""
    runs = [
        a_run(tmp_path, "r1", [a_cell("owl")], settings={"seed": 0, "balance": "x"}),
        a_run(tmp_path, "r2", [a_cell("cat")], host="lap", environment=LAPTOP),
    ]

    told = merge(runs).told

    assert told == {
        "id": "r1 + r2",
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 20.0,
        "commit": "c" * 40,
        "settings": {"seed": 0},
        "environment": {"pytest": "9.0"},
        "runs": [dict(run.told) for run in runs],
    }


@pytest.mark.parametrize("turn", [1, -1])
def test_on_one_machine_the_newer_measurement_counts(tmp_path: Path, turn: int) -> None:
    """In whatever order they are named; the other cells of both are there."""
    first = a_run(tmp_path, "r1", [a_cell(), a_cell(task="sentiment/x")])
    again = a_run(tmp_path, "r2", [a_cell(), a_cell(task="translation/x")])

    whole = merge([first, again][::turn])

    assert shown(whole) == {
        a_cell().id: ["r2"],
        a_cell(task="sentiment/x").id: ["r1"],
        a_cell(task="translation/x").id: ["r2"],
    }
    (problem,) = whole.problems
    assert "the newer one, of r2, is shown" in problem


def test_another_commit_is_told(tmp_path: Path) -> None:
    """A row that joins cells of two versions of the project says so."""
    first = a_run(tmp_path, "r1", [a_cell(task="sentiment/x")])
    again = a_run(tmp_path, "r2", [a_cell()], commit="d" * 40)

    whole = merge([first, again])

    assert [p for p in whole.problems if "ccccccc" in p and "ddddddd" in p]
    assert len(board_of(whole, balance="geometric", seed=0).standings) == 1


def test_two_machines_have_a_row_each(tmp_path: Path) -> None:
    """The mean over both would be of no machine, even where no cell is the same."""
    here = a_run(tmp_path, "r1", [a_cell(), a_cell(task="sentiment/x")])
    there = a_run(
        tmp_path,
        "r2",
        [a_cell(), a_cell(task="translation/x"), a_cell("cat")],
        host="lap",
        environment=LAPTOP,
    )

    whole = merge([here, there])

    assert shown(whole) == {
        a_cell("parrot@desk").id: ["r1"],
        a_cell("parrot@desk", task="sentiment/x").id: ["r1"],
        a_cell("parrot@lap").id: ["r2"],
        a_cell("parrot@lap", task="translation/x").id: ["r2"],
        a_cell("cat").id: ["r2"],
    }
    (problem,) = whole.problems
    for part in ("cpu: M2 in r2, EPYC in r1", "parrot@lap, parrot@desk"):
        assert part in problem
    board = board_of(whole, balance="geometric", seed=0)
    assert len(board.standings) == 3


def test_where_the_machine_has_one_name_the_commit_tells_apart(tmp_path: Path) -> None:
    """And where that is the same too, the run."""
    first = a_run(tmp_path, "r1", [a_cell()])
    other = a_run(tmp_path, "r2", [a_cell()], environment=LAPTOP, commit="d" * 40)
    third = a_run(tmp_path, "r3", [a_cell()], environment={"cpu": "new"})

    assert sorted(shown(merge([first, other]))) == [
        a_cell("parrot@ccccccc").id,
        a_cell("parrot@ddddddd").id,
    ]
    assert sorted(shown(merge([first, other, third]))) == [
        a_cell(f"parrot@r{n}").id for n in (1, 2, 3)
    ]


def test_another_set_up_of_the_model_is_another_row(tmp_path: Path) -> None:
    """Other weights or another context are another model of the same name."""
    other = replace(some_facts(), backend=(("context", 512), ("dtype", None)))
    runs = [a_run(tmp_path, "r1", [a_cell()]), a_run(tmp_path, "r2", [other])]

    whole = merge(runs)

    assert sorted(shown(whole)) == [a_cell("parrot@r1").id, a_cell("parrot@r2").id]
    assert "context: 512 in r2, 4096 in r1" in whole.problems[0]


def test_another_revision_of_a_task_is_named(tmp_path: Path) -> None:
    """The same cell gets two rows; rows of other models are not comparable either."""
    changed = replace(some_facts(), task_revision="fedcba9876543210")
    elsewhere = replace(some_facts(a_cell("cat")), task_revision="fedcba9876543210")
    first = a_run(tmp_path, "r1", [a_cell()])

    same_cell = merge([first, a_run(tmp_path, "r2", [changed])])
    other_model = merge([first, a_run(tmp_path, "r3", [elsewhere])])

    assert sorted(shown(same_cell)) == [a_cell("parrot@r1").id, a_cell("parrot@r2").id]
    for whole in (same_cell, other_model):
        (problem,) = [p for p in whole.problems if "not the same task" in p]
        assert "revision 01234567 in r1" in problem
        assert "revision fedcba98 in" in problem


def test_answers_held_to_a_schema_are_not_mixed_with_others(tmp_path: Path) -> None:
    """They are of another measurement, in a row of its own, and it is told."""
    cell = a_cell()
    held = replace(some_facts(cell), constraint="json_schema abc")
    runs = [a_run(tmp_path, "r1", [cell]), a_run(tmp_path, "r2", [held])]

    joined = merge(runs)

    assert len(shown(joined)) == 2
    assert "held to another schema or grammar, or to none" in str(joined)


def test_other_samples_are_told(tmp_path: Path) -> None:
    """Rows over different draws of the same task are not of the same answers."""
    runs = [
        a_run(tmp_path, "r1", [a_cell("owl")], settings={"samples": 20}),
        a_run(tmp_path, "r2", [a_cell("cat")], settings={"samples": 50}),
    ]

    (problem,) = merge(runs).problems

    assert "--llm-samples was not the same: 20 in r1; 50 in r2" in problem


def test_verdicts_follow_their_cells(tmp_path: Path) -> None:
    """Renamed with them; those on a measurement that is not shown are left out."""

    def on(cell: str, note: str) -> Verdict:
        return Verdict(
            cell=cell, quantity="e2e", outcome="failed", against="x", note=note
        )

    key = a_cell().id
    old = a_run(tmp_path, "r1", [a_cell()], [on(key, "old"), on("-", "all")])
    new = a_run(tmp_path, "r2", [a_cell()], [on(key, "new")])
    there = a_run(
        tmp_path, "r3", [a_cell()], [on(key, "there")], host="lap", environment=LAPTOP
    )

    joined = merge([old, new]).verdicts
    apart = merge([old, there]).verdicts

    assert sorted((v.cell, v.note) for v in joined) == [("-", "all"), (key, "new")]
    assert sorted((v.cell, v.note) for v in apart) == [
        ("-", "all"),
        (a_cell("parrot@desk").id, "old"),
        (a_cell("parrot@lap").id, "there"),
    ]


def test_a_run_beside_its_own_report_counts_once(tmp_path: Path) -> None:
    """The same records twice would be read as twice as many answers."""
    run = a_run(tmp_path, "r1", [a_cell()])
    copy_run(tmp_path / "r1" / "runs" / "r1", tmp_path / "report", FILES)

    whole = merge([run, open_run(tmp_path / "report")])

    assert shown(whole) == {a_cell().id: ["r1"]}
    assert "given twice" in " ".join(whole.problems)
    assert whole.folder == run.folder


def test_names_that_would_stand_for_two_things_are_refused(tmp_path: Path) -> None:
    """A model that is called as a renamed one would be, or runs of one name."""
    here = a_run(tmp_path, "r1", [a_cell(), a_cell("parrot@lap")])
    there = a_run(tmp_path, "r2", [a_cell()], host="lap", environment=LAPTOP)
    alike = replace(there, told={**there.told, "id": "r1", "host": "desk"})

    with pytest.raises(BadRun, match=r"parrot@lap.*two measurements; rename"):
        merge([here, there])
    with pytest.raises(BadRun, match="all called 'r1'; rename"):
        merge([here, alike])
    with pytest.raises(BadRun, match="no run to join"):
        merge([])
