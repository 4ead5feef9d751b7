"""What was measured is on the disk at once, and comes back as it was."""

from __future__ import annotations

import json
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.store.journal import (
    CLAIMS,
    FILES,
    LABELS,
    RACES,
    RECORDS,
    REPORT,
    RUN,
    SUMMARY,
    TRIALS,
    VERDICTS,
    Journal,
    copy_run,
)
from pytest_llmlat.store.json_lines import facts_of, json_object, parsed
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.cell_facts import Instrument, LoadFacts
from pytest_llmlat.values.errors import RunNotWritten
from pytest_llmlat.values.records import Cell, Grade, Record, Transport
from pytest_llmlat.values.results import Verdict
from pytest_llmlat.values.stopping import Stopping
from pytest_llmlat.values.timing import Timing
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Finish

# st.text() draws no surrogates. A high one before a low one is left out: JSON writes
# the two as it writes the one character that they stand for.
LETTERS = (
    st.sampled_from(
        '\n\r\t\x00\x1b\x7f\x85\u2028\u2029\ufeff"\\aé\U0001f600\ud83d\udcff'
    )
    | st.characters()
)
SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
HOSTILE = (
    st.lists(LETTERS, max_size=8)
    .map("".join)
    .filter(lambda text: not SURROGATE_PAIR.search(text))
)
FLOATS = st.floats(-1e99, 1e99)
NS = st.integers(0, 2**63)


def a_true_timing(
    readings: list[int], *, thinks: bool, waits: bool, ends_thought: bool
) -> Timing:
    """Return readings of a clock that goes forward: start, others, and the end."""
    start, *stamps, end = sorted(readings)
    return Timing(
        start_ns=start,
        end_ns=end,
        stamps_ns=tuple(stamps),
        stamp_tokens=(1,) * len(stamps),
        reasoning_ns=start if thinks else None,
        sent_ns=start if waits else None,
        thought_end_ns=end if ends_thought else None,
    )


TIMINGS = st.builds(
    a_true_timing,
    st.lists(NS, min_size=2, max_size=5),
    thinks=st.booleans(),
    waits=st.booleans(),
    ends_thought=st.booleans(),
)
GRADES = st.builds(
    Grade,
    value=st.floats(0, 1),
    correct=st.none() | st.booleans(),
    details=st.lists(st.tuples(HOSTILE, FLOATS), max_size=2).map(tuple),
    counts=st.lists(st.floats(0, 1e99), max_size=3).map(tuple),
    note=st.none() | HOSTILE,
)
RECORDS_OF_ALL_KINDS = st.builds(
    lambda timing, **texts: replace(
        a_record(),
        timing=timing,
        **texts,
    ),
    timing=st.none() | TIMINGS,
    sample=HOSTILE,
    prompt=HOSTILE,
    answer=st.none() | HOSTILE,
    extracted=st.none() | HOSTILE,
    error=st.none() | HOSTILE,
    round=st.integers(0, 3),
    prompt_tokens=st.none() | st.integers(0, 9),
    grade=GRADES,
    truncated=st.booleans(),
    budget_s=st.floats(0, 1e99, exclude_min=True),
)

A_VERDICT = Verdict(
    cell="c", quantity="quality", outcome="failed", against="quality>=1", samples=3
)


def a_journal(folder: Path) -> Journal:
    """Open a journal where a run has it."""
    journal = Journal(folder / ".llmlat" / "runs" / "r1")
    journal.open({"id": "r1"})
    return journal


def told(journal: Journal) -> object:
    """Return what ``run.json`` says."""
    content: object = json.loads((journal.folder / RUN).read_text("utf-8"))
    return content


def back(record: Record) -> list[Record]:
    """Write a record and read it again."""
    with tempfile.TemporaryDirectory() as folder:
        journal = a_journal(Path(folder))
        journal.add(record)
        with (journal.folder / RECORDS).open("rb") as file:
            return [record_of(parsed(line)) for line in file]


