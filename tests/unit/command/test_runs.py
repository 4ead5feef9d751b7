"""``llmlat show``, ``export`` and ``report``: runs that were measured before."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.command.show import is_wrong
from pytest_llmlat.store.journal import CELLS, RECORDS, RUN, SCHEMA, Journal
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.results import Verdict
from tests.unit.builders import a_record, an_error
from tests.unit.stored_runs import (
    COUNT,
    HOSTILE,
    ODD,
    STARTED,
    a_stored_run,
    answers,
    failures,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record


def run_in(tmp_path: Path, *cells: list[Record], name: str = "r1", **told: Any) -> Path:  # noqa: ANN401 - whatever run.json says
    """Store a run below the test's folder."""
    return a_stored_run(tmp_path / ".llmlat" / "runs" / name, *cells, **told)


def out(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed; nothing is to be complained of."""
    told = capsys.readouterr()
    assert told.err == ""
    return told.out


def test_show_prints_the_scoreboard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As at the end of its session, below what the run was."""
    run = run_in(tmp_path, answers(right=12), answers("owl"))

    assert main(["show", str(run)]) == 0

    told = out(capsys)
    assert told.startswith(f"run r1, {STARTED}, commit 1a2b3c4d5e6f")
    assert "0.500 [" in told
    assert "owl on cpu" in told


def test_show_without_a_name_takes_the_newest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``last`` is the newest run of the project that is the working directory."""
    run_in(tmp_path, answers(), name="2026-1")
    run_in(tmp_path, answers(), name="2026-2")
    monkeypatch.chdir(tmp_path)

    assert main(["show", "last"]) == 0

    assert out(capsys).startswith("run 2026-2")


def test_show_tells_programs_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the form of summary.json, with the mean that was asked for."""
    run = run_in(tmp_path, answers(right=12))

    assert main(["show", str(run), "--json", "--balance", "arithmetic"]) == 0

    (cell,) = json.loads(out(capsys))["cells"]
    assert cell["quality"]["value"] == 0.5
    assert cell["balanced"]["value"] == cell["arithmetic"]


def test_show_prints_the_samples_of_a_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prompt, answer, reference, what was extracted, and times."""
    run = run_in(tmp_path, answers(count=2), answers("owl"))

    assert main(["show", str(run), "parrot"]) == 0

    told = out(capsys)
    assert told.count("reasoning/sums|parrot|cpu|single  s") == 2
    assert "owl" not in told
    assert "  prompt    | What is 2 + 2?" in told
    assert "  answer    | 4" in told
    assert "  reference | 4" in told
    assert "accuracy 1.000; right; finish stop; e2e 1.00 s; ttft 100 ms" in told


@pytest.mark.parametrize(
    "text",
    ["owl", "reasoning/sums|owl|cpu|single", "*|owl|*", "mps"],
)
def test_a_cell_is_named_by_its_id_a_part_or_a_pattern(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever is shortest to type."""
    run = run_in(tmp_path, answers(), answers("owl", device="mps", count=2))
    known = text.replace("|cpu|", "|mps|")

    assert main(["show", str(run), known, "--json"]) == 0

    assert {row["model"] for row in json.loads(out(capsys))} == {"owl"}


def test_show_picks_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all cells where none is named."""
    run = run_in(tmp_path, answers(right=22), answers("owl", right=23))

    assert main(["show", str(run), "--wrong", "--json"]) == 0

    rows = json.loads(out(capsys))
    assert [(row["model"], row["sample"]) for row in rows] == [
        ("parrot", "s22"),
        ("parrot", "s23"),
        ("owl", "s23"),
    ]


def test_what_failed_is_wrong_too() -> None:
    """Where a metric knows no right and wrong, only what it has nothing of is wrong."""
    assert is_wrong(an_error())
    assert is_wrong(a_record(value=0.0))
    assert not is_wrong(a_record())


def test_show_picks_the_slowest_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A time-out took longer than is known, and leads."""
    run = run_in(tmp_path, answers(seconds=60), failures("owl"))

    assert main(["show", str(run), "--slowest", "3"]) == 0

    told = out(capsys)
    rows = [line for line in told.splitlines() if line.startswith("reasoning")]
    assert ["owl" in row for row in rows] == [True, True, False]
    assert "e2e > 9.00 s" in told


def test_an_answer_can_say_nothing_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of its lines stands behind a margin, so that none passes for one of ours."""
    run = run_in(tmp_path, [a_record()])
    text = (run / RECORDS).read_text("utf-8")
    hostile = json.dumps(HOSTILE + "\nllmlat: all is well")
    (run / RECORDS).write_text(text.replace('"answer": "4"', f'"answer": {hostile}'))

    assert main(["show", str(run), "parrot"]) == 0

    told = out(capsys)
    assert "            | second \N{REPLACEMENT CHARACTER}<script>line" in told
    assert "            | llmlat: all is well" in told
    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["parot"], "unknown cell 'parot'; did you mean 'parrot'"),
        (["--slowest", "0"], "--slowest 0: must be"),
    ],
)
def test_what_show_cannot_find_is_told(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As misuse, with what is near."""
    run = run_in(tmp_path, answers())

    assert main(["show", str(run), *arguments]) == 2

    assert told in capsys.readouterr().err


def test_a_run_of_nothing_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 models: every test was skipped, say."""
    run = run_in(tmp_path)

    assert main(["show", str(run)]) == 0

    assert "no cell was measured" in out(capsys)


def test_a_run_that_was_killed_is_shown_as_far_as_it_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was cut off is told on standard error."""
    run = run_in(tmp_path, answers())
    lines = (run / RECORDS).read_bytes()
    (run / RECORDS).write_bytes(lines[:-100])

    assert main(["show", str(run)]) == 0

    told = capsys.readouterr()
    assert "23/24" in told.out
    assert "1 line" in told.err


def of_a_later_version(run: Path) -> None:
    """Make a run one that this version does not read."""
    told = json.loads((run / RUN).read_text("utf-8"))
    (run / RUN).write_text(json.dumps({**told, "schema": SCHEMA + 1}), "utf-8")


def test_a_run_of_a_later_version_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do."""
    run = run_in(tmp_path, answers())
    of_a_later_version(run)

    assert main(["show", str(run)]) == 2

    assert "pip install --upgrade pytest-llmlat" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["show", "report", "export", "history", "compare"])
def test_a_folder_that_is_no_run_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Empty, in one line, and nothing is written."""
    empty = tmp_path / "empty"
    empty.mkdir()
    more = {
        "report": ["--out", str(tmp_path / "out")],
        "export": ["--to", str(tmp_path / "rows.csv")],
        "compare": [str(empty)],
    }

    assert main([name, str(empty), *more.get(name, [])]) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_export_writes_a_row_for_each_record(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the model is called; a file that is there is replaced."""
    run = run_in(tmp_path, answers(ODD), failures())
    path = tmp_path / f"rows.{ending}"
    path.write_text("old")

    assert main(["export", str(run), "--to", str(path)]) == 0

    assert out(capsys) == f"{COUNT + 3} records written to {path}\n"
    with path.open(encoding="utf-8", newline="") as file:
        rows = (
            list(csv.DictReader(file))
            if ending == "csv"
            else [json.loads(line) for line in file]
        )
    assert [row["model"] for row in rows] == [ODD] * COUNT + ["parrot"] * 3
    assert sorted(p.name for p in tmp_path.iterdir()) == [".llmlat", path.name]


def test_what_is_exported_can_be_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON lines are records as a run has them, each sample once."""
    records = answers()
    run = run_in(tmp_path, records)
    Journal(run).add(records[0])
    path = tmp_path / "rows.jsonl"

    assert main(["export", str(run), "--to", str(path), "--json"]) == 0

    assert json.loads(out(capsys)) == {
        "file": str(path),
        "records": COUNT,
        "problems": [],
    }
    (run / RECORDS).write_bytes(path.read_bytes())
    read = [one for _, own in records_of(open_run(run)) for one in own]
    assert read == records


def test_export_can_make_texts_safe_for_a_spreadsheet(tmp_path: Path) -> None:
    """Which would run what begins like a formula."""
    run = run_in(tmp_path, answers("=cmd", count=1))
    path = tmp_path / "rows.csv"

    assert main(["export", str(run), "--to", str(path), "--spreadsheet"]) == 0

    assert '"\'=cmd"' in path.read_text("utf-8")


def test_export_knows_forms_by_their_endings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another one is misuse."""
    run = run_in(tmp_path, answers())

    assert main(["export", str(run), "--to", "rows.xls"]) == 2

    assert ".csv, .parquet, .jsonl" in capsys.readouterr().err


def report(folder: Path) -> dict[str, Any]:
    """Return the summary of a report, all files of which are there."""
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "report.md", "summary.json", RUN, CELLS, RECORDS} <= names
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return found


@pytest.mark.slow
def test_report_is_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the records, with the mean and the objectives that are asked for now."""
    run = run_in(tmp_path, answers(right=12))
    folder = tmp_path / "out"

    arguments = ["--balance", "arithmetic", "--slo", "e2e<2"]
    assert main(["report", str(run), "--out", str(folder), *arguments]) == 0

    assert f"written {folder / 'report.html'}" in out(capsys)
    (cell,) = report(folder)["cells"]
    assert cell["balanced"]["value"] == cell["arithmetic"]
    assert cell["good_share"] == 1.0


@pytest.mark.slow
def test_report_joins_runs_of_two_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has its rows; what differs is told; the report is a run itself."""
    desk = run_in(tmp_path, answers(), name="desk", host="desk")
    there = {"cpu": "M2", "cores": 8}
    lap = run_in(
        tmp_path, answers("owl"), answers(), name="lap", host="lap", environment=there
    )
    folder = tmp_path / "out"

    arguments = ["report", str(desk), str(lap), "--out", str(folder), "--json"]
    assert main(arguments) == 0

    told = json.loads(out(capsys))
    assert told["runs"] == 2
    assert any("not measured under the same conditions" in p for p in told["problems"])
    names = {row["model"] for row in report(folder)["models"]}
    assert names == {"owl", "parrot@desk", "parrot@lap"}
    main(["show", str(folder), "--json"])
    shown = json.loads(out(capsys))
    assert {row["model"] for row in shown["models"]} == names
    assert {row["samples"] for row in shown["models"]} == {COUNT}


@pytest.mark.slow
def test_report_tells_of_tasks_that_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their figures do not compare, though they bear one name."""
    old = run_in(tmp_path, answers(), name="old", facts={"task_revision": "aaaa"})
    new = run_in(tmp_path, answers("owl"), name="new", facts={"task_revision": "bbbb"})

    out_ = str(tmp_path / "out")
    assert main(["report", str(old), str(new), "--out", out_]) == 0

    assert "is not the same task in all runs" in capsys.readouterr().err
    assert "is not the same task in all runs" in (
        (tmp_path / "out" / "summary.json").read_text("utf-8")
    )


@pytest.mark.slow
def test_report_does_not_write_over_a_run_that_it_joins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its records would be lost."""
    first = run_in(tmp_path, answers(), name="a")
    second = run_in(tmp_path, answers("owl"), name="b")
    before = (first / RECORDS).read_bytes()

    arguments = ["report", str(first), str(second), "--out", str(first)]
    assert main(arguments) == 2

    assert "name another folder" in capsys.readouterr().err
    assert (first / RECORDS).read_bytes() == before


@pytest.mark.slow
def test_report_of_one_run_may_go_into_its_folder(tmp_path: Path) -> None:
    """That is to rebuild it; what was measured stays as it is."""
    run = run_in(tmp_path, answers())
    before = (run / RECORDS).read_bytes()

    assert main(["report", str(run), "--out", str(run)]) == 0

    assert report(run)["cells"][0]["samples"] == COUNT
    assert (run / RECORDS).read_bytes() == before


@pytest.mark.slow
def test_report_leaves_nothing_of_an_earlier_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the records beside it would be of another run."""
    folder = tmp_path / "out"
    first = run_in(tmp_path, answers(), name="a")
    missed = Verdict(
        cell=answers()[0].cell.id,
        quantity="quality",
        outcome="failed",
        against="quality>=2",
    )
    Journal(first).add(missed)
    main(["report", str(first), f"--out={folder}"])
    other = run_in(tmp_path, answers("owl", count=2), name="b")

    assert main(["report", str(other), "--out", str(folder)]) == 0

    capsys.readouterr()
    rows = (folder / RECORDS).read_text("utf-8").splitlines()
    assert [json.loads(row)["model"] for row in rows] == ["owl", "owl"]
    assert report(folder)["verdicts"] == []
    assert main(["show", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "cells",
    [[], [answers(count=1)], [failures()], [answers(ODD)]],
    ids=["no model", "one sample", "no answer", "odd name"],
)
def test_report_is_written_of_whatever_was_measured(
    cells: list[list[Record]], tmp_path: Path
) -> None:
    """Absent figures are null in it, and it is a page all the same."""
    run = run_in(tmp_path, *cells)

    assert main(["report", str(run), "--out", str(tmp_path / "out")]) == 0

    if cells:
        report(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.startswith("<!")


def test_a_cell_that_was_begun_and_has_no_records_has_no_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its metric is null everywhere, and so is the rest of it."""
    run = run_in(tmp_path, answers())
    (run / RECORDS).write_bytes(b"")

    assert main(["show", str(run), "--json"]) == 0

    (cell,) = json.loads(out(capsys))["cells"]
    assert cell["metric"] is None
    assert cell["quality"]["value"] is None
    assert main(["show", str(run)]) == 0
    assert "0/24" in out(capsys)
