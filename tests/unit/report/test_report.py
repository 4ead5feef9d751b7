"""Figures for people and for programs: what is missing is never a 0."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.report.figures import (
    MISSING,
    bounds,
    printable,
    rate,
    ratio,
    seconds,
    size,
    table,
)
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.cell_facts import unbegun
from pytest_llmlat.values.results import Estimate
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
    an_overflow,
    some_facts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

HOSTILE = "\x1b[2J\r\nevil\u202e\u200b\x07|<b>"


def a_board(*models: str, seconds_each: Sequence[float] = (0.5, 2.0)) -> Scoreboard:
    """Return a board of models; each is right once and wrong once."""
    records = [
        record
        for model, time in zip(models, seconds_each, strict=False)
        for record in (
            a_record("s1", cell=a_cell(model), timing=a_timing(time / 2, time)),
            a_record("s2", cell=a_cell(model), value=0.0, timing=a_timing(time)),
        )
    ]
    return board_of(records)


def board_of(records: Sequence[Record], planned: int | None = None) -> Scoreboard:
    """Return the board of these records."""
    cells = dict.fromkeys(record.cell for record in records)
    facts = [
        some_facts(
            cell, planned=planned or sum(record.cell == cell for record in records)
        )
        for cell in cells
    ]
    return scoreboard(facts, records, balance="geometric", seed=0)


def an_empty_board() -> Scoreboard:
    """Return a board of a cell that was begun and measured nothing."""
    facts = [some_facts(planned=3, finished=False)]
    return scoreboard(facts, [], balance="geometric", seed=0)


@pytest.mark.parametrize("write", [ratio, seconds, rate, size])
def test_what_is_missing_is_a_dash(write: Callable[[None], str]) -> None:
    """A figure that could not be measured does not look like one that could."""
    assert write(None) == MISSING == "-"


def test_a_missing_figure_has_no_bounds() -> None:
    """Nor has a figure without an interval."""
    assert bounds(Estimate(value=None)) == "- [no interval]"
    assert bounds(Estimate(value=0.5)) == "0.500 [no interval]"
    assert bounds(Estimate(value=0.5, low=0.25, high=0.75)) == "0.500 [0.25, 0.75]"


@pytest.mark.parametrize(
    ("write", "value", "expected"),
    [
        (ratio, 0.0, "0.000"),
        (ratio, 0.12345, "0.123"),
        (seconds, 0.0, "0.00 µs"),
        (seconds, 0.000_012, "12.0 µs"),
        (seconds, 0.001, "1.00 ms"),
        (seconds, 0.0054, "5.40 ms"),
        (seconds, 0.05, "50.0 ms"),
        (seconds, 0.25, "250 ms"),
        (seconds, 0.9996, "1.00 s"),
        (seconds, 1.0, "1.00 s"),
        (seconds, 99.96, "100 s"),
        (seconds, 12.34, "12.3 s"),
        (rate, 9.87, "9.9"),
        (rate, 123.4, "123"),
        (rate, 12_345.6, "12,346"),
        (size, 0, "0 MB"),
        (size, 512_000_000, "512 MB"),
        (size, 1_500_000_000, "1.50 GB"),
    ],
)
def test_figures_have_their_units(
    write: Callable[[float], str], value: float, expected: str
) -> None:
    """Each size of a figure in the unit that a person reads."""
    assert write(value) == expected


@given(st.text())
@example(HOSTILE)
def test_printable_text_moves_no_cursor(text: str) -> None:
    """No control or format character is left, and no letter is lost."""
    found = printable(text)

    assert len(found) == len(text)
    assert not any(unicodedata.category(letter).startswith("C") for letter in found)
    kept = [a for a, b in zip(text, found, strict=True) if a == b]
    assert all(not unicodedata.category(a).startswith("C") for a in kept)


def test_printable_text_keeps_what_is_harmless() -> None:
    """Letters of any script, signs and blanks stay as they are."""
    assert printable("Grüße, 世界 |<b>&") == "Grüße, 世界 |<b>&"


def test_a_table_aligns_its_columns() -> None:
    """Names to the left, figures to the right, no blanks at the end."""
    lines = table(("name", "n"), [("a", "10"), ("long name", "9")], right=[1])

    assert lines == ["name        n", "a          10", "long name   9"]


def test_a_table_without_rows_is_its_header() -> None:
    """It has no width to take from rows."""
    assert table(("a", "b"), [], right=[]) == ["a  b"]


def test_a_board_of_nothing() -> None:
    """No header over no rows."""
    lines = scoreboard_lines(scoreboard([], [], balance="geometric", seed=0))

    assert lines == ["nothing was measured"]


def test_a_board_of_one_model() -> None:
    """A line for its cell, one for itself, and what to do to compare it."""
    lines = scoreboard_lines(a_board("parrot"))

    cell, row = lines[1], lines[4]
    assert lines[0].startswith("parrot on cpu")
    assert cell.split()[:3] == ["reasoning/sums", "2", "accuracy"]
    assert "0.500 [" in cell
    assert cell.split()[-1] == "-"
    assert row.split()[:5] == ["parrot", "cpu", "0.500", "0.000", "0.667"]
    assert "500 ms" in row
    assert "1.00 GB" in row
    assert lines[5].startswith("few items: so few make a score too low or too high; on")
    assert lines[6].startswith("no e2e p95 of reasoning/sums|parrot|cpu|single: it")
    assert lines[7:] == ["", lines[8]]
    assert lines[8].startswith(
        "parrot on cpu: quality 0.500, half of its answers within 500 ms, balanced"
        " score 0.577 [no interval]; name more models with --llm"
    )


def test_a_board_of_two_models_compares_them() -> None:
    """The better row first, the front, whether the weight decides, and who is best."""
    lines = scoreboard_lines(a_board("slow", "fast", seconds_each=(2.0, 0.5)))

    rows = [line.split()[:2] for line in lines[7:9]]
    assert rows == [["fast", "*"], ["slow", "cpu"]]
    assert lines[9] == "Pareto front of quality and e2e p50: fast on cpu"
    assert lines[10] == "weight of quality from 0.3 to 0.7: the ranking holds"
    assert lines[11] == "latency budgets from b/4 to 4b: the ranking holds"
    assert lines[12].startswith("beside fast on cpu: slow on cpu time +300 %, quality")
    assert lines[13].startswith("few items: ")
    assert lines[14].startswith("no e2e p95 of 2 cells: it takes 20 answers")
    assert lines[15] == ""
    assert lines[16].startswith("best balance: fast on cpu, 0.577 [")
    assert lines[16].endswith("; not distinguishable from slow on cpu")
    assert len(lines) == 17


@pytest.mark.parametrize("most", [60, 75, 88])
def test_a_narrow_terminal_goes_without_columns(most: int) -> None:
    """Whole columns are left out and named; no figure is cut in two."""
    lines = scoreboard_lines(a_board("slow", "fast"), most=most)
    whole = scoreboard_lines(a_board("slow", "fast"))
    tables = [line for line in lines if line.startswith(("slow", "fast", "model"))]

    assert max(map(len, whole)) > most
    assert all(len(line) <= most for line in tables)
    (gone,) = {line for line in lines if "too narrow for memory" in line}
    assert gone.endswith("they are in report.md)")
    assert "memory" not in tables[-3]
    assert "balanced [95 %]" in tables[-3]
    kept = set(" ".join(whole).split())
    assert set(" ".join(tables).split()) <= kept


def test_a_ranking_that_depends_on_the_weight_is_told() -> None:
    """A good slow model and a poor fast one: neither is better than the other."""
    good = [
        a_record(f"s{n}", cell=a_cell("good"), timing=a_timing(3.0)) for n in range(4)
    ]
    fast = [
        a_record(f"s{n}", cell=a_cell("fast"), value=n == 0, timing=a_timing(1e-6))
        for n in range(4)
    ]

    lines = scoreboard_lines(board_of([*good, *fast]))

    assert any(
        line.startswith(
            "weight of quality from 0.3 to 0.7: the ranking depends on it (this one"
        )
        for line in lines
    )
    assert any(line.endswith(": good on cpu, fast on cpu") for line in lines)


def test_rows_of_different_families_are_not_ranked_silently() -> None:
    """A model that had the easier families only is no winner."""
    records = [
        a_record(cell=a_cell("a")),
        a_record(cell=a_cell("b", task="sentiment/x")),
    ]

    assert any(
        "cannot be ranked" in line for line in scoreboard_lines(board_of(records))
    )


def test_what_went_wrong_is_told_in_the_cell_s_line() -> None:
    """Each kind with its count; a cell that was cut off says so first."""
    records = [
        an_error("1"),
        an_overflow("2"),
        replace(a_record("3", value=0.0), unparsed=True, refused=True),
        replace(a_record("4", value=0.0), unparsed=True, empty=True),
    ]

    lines = scoreboard_lines(board_of(records, planned=6))

    assert lines[1].split()[1] == "4/6"
    assert lines[1].endswith(
        "partial, 1 errors, 2 unparsed, 1 truncated, 1 context overflows, 1 refused,"
        " 1 empty"
    )
    assert lines[4].startswith("parrot (partial)")


def test_a_cell_that_measured_nothing_has_dashes() -> None:
    """Not one 0 stands where a figure would."""
    lines = scoreboard_lines(an_empty_board())

    assert lines[1].split()[1:4] == ["0/3", "-", "-"]
    assert "0.000" not in "\n".join(lines)
    assert lines[1].endswith("partial")


def test_a_cell_that_was_never_begun_has_no_planned_number() -> None:
    """Nobody knows how many requests it would have made."""
    board = scoreboard([unbegun(a_cell())], [], balance="geometric", seed=0)

    assert scoreboard_lines(board)[1].split()[1:4] == ["0", "-", "-"]


def test_warnings_are_told_once() -> None:
    """The same warning of many cells is one line."""
    facts = [
        replace(some_facts(a_cell(task=f"reasoning/{n}")), warnings=("a tracer",))
        for n in range(3)
    ]

    lines = scoreboard_lines(scoreboard(facts, [], balance="geometric", seed=0))

    assert lines.count("warning: a tracer") == 1


def test_a_hostile_name_stays_in_its_line() -> None:
    """Names come from users' files: no line break, no escape reaches the terminal."""
    board = a_board(HOSTILE, "other")
    warned = replace(board.summaries[0], warnings=(HOSTILE,))

    lines = scoreboard_lines(replace(board, summaries=(warned, *board.summaries[1:])))

    assert len(lines) == 18
    assert all(line == printable(line) for line in lines)


