"""Figures told apart by turn, length and depth, and the tables of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.breakdowns import breakdown
from pytest_llmlat.report.breakdown_tables import breakdown_lines, breakdown_tables
from pytest_llmlat.values.results import Scoreboard, Summary
from tests.unit.boards import a_summary
from tests.unit.builders import a_record, a_timing, an_error, an_overflow

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def board_of(*summaries: Summary) -> Scoreboard:
    """Return a scoreboard of cells alone."""
    return Scoreboard(summaries=summaries, standings=())


def a_summary_of(model: str, records: list[Record]) -> Summary:
    """Return the summary of a model with the breakdown of some records."""
    plain = a_summary("s")
    return replace(
        plain, cell=replace(plain.cell, model=model), breakdown=breakdown(records)
    )


def turn(number: int, value: float, ttft_s: float, *, graded: bool = True) -> Record:
    """Return the record of a turn."""
    return replace(
        a_record(f"a#{number}", value=value, timing=a_timing(ttft_s, ttft_s + 1)),
        conversation="a",
        turn=number,
        continues=number > 1,
        graded=graded,
        cached_tokens=0 if number == 1 else 4,
    )


def place(length: str, depth: str, value: float) -> Record:
    """Return the record of a needle."""
    marks = (("length", length), ("depth", depth))
    return replace(a_record(f"{length} {depth}", value=value), groups=marks)


def test_turns_are_told_apart_in_their_order() -> None:
    """Quality of graded ones alone; latencies and kept tokens of all."""
    records = [turn(2, 1.0, 0.1), turn(1, 0.0, 0.4, graded=False), turn(2, 0.0, 0.1)]

    first, second = breakdown(records)

    assert (first.by, first.values) == (("turn",), ("1",))
    assert (first.samples, first.graded, first.quality) == (1, 0, None)
    assert first.ttft_p50_s == pytest.approx(0.4)
    assert (second.values, second.samples, second.quality) == (("2",), 2, 0.5)
    assert second.ttft_p50_s == pytest.approx(0.1)
    assert (first.cached_share, second.cached_share) == (0.0, 0.8)


def test_two_columns_are_told_each_alone_and_together() -> None:
    """In the order in which they were asked."""
    lengths, depths = ("1k", "2k"), ("0%", "9%")
    records = [place(x, y, float(x == "1k")) for x in lengths for y in depths]

    found = {(g.by, g.values): g.quality for g in breakdown(records)}

    both = ("length", "depth")
    assert found == {
        (("length",), ("1k",)): 1.0,
        (("length",), ("2k",)): 0.0,
        (("depth",), ("0%",)): 0.5,
        (("depth",), ("9%",)): 0.5,
        (both, ("1k", "0%")): 1.0,
        (both, ("1k", "9%")): 1.0,
        (both, ("2k", "0%")): 0.0,
        (both, ("2k", "9%")): 0.0,
    }


def test_an_overflow_is_seen_beside_its_quality() -> None:
    """A 0 that nobody answered is no 0 of the model; nor is an error."""
    marks = (("length", "8k"),)
    records = [
        place("1k", "0%", 1.0),
        replace(an_overflow(), groups=marks),
        replace(an_error(), groups=marks),
    ]

    _, long, *_ = breakdown(records)

    assert (long.quality, long.context_overflows, long.errors) == (0.0, 1, 1)


def test_words_stand_where_nobody_counts_tokens() -> None:
    """A server that counts none still has prompts of a known length."""
    records = [replace(place(x, "0%", 1.0), prompt_tokens=None) for x in ("1k", "2k")]
    asked = [replace(record, prompt="one two " * 3) for record in records]

    table, *_ = breakdown_tables(board_of(a_summary_of("one", asked)))

    assert [row[table.header.index("prompt tokens")] for row in table.rows] == [
        *("6 words", "6 words"),
    ]


def test_there_is_nothing_where_all_are_of_one_group() -> None:
    """Nor without any groups: ordinary tasks have no such table."""
    assert breakdown([a_record(), a_record("s2")]) == ()
    assert breakdown([turn(1, 1.0, 0.1)]) == ()
    assert breakdown([]) == ()


def test_a_table_has_the_groups_of_all_models() -> None:
    """And no column for what no server tells."""
    records = [turn(1, 1.0, 0.4), turn(2, 0.0, 0.1, graded=False)]
    told = a_summary_of("one", records)
    untold = a_summary_of("two", [replace(r, cached_tokens=None) for r in records])

    (both,) = breakdown_tables(board_of(told, untold))
    (alone,) = breakdown_tables(board_of(untold))

    assert [row[:4] for row in both.rows] == [
        ("one on cpu", "1", "1", "1.000"),
        ("one on cpu", "2", "1, 0 graded", "-"),
        ("two on cpu", "1", "1", "1.000"),
        ("two on cpu", "2", "1, 0 graded", "-"),
    ]
    assert [row[7] for row in both.rows] == ["0%", "80%", "-", "-"]
    assert "cached" not in alone.header
    assert breakdown_lines(board_of(a_summary_of("three", []))) == []
