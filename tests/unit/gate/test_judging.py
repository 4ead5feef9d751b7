"""Verdicts: what is a regression, what passes, and what cannot be told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate import mcnemar
from pytest_llmlat.gate.changes import BALANCED, QUALITY
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.pairing import LATENCIES
from pytest_llmlat.gate.tolerances import NEW_CELLS, GateRules, parse_tolerances
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.results import Verdict

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
    rules = GateRules(tolerances=parse_tolerances(tolerances, where="here"))
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


def cells(count: int, worse: Sequence[Match] = ()) -> list[Match]:
    """Return cells in which nothing changed, only noise, and those that are worse."""
    quiet = [
        noisy(0.0, 0.05, cell=a_cell(task=f"reasoning/t{number}"))
        for number in range(count)
    ]
    return [*quiet, *worse]


def found(matches: Sequence[Match], *tolerances: str) -> tuple[Verdict, ...]:
    """Judge them all, by the defaults where nothing is said."""
    rules = GateRules(tolerances=parse_tolerances(tolerances, where="test"))
    return judge(matches, rules, balance="geometric")


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


@pytest.mark.slow
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
    (verdict,) = judge([match], GateRules(new_cells=chosen), balance="geometric")

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
        (verdict,) = judge([match], GateRules(new_cells=chosen), balance="geometric")
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
    verdicts = judge([match], GateRules(unsure="fail"), balance="geometric")
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
    for verdict in judge(matches, GateRules(), balance="geometric"):
        assert verdict.high is not None
        assert not math.isnan(verdict.high)


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
