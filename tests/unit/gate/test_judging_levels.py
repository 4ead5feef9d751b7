"""Verdicts of many cells: how they share the level."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate.changes import BALANCED, QUALITY, changes
from pytest_llmlat.gate.judging import ALPHA, judge
from pytest_llmlat.gate.pairing import LATENCIES, pair
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.values.records import Grade
from pytest_llmlat.values.results import OUTCOMES
from pytest_llmlat.values.verdict_order import worst_first
from tests.unit.builders import a_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.match import Match
from tests.unit.gate.test_judging import (
    PATTERN,
    answers,
    cells,
    found,
    judged,
    matched,
    noisy,
)


@pytest.mark.slow
def test_among_many_a_borderline_change_is_none() -> None:
    """Holm's correction: what is one in a hundred happens among a hundred."""
    odd = noisy(0.17, 0.2, 16, cell=a_cell(task="reasoning/odd"))
    alone = {v.quantity: v.outcome for v in found([odd])}
    among = {v.quantity: v.outcome for v in found(cells(40, [odd])) if "odd" in v.cell}

    assert alone["e2e"] == "regression"
    assert among["e2e"] == "inconclusive"


def worth(falls: Sequence[float], number: int = 0) -> Match:
    """Return a cell whose answers lost so much each, and nothing else to judge."""
    cell = a_cell(task=f"summary/t{number}")
    usual = answers([1.0] * len(falls), cell=cell)
    theirs = [replace(record, grade=Grade(value=0.5)) for record in usual]
    ours = [
        replace(record, grade=Grade(value=0.5 - fall))
        for record, fall in zip(usual, falls, strict=True)
    ]
    return matched(ours, theirs, only_quality="another machine")


def test_after_the_first_that_may_be_chance_all_may() -> None:
    """Of two at p = 0.033 and 0.043 the first needs 0.025, so neither is one."""
    error = 0.1 * math.sqrt(sum(x * x for x in PATTERN) / 8 / 15)
    falls = [-student.quantile(p, 15) * error for p in (0.033, 0.043)]
    matches = [
        worth([fall + 0.1 * PATTERN[place % 8] for place in range(16)], number)
        for number, fall in enumerate(falls)
    ]

    for match in matches:
        assert judged(match, "quality=0")[QUALITY].outcome == "regression"
    both = [v for v in found(matches, "quality=0") if v.quantity == QUALITY]
    assert [verdict.outcome for verdict in both] == ["inconclusive", "inconclusive"]
    # Both are held to what the first needs: 2.49 standard errors, of which the other
    # has 2.20.
    assert both[1].needed_at_least in (20, 21, 22)


def test_a_p_value_is_not_enough() -> None:
    """The interval must lie above 0 too: one of many that won much is no fluke."""
    falls = [0.1 + 0.01 * PATTERN[place % 8] for place in range(15)]
    match = worth([*falls, -0.45])
    pairs = pair(match.records, match.reference or ())
    change = changes(pairs, [QUALITY], balance="geometric")[QUALITY]
    verdict = judged(match)[QUALITY]

    assert change.p < ALPHA / 2
    assert verdict.low is not None
    assert verdict.low < 0
    assert verdict.outcome == "inconclusive"


def test_what_is_read_from_one_clock_shares_the_level_of_time() -> None:
    """A third latency takes nothing from quality, and something from the others."""
    other = [math.exp(0.2 * PATTERN[place % 8]) for place in range(16)]
    ours, theirs = answers(other, stamped=True), answers([1.0] * 16, stamped=True)
    bounds = []
    for texts in ([], ["tpot=5%"]):
        found = judged(matched(ours, theirs), *texts)
        bounds.append({name: verdict.low for name, verdict in found.items()})

    assert set(bounds[1]) - set(bounds[0]) == {"tpot"}
    few, more = bounds[0]["e2e"], bounds[1]["e2e"]
    assert few is not None
    assert more is not None
    assert more < few


def test_latencies_that_grew_alike_take_nothing_from_each_other() -> None:
    """Each has the whole level of time: a third one costs the others nothing."""
    slower = [math.exp(0.2 + 0.2 * PATTERN[place % 8]) for place in range(16)]
    ours, theirs = answers(slower, stamped=True), answers([1.0] * 16, stamped=True)

    two = judged(matched(ours, theirs))
    three = judged(matched(ours, theirs), "tpot=5%")

    assert {three[name].outcome for name in LATENCIES} == {"regression"}
    assert three["e2e"].low == pytest.approx(two["e2e"].low)


def test_cells_that_are_still_to_come_are_counted() -> None:
    """Who judges some before the others are there is as careful as at the end."""
    odd = noisy(0.17, 0.2, 16)
    for among, outcome in ((1, "regression"), (50, "inconclusive")):
        verdicts = judge([odd], GateRules(), balance="geometric", among=among)
        (verdict,) = [v for v in verdicts if v.quantity == "e2e"]
        assert verdict.outcome == outcome


@pytest.mark.slow
def test_one_huge_regression_is_found_among_two_hundred() -> None:
    """It stands first; nothing else is one."""
    slow = noisy(0.7, 0.05, cell=a_cell(task="reasoning/slow"))
    verdicts = found(cells(66, [slow]))

    assert len(verdicts) == 201
    assert verdicts[0].outcome == "regression"
    bad = {(v.cell, v.quantity) for v in verdicts if v.outcome == "regression"}
    assert bad == {(slow.facts.cell.id, "e2e"), (slow.facts.cell.id, BALANCED)}


def test_the_worst_comes_first() -> None:
    """Regressions by their size, then what failed, then what is not known."""
    matches = [
        noisy(0.0, 0.001, cell=a_cell(task="reasoning/same")),
        noisy(0.3, 0.01, cell=a_cell(task="reasoning/slow")),
        replace(noisy(0.0, 0.001, cell=a_cell(task="reasoning/new")), reference=None),
        noisy(0.6, 0.01, cell=a_cell(task="reasoning/slower")),
        replace(noisy(0.0, 0.001, cell=a_cell(task="reasoning/cut")), reference=()),
    ]
    verdicts = found(matches)
    ranks = [OUTCOMES.index(verdict.outcome) for verdict in verdicts]

    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(len(OUTCOMES)))
    sizes = [v.change or 0 for v in verdicts if v.outcome == "regression"]
    assert len(sizes) == 4
    assert sizes == sorted(sizes, reverse=True)
    assert verdicts[0].cell.startswith("reasoning/slower")
    assert worst_first(reversed(verdicts))[0] == verdicts[0]