def written(board: Scoreboard) -> dict[str, object]:
    """Return ``summary.json`` as another program reads it."""

    def refuse(constant: str) -> float:
        raise ValueError(constant)

    text = summary_text({"id": "r1"}, board)
    content: dict[str, object] = json.loads(text, parse_constant=refuse)
    return content


def test_the_summary_is_json() -> None:
    """The run, the cells and the models, with the versions of form and score."""
    content = written(a_board("a", "b"))

    assert (content["schema"], content["score_version"]) == (1, 1)
    assert content["run"] == {"id": "r1", "instrument": None}
    assert content["verdicts"] == []
    cells, models = content["cells"], content["models"]
    assert isinstance(cells, list)
    assert isinstance(models, list)
    assert [cell["id"] for cell in cells] == [
        "reasoning/sums|a|cpu|single",
        "reasoning/sums|b|cpu|single",
    ]
    assert cells[0]["backend"] == {"context": 4096, "dtype": None}
    assert cells[0]["quality"]["value"] == 0.5
    assert cells[0]["e2e_s"]["p99"] is None
    assert [(model["model"], model["pareto"]) for model in models] == [
        ("a", True),
        ("b", False),
    ]


def test_absent_figures_are_null() -> None:
    """A program is not told of a 0 that was never measured."""
    content = written(an_empty_board())
    cells = content["cells"]

    assert isinstance(cells, list)
    for name in ("speed", "quality", "balanced", "normalized"):
        assert cells[0][name] == {"value": None, "low": None, "high": None}
    assert cells[0]["seconds_per_correct"] is None
    assert cells[0]["e2e_s"]["mean"] is None


def test_a_figure_that_is_no_number_is_refused() -> None:
    """NaN is no JSON; better no file than one that other programs cannot read."""
    board = a_board("a")
    broken = replace(board.summaries[0], load_s=float("nan"))

    with pytest.raises(ValueError, match="JSON"):
        summary_text({}, replace(board, summaries=(broken,)))


@pytest.mark.parametrize("name", [HOSTILE, "gguf:\udcff.gguf"])
def test_a_hostile_name_can_be_written(name: str) -> None:
    """A file name that is no UTF-8 is told as it is and can be saved."""
    text = summary_text({}, a_board(name))

    text.encode("utf-8")
    assert json.loads(text)["cells"][0]["model"] == name
