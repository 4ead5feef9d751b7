"""Verdicts beside stored runs, on loads, and on repeats."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.changes import changes
from pytest_llmlat.gate.hypotheses import Hypothesis, families, hommel_family
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.pairing import pair
from pytest_llmlat.gate.tolerances import GateRules
from tests.unit.builders import a_cell, a_record, a_timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict
from tests.unit.gate.test_judging import PATTERN, answers, cells, found, judged, matched


def repeats(marks: Sequence[str], *, temperature: float = 0.8) -> tuple[Record, ...]:
    """Return drawn answers, right (+) and wrong (-), a text for each sample."""
    return tuple(
        replace(
            a_record(f"s{place:04}", value=float(mark == "+")),
            round=number,
            temperature=temperature,
            top_p=1.0,
        )
        for place, row in enumerate(marks)
        for number, mark in enumerate(row)
    )


@pytest.mark.slow
def test_repeats_that_disagree_are_tested_by_their_means() -> None:
    """A sample is then neither right nor wrong, and McNemar has nothing to count."""
    lost = judged(matched(repeats(["+--", "---"] * 20), repeats(["+++", "++-"] * 20)))
    same = judged(matched(repeats(["+-+", "---"] * 20), repeats(["+-+", "---"] * 20)))

    told = "of a conversation, are right and wrong: tested by paired means"
    assert lost["quality"].outcome == "regression"
    assert lost["quality"].change == pytest.approx((1 - 1 / 3 + 2 / 3) / 2)
    assert told in str(lost["quality"].note)
    assert told not in str(lost["e2e"].note)
    assert same["quality"].outcome != "regression"


def test_answers_that_were_drawn_otherwise_are_told() -> None:
    """Another temperature is another question to the same model."""
    greedy = repeats(["+"] * 20, temperature=0.0)
    told = "drawn otherwise: temperature 0.8, top_p 1 here, temperature 0, top_p 1"

    verdicts = judged(matched(repeats(["+"] * 20), greedy))

    assert told in str(verdicts["quality"].note)
    assert "drawn" not in str(judged(matched(greedy, greedy))["quality"].note)
    assert "McNemar" not in str(verdicts["quality"].note)


def arriving(growth: float, *, scenario: str = "server:10") -> tuple[Record, ...]:
    """Return answers of a load, slower by so much in each second."""
    cell = a_cell(scenario=scenario)
    return tuple(
        a_record(
            f"s{n:03}",
            cell=cell,
            timing=a_timing(1.0 + growth * n / 10, start_s=n / 10),
        )
        for n in range(80)
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "where"),
    [
        (0.0, 0.0, None),
        (0.5, 0.0, "here"),
        (0.0, 0.5, "in main"),
        (0.5, 0.5, "here and in main"),
    ],
)
def test_times_of_a_load_that_is_not_kept_up_are_gated_with_a_note(
    ours: float, theirs: float, where: str | None
) -> None:
    """A slowdown that makes a queue grow is one; its size is that of the run."""
    found = judged(matched(arriving(ours), arriving(theirs)))

    told = "times grow with the length of the run"
    assert told not in (found["quality"].note or "")
    for name in ("e2e", "balanced"):
        note = found[name].note or ""
        if where is None:
            assert told not in note
        else:
            assert f"the load was not kept up {where}: {told}" in note


def test_one_after_the_other_there_is_no_load_to_keep_up_with() -> None:
    """Samples that become longer are only that."""
    longer = arriving(0.5, scenario="single")

    found = judged(matched(longer, longer))

    assert "kept up" not in (found["e2e"].note or "")


def stored_beside(shift: float, *runs: float, number: int = 0) -> Match:
    """Return a cell beside stored runs that were so much slower than the first."""
    cell = a_cell(task=f"reasoning/t{number}")
    wiggle = [math.exp(0.02 * PATTERN[place % 8]) for place in range(24)]
    sides = {
        f"r{place}": tuple(
            answers([value * math.exp(run) for value in wiggle], cell=cell)
        )
        for place, run in enumerate(runs)
    }
    ours = answers([value * math.exp(shift) for value in wiggle], cell=cell)
    theirs = [record for side in sides.values() for record in side]
    return replace(matched(ours, theirs), runs=sides)


def test_a_stored_run_is_not_believed_to_be_all_runs() -> None:
    """An eighth beside one run is nothing; half as slow again is something."""
    some = judged(stored_beside(0.12, 0.0))["e2e"]
    much = judged(stored_beside(0.4, 0.0))["e2e"]

    assert some.outcome == "inconclusive"
    assert some.needed_runs is not None
    assert some.needed_samples is None
    assert much.outcome == "regression"


def test_runs_that_differ_hide_what_runs_that_agree_show() -> None:
    """The same change beside five runs, quiet ones or not."""
    quiet = judged(stored_beside(0.12, 0.0, 0.002, -0.002, 0.001, -0.001))["e2e"]
    wild = judged(stored_beside(0.12, 0.0, 0.08, -0.08, 0.06, -0.06))["e2e"]

    assert quiet.outcome == "regression"
    assert wild.outcome == "inconclusive"
    assert quiet.change == pytest.approx(wild.change)


def test_what_more_runs_would_not_decide_is_told() -> None:
    """Runs that differ by ten per cent do so however many are stored."""
    wild = judged(stored_beside(0.06, 0.0, 0.1, -0.1, 0.1, -0.1))["e2e"]

    assert wild.outcome == "inconclusive"
    assert (wild.needed_runs, wild.needed_at_least) == (None, None)
    assert "no number of baseline runs would decide" in str(wild.note)


def test_balance_knows_what_runs_differ_in_and_quality_does_not() -> None:
    """A score is made of time; right and wrong are not."""
    one = judged(stored_beside(0.0, 0.0))
    five = judged(stored_beside(0.0, *[0.0] * 5))

    def width(verdict: Verdict) -> float:
        return (verdict.high or 0) - (verdict.low or 0)

    assert width(one["balanced"]) > 1.5 * width(five["balanced"])
    assert width(one["quality"]) == width(five["quality"])


def test_balance_of_the_same_answers_takes_no_level_from_time() -> None:
    """It changes with time alone then: what is one clock's is tested once."""
    match = stored_beside(0.1, 0.0, 0.004, -0.004)

    apart = judged(replace(match, same_answers=False))
    same = judged(replace(match, same_answers=True))

    assert (same["e2e"].low or 0) > (apart["e2e"].low or 0)
    # It has the interval of its clock's level too.
    assert (same["balanced"].low or 0) > (apart["balanced"].low or 0)