def records_in(journal: Journal, *others: Cell) -> list[Record]:
    """Return what the reader of runs finds, once it knows the cells."""
    for cell in (a_cell(), *others):
        journal.add(some_facts(cell))
    run = open_run(journal.folder)
    return [record for _, own in records_of(run) for record in own]


@pytest.mark.slow
@given(RECORDS_OF_ALL_KINDS)
@example(replace(a_record("\ud83d"), answer="\udcff"))
@example(replace(a_record(), answer="a\nb\r\nc\u2028d\x00e\U0001f600\x1b[31m"))
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    """Line breaks, NUL, emoji and lone surrogates of a model's answer included."""
    assert back(record) == [record]


def test_what_comes_back_is_of_the_same_types() -> None:
    """Lists are tuples again, whole floats stay floats, truth values stay such."""
    record = a_record(value=1.0)
    (found,) = back(record)

    assert type(found.grade.value) is float
    assert type(found.grade.correct) is bool
    assert type(found.timing) is Timing
    assert hash(found) == hash(record)


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    """Pairs, absences and hostile warnings included."""
    facts = replace(
        some_facts(),
        load_s=None,
        backend=(("a", None), ("b", True), ("c", 1), ("d", 0.5), ("e", "x\n\u2028")),
        warnings=("one\ntwo",),
    )
    journal = a_journal(tmp_path)
    journal.add(facts)

    assert open_run(journal.folder).facts == (facts,)


def test_the_last_facts_of_a_cell_count(tmp_path: Path) -> None:
    """A cell that was begun and is finished is finished."""
    journal = a_journal(tmp_path)
    other = some_facts(a_cell("other"), finished=False)
    for facts in (some_facts(finished=False), other, some_facts()):
        journal.add(facts)

    assert open_run(journal.folder).facts == (some_facts(), other)


def test_a_second_record_of_a_sample_wins(tmp_path: Path) -> None:
    """A sample that was measured again counts once; another round is another one."""
    journal = a_journal(tmp_path)
    again = a_record(value=0.0)
    later = replace(a_record(), round=1)
    elsewhere = a_record(cell=a_cell("other"))
    for record in (a_record(), again, later, elsewhere):
        journal.add(record)

    found = records_in(journal, elsewhere.cell)
    assert found == [again, later, elsewhere]


@pytest.mark.parametrize("lost", [1, 2, 200])
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path, lost: int) -> None:
    """A run that was killed loses the sample in flight and no other."""
    journal = a_journal(tmp_path)
    for sample in ("s1", "s2"):
        journal.add(a_record(sample))
    path = journal.folder / RECORDS
    path.write_bytes(path.read_bytes()[:-lost])

    assert records_in(journal) == [a_record("s1")]


def test_a_cut_inside_a_character_is_left_out(tmp_path: Path) -> None:
    """Half of an emoji at the end is no reason to lose the rest."""
    journal = a_journal(tmp_path)
    journal.add(a_record("s1"))
    path = journal.folder / RECORDS
    path.write_bytes(path.read_bytes() + '{"answer": "\U0001f600'.encode()[:-2])

    assert records_in(journal) == [a_record("s1")]


