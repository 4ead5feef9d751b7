"""A baseline comes back as it was measured, or not at all."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells, items_of
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.store.baselines import (
    Baseline,
    baseline_files,
    digest_of,
    load,
    prune,
    save,
)
from pytest_llmlat.store.baselines.columns import pack, unpack
from pytest_llmlat.values.cell_facts import Contention
from pytest_llmlat.values.errors import BadBaseline
from pytest_llmlat.values.records import Grade, Record
from pytest_llmlat.values.results import Distribution
from pytest_llmlat.values.timing import Timing
from tests.unit.builders import (
    a_cell,
    a_grade,
    a_record,
    a_sample,
    a_task,
    a_timing,
    an_error,
    an_overflow,
    some_facts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar

MACHINE: dict[str, Scalar | None] = {
    "python": "3.13.1",
    "cpu": "A",
    "cores": 2,
    "gpus": None,
    "turbo": True,
}
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TOKENS = st.integers(0, 4)
GAPS = st.integers(0, 10**12)


def saved(
    path: Path,
    records: Sequence[Record],
    facts: Sequence[CellFacts] | None = None,
    *,
    created: str = "2026-11-23T02:00:00Z",
) -> Path:
    """Save records as a baseline; each cell was planned as it was measured."""
    counts = Counter(record.cell for record in records)
    if facts is None:
        facts = [some_facts(cell, planned=n) for cell, n in counts.items()]
    save(
        path,
        facts=facts,
        records=records,
        environment=MACHINE,
        created=created,
        plugin="0.3.0",
    )
    return path


def back(records: Sequence[Record]) -> Baseline:
    """Save records and load them again."""
    with tempfile.TemporaryDirectory() as folder:
        return load(saved(Path(folder) / "base.json", records))


def without_texts(record: Record) -> Record:
    """Return what of a record is to come back, its timing aside."""
    return replace(
        record,
        prompt="",
        reference="",
        answer=None,
        extracted=None,
        error=None,
        transport=None,
        timing=None,
        grade=replace(
            record.grade, note=None, details=tuple(sorted(record.grade.details))
        ),
    )


def of_run(content: dict[str, Any]) -> dict[str, Any]:
    """Return the one run of a file."""
    (run,) = content["runs"]
    found: dict[str, Any] = run
    return found


def durations(record: Record) -> tuple[object, ...] | None:
    """Return whatever statistics read off a timing."""
    timing = record.timing
    if timing is None:
        return None
    return (
        *(timing.e2e_s, timing.ttft_s, timing.tpot_s, timing.queue_s, timing.ttfr_s),
        *(timing.later_tokens, timing.grouped, sum(timing.stamp_tokens)),
        *(timing.end_ns - timing.start_ns, len(timing.stamps_ns)),
        *(len(timing.stamp_tokens), timing.thinking_s, timing.answering_s),
    )


@st.composite
def timings(draw: Callable[[Any], Any]) -> Timing:
    """Return clock readings in order, from anywhere on the clock."""
    start = draw(st.integers(0, 2**62))
    gaps = draw(st.lists(GAPS, max_size=5))
    stamps = [start + sum(gaps[: n + 1]) for n in range(len(gaps))]
    optional = st.none() | GAPS.map(lambda gap: start + gap)
    return Timing(
        start_ns=start,
        end_ns=(stamps[-1] if stamps else start) + draw(GAPS),
        stamps_ns=tuple(stamps),
        stamp_tokens=tuple(draw(TOKENS) for _ in stamps),
        spread_tokens=draw(st.none() | st.integers(0, 99)),
        reasoning_ns=draw(optional),
        sent_ns=draw(optional),
        thought_end_ns=draw(optional),
    )


@st.composite
def cells_of_records(draw: Callable[[Any], Any]) -> list[Record]:
    """Return the records of one cell, as strange as records can be."""
    width = draw(st.integers(0, 6))
    count = st.integers(0, 40).map(float) | FLOATS
    visits = st.lists(
        st.tuples(st.text(max_size=5), st.integers(0, 2)),
        min_size=1,
        max_size=6,
        unique=True,
    )
    return [
        replace(
            a_record(sample),
            round=number,
            difficulty=draw(st.sampled_from([None, "easy", "Level 5", "3"])),
            finish=draw(
                st.sampled_from(["stop", "length", "context", "timeout", "error"])
            ),
            timing=draw(st.none() | timings()),
            answer=draw(st.none() | st.text(max_size=3)),
            prompt_tokens=draw(st.none() | st.integers(0, 9)),
            output_tokens=draw(st.none() | st.integers(0, 9)),
            token_source=draw(st.sampled_from([None, "tokenizer", "usage"])),
            grade=Grade(
                value=draw(st.floats(0, 1)),
                correct=draw(st.none() | st.booleans()),
                details=tuple(
                    (name, draw(FLOATS)) for name in ("b", "a") if draw(st.booleans())
                ),
                counts=tuple(draw(count) for _ in range(width)),
            ),
            unparsed=draw(st.booleans()),
            truncated=draw(st.booleans()),
            refused=draw(st.booleans()),
            empty=draw(st.booleans()),
            thought_tokens=draw(st.none() | st.integers(0, 9)),
            cached_tokens=draw(st.none() | st.integers(0, 9)),
            cut_in_thought=draw(st.booleans()),
            cluster=draw(st.none() | st.text(max_size=3)),
            conversation=draw(st.none() | st.text(max_size=3)),
            turn=draw(st.none() | st.integers(1, 9)),
            continues=draw(st.booleans()),
            graded=draw(st.booleans()),
            temperature=draw(st.none() | st.floats(0, 9)),
            top_p=draw(st.none() | st.floats(0, 1)),
            seed=draw(st.none() | st.integers(0, 2**31)),
            budget_s=draw(st.floats(0, 1e9)),
            chance=draw(FLOATS),
        )
        for sample, number in draw(visits)
    ]


@pytest.mark.slow
@settings(deadline=None)
@given(cells_of_records())
@example([an_error()])
@example([a_record("a", value=0.0), a_record("b", value=-0.0)])
@example([replace(a_record(), timing=a_timing(1.0, tokens=[3]))])
@example([an_overflow()])
@example([replace(a_record("\ud83d"), answer="\udcff")])
def test_records_come_back_as_they_were(records: list[Record]) -> None:
    """Grades bit by bit, durations to the nanosecond, flags, rounds and absences."""
    (cell,) = back(records).cells
    found = [without_texts(record) for record in cell.records]
    expected = [without_texts(record) for record in records]

    assert found == expected
    # 0.0 equals -0.0.
    assert [repr(r.grade.value) for r in found] == [
        repr(r.grade.value) for r in records
    ]
    assert list(map(durations, cell.records)) == list(map(durations, records))
    assert all(r.timing is None or r.timing.start_ns == 0 for r in cell.records)


def test_columns_of_thoughts_are_only_where_there_are_thoughts() -> None:
    """A file of models that do not think is read by older versions too."""
    plain, cut = a_record(), replace(a_record(), cut_in_thought=True)

    assert "cut_in_thought" not in pack([plain])
    assert pack([cut])["cut_in_thought"] == 1
    (record, _), *_ = unpack(plain.cell, pack([plain]))
    assert (record.thought_tokens, record.cut_in_thought) == (None, False)


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    """What the run was made on, of each cell its revision, backend and disturbances."""
    busy = Contention(
        others_cores=3.0,
        steal=None,
        load_average=None,
        throttled=None,
        gpu_processes=None,
        contended="3 cores were taken",
    )
    facts = replace(
        some_facts(),
        backend=(("z", None), ("a", True), ("c", 1), ("d", 0.5), ("e", "x\n\u2028")),
        contention=busy,
        warnings=("a tracer was active",),
    )
    other = replace(some_facts(a_cell("other")), task_revision=None)
    records = [a_record(), a_record(cell=other.cell)]
    path = saved(tmp_path / "base.json", records, [facts, other])

    baseline = load(path)

    assert baseline.name == str(path)
    (run,) = baseline.runs
    assert (run.id, run.plugin) == ("2026-11-23T02:00:00Z", "0.3.0")
    assert run.environment == MACHINE
    assert type(run.environment["turbo"]) is bool
    first, second = baseline.cells
    assert (first.cell, second.cell) == (facts.cell, other.cell)
    assert (first.task_revision, second.task_revision) == (facts.task_revision, None)
    assert first.backend == facts.backend
    assert (first.contended, second.contended) == ("3 cores were taken", None)
    assert (first.warnings, second.warnings) == (facts.warnings, ())


def test_what_comes_back_is_of_the_same_types() -> None:
    """Whole floats stay floats and truth values stay such."""
    record = replace(
        a_record(), grade=Grade(value=1.0, correct=True, counts=(3.0, 2.0))
    )
    (found,) = back([record]).cells[0].records

    assert type(found.grade.value) is float
    assert type(found.grade.correct) is bool
    assert type(found.unparsed) is bool
    assert {type(count) for count in found.grade.counts} == {float}
    assert hash(found)


def test_statistics_are_those_of_the_run() -> None:
    """Latencies, rates, quality and speed, without a change to their code."""
    records = [
        *(translated(number) for number in range(12)),
        replace(an_error("broken", cell=a_cell()), grade=translated(0).grade),
        replace(translated(12), sample="late", finish="timeout"),
    ]
    facts = some_facts(planned=len(records))
    (cell,) = back(records).cells

    before = summarise(facts, records, balance="geometric")
    after = summarise(facts, cell.records, balance="geometric")

    # Stamps between the first and the last are not kept, and no gap is invented.
    figures = tuple(
        (name, Distribution() if name == "itl_s" else figure)
        for name, figure in before.figures
    )
    assert after == replace(before, figures=figures)
    assert dict(before.figures)["itl_s"] != Distribution()
    (then,) = bootstrap_cells([items_of(records)], 1)
    (again,) = bootstrap_cells([items_of(cell.records)], 1)
    assert (again.quality_draws == then.quality_draws).all()


def translated(number: int) -> Record:
    """Return an answer to a translation task, with counts of real sentences."""
    draw = random.Random(number)  # noqa: S311 - no secret
    words = ("the", "old", "harbour", "was", "quiet", "when", "our", "train", "came")
    right = " ".join(draw.choices(words, k=draw.randint(8, 30)))
    said = " ".join(word for word in right.split() if draw.random() > 0.3)
    sample = a_sample(f"newstest2019-{number:05}", reference=right)
    task = a_task("translation/deen", metric="chrf++")
    first, gaps = draw.uniform(0.05, 0.4), [draw.uniform(0.01, 0.04) for _ in range(40)]
    stamps = [first + sum(gaps[:place]) for place in range(len(gaps))]
    return replace(
        a_record(sample.id),
        answer=said,
        timing=a_timing(*stamps, end_s=stamps[-1] + draw.uniform(0, 0.001)),
        prompt_tokens=draw.randint(40, 120),
        output_tokens=len(stamps),
        metric="chrf++",
        grade=a_grade("chrf++", said, task, sample),
    )


@pytest.mark.slow
def test_a_thousand_translations_fit_into_a_commit(tmp_path: Path) -> None:
    """200 kB at most, 34 counts and two scores of each answer included."""
    records = [translated(number) for number in range(1000)]
    path = saved(tmp_path / "base.json", records)
    (cell,) = load(path).cells

    assert path.stat().st_size <= 200_000
    assert [r.grade for r in cell.records] == [r.grade for r in records]


def test_the_top_is_for_people(tmp_path: Path) -> None:
    """What a reviewer looks for stands first, one thing a line; long lines follow."""
    records = [a_record(f"s{n}", value=n % 2, timing=a_timing(n + 1)) for n in range(4)]
    lines = saved(tmp_path / "base.json", records).read_text("ascii").splitlines()

    assert lines[1] == ' "kind": "pytest-llmlat baseline",'
    assert '   "created": "2026-11-23T02:00:00Z",' in lines
    assert '    "cpu": "A",' in lines
    assert f'    "{a_cell().id}": {{' in lines
    for told in ('"records": 4,', '"mean_grade": 0.5,', '"e2e_p50_s": 2.0'):
        assert f"     {told}" in lines
    assert '      "sample": ["s0","s1","s2","s3"],' in lines


def test_the_overview_does_not_flatter(tmp_path: Path) -> None:
    """A time-out counts as slow: where half timed out, there is no median."""
    late = replace(a_record("late"), finish="timeout")
    records = [a_record(), late, replace(late, sample="later")]
    text = saved(tmp_path / "base.json", records).read_text("ascii")

    assert '"e2e_p50_s": null' in text


def test_answers_are_told_apart_by_digest() -> None:
    """A fresh record has the digest that was stored; no answer has none."""
    records = [
        replace(a_record("a"), answer="four"),
        replace(a_record("a"), answer="4", round=1),
        replace(a_record("b"), answer=""),
        an_error("c"),
    ]
    (cell,) = back(records).cells

    assert cell.answers == {(r.sample, r.round): digest_of(r) for r in records}
    assert len(set(cell.answers.values())) == 4
    assert cell.answers["c", 0] is None
    assert digest_of(records[1]) == "4b227777"


def test_no_text_of_a_model_is_stored(tmp_path: Path) -> None:
    """A baseline is committed: answers, prompts and messages are not for everyone."""
    record = replace(
        a_record(),
        prompt="SECRET1",
        reference="SECRET2",
        answer="SECRET3",
        extracted="SECRET4",
        error="SECRET5",
        grade=Grade(value=0.0, note="SECRET6"),
    )

    assert "SECRET" not in saved(tmp_path / "base.json", [record]).read_text("ascii")


@pytest.mark.parametrize(
    ("facts", "records", "told"),
    [
        ([some_facts(planned=2)], [a_record()], "has 1 of 2 records"),
        ([some_facts(planned=2)], [a_record(), a_record()], "has 1 of 2 records"),
        ([some_facts()], [], "has 0 of 1 records"),
        ([some_facts(planned=0)], [], "has 0 of 0 records"),
        ([some_facts(finished=False)], [a_record()], "was not finished"),
        ([], [a_record()], "was never described"),
        ([], [], "no cell was measured"),
    ],
)
def test_a_run_with_holes_is_no_baseline(
    tmp_path: Path, facts: list[CellFacts], records: list[Record], told: str
) -> None:
    """It is refused, with the cells' names, and an older file stays as it was."""
    path = saved(tmp_path / "base.json", [a_record()])
    before = path.read_bytes()

    with pytest.raises(BadBaseline, match="run them whole") as caught:
        saved(path, records, facts)

    assert told in str(caught.value)
    assert not (facts or records) or a_cell().id in str(caught.value)
    assert path.read_bytes() == before


