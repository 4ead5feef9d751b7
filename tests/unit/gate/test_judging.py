"""Verdicts: what is a regression, what passes, and what cannot be told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate import mcnemar
from pytest_llmlat.gate.changes import BALANCED, QUALITY, changes
from pytest_llmlat.gate.judging import ALPHA, judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.pairing import LATENCIES, pair
from pytest_llmlat.gate.tolerances import NEW_CELLS, Rules, parse_tolerances
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.results import OUTCOMES, Verdict, worst_first
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

CALM = settings(max_examples=30, deadline=None)
PATTERN = (1.0, -1.0, 0.5, -0.5, 0.25, -0.25, 0.75, -0.75)
"""Log ratios of eight samples, to be scaled and repeated; their mean is 0."""


def answers(
    times: Sequence[float],
    *,
    right: Sequence[bool] | None = None,
    cell: Cell | None = None,
    stamped: bool = False,
) -> tuple[Record, ...]:
    """Return answers that took so long: whole, or with a first token at the half."""
    marks = right or [True] * len(times)
    return tuple(
        a_record(
            f"s{place:04}",
            cell=cell,
            value=float(mark),
            timing=a_timing(seconds / 2, seconds)
            if stamped
            else a_timing(end_s=seconds),
        )
        for place, (seconds, mark) in enumerate(zip(times, marks, strict=True))
    )


def matched(
    ours: Sequence[Record],
    theirs: Sequence[Record] | None,
    *,
    only_quality: str | None = None,
    same_answers: bool = False,
) -> Match:
    """Return a finished cell and what it is compared with."""
    cell = ours[0].cell if ours else a_cell()
    return Match(
        facts=some_facts(cell, planned=len(ours)),
        records=tuple(ours),
        against="main",
        reference=None if theirs is None else tuple(theirs),
        only_quality=only_quality,
        same_answers=same_answers,
    )


def judged(match: Match, *tolerances: str) -> dict[str, Verdict]:
    """Judge one cell: each quantity's verdict."""
    rules = Rules(tolerances=parse_tolerances(tolerances, where="here"))
    found = judge([match], rules, balance="geometric")
    assert len({v.quantity for v in found}) == len(found)
    return {verdict.quantity: verdict for verdict in found}


def noisy(
    shift: float, noise: float, count: int = 16, *, cell: Cell | None = None
) -> Match:
    """Return a cell that is slower by so much on the log scale, on average."""
    logs = [shift + noise * PATTERN[place % 8] for place in range(count)]
    usual = [1.0 + place % 5 for place in range(count)]
    slower = [math.exp(x) * t for x, t in zip(logs, usual, strict=True)]
    return matched(answers(slower, cell=cell), answers(usual, cell=cell))


def test_much_slower_is_a_regression() -> None:
    """For sure worse, and by more than is tolerated; told as a share."""
    verdict = judged(noisy(0.2, 0.05))["e2e"]

    assert verdict.outcome == "regression"
    assert verdict.failing
    assert verdict.change is not None
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.change == pytest.approx(math.expm1(0.2), rel=1e-6)
    assert 0.15 < verdict.low < verdict.change < verdict.high < 0.3
    assert (verdict.tolerance, verdict.samples) == (0.05, 16)
    assert (verdict.cell, verdict.against) == (a_cell().id, "main")
    assert verdict.candidate == pytest.approx(
        (verdict.baseline or 0) * (1 + verdict.change)
    )
    assert verdict.needed_samples is None


def test_slower_within_the_tolerance_passes_and_says_so() -> None:
    """For sure worse, and yet by less than is tolerated."""
    verdict = judged(noisy(0.1, 0.05), "e2e=20%")["e2e"]

    assert (verdict.outcome, verdict.note) == ("pass", "worse, but tolerably")
    assert verdict.low is not None
    assert verdict.low > 0


def test_worse_for_certain_may_be_tolerable_or_not() -> None:
    """An interval with the tolerance inside of it proves neither."""
    verdict = judged(noisy(0.1, 0.15), "e2e=11%")["e2e"]

    assert verdict.outcome == "inconclusive"
    assert verdict.note == "worse for certain, perhaps by no more than is tolerated"
    assert verdict.low is not None
    assert verdict.high is not None
    assert 0 < verdict.low < 0.11 < verdict.high
    assert verdict.needed_samples is not None