@pytest.mark.parametrize("shift", [0.0, 0.15, 0.5])
def test_balance_of_the_same_answers_is_worse_only_where_time_is(shift: float) -> None:
    """Nothing else could have made it so."""
    match = stored_beside(shift, 0.0, 0.004, -0.004)

    found = judged(replace(match, same_answers=True))

    worse = {name for name, v in found.items() if v.outcome == "regression"}
    assert "balanced" not in worse or "e2e" in worse
    assert ("balanced" in worse) == (shift > 0)


def test_balance_is_tested_alone_where_its_time_is_not() -> None:
    """Without a latency that is gated it has a level of its own."""
    match = stored_beside(0.5, 0.0)
    change = changes(
        pair(match.records, match.reference or ()), ["balanced"], balance="geometric"
    )["balanced"]
    alone = Hypothesis(
        cell="a", against="b", change=change, tolerance=0.02, notes=(), by_clock=True
    )

    ((found,),) = families([alone])

    assert not found.by_clock
    assert hommel_family([found]).p == (change.p,)


@pytest.mark.slow
def test_all_cells_together_show_what_none_shows_alone() -> None:
    """Six cells that are slower by as much as each may be by itself."""
    runs = (0.0, 0.006, -0.006)
    matches = [stored_beside(0.1, *runs, number=number) for number in range(6)]
    verdicts = [v for v in found(matches) if v.quantity == "e2e"]
    (joint,) = [v for v in verdicts if v.cell == "all cells"]

    assert joint.outcome == "regression"
    assert joint.change == pytest.approx(math.expm1(0.1), abs=0.002)
    assert joint.note == "mean of 6 cells"


def test_what_was_measured_in_turn_has_no_verdict_on_all_cells() -> None:
    """There is no other run whose mood they could share."""
    assert all(v.cell != "all cells" for v in found(cells(3)))


def test_times_beside_stored_runs_are_judged_when_all_cells_are_there() -> None:
    """Before that nobody knows how unlike cells move; quality does not wait."""
    match = stored_beside(0.5, 0.0)
    early = judge([match], GateRules(), balance="geometric", among=4)

    assert {verdict.quantity for verdict in early} == {"quality"}


def test_nothing_passes_beside_a_reference_that_never_answered() -> None:
    """Beside time-outs every time would be a gain; half of its answers are enough."""
    ours = answers([1.0] * 8)
    dead = tuple(replace(record, finish="timeout") for record in answers([9.0] * 8))

    found = judged(matched(ours, dead))

    assert found["records"].outcome == "failed"
    assert found["records"].note is not None
    assert "no request to main was answered" in found["records"].note
    alive = tuple(replace(record, finish="stop") for record in dead)
    assert "records" not in judged(matched(ours, (*dead[:4], *alive[4:])))
    few = judged(matched(ours, (*dead[:5], *alive[5:])))["records"]
    assert few.outcome == "failed"
    assert "only 3 of 8 requests to main were answered" in (few.note or "")