def test_many_holes_are_not_all_named(tmp_path: Path) -> None:
    """A message can be read; that there are more is said."""
    facts = [some_facts(a_cell(f"m{number}")) for number in range(8)]

    with pytest.raises(BadBaseline, match="; and 3 more; run"):
        saved(tmp_path / "base.json", [], facts)


@pytest.mark.parametrize(
    "record",
    [
        a_record(value=float("nan")),
        replace(a_record(), budget_s=float("inf")),
        replace(a_record(), timing=a_timing(-1.0, end_s=2.0)),
        replace(a_record(), timing=a_timing(2.0, end_s=1.0)),
    ],
)
def test_what_could_not_be_read_again_is_not_saved(
    tmp_path: Path, record: Record
) -> None:
    """A number that is none or runs backwards is refused before a file is there."""
    with pytest.raises(BadBaseline, match="not saved"):
        saved(tmp_path / "base.json", [record])

    assert list(tmp_path.iterdir()) == []


def test_saving_replaces_in_one_go(tmp_path: Path) -> None:
    """New folders are made, nothing else is left beside, links are followed."""
    path = saved(tmp_path / "new" / "base.json", [a_record()])
    link = tmp_path / "link.json"
    link.symlink_to(path)

    saved(link, [a_record("other")], created="2026-11-24T02:00:00Z")

    assert [one.name for one in path.parent.iterdir()] == ["base.json"]
    assert link.is_symlink()
    assert load(path).cells[0].records[0].sample == "other"