def test_a_regression_is_more_than_is_tolerated_for_certain() -> None:
    """An estimate beyond the tolerance is not enough: half of four per cent are."""
    verdict = judged(noisy(0.08, 0.05), "e2e=5%")["e2e"]
    unsure = judged(noisy(0.08, 0.15), "e2e=5%")["e2e"]

    assert verdict.outcome == "regression"
    assert unsure.change == pytest.approx(verdict.change, abs=0.01)
    assert unsure.outcome == "inconclusive"


def test_a_tolerance_is_a_share_and_not_a_logarithm() -> None:
    """Slower by 10.2 % is more than 10 %, and less than 10.4 %."""
    match = noisy(math.log(1.102), 0.001)

    assert judged(match, "e2e=10%")["e2e"].outcome == "regression"
    assert judged(match, "e2e=10.4%")["e2e"].outcome == "pass"


def test_surely_no_slower_than_tolerated_passes() -> None:
    """The whole interval lies below the tolerance, without a word."""
    for shift in (-0.2, 0.0, 0.001):
        verdict = judged(noisy(shift, 0.02))["e2e"]
        assert (verdict.outcome, verdict.note) == ("pass", None)
        assert verdict.high is not None
        assert verdict.high <= 0.05


def test_what_may_be_either_is_inconclusive() -> None:
    """And more samples than there are would tell."""
    for shift in (-0.01, 0.0, 0.04, 0.1):
        verdict = judged(noisy(shift, 0.5))["e2e"]
        assert verdict.outcome == "inconclusive"
        assert not verdict.failing
        assert verdict.needed_samples is not None
        assert verdict.needed_samples > 16


def test_more_noise_needs_more_samples() -> None:
    """To be nearly sure that a change of nothing is no more than is tolerated."""
    needed = [
        judged(noisy(0.0, noise))["e2e"].needed_samples or 0
        for noise in (0.15, 0.3, 0.6, 1.2)
    ]

    assert needed == sorted(set(needed))
    assert needed[0] > 16


def test_a_change_as_large_as_the_tolerance_is_hardly_ever_decided() -> None:
    """It takes so many that the estimate would turn out to be another."""
    verdict = judged(noisy(0.0, 0.5), "e2e=0")["e2e"]

    assert verdict.change == pytest.approx(0.0, abs=1e-9)
    assert (verdict.needed_samples or 0) > 50 * 16


def test_lost_answers_are_a_regression() -> None:
    """Ten of forty became wrong: McNemar's p is 1 in 1024."""
    marks = [place >= 10 for place in range(40)]
    match = matched(answers([1.0] * 40, right=marks), answers([1.0] * 40))
    verdict = judged(match)[QUALITY]

    assert verdict.outcome == "regression"
    assert (verdict.baseline, verdict.candidate) == (1.0, 0.75)
    assert verdict.change == pytest.approx(0.25)


def test_an_interval_above_0_is_not_enough() -> None:
    """McNemar's exact test must say so too: four of four lost prove nothing."""
    marks = [place >= 4 for place in range(12)]
    match = matched(answers([1.0] * 12, right=marks), answers([1.0] * 12))
    verdict = judged(match)[QUALITY]

    assert verdict.outcome == "inconclusive"
    assert verdict.needed_samples is not None
    assert verdict.needed_samples > 14


def test_samples_are_needed_for_the_p_value_too() -> None:
    """Where an interval is not below 0 and the exact test is not convinced."""
    marks = [place >= 3 for place in range(20)]
    ours, theirs = answers([1.0] * 20, right=marks), answers([1.0] * 20)
    match = matched(ours, theirs, only_quality="another machine")
    verdict = judged(match, "quality=0")[QUALITY]
    p = mcnemar.loss(3, 0, 20)
    wanted = student.quantile(0.05, 19) / student.quantile(p, 19)

    assert verdict.low is not None
    assert verdict.low >= 0
    assert verdict.outcome == "inconclusive"
    assert verdict.needed_at_least == math.ceil(20 * wanted**2)
    assert (verdict.needed_samples or 0) > 2 * 20 * wanted**2


def test_answers_that_all_agree_need_as_many_as_the_rule_of_three_says() -> None:
    """None of 40 differs; none of 149 would be less than the 2 % that are tolerated."""
    records = answers([1.0] * 40)
    verdict = judged(matched(records, records, only_quality="x"))[QUALITY]

    assert verdict.outcome == "inconclusive"
    assert verdict.needed_samples == math.ceil(math.log(0.05) / math.log(0.98))
    more = answers([1.0] * 149)
    assert judged(matched(more, more, only_quality="x"))[QUALITY].outcome == "pass"
    less = answers([1.0] * 148)
    assert judged(matched(less, less, only_quality="x"))[QUALITY].failing is False
    assert (
        judged(matched(less, less, only_quality="x"))[QUALITY].outcome == "inconclusive"
    )


