"""The sentence that a run ends with where nothing was gated: of loads, and of rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.analysis.loads_within import load_capacities
from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.spending import cost_figures, spending
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.report.answer_sentence import (
    answer_sentence,
    is_of_balance,
    lines_beside_sentence,
)
from pytest_llmlat.report.gfm import code
from pytest_llmlat.report.leaders import leader_lines
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.report.notebook import board_html
from pytest_llmlat.report.price_lines import price_lines
from pytest_llmlat.report.tail_lines import tail_lines
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.cell_facts import Contention, LoadFacts
from pytest_llmlat.values.price import Price
from pytest_llmlat.values.results import Scoreboard, Summary
from tests.unit.boards import RUN, a_comparison, a_standing
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

SLO = "ttft<0.5"
QUIET = Contention(
    others_cores=0.0,
    steal=0.0,
    load_average=0.1,
    throttled=0,
    gpu_processes=None,
    contended=None,
)


def a_load(**changes: object) -> LoadFacts:
    """Return a closed loop of two requests in flight, undisturbed."""
    plain = LoadFacts(
        window_s=4.0,
        ended=20,
        failed=0,
        before=2,
        after=2,
        in_flight=2,
        send_lag_p99_s=None,
        loop_lag_p99_s=0.0001,
        cpu_share=0.1,
        client_limited=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def a_point(
    level: int,
    *,
    first_s: float = 0.1,
    model: str = "owl",
    slo: str = SLO,
    contended: str | None = None,
    **changes: object,
) -> Summary:
    """Return a level of a load curve: twenty answers of one second."""
    cell = a_cell(model, scenario=f"concurrent:{level}")
    records = [
        a_record(f"s{n:02}", cell=cell, timing=a_timing(first_s, 1.0))
        for n in range(20)
    ]
    facts = replace(
        some_facts(cell, planned=20),
        load=a_load(**changes),
        contention=None if contended is None else replace(QUIET, contended=contended),
    )
    found = parse(slo, where="slo")
    return summarise(facts, records, balance="geometric", slo=found)


def told(*points: Summary) -> str:
    """Return the sentence on some points."""
    return answer_sentence(Scoreboard(summaries=points, standings=()))


def test_the_highest_load_within_the_objectives_and_what_fails_the_next() -> None:
    """The load that each came for, how much is answered there, and what ends it."""
    points = [a_point(1), a_point(2), a_point(4, first_s=0.6), a_point(8, first_s=0.7)]

    assert told(*points) == (
        "highest load within the SLO: 2 in flight, 5 requests/s; 4 fails on ttft"
    )
    assert told(*reversed(points)) == told(*points)


def test_an_hour_is_shared_by_what_is_answered_at_the_highest_good_load() -> None:
    """At 18 dollars an hour and 5 answers a second each costs a tenth of a cent."""
    price = Price(currency="USD", source="entry", per_hour="18")
    points = [a_point(1), a_point(2), a_point(4, first_s=0.6)]
    paid = Scoreboard(
        summaries=tuple(_paid(point, price) for point in points), standings=()
    )
    (capacity,) = load_capacities(paid.summaries)

    assert capacity.cost_per_answer == pytest.approx(0.001)
    assert capacity.cost_per_correct == pytest.approx(0.001)
    assert "0.001 USD an answer, 0.001 a right one" in price_lines(paid)[-1]
    assert price_lines(paid)[-1].endswith("within the SLO (concurrent:2)")


def _paid(point: Summary, price: Price) -> Summary:
    """Return a level of a curve whose model has a price."""
    records = [
        a_record(f"s{n:02}", cell=point.cell, timing=a_timing(0.3, 1.0))
        for n in range(20)
    ]
    facts = replace(some_facts(point.cell, planned=20), load=point.load, price=price)
    costs = cost_figures([spending(facts, records)], row=False)
    told = {**dict(point.averages), **dict(costs)}
    return replace(point, price=price, averages=tuple(told.items()))


def test_a_load_behind_one_that_failed_is_not_within() -> None:
    """A level that passes by luck above one that does not is no capacity."""
    points = [a_point(1), a_point(2, first_s=0.6), a_point(4)]

    assert told(*points).endswith("1 in flight, 5 requests/s; 2 fails on ttft")


@pytest.mark.parametrize(
    ("points", "end"),
    [
        ([a_point(1), a_point(2)], "2 in flight, 5 requests/s, the highest measured"),
        ([a_point(2, first_s=0.6)], "none of those measured; 2 fails on ttft"),
        (
            [a_point(1), a_point(2, contended="someone else")],
            "1 in flight, 5 requests/s; of 2 it cannot be told",
        ),
        (
            [a_point(1), a_point(2, client_limited="it was slow")],
            "1 in flight, 5 requests/s; of 2 it cannot be told",
        ),
    ],
)
def test_what_ends_a_curve_is_told(points: list[Summary], end: str) -> None:
    """Also where nothing does, where all do, and where it is not the server's doing."""
    assert told(*points) == f"highest load within the SLO: {end}"