def test_runs_are_stored_side_by_side(tmp_path: Path) -> None:
    """Each keeps its own records; what is asked of a cell is what the newest says."""
    path = saved(tmp_path / "base.json", [a_record("old")])
    saved(path, [a_record("new")], created="2026-11-24T02:00:00Z")

    found = load(path)

    assert [run.id for run in found.runs] == [
        "2026-11-23T02:00:00Z",
        "2026-11-24T02:00:00Z",
    ]
    assert [cell.records[0].sample for run in found.runs for cell in run.cells] == [
        "old",
        "new",
    ]
    assert [cell.records[0].sample for cell in found.cells] == ["new"]


def test_a_run_is_stored_once(tmp_path: Path) -> None:
    """The same run twice would say that runs do not differ."""
    path = saved(tmp_path / "base.json", [a_record()])
    before = path.read_bytes()

    with pytest.raises(BadBaseline, match="has the run of 2026-11-23T02:00:00Z alread"):
        saved(path, [a_record("other")])

    assert path.read_bytes() == before


def test_nothing_is_added_to_a_file_that_was_edited(tmp_path: Path) -> None:
    """A new checksum would make the edit look measured."""
    path = saved(tmp_path / "base.json", [a_record()])
    path.write_text(path.read_text().replace("0.3.0", "0.3.1"))

    with pytest.raises(BadBaseline, match="was changed after it was saved"):
        saved(path, [a_record()], created="2026-11-24T02:00:00Z")