def cells(count: int, worse: Sequence[Match] = ()) -> list[Match]:
    """Return cells in which nothing changed, only noise, and those that are worse."""
    quiet = [
        noisy(0.0, 0.05, cell=a_cell(task=f"reasoning/t{number}"))
        for number in range(count)
    ]
    return [*quiet, *worse]


def found(matches: Sequence[Match], *tolerances: str) -> tuple[Verdict, ...]:
    """Judge them all, by the defaults where nothing is said."""
    rules = Rules(tolerances=parse_tolerances(tolerances, where="test"))
    return judge(matches, rules, balance="geometric")


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
        verdicts = judge([odd], Rules(), balance="geometric", among=among)
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


def test_identical_records_are_no_regression() -> None:
    """Latencies pass: none of them differs from itself."""
    records = answers([0.1 * (1 + n % 7) for n in range(40)], stamped=True)
    verdicts = judged(matched(records, records), "tpot=1%")

    assert {name: verdicts[name].outcome for name in LATENCIES} == dict.fromkeys(
        LATENCIES, "pass"
    )
    assert {verdict.outcome for verdict in verdicts.values()} <= {
        "pass",
        "inconclusive",
    }
    for verdict in verdicts.values():
        assert verdict.change == 0
        assert verdict.note is None


def test_the_same_answers_pass() -> None:
    """Letter for letter the same is no matter of chance; the interval is told."""
    records = answers([1.0] * 8)
    verdict = judged(matched(records, records, same_answers=True))[QUALITY]

    assert verdict.outcome == "pass"
    assert verdict.note == "every answer is the same, letter for letter"
    assert verdict.high is not None
    assert verdict.high > 0.3


def test_the_same_answers_of_some_samples_still_name_the_others() -> None:
    """What was not measured is not hidden by what is the same."""
    records = answers([1.0] * 12)
    match = matched(records[:8], records, same_answers=True)
    verdict = judged(match)[QUALITY]

    assert verdict.outcome == "pass"
    assert "4 of 12 samples of main were not measured (s0008, s0009, s0010, …)" in str(
        verdict.note
    )


def test_the_same_answers_with_other_grades_are_judged() -> None:
    """A program that passes only sometimes is graded twice."""
    theirs = answers([1.0] * 40)
    ours = answers([1.0] * 40, right=[place >= 10 for place in range(40)])

    match = matched(ours, theirs, same_answers=True)
    assert judged(match)[QUALITY].outcome == "regression"


def test_another_machine_is_judged_by_quality_alone() -> None:
    """Latencies are told and not gated; what is made of them neither."""
    ours = answers([3.0] * 40, right=[place >= 10 for place in range(40)], stamped=True)
    theirs = answers([1.0] * 40, stamped=True)
    verdicts = judged(matched(ours, theirs, only_quality="another GPU"))

    assert verdicts[QUALITY].outcome == "regression"
    for name in (BALANCED, "e2e", "ttft"):
        assert verdicts[name].outcome == "inconclusive"
        assert verdicts[name].note == "not gated: another GPU"
        assert verdicts[name].change is not None
        assert verdicts[name].needed_samples is None
    assert verdicts["e2e"].change == pytest.approx(2.0)


def test_what_is_not_gated_takes_no_share_of_the_level() -> None:
    """Four of forty lost are enough for one quantity, and too few for three."""
    ours = answers([1.0] * 40, right=[place >= 4 for place in range(40)])
    theirs = answers([1.0] * 40)
    both = [
        matched(ours, theirs, only_quality="another GPU"),
        matched(ours, theirs),
    ]

    assert judged(both[0])[QUALITY].outcome == "regression"
    assert found([both[0]] * 3)[0].outcome == "inconclusive"


