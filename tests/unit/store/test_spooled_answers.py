"""What a load left behind that was cut off is read, as far as it came."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.store.journal import Journal
from pytest_llmlat.store.json_lines import json_object, parsed
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.store.spooled_answers import (
    FOLDER,
    Spool,
    SpooledLoad,
    copy_spool,
    raw_response,
    spooled,
    spooled_records,
)
from pytest_llmlat.values.answered_record import with_response
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.records import Generation, Record, Request, Response
from pytest_llmlat.values.sampling import Sampling
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from pathlib import Path

CELL = a_cell(scenario="concurrent:2")
REQUEST = Request(prompt="?", chat=True, max_new_tokens=8, stop=("\n",))
ASKED = [
    (replace(an_error(name, cell=CELL), timing=None, error=None, graded=False), REQUEST)
    for name in ("a", "b", "c")
]
ANSWERS = [
    Response(
        generation=Generation(
            text=f"\u2028 {number} \ud83d",
            finish="stop",
            prompt_tokens=5,
            output_tokens=number,
            token_source="usage",  # noqa: S106 - no secret
            sampling=Sampling(temperature=0.5, top_p=0.9, seed=number),
        ),
        timing=a_timing(1.0, 1.0 + number),
        error=None,
    )
    for number in (1, 2)
]
BROKEN = Response(generation=None, timing=a_timing(end_s=1), error="E: gone")


class Killed(LLMLatError):
    """Stands for whatever ends a load before its answers are records."""


def a_spool(folder: Path, *answers: tuple[int, Response | None]) -> Path:
    """Leave behind what a load leaves that is cut off; ``None`` begins anew."""
    load = SpooledLoad(cell=CELL, backend=None, server="here", asked=ASKED)

    def cut_off() -> None:
        with Spool(folder, load, raw_response) as spool:
            for place, answer in answers:
                if answer is None:
                    spool.forget()
                else:
                    spool.put(place, answer)
            raise Killed

    with pytest.raises(Killed):
        cut_off()
    ((path, cell),) = spooled(folder)
    assert cell == CELL
    return path


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    """With times and tokens, and without a grade, which nobody gave them."""
    path = a_spool(tmp_path, (2, ANSWERS[0]), (0, ANSWERS[1]), (1, BROKEN))

    found = spooled_records(path, CELL)

    assert found == [
        with_response(ASKED[place][0], answer)
        for place, answer in ((2, ANSWERS[0]), (0, ANSWERS[1]), (1, BROKEN))
    ]
    assert [(r.sample, r.answer, r.temperature, r.graded) for r in found] == [
        ("c", "\u2028 1 \ud83d", 0.5, False),
        ("a", "\u2028 2 \ud83d", 0.5, False),
        ("b", None, None, False),
    ]


def test_what_is_measured_anew_is_forgotten(tmp_path: Path) -> None:
    """Batches that were too large leave nothing to those of half the size."""
    path = a_spool(tmp_path, (0, ANSWERS[0]), (0, None), (1, ANSWERS[1]))

    assert [record.sample for record in spooled_records(path, CELL)] == ["b"]


def test_a_load_that_is_recorded_leaves_nothing(tmp_path: Path) -> None:
    """Its answers are in the records, and not twice on the disk."""
    load = SpooledLoad(cell=CELL, backend=None, server="here", asked=ASKED)

    with Spool(tmp_path, load, raw_response) as spool:
        spool.put(0, ANSWERS[0])

    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_a_file_that_is_cut_off_loses_what_was_last(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever it ends, each answer is there that is there whole."""
    path = a_spool(
        tmp_path_factory.mktemp("cut"), *((n % 3, ANSWERS[n % 2]) for n in range(3))
    )
    content = path.read_bytes()
    ends = [n + 1 for n, byte in enumerate(content) if byte == ord("\n")][4:]
    begin = ends[0] - 1 - content[: ends[0] - 1][::-1].index(b"\n")
    cut = data.draw(st.integers(begin, len(content)))
    path.write_bytes(content[:cut])

    found = spooled_records(path, CELL)

    assert len(found) == sum(end <= cut for end in ends)