def test_runs_can_be_left_out(tmp_path: Path) -> None:
    """By their numbers; one at least stays."""
    path = tmp_path / "base.json"
    for day in (3, 4, 5):
        saved(path, [a_record()], created=f"2026-11-2{day}T02:00:00Z")

    left = prune(path, keep={1, 3})

    assert left == load(path)
    assert [run.id[:10] for run in left.runs] == ["2026-11-23", "2026-11-25"]
    with pytest.raises(BadBaseline, match="none of its 2 runs would be left"):
        prune(path, keep={3})


def test_the_first_form_held_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of an earlier version is read, and others are stored beside its run."""
    path = saved(tmp_path / "base.json", [a_record("old")])
    one = of_run(json.loads(path.read_text()))
    monkeypatch.setattr(baseline_files, "SCHEMA", 1)
    path.write_text(baseline_files.signed(one))
    monkeypatch.undo()

    assert [run.id for run in load(path).runs] == ["2026-11-23T02:00:00Z"]
    saved(path, [a_record("new")], created="2026-11-24T02:00:00Z")
    assert [
        cell.records[0].sample for run in load(path).runs for cell in run.cells
    ] == [
        "old",
        "new",
    ]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs neither the old baseline nor leaves half of a new one."""
    path = saved(tmp_path / "base.json", [a_record()])
    before = path.read_bytes()

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadBaseline, match="no space left"):
        saved(path, [a_record("other")], created="2026-11-24T02:00:00Z")

    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["base.json"]


def test_a_folder_cannot_be_written_or_read(tmp_path: Path) -> None:
    """The message says which name was wrong, and what to give instead."""
    with pytest.raises(BadBaseline, match="cannot be written"):
        saved(tmp_path, [a_record()])
    with pytest.raises(BadBaseline, match="is a folder; give the file"):
        load(tmp_path)