@pytest.mark.parametrize(
    ("choice", "outcome"), [("fail", "failed"), ("warn", "warned"), ("pass", "pass")]
)
def test_a_new_cell_is_what_was_chosen(choice: str, outcome: str) -> None:
    """There is nothing that it could be compared with."""
    chosen = next(each for each in NEW_CELLS if each == choice)
    match = matched(answers([1.0] * 9), None)
    (verdict,) = judge([match], Rules(new_cells=chosen), balance="geometric")

    assert (verdict.quantity, verdict.outcome) == ("records", outcome)
    assert verdict.note == "new: main has no such cell"


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("choice", NEW_CELLS)
def test_a_cell_that_is_not_whole_has_failed(*, choice: str, new: bool) -> None:
    """Cut off, short of records or without any: new cells are no exception."""
    chosen = next(each for each in NEW_CELLS if each == choice)
    whole = matched(answers([1.0] * 9), None if new else answers([1.0] * 9))
    for match in (
        replace(whole, facts=replace(whole.facts, finished=False)),
        replace(whole, facts=replace(whole.facts, planned=10)),
        replace(whole, records=whole.records[:8]),
        replace(whole, records=()),
        replace(whole, records=(), facts=replace(whole.facts, planned=0)),
    ):
        (verdict,) = judge([match], Rules(new_cells=chosen), balance="geometric")
        assert (verdict.quantity, verdict.outcome) == ("records", "failed")
        assert "answers are there" in str(verdict.note)


def test_nothing_in_common_has_failed() -> None:
    """And some of the samples that were looked for are named."""
    theirs = [replace(each, sample=f"x{each.sample}") for each in answers([1.0] * 9)]
    (verdict,) = judged(matched(answers([1.0] * 9), theirs)).values()

    assert (verdict.quantity, verdict.outcome) == ("records", "failed")
    assert "no sample of main was measured (it has xs0000, xs0001, xs0002" in str(
        verdict.note
    )
    (verdict,) = judged(matched(answers([1.0] * 9), ())).values()
    assert verdict.outcome == "failed"
    assert "it is empty" in str(verdict.note)


def test_too_few_pairs_tell_nothing() -> None:
    """However different they are."""
    match = matched(answers([9.0] * 4, right=[False] * 4), answers([1.0] * 4))
    found = judged(match)

    assert set(found) == {"quality", "balanced", "e2e", "ttft"}
    for verdict in found.values():
        assert verdict.outcome == "inconclusive"
        assert verdict.note == "4 pairs tell nothing; at least 5 are needed"


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        (0, 9, "failed"),
        (0, 1, "failed"),
        (4, 9, "failed"),
        (4, 5, "failed"),
        (4, 4, "inconclusive"),
        (9, 4, "inconclusive"),
        (5, 9, "pass"),
        (9, 9, "pass"),
        (0, 0, None),
        (9, 0, None),
    ],
)
def test_a_latency_that_was_lost_has_failed(
    ours: int, theirs: int, outcome: str | None
) -> None:
    """What the baseline had must be there; what neither has is not gated."""

    def first_of(count: int) -> tuple[Record, ...]:
        whole, parts = answers([1.0] * 9), answers([1.0] * 9, stamped=True)
        return (*parts[:count], *whole[count:])

    verdicts = judged(matched(first_of(ours), first_of(theirs)))

    assert verdicts["e2e"].outcome == "pass"
    if outcome is None:
        assert "ttft" not in verdicts
    else:
        assert (verdicts["ttft"].quantity, verdicts["ttft"].outcome) == (
            "ttft",
            outcome,
        )
    lost = "4 of 9 that main has are missing"
    assert (verdicts.get("ttft") or verdicts["e2e"]).note != lost or (ours, theirs) == (
        5,
        9,
    )


def test_a_latency_that_was_lost_in_part_says_so() -> None:
    """Errors leave fewer pairs: those that are left may be the quick ones."""
    theirs = answers([1.0] * 9)
    ours = (*theirs[:6], *(an_error(each.sample) for each in theirs[6:]))

    assert (
        judged(matched(ours, theirs))["e2e"].note == "3 of 9 that main has are missing"
    )


def test_a_model_that_only_breaks_has_failed() -> None:
    """Its quality is worse as well."""
    theirs = answers([1.0] * 20)
    verdicts = judged(matched([an_error(r.sample) for r in theirs], theirs))

    assert verdicts["e2e"].outcome == "failed"
    assert verdicts[QUALITY].outcome == "regression"
    assert verdicts[BALANCED].outcome == "regression"


def late(records: Sequence[Record], seconds: float) -> list[Record]:
    """Return the same answers, given up in the middle after so long."""
    return [
        replace(
            each,
            finish="timeout",
            timing=None
            if each.timing is None
            else replace(each.timing, end_ns=round(seconds * NS_PER_S)),
        )
        for each in records
    ]


