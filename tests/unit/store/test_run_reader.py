"""A run's folder, whole or damaged, is read cell by cell and says what it lacks."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.store.journal import (
    CELLS,
    FILES,
    RECORDS,
    RUN,
    SUMMARY,
    VERDICTS,
    Journal,
    copy_run,
)
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import Run, open_run, told_of
from pytest_llmlat.values.errors import BadRun
from pytest_llmlat.values.records import Grade
from pytest_llmlat.values.results import Scoreboard, Verdict
from tests.unit.builders import a_cell, a_record, some_facts
from tests.unit.example_counts import at_most
from tests.unit.random_boards import a_random_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell, Record

FAILED = Verdict(cell="c", quantity="quality", outcome="failed", against="quality>=1")
TOLD = {"balance": "harmonic", "seed": 7, "slo": "e2e<2"}
NOTHING = Run(
    folder=None, told={"id": "r"}, facts=(), verdicts=(), places={}, problems=()
)
WORSE = Verdict(cell="c", quantity="e2e", outcome="regression", against="main")


def a_folder(
    tmp_path: Path,
    facts: Iterable[CellFacts] = (),
    records: Iterable[Record] = (),
    name: str = "r1",
    **told: Any,  # noqa: ANN401 - whatever run.json says
) -> Path:
    """Write a run."""
    journal = Journal(tmp_path / ".llmlat" / "runs" / name)
    begun = {"id": name, "started": "2026-01-01T00:00:00+00:00", "seconds": 9}
    journal.open({**begun, **told})
    for one in facts:
        journal.add(one)
    for record in records:
        journal.add(record)
    return journal.folder


def read(run: Run, *cells: Cell) -> dict[str, list[Record]]:
    """Return the records of cells, or of all, where nothing is left out."""
    ids = {cell.id for cell in cells} or None
    told: list[str] = []
    found = {c.id: own for c, own in records_of(run, ids, tell=told.append)}
    assert told == []
    return found


@pytest.mark.slow
def test_a_run_comes_back_cell_by_cell(tmp_path: Path) -> None:
    """Facts in their order, and to each cell its own records in theirs."""
    facts, records = a_random_run(4, models=2)
    run = open_run(a_folder(tmp_path, facts, records))

    found = read(run)

    assert run.facts == tuple(facts)
    assert list(found) == [one.cell.id for one in facts]
    for cell, own in found.items():
        assert own == [record for record in records if record.cell.id == cell]
    assert run.problems == ()


@pytest.mark.slow
def test_the_figures_are_those_of_all_records_at_once(tmp_path: Path) -> None:
    """Read from the disk or held in memory, to the last bit."""
    facts, records = a_random_run(5, models=2)
    run = open_run(a_folder(tmp_path, facts, records))

    board = board_of(run, balance="harmonic", seed=5)

    assert board == scoreboard(facts, records, balance="harmonic", seed=5)


def test_some_cells_can_be_read_without_the_others(tmp_path: Path) -> None:
    """Those that are asked for."""
    facts, records = a_random_run(6)
    run = open_run(a_folder(tmp_path, facts, records))

    assert list(read(run, facts[3].cell)) == [facts[3].cell.id]


def test_only_one_cell_is_read_at_a_time(tmp_path: Path) -> None:
    """What comes after a cell is not looked at before it is asked for."""
    cells = [a_cell("a"), a_cell("b")]
    folder = a_folder(tmp_path, map(some_facts, cells), [a_record(cell=cells[0])])
    with (folder / RECORDS).open("a", encoding="ascii") as file:
        file.write(f'{{"cell": "{cells[1].id}", broken}}\n')
    told: list[str] = []

    walk = records_of(open_run(folder), tell=told.append)

    assert next(walk) == (cells[0], [a_record(cell=cells[0])])
    assert told == []
    assert next(walk) == (cells[1], [])
    assert len(told) == 1


def test_of_a_sample_measured_again_the_last_record_counts(tmp_path: Path) -> None:
    """In the place of the first; another round is another record."""
    again, other = a_record(value=0.0), a_record("s2")
    later = replace(a_record(), round=1)
    records = [a_record(), other, later, again]

    run = open_run(a_folder(tmp_path, [some_facts()], records))

    assert read(run) == {a_cell().id: [again, other, later]}


@pytest.mark.parametrize(
    "name", ['a"b', "a|b", "Ä\U0001f600/\\", "\ud83d", '", "model": "x']
)
def test_names_with_any_letter_are_told_apart(tmp_path: Path, name: str) -> None:
    """Quotes, slashes, emoji, and what looks like the next field."""
    cells = [a_cell(name), a_cell(), a_cell(name + name)]
    records = [a_record(cell=cell) for cell in (*cells, *cells)]
    run = open_run(a_folder(tmp_path, map(some_facts, cells), records))

    assert read(run) == {cell.id: [a_record(cell=cell)] for cell in cells}


def test_lines_of_another_program_are_read_too(tmp_path: Path) -> None:
    """Fields in another order, and no blanks."""
    cells = [a_cell("a"), a_cell("b")]
    folder = a_folder(tmp_path, map(some_facts, cells))
    with (folder / RECORDS).open("w", encoding="utf-8") as file:
        for number, cell in enumerate((*cells, *cells)):
            content = json_object(a_record(f"s{number}", cell=cell))
            turned = dict(sorted(content.items(), reverse=True))
            file.write(json.dumps(turned, separators=(",", ":")) + "\n")

    found = read(open_run(folder))

    assert [[r.sample for r in own] for own in found.values()] == [
        ["s0", "s2"],
        ["s1", "s3"],
    ]


@pytest.mark.parametrize("name", [CELLS, RECORDS])
@pytest.mark.parametrize("lost", [1, 2, 200])
def test_a_killed_run_lacks_its_last_line(tmp_path: Path, name: str, lost: int) -> None:
    """All before it is there, and the cell is partial."""
    facts = [some_facts(planned=2, finished=False), some_facts(planned=2)]
    folder = a_folder(tmp_path, facts, [a_record("s1"), a_record("s2")])
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-lost])

    run = open_run(folder)
    (summary,) = board_of(run, balance="geometric", seed=0).summaries

    if name == RECORDS:
        assert read(run) == {a_cell().id: [a_record("s1")]}
        assert summary.samples == 1
    assert summary.partial is (name == RECORDS or lost > 1)
    assert [name in problem for problem in run.problems] == (
        [True] if name == RECORDS or lost > 1 else []
    )


def test_lines_that_are_no_records_are_counted(tmp_path: Path) -> None:
    """A file that was damaged in its middle loses these and no others."""
    folder = a_folder(tmp_path, [some_facts()], [a_record("s1")])
    broken = json.dumps({**json_object(a_record("s2")), "grade": None})
    with (folder / RECORDS).open("a", encoding="ascii") as file:
        file.write(f"\0\0\0\n[]\nno\n{broken}\n{{}}\n")
    Journal(folder).add(a_record("s3"))
    run = open_run(folder)
    told: list[str] = []

    ((_, found),) = records_of(run, tell=told.append)

    assert [record.sample for record in found] == ["s1", "s3"]
    (problem,) = run.problems
    assert "4 lines are cut off or of no cell" in problem
    assert len(told) == 1
    assert "1 of its lines" in told[0]


def test_a_metric_that_nobody_knows_here_is_told(tmp_path: Path) -> None:
    """As of a run with an extension that is not installed; other cells are read."""
    other = a_cell(task="reasoning/tiny")
    records = [
        replace(a_record("s1"), metric="a conftest's"),
        a_record("s1", cell=other),
    ]
    folder = a_folder(tmp_path, [some_facts(), some_facts(other)], records)
    told: list[str] = []

    found = [len(own) for _, own in records_of(open_run(folder), tell=told.append)]

    assert found == [0, 1]
    (line,) = told
    assert a_cell().id in line
    assert line.endswith('metric "a conftest\'s" is not known here')


def test_what_is_left_out_is_a_warning_unless_somebody_listens(tmp_path: Path) -> None:
    """Nothing is dropped in silence."""
    folder = a_folder(tmp_path, [some_facts()])
    with (folder / RECORDS).open("w", encoding="ascii") as file:
        file.write(f'{{"cell": "{a_cell().id}", }}\n')

    with pytest.warns(UserWarning, match="1 of its lines left out"):
        assert board_of(open_run(folder), balance="geometric", seed=0).summaries


def test_records_of_a_cell_without_facts_are_told(tmp_path: Path) -> None:
    """Its row would lack what was planned and on which device."""
    lost = a_cell("lost")
    records = [a_record(), a_record(cell=lost), a_record("s2", cell=lost)]

    run = open_run(a_folder(tmp_path, [some_facts()], records))

    (problem,) = run.problems
    assert f"2 records are of cell {lost.id!r}" in problem
    assert list(read(run)) == [a_cell().id]


@pytest.mark.parametrize(
    "odd",
    [
        replace(a_record("odd"), metric="later"),
        replace(a_record("odd"), metric="rouge"),
        replace(a_record("odd"), grade=Grade(value=1.0, correct=True, counts=(1.0,))),
    ],
)
def test_what_cannot_be_counted_with_the_rest_is_left_out(
    tmp_path: Path, odd: Record
) -> None:
    """A metric of a later version, or a second one in a cell."""
    run = open_run(a_folder(tmp_path, [some_facts()], [a_record(), odd]))
    told: list[str] = []

    board = board_of(run, balance="geometric", seed=0, tell=told.append)

    assert board.summaries[0].samples == 1
    assert len(told) == 1


def test_a_run_without_cells_has_an_empty_board(tmp_path: Path) -> None:
    """It was cut off before its first."""
    run = open_run(a_folder(tmp_path))

    assert board_of(run, balance="geometric", seed=0) == Scoreboard(
        summaries=(), standings=()
    )


@pytest.mark.slow
def test_a_report_is_read_without_its_run(tmp_path: Path) -> None:
    """The folder that was handed on has all that the figures are made of."""
    facts, records = a_random_run(7)
    folder = a_folder(tmp_path, facts, records)
    board = board_of(open_run(folder), balance="geometric", seed=0)
    report = tmp_path / "report"
    journal = Journal(folder)
    journal.finish(seconds=2.5)
    copy_run(folder, report, FILES)
    shutil.rmtree(folder)

    run = open_run(report)

    assert board_of(run, balance="geometric", seed=0) == board
    assert (run.told["id"], run.told["seconds"]) == ("r1", 2.5)


def test_the_folder_of_all_runs_is_its_newest(tmp_path: Path) -> None:
    """What was not begun, a file or an empty folder, is none."""
    runs = a_folder(tmp_path, name="20260102T000000Z-1").parent
    a_folder(tmp_path, name="20260103T000000Z-9")
    a_folder(tmp_path, name="20260101T000000Z-5")
    (runs / "20260104T000000Z-1").mkdir()
    (runs / "z.txt").write_text("", "utf-8")

    assert open_run(runs).told["id"] == "20260103T000000Z-9"


def test_verdicts_are_those_on_limits_and_those_of_the_end(tmp_path: Path) -> None:
    """Each once, the worst first."""
    folder = a_folder(tmp_path, [some_facts()], [a_record()])
    journal = Journal(folder)
    journal.add(FAILED)
    board = Scoreboard(summaries=(), standings=(), verdicts=(FAILED, WORSE))

    assert open_run(folder).verdicts == (FAILED,)
    (folder / SUMMARY).write_text(summary_text({}, board), "utf-8")
    assert open_run(folder).verdicts == (WORSE, FAILED)
    assert board_of(open_run(folder), balance="geometric", seed=0).verdicts == (
        WORSE,
        FAILED,
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verdicts": [1]}', "{}"])
def test_a_summary_that_was_cut_off_is_told(tmp_path: Path, text: str) -> None:
    """What the gate said at the end is then not known; the rest is."""
    folder = a_folder(tmp_path, [some_facts()], [a_record()])
    (folder / SUMMARY).write_text(text, "utf-8")
    (folder / VERDICTS).write_text(text + "\n", "utf-8")

    run = open_run(folder)

    assert run.verdicts == ()
    assert [name in " ".join(run.problems) for name in (SUMMARY, VERDICTS)] == [
        True
    ] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cut off or no JSON"),
        ('{"id": "r1", "sett', "cut off or no JSON"),
        ("[" * 100_000, "cut off or no JSON"),
        ("[1]", "holds no object"),
        (
            '{"schema": 2}',
            "schema 2, written by a later version.*pip install --upgrade",
        ),
        ('{"schema": "1"}', "schema is '1'"),
        ('{"schema": true}', "schema is True"),
        ('{"id": 3}', "id is 3"),
        ('{"environment": []}', "environment is"),
        ('{"settings": "x"}', "settings is"),
    ],
)
def test_a_run_that_does_not_say_what_it_is_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    """With the file, what is wrong with it, and what to do."""
    folder = a_folder(tmp_path)
    (folder / RUN).write_text(text, "utf-8")

    with pytest.raises(BadRun, match=rf"run\.json: .*{message}"):
        open_run(folder)


def test_a_run_that_says_little_is_read(tmp_path: Path) -> None:
    """Of no schema, which is the first; its folder names it."""
    folder = a_folder(tmp_path, [some_facts()], [a_record()])
    (folder / RUN).write_text("{}", "utf-8")

    run = open_run(folder)

    assert run.told == {"id": "r1", "started": "", "settings": {}, "environment": {}}
    assert board_of(run, balance="geometric", seed=0).summaries[0].samples == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "there is no such folder"),
        (lambda path: path.mkdir(), "the folder is empty"),
        (lambda path: path.write_text("x"), "is a file"),
        (lambda path: (path / "a").mkdir(parents=True), r"there is no run\.json in it"),
    ],
)
def test_where_there_is_no_run_it_is_said_what_to_name(
    tmp_path: Path,
    make: Callable[[Path], object],
    message: str,
) -> None:
    """Absent, empty, a file, or a folder of something else."""
    path = tmp_path / "x"
    make(path)

    with pytest.raises(BadRun, match=rf"run .*x: {message}.*name (a|the) folder"):
        open_run(path)


@pytest.mark.slow
@given(st.data())
@settings(
    max_examples=at_most(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damage_anywhere_is_an_error_or_a_problem(
    tmp_path: Path, data: st.DataObject
) -> None:
    """Bytes that were overwritten, anywhere, never end in a stray exception."""
    facts, records = a_random_run(8, samples=2)
    shutil.rmtree(tmp_path / ".llmlat", ignore_errors=True)
    folder = a_folder(tmp_path, facts[:5], records[:20])
    path = folder / data.draw(st.sampled_from([RUN, CELLS, RECORDS]))
    content = bytearray(path.read_bytes())
    source = random.Random(data.draw(st.integers(0, 10**6)))  # noqa: S311
    for _ in range(data.draw(st.integers(1, 4))):
        at = source.randrange(len(content))
        content[at : at + source.randrange(6)] = source.choice(
            [b"", b"\n", b"0", b"null", b"\xff", b'"', b"1e999", b"{", b"-7", b"]"]
        )
    path.write_bytes(content)
    told: list[str] = []

    try:
        run = open_run(folder)
    except BadRun as error:
        assert RUN in str(error)  # noqa: PT017 - either this or a board
        return
    board = board_of(run, balance="geometric", seed=0, tell=told.append)

    assert sum(s.samples for s in board.summaries) <= len(records)


def test_figures_are_made_as_the_session_was_told() -> None:
    """Which mean, resamples and objectives; the default where that is unknown."""
    run = replace(NOTHING, told={"settings": TOLD})
    odd = {"balance": "best", "seed": "x", "slo": "e2e<"}

    found = asked_for(run)
    default = asked_for(replace(NOTHING, told={"settings": odd}))

    assert (found.balance, found.seed, found.slo[0].below_s) == ("harmonic", 7, 2.0)
    assert (default.balance, default.seed, default.slo) == ("geometric", 0, ())
    assert found.varied == default.varied == ()


def test_variants_are_read_back() -> None:
    """Which models are one model in several settings."""
    one = {"name": "a~x", "of": "a", "entry": "x = 1"}

    found = asked_for(replace(NOTHING, told={"settings": {}, "varied": [one]})).varied

    assert [(v.name, v.of, v.entry) for v in found] == [("a~x", "a", "x = 1")]


def test_reports_are_told_what_is_wrong_with_a_run() -> None:
    """What was found when it was opened, and since; nothing where nothing is."""
    run = replace(NOTHING, problems=("first",))

    assert told_of(run, ["second"]) == {"id": "r", "problems": ["first", "second"]}
    assert told_of(NOTHING) == {"id": "r"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [((None,), 0), ((None, None), 1), (("a", "a"), 0), (("a", "b", "b"), 1)],
)
def test_a_cell_of_several_measurements_is_told(
    tmp_path: Path, asked: tuple[str | None, ...], told: int
) -> None:
    """Older versions mixed them; one that broke off and was asked the same is whole."""
    whole = some_facts(planned=1)
    facts = [replace(whole, finished=False, asked=each) for each in asked]
    run = open_run(a_folder(tmp_path, [*facts, whole], [a_record()]))

    times = f"{whole.cell.id}: was measured {len(asked)} times in this run"
    assert [times in problem for problem in run.problems] == [True] * told


def test_who_said_so_first_has_a_cell(tmp_path: Path) -> None:
    """In whichever process; another cell is another's."""
    journal = Journal(tmp_path / ".llmlat" / "runs" / "r")
    journal.open({"id": "r"})

    first = journal.claim("a|b", test="t::one", asked="x")
    other = Journal(journal.folder).claim("a|b", test="t::two", asked="y")
    again = journal.claim("a|b", test="t::one", asked="z")

    assert first == other == again == ("t::one", "x")
    assert journal.claim("a|c", test="t::two", asked="y") == ("t::two", "y")
