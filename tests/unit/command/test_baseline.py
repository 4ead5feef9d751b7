"""``llmlat baseline``: runs of a file shown, added and left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.store import baselines
from tests.unit.stored_runs import a_stored_run, answers, failures

if TYPE_CHECKING:
    from pathlib import Path


def a_run(folder: Path, day: int) -> Path:
    """Store a run of a day."""
    return a_stored_run(
        folder / "runs" / f"r{day}", answers(), started=f"2026-01-0{day}"
    )


def test_runs_are_added_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with what it holds; three tell how much runs differ."""
    file = tmp_path / "base.json"
    runs = [
        str(
            a_stored_run(
                tmp_path / "runs" / f"r{n}", answers(), started=f"2026-01-0{n}"
            )
        )
        for n in (1, 2, 3)
    ]

    assert main(["baseline", "add", str(file), *runs]) == 0
    added = capsys.readouterr().out
    assert main(["baseline", "show", str(file)]) == 0
    shown = capsys.readouterr().out

    assert shown == added
    assert "2026-01-02" in shown
    assert "3 runs tell how much times differ from run to run" in shown


def test_one_run_is_told_to_be_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What more of them would be good for is said."""
    file = tmp_path / "base.json"
    run = str(a_run(tmp_path, 1))

    assert main(["baseline", "add", str(file), run]) == 0

    assert "1 of 3 runs: store more" in capsys.readouterr().out


def test_disturbed_runs_are_told_and_do_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times beside them are never gated: they tell nothing of how runs differ."""
    file = tmp_path / "base.json"
    quiet = [str(a_run(tmp_path, day)) for day in (1, 2)]
    busy = a_stored_run(
        tmp_path / "runs" / "r3",
        answers(),
        facts={"warnings": ("a debugger was there",)},
        started="2026-01-03",
    )

    assert main(["baseline", "add", str(file), *quiet, str(busy)]) == 0
    *rows, told, why = capsys.readouterr().out.splitlines()
    assert main(["baseline", "show", "--json", str(file)]) == 0
    runs = json.loads(capsys.readouterr().out)

    assert [row.split()[-2] for row in rows[1:]] == ["-", "-", "1"]
    assert told.startswith("2 of 3 runs: store more")
    assert why.startswith("times of disturbed cells are never gated")
    assert "a debugger was there" in why
    assert [list(run["disturbed"].values()) for run in runs] == [
        *([], []),
        ["a debugger was there"],
    ]


def test_a_run_is_not_added_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Misuse is status 2, and the file stays as it was."""
    file = tmp_path / "base.json"
    run = str(a_run(tmp_path, 1))

    assert main(["baseline", "add", str(file), run, run]) == 2

    assert "already" in capsys.readouterr().err
    assert len(baselines.load(file).runs) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "left"),
    [(["--keep", "1"], [3]), (["--drop", "1", "--drop", "3"], [2])],
    ids=["newest", "by number"],
)
def test_runs_are_left_out(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    typed: list[str],
    left: list[int],
) -> None:
    """The newest are kept, or some are dropped by their numbers."""
    file = tmp_path / "base.json"
    for n in (1, 2, 3):
        run = a_stored_run(
            tmp_path / "runs" / f"r{n}", answers(), started=f"2026-01-0{n}"
        )
        main(["baseline", "add", str(file), str(run)])

    assert main(["baseline", "prune", str(file), *typed]) == 0
    capsys.readouterr()
    assert main(["baseline", "show", str(file), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert [one["made"] for one in told] == [f"2026-01-0{n}" for n in left]


def test_a_run_that_lost_most_requests_is_not_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As ``--llm-save-baseline`` would not have stored it."""
    file = tmp_path / "base.json"
    lossy = [answers(count=4)[0], *failures(count=4)[1:]]
    run = str(a_stored_run(tmp_path / "runs" / "r1", lossy))

    assert main(["baseline", "add", str(file), run]) == 2
    assert "1 of 4 requests were answered" in capsys.readouterr().err
    assert not file.exists()
    assert main(["baseline", "add", str(file), run, "--answered", "25%"]) == 0


@pytest.mark.slow
def test_a_number_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With those that there are."""
    file = tmp_path / "base.json"
    main(
        [
            "baseline",
            "add",
            str(file),
            str(a_run(tmp_path, 1)),
        ]
    )

    assert main(["baseline", "prune", str(file), "--drop", "4"]) == 2
    assert main(["baseline", "prune", str(file), "--keep", "0"]) == 2

    told = capsys.readouterr().err
    assert "has no run 4; it has 1 to 1" in told
    assert "at least 1 run stays" in told


def test_the_other_side_of_pairs_is_not_stored(tmp_path: Path) -> None:
    """As ``--llm-save-baseline`` leaves it out: each run measures its own."""
    file = tmp_path / "base.json"
    run = a_stored_run(
        tmp_path / "runs" / "r1", answers("parrot"), answers("parrot@base")
    )
    cells = [
        json.loads(line) for line in (run / "cells.jsonl").read_text().splitlines()
    ]
    cells[1]["role"] = "reference"
    (run / "cells.jsonl").write_text("".join(f"{json.dumps(c)}\n" for c in cells))

    assert main(["baseline", "add", str(file), str(run)]) == 0

    (stored,) = baselines.load(file).runs
    assert [cell.cell.model for cell in stored.cells] == ["parrot"]