def test_time_outs_are_counted_and_named() -> None:
    """Tokens that came early do not make them quick."""
    theirs = answers([0.5] * 20, stamped=True)
    verdict = judged(matched(late(theirs, 30.0), theirs))["e2e"]

    assert verdict.outcome == "regression"
    assert verdict.change == pytest.approx(59.0)
    assert verdict.note == "20 time-outs counted by their limit"


def test_a_shorter_time_limit_is_no_gain() -> None:
    """Giving up after ten seconds what took twenty is not twice as fast."""
    theirs = answers([20.0] * 20)
    verdict = judged(matched(late(answers([1.0] * 20), 10.0), theirs))["e2e"]

    assert verdict.change == 0


def test_without_words_an_undecided_run_may_pass_or_fail() -> None:
    """As was chosen; what was inconclusive is then named so."""
    match = noisy(0.0, 0.5)
    verdicts = judge([match], Rules(unsure="fail"), balance="geometric")
    named = {v.quantity: v for v in verdicts}

    assert named["e2e"].outcome == "failed"
    assert "inconclusive" in str(named["e2e"].note)
    assert judged(match)["e2e"].outcome == "inconclusive"


@pytest.mark.slow
def test_huge_ratios_do_not_overflow() -> None:
    """A bound beyond all numbers is infinite."""
    theirs = answers([1e-9] * 6)
    ours = answers([1e-9] * 3 + [1e9] * 3)
    matches = [matched(ours, theirs)] * 60
    for verdict in judge(matches, Rules(), balance="geometric"):
        assert verdict.high is not None
        assert not math.isnan(verdict.high)


WORTH = st.floats(0, 1)
ROW = st.tuples(st.floats(0.01, 10), st.floats(0.01, 10), st.booleans(), st.booleans())
CELL = st.lists(ROW, min_size=5, max_size=14)


def drawn(rows: Sequence[tuple[float, float, bool, bool]], number: int = 0) -> Match:
    """Return a cell of (our time, their time, our mark, their mark)."""
    cell = a_cell(task=f"reasoning/t{number}")
    ours, theirs, right, before = zip(*rows, strict=True)
    return matched(
        answers(ours, right=right, cell=cell, stamped=True),
        answers(theirs, right=before, cell=cell, stamped=True),
    )


@pytest.mark.slow
@CALM
@given(st.lists(CELL, min_size=1, max_size=4), st.sampled_from(["5%", "0", "40%"]))
def test_every_verdict_follows_from_its_figures(
    rows: list[list[tuple[float, float, bool, bool]]], tolerance: str
) -> None:
    """By the contract, with Holm's steps worked out beside it."""
    matches = [drawn(each, number) for number, each in enumerate(rows)]
    rules = Rules(tolerances=parse_tolerances([f"e2e={tolerance}"], where="here"))
    tolerated = rules.tolerated(a_cell())
    families: dict[tuple[str, str], dict[str, float]] = {}
    for match in matches:
        for name, change in changes(
            pair(match.records, match.reference or ()),
            list(tolerated),
            balance="geometric",
        ).items():
            # Latencies are of one clock.
            what = "time" if name in LATENCIES else name
            families.setdefault((match.facts.cell.id, what), {})[name] = change.p
    ranked = sorted(families.items(), key=lambda item: max(item[1].values()))
    names = {(cell, name) for (cell, _), own in ranked for name in own}
    significant, rate, going = set(), 0.0, True
    for rank, ((cell, _), own) in enumerate(ranked):
        rate = ALPHA / 2 / (len(ranked) - rank) if going else rate
        going = going and max(own.values()) <= rate
        # Hommel's for two: the larger one counts for both, or twice the smaller.
        both = min(len(own) * min(own.values()), max(own.values()))
        significant |= {(cell, n) for n, p in own.items() if max(p, both) <= rate}

    verdicts = judge(matches, rules, balance="geometric")

    assert {(v.cell, v.quantity) for v in verdicts} == names
    for verdict in verdicts:
        assert verdict.change is not None
        assert verdict.low is not None
        assert verdict.high is not None
        assert verdict.tolerance == tolerated[verdict.quantity]
        assert verdict.low <= verdict.change <= verdict.high
        worse = (verdict.cell, verdict.quantity) in significant and verdict.low > 0
        if worse and verdict.low > verdict.tolerance:
            assert (verdict.outcome, verdict.note) == ("regression", None)
        elif verdict.high <= verdict.tolerance:
            note = "worse, but tolerably" if worse else None
            assert (verdict.outcome, verdict.note) == ("pass", note)
        else:
            assert verdict.outcome == "inconclusive"
            needed = verdict.needed_samples
            assert needed is None or needed > (verdict.samples or 0)