def test_a_line_that_was_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    """Whoever cut it off: a full disk, or the end of another process."""
    resource = pytest.importorskip("resource")
    one, other = Journal(tmp_path / "r1"), Journal(tmp_path / "r1")
    one.open({"id": "r1", "started": "2026-01-01T00:00:00+00:00"})
    one.add(some_facts(planned=3))
    one.add(a_record("s1"))
    size = (tmp_path / "r1" / RECORDS).stat().st_size
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, usual[1]))
    try:
        with pytest.raises(RunNotWritten, match="No space left"):
            one.add(a_record("s2"))
        with pytest.raises(RunNotWritten, match="--llm-runs DIR"):
            one.add(a_record("s3"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    other.add(a_record("s4"))

    run = open_run(tmp_path / "r1")
    told: list[str] = []
    ((_, found),) = records_of(run, tell=told.append)
    assert [record.sample for record in found] == ["s1", "s4"]
    assert "1 line is cut off" in " ".join(run.problems)


def test_a_claim_that_was_cut_off_is_nobody_s(tmp_path: Path) -> None:
    """The test that comes next has the cell."""
    journal = Journal(tmp_path)
    (tmp_path / CLAIMS).write_text('{"cell": "c", "te', "ascii")

    assert journal.claim("c", test="t", asked="a") == ("t", "a")


def test_nothing_is_created_before_a_run_opens(tmp_path: Path) -> None:
    """A session that measures nothing leaves no trace."""
    journal = Journal(tmp_path / ".llmlat" / "runs" / "r1")

    assert not journal.begun
    assert list(tmp_path.iterdir()) == []


def test_opening_says_what_the_run_is(tmp_path: Path) -> None:
    """The folder holds ``run.json`` and is kept out of the user's commits."""
    journal = a_journal(tmp_path)

    assert told(journal) == {"schema": 1, "id": "r1", "plan": []}
    assert (tmp_path / ".llmlat" / ".gitignore").read_text("utf-8") == "*\n"


def test_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    """A worker that joins a run does not describe it anew."""
    journal = a_journal(tmp_path)

    Journal(journal.folder).open({"id": "other"})

    assert told(journal) == {"schema": 1, "id": "r1", "plan": []}


def test_two_journals_write_whole_lines_side_by_side(tmp_path: Path) -> None:
    """Processes share a folder: no line is torn and none is lost."""
    folder = a_journal(tmp_path).folder
    long = replace(a_record(), answer="x" * 20_000)

    def write(worker: int) -> None:
        journal = Journal(folder)
        for number in range(25):
            journal.add(replace(long, sample=f"{worker}-{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    found = {record.sample for record in records_in(Journal(folder))}
    assert found == {f"{w}-{n}" for w in range(4) for n in range(25)}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    """No program but Python reads NaN; nothing of the record is written."""
    journal = a_journal(tmp_path)

    with pytest.raises(ValueError, match="JSON"):
        journal.add(a_record(value=value))

    assert not (journal.folder / RECORDS).exists()


def test_a_line_tells_cell_and_durations_to_other_programs() -> None:
    """The parts of the id and the derived durations stand in the line themselves."""
    record = a_record(timing=a_timing(0.5, 1.0, 1.5))

    line = json_object(record)

    assert line["cell"] == record.cell.id
    assert (line["model"], line["device"]) == ("parrot", "cpu")
    assert (line["task"], line["family"]) == ("reasoning/sums", "reasoning")
    assert (line["ttft_s"], line["e2e_s"], line["tpot_s"]) == (0.5, 1.5, 0.5)
    assert "e2e_s" not in json_object(replace(record, timing=None))


@pytest.mark.parametrize("finish", ["timeout", "error"])
def test_a_failure_has_no_latency_for_other_programs(finish: Finish) -> None:
    """The stamp of its last token, long before the end, would flatter a mean."""
    line = json_object(a_record(timing=a_timing(0.5, 1.0), finish=finish))

    assert (line["ttft_s"], line["e2e_s"], line["tpot_s"]) == (None, None, None)
    assert len(line["timing"]["stamps_ns"]) == 2


def test_all_files_are_copied(tmp_path: Path) -> None:
    """The report's folder can be read without the run's: it has the same files."""
    journal = a_journal(tmp_path)
    journal.add(a_record())
    journal.add(some_facts())
    journal.add(A_VERDICT)
    journal.add_again(a_record())

    report = tmp_path / "new" / "report"
    for name in (SUMMARY, REPORT, RACES, LABELS, TRIALS):
        (journal.folder / name).write_text("{}\n", "utf-8")
    copy_run(journal.folder, report, FILES)

    assert sorted(path.name for path in report.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (report / name).read_bytes() == (journal.folder / name).read_bytes()


def test_a_report_holds_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    """A verdict of yesterday's run beside today's records would be believed."""
    journal = a_journal(tmp_path)
    report = tmp_path / "report"
    report.mkdir()
    (report / VERDICTS).write_text("old", "utf-8")
    (report / "mine.txt").write_text("kept", "utf-8")

    copy_run(journal.folder, report, FILES)

    found = sorted(path.name for path in report.iterdir())
    assert found == sorted([RUN, "mine.txt"])


def test_a_report_may_be_the_run_s_own_folder(tmp_path: Path) -> None:
    """Then there is nothing to copy, and nothing is lost."""
    journal = a_journal(tmp_path)
    journal.add(a_record())

    copy_run(journal.folder, journal.folder, FILES)

    assert records_in(journal) == [a_record()]


def test_the_end_tells_how_long_it_took(tmp_path: Path) -> None:
    """Beside what was told at the beginning; no draft is left."""
    journal = a_journal(tmp_path)

    journal.finish(seconds=1.5)

    assert told(journal) == {"schema": 1, "id": "r1", "plan": [], "seconds": 1.5}
    found = sorted(path.name for path in journal.folder.iterdir())
    assert found == [RUN]


def test_verdicts_on_limits_come_back(tmp_path: Path) -> None:
    """What one process judged is told by another, at the end."""
    journal = a_journal(tmp_path)

    journal.add(A_VERDICT)

    assert open_run(journal.folder).verdicts == (A_VERDICT,)


LOADS = st.builds(
    LoadFacts,
    window_s=FLOATS,
    ended=st.integers(0, 9),
    failed=st.integers(0, 9),
    before=st.integers(0, 9),
    after=st.integers(0, 9),
    in_flight=st.integers(0, 9),
    send_lag_p99_s=st.none() | FLOATS,
    loop_lag_p99_s=st.none() | FLOATS,
    cpu_share=st.none() | FLOATS,
    client_limited=st.none() | HOSTILE,
)
INSTRUMENTS = st.builds(
    Instrument,
    streams=st.integers(1, 9),
    requests=st.integers(1, 99),
    bias_s=FLOATS,
    jitter_p99_s=FLOATS,
)
TRANSPORTS = st.builds(
    Transport,
    request_id=st.none() | HOSTILE,
    status=st.none() | st.integers(100, 599),
    reused=st.booleans(),
    dns_s=st.none() | FLOATS,
    connect_s=st.none() | FLOATS,
    tls_s=st.none() | FLOATS,
    retries=st.integers(0, 3),
    retried_for=st.lists(HOSTILE, max_size=3).map(tuple),
)


@given(st.none() | LOADS, st.none() | INSTRUMENTS)
def test_facts_of_a_load_come_back_as_they_were(
    load: LoadFacts | None, instrument: Instrument | None
) -> None:
    """The window, the client's own lateness and how true the clock was."""
    facts = replace(some_facts(), load=load, instrument=instrument)
    with tempfile.TemporaryDirectory() as folder:
        journal = a_journal(Path(folder))
        journal.add(facts)

        assert open_run(journal.folder).facts == (facts,)


@pytest.mark.parametrize("why", [None, "regression of e2e"])
def test_how_far_a_cell_got_comes_back_as_it_was(
    tmp_path: Path, why: str | None
) -> None:
    """Planned, used and why; a line of an older version has none of it."""
    stopping = Stopping(planned=40, used=12, why=why)
    journal = a_journal(tmp_path)
    journal.add(replace(some_facts(), stopping=stopping))

    assert open_run(journal.folder).facts == (replace(some_facts(), stopping=stopping),)
    old = json_object(some_facts())
    del old["stopping"]
    assert facts_of(old).stopping is None
    with pytest.raises(ValueError, match="stopping"):
        facts_of({**old, "stopping": {"planned": "40", "used": 12, "why": why}})


@given(st.none() | TRANSPORTS, st.none() | st.integers(0, 99))
def test_what_the_network_did_comes_back_as_it_was(
    transport: Transport | None, spread: int | None
) -> None:
    """Retries and their reasons, and tokens of which only the sum was told."""
    timing = replace(a_timing(0.5, 1.0), spread_tokens=spread, sent_ns=7)

    record = replace(a_record(), transport=transport, timing=timing)

    assert back(record) == [record]


def test_rounds_of_a_sample_are_kept_apart(tmp_path: Path) -> None:
    """A load that went round twice has two records of each sample."""
    journal = a_journal(tmp_path)
    records = [
        replace(a_record(sample), round=number)
        for number in (0, 1)
        for sample in ("s1", "s2")
    ]
    for record in records:
        journal.add(record)

    assert records_in(journal) == records


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("records.jsonl", lambda journal: journal.add(a_record())),
        ("claims.jsonl", lambda journal: journal.claim("c", test="t", asked="a")),
    ],
)
def test_a_full_disk_is_told_in_a_sentence(
    tmp_path: Path, name: str, write: Callable[[Journal], object]
) -> None:
    """Where, why and what to do; what was written before stays."""
    journal = Journal(tmp_path / "run")
    journal.open({"id": "run"})
    (journal.folder / name).symlink_to(FULL)

    with pytest.raises(RunNotWritten, match=r"No space left on device.*make room") as e:
        write(journal)

    assert str(e.value).startswith(str(journal.folder / name))
    assert (journal.folder / "run.json").is_file()


def test_half_a_record_spoils_no_other(tmp_path: Path) -> None:
    """When there is room again, the next line is a line of its own."""
    resource = pytest.importorskip("resource")
    journal = Journal(tmp_path / "run")
    journal.open({"id": "run"})
    journal.add(a_record(sample="first"))
    size = (journal.folder / "records.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, hard))
    try:
        with pytest.raises(RunNotWritten):
            journal.add(a_record(sample="second"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    journal.add(a_record(sample="third"))

    lines = (journal.folder / "records.jsonl").read_bytes().splitlines()
    assert len(lines) == 3
    assert [parsed(line)["sample"] for line in (lines[0], lines[2])] == [
        "first",
        "third",
    ]


BACKWARDS = a_timing(0.5, 1.0, 1.5)


@pytest.mark.parametrize(
    "edited",
    [
        replace(BACKWARDS, start_ns=9 * 10**9),
        replace(BACKWARDS, end_ns=-600_000_000),
        replace(BACKWARDS, end_ns=10**9),
        replace(BACKWARDS, stamps_ns=BACKWARDS.stamps_ns[::-1]),
        replace(BACKWARDS, stamps_ns=(10**9, 5 * 10**8, 15 * 10**8)),
        replace(BACKWARDS, sent_ns=-1),
        replace(BACKWARDS, reasoning_ns=10**12),
        replace(BACKWARDS, thought_end_ns=-1),
        replace(BACKWARDS, stamp_tokens=(1, -1, 1)),
        replace(BACKWARDS, spread_tokens=-3),
    ],
    ids=repr,
)
def test_a_clock_that_goes_backwards_is_no_record(edited: Timing) -> None:
    """An edited line would give an e2e below 0 s, or a negative time per token."""
    line = json_object(a_record(timing=edited))

    with pytest.raises(ValueError, match="not what it should be"):
        record_of(line)
    assert record_of(json_object(a_record(timing=BACKWARDS))).timing == BACKWARDS


@pytest.mark.parametrize("quality", [7.0, -0.1, 1.001])
def test_a_quality_beyond_its_bounds_is_no_record(quality: float) -> None:
    """Right answers are 1 and wrong ones 0, and a mean of them lies between."""
    with pytest.raises(ValueError, match="not what it should be"):
        record_of(json_object(a_record(value=quality)))


@pytest.mark.parametrize(
    "name", ["prompt_tokens", "output_tokens", "thought_tokens", "cached_tokens"]
)
def test_a_count_below_zero_is_no_record(name: str) -> None:
    """There are no fewer tokens than none."""
    with pytest.raises(ValueError, match="not what it should be"):
        record_of(json_object(a_record()) | {name: -1})