@given(st.data())
def test_a_file_with_a_false_byte_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A figure that is none becomes no record."""
    path = a_spool(tmp_path_factory.mktemp("false"), (0, ANSWERS[0]), (1, BROKEN))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
        st.sampled_from(b'\n{}[]",x90-')
    )
    path.write_bytes(content)

    found: list[Record] = []
    with suppress(ValueError):
        found = spooled_records(path, CELL)

    for record in found:
        assert record_of(parsed(json.dumps(json_object(record)).encode())) == record


@pytest.mark.parametrize("size", [-1, 10**12, 2**62, 10**400])
def test_an_answer_of_a_false_size_is_cut_off(tmp_path: Path, size: int) -> None:
    """No memory is asked for that the file has nothing for."""
    path = a_spool(tmp_path, (0, ANSWERS[0]), (1, ANSWERS[1]))
    *lines, last = path.read_bytes().splitlines(keepends=True)
    told = {**json.loads(last), "sizes": [size]}
    path.write_bytes(b"".join((*lines, json.dumps(told).encode(), b"\n")))

    assert [record.sample for record in spooled_records(path, CELL)] == ["a"]


@pytest.mark.parametrize("places", [10**15, 2**62, 10**400, -1])
def test_a_false_number_of_places_is_read_or_told(tmp_path: Path, places: int) -> None:
    """No more lines are read than there are."""
    path = a_spool(tmp_path, (0, ANSWERS[0]))
    first, rest = path.read_bytes().split(b"\n", 1)
    told = {**json.loads(first), "places": places}
    path.write_bytes(json.dumps(told).encode() + b"\n" + rest)

    with suppress(ValueError):
        assert spooled_records(path, CELL) == []


def test_a_run_that_was_killed_has_its_load_s_answers(tmp_path: Path) -> None:
    """Where there is a record too, it counts; the others are told to have no grade."""
    journal = Journal(tmp_path / "r1")
    journal.open({"id": "r1", "started": "2026-01-01T00:00:00+00:00"})
    journal.add(some_facts(cell=CELL, finished=False, planned=3))
    journal.add(a_record("b", cell=CELL))
    a_spool(journal.folder, (0, ANSWERS[0]), (1, ANSWERS[1]))

    told: list[str] = []
    ((cell, found),) = records_of(open_run(journal.folder), tell=told.append)

    assert cell == CELL
    assert [(r.sample, r.graded) for r in found] == [("b", True), ("a", False)]
    assert told == [
        (
            f"{CELL.id}: its load was cut off; 1 of its answers had no grade yet and"
            " count for no figure of quality"
        )
    ]


def test_a_report_has_what_its_run_has_left(tmp_path: Path) -> None:
    """And nothing that an earlier one had."""
    run, report = tmp_path / "run", tmp_path / "report"
    a_spool(run, (0, ANSWERS[0]))

    copy_spool(run, report)
    copy_spool(run, run)

    ((path, _),) = spooled(report)
    assert spooled_records(path, CELL) == [with_response(ASKED[0][0], ANSWERS[0])]
    copy_spool(tmp_path / "other", report)
    assert [*spooled(report)] == []
    assert len([*spooled(run)]) == 1


def test_what_is_no_spool_is_told(tmp_path: Path) -> None:
    """Of a folder that somebody filled with something else."""
    journal = Journal(tmp_path / "r1")
    journal.open({"id": "r1", "started": "2026-01-01T00:00:00+00:00"})
    journal.add(some_facts(cell=CELL, finished=False))
    path = a_spool(journal.folder, (0, ANSWERS[0]))
    (journal.folder / FOLDER / "other.raw").write_bytes(b"\x00\xff")
    head = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(head.replace(b'"places": 3', b'"places": "x"') + b"\n")

    told: list[str] = []
    ((_, found),) = records_of(open_run(journal.folder), tell=told.append)

    assert found == []
    assert "left out, for it cannot be read" in told[0]