@pytest.mark.slow
@CALM
@given(CELL)
def test_both_cannot_be_worse_than_the_other(
    rows: list[tuple[float, float, bool, bool]],
) -> None:
    """Swapping candidate and baseline never makes a regression of both."""
    there = judged(drawn(rows))
    back = judged(drawn([(b, a, y, x) for a, b, x, y in rows]))

    assert there.keys() == back.keys()
    for name, verdict in there.items():
        assert {verdict.outcome, back[name].outcome} != {"regression"}
        assert (verdict.baseline, verdict.candidate) == (
            back[name].candidate,
            back[name].baseline,
        )


@pytest.mark.slow
@CALM
@given(CELL, st.sampled_from([2, 10, 1000]))
def test_the_unit_of_time_does_not_matter(
    rows: list[tuple[float, float, bool, bool]], factor: int
) -> None:
    """All times and budgets longer by the same factor: the same verdicts."""
    match = drawn(rows)

    def longer(record: Record) -> Record:
        timing = record.timing
        assert timing is not None
        return replace(
            record,
            budget_s=record.budget_s * factor,
            timing=replace(
                timing,
                start_ns=factor * timing.start_ns,
                end_ns=factor * timing.end_ns,
                stamps_ns=tuple(factor * stamp for stamp in timing.stamps_ns),
            ),
        )

    stretched = replace(
        match,
        records=tuple(map(longer, match.records)),
        reference=tuple(map(longer, match.reference or ())),
    )
    before, after = judged(match), judged(stretched)

    assert {name: v.outcome for name, v in before.items()} == {
        name: v.outcome for name, v in after.items()
    }
    assert before["e2e"].change == pytest.approx(after["e2e"].change, abs=1e-9)
    assert after["e2e"].candidate == pytest.approx(
        factor * (before["e2e"].candidate or 0)
    )


@pytest.mark.slow
def test_identical_candidates_are_rarely_a_regression() -> None:
    """In 100 sessions of two noisy cells, at most one in twenty has a false alarm."""
    import numpy as np

    source = np.random.default_rng(7)

    def session() -> bool:
        matches = []
        for number in range(2):
            usual = source.normal(0, 0.6, 20)
            times = np.exp(usual + source.normal(0, 0.2, (2, 20)))
            right = source.random((2, 20)) < 0.5
            rows = zip(*times.tolist(), *right.tolist(), strict=True)
            matches.append(drawn(list(rows), number))
        return any(v.outcome == "regression" for v in found(matches))

    # 5 % of 100 and two standard errors more.
    assert sum(session() for _ in range(100)) <= 10


def test_a_value_between_is_judged_by_its_spread() -> None:
    """A summary that became worse by a tenth in every sample, give or take."""
    theirs = [
        replace(r, grade=Grade(value=0.6 + 0.02 * PATTERN[n % 8]))
        for n, r in enumerate(answers([1.0] * 16))
    ]
    ours = [
        replace(r, grade=Grade(value=0.5 - 0.05 * PATTERN[n % 8]))
        for n, r in enumerate(answers([1.0] * 16))
    ]
    verdict = judged(matched(ours, theirs))[QUALITY]

    assert verdict.outcome == "regression"
    assert verdict.change == pytest.approx(0.1)
    assert judged(matched(theirs, ours))[QUALITY].outcome == "pass"


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
    early = judge([match], Rules(), balance="geometric", among=4)

    assert {verdict.quantity for verdict in early} == {"quality"}


def test_nothing_passes_beside_a_reference_that_never_answered() -> None:
    """Beside time-outs alone every time would be a gain."""
    ours = answers([1.0] * 8)
    dead = tuple(replace(record, finish="timeout") for record in answers([9.0] * 8))

    found = judged(matched(ours, dead))

    assert found["records"].outcome == "failed"
    assert found["records"].note is not None
    assert "no request to main was answered" in found["records"].note
    alive = (*dead[1:], replace(dead[0], finish="stop"))
    assert "records" not in judged(matched(ours, alive))