def test_several_curves_are_told_apart() -> None:
    """Each by its task, model and device."""
    found = told(a_point(1), a_point(1, model="wren"))

    assert found.count("the highest measured") == 2
    assert "reasoning/sums, owl on cpu: 1 in flight" in found


def test_without_objectives_a_load_curve_has_no_highest_load() -> None:
    """Then the sentence is on who has the best balance."""
    board = Scoreboard(summaries=(a_point(1, slo=""),), standings=())

    assert is_of_balance(board)
    assert answer_sentence(board) == "nothing was measured"


def test_a_plain_ranking_ends_with_its_sentence_too() -> None:
    """Last on the terminal, first in the files, and nowhere twice."""
    rows = [a_standing(name) for name in ("owl", "wren", "crow")]
    board = Scoreboard(
        summaries=(),
        standings=tuple(rows),
        comparisons=(a_comparison(*rows[:2]), a_comparison(rows[1], rows[2])),
    )
    first, second = leader_lines(board)

    assert answer_sentence(board) == first
    assert lines_beside_sentence(board) == [second]
    lines = scoreboard_lines(board)
    assert (lines[-1], lines.count(first), lines.count(second)) == (first, 1, 1)
    assert report_text(RUN, board).splitlines()[2] == code(first)
    assert board_html(board).count(first) == 1


def some_answers(answered: int, *, broken: int = 0, late: int = 0) -> Scoreboard:
    """Return a board of one cell of so many answers, failures and time-outs."""
    cell = a_cell("owl")
    records = [a_record(f"s{n}", cell=cell) for n in range(answered)]
    records += [an_error(f"e{n}", cell=cell) for n in range(broken)]
    records += [
        replace(a_record(f"t{n}", cell=cell), finish="timeout", answer=None)
        for n in range(late)
    ]
    facts = some_facts(cell, planned=len(records))
    found = summarise(facts, records, balance="geometric", slo=())
    return Scoreboard(summaries=(found,), standings=())


def test_a_missing_p95_says_how_many_answers_it_takes() -> None:
    """Below them it would be another name for the slowest answer."""
    name = a_cell("owl").id

    assert tail_lines(some_answers(19)) == [
        f"no e2e p95 of {name}: it takes 20 answers, and it has 19"
    ]
    assert tail_lines(some_answers(20)) == []
    # What broke has no time, what timed out has a long one.
    assert tail_lines(some_answers(19, broken=1))
    assert tail_lines(some_answers(19, late=1)) == []
    assert tail_lines(some_answers(18, late=2)) == [
        f"no e2e p95 of {name}: it lies among the time-outs"
    ]
    assert tail_lines(some_answers(0, broken=3)) == []


def test_of_many_cells_the_number_is_told() -> None:
    """And how many answers they have."""
    boards = [some_answers(count) for count in (4, 12, 30)]
    cells = tuple(board.summaries[0] for board in boards)

    assert tail_lines(Scoreboard(summaries=cells, standings=())) == [
        "no e2e p95 of 2 cells: it takes 20 answers, and they have 4 to 12"
    ]
