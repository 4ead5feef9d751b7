"""Changes, their intervals and their p-values, against figures worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import resample_weights
from pytest_llmlat.gate import mcnemar
from pytest_llmlat.gate.changes import (
    BALANCED,
    FEWEST,
    QUALITY,
    QUANTITIES,
    Change,
    changes,
)
from pytest_llmlat.gate.pair_costs import COSTS
from pytest_llmlat.gate.pairing import LATENCIES, pair
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.balance import BALANCES, Balance
from pytest_llmlat.values.records import Grade, Record
from tests.unit.builders import (
    a_cell,
    a_grade,
    a_record,
    a_sample,
    a_task,
    a_timing,
    an_error,
)
from tests.unit.example_counts import at_most

if TYPE_CHECKING:
    from collections.abc import Sequence

CALM = settings(max_examples=at_most(30), deadline=None)


def timed(times: Sequence[float | None], *, value: float = 1.0) -> list[Record]:
    """Return answers that took so long, half of it to the first token, and errors."""
    return [
        an_error(f"s{place:04}")
        if seconds is None
        else a_record(
            f"s{place:04}", value=value, timing=a_timing(seconds / 2, seconds)
        )
        for place, seconds in enumerate(times)
    ]


def graded(
    values: Sequence[float], *, correct: bool = False, chance: float = 0.0
) -> list[Record]:
    """Return answers of so much worth after a second; as right or wrong if told."""
    return [
        replace(
            a_record(f"s{place:04}"),
            grade=Grade(value=value, correct=value == 1 if correct else None),
            chance=chance,
        )
        for place, value in enumerate(values)
    ]


def translated(
    answers: Sequence[str | None], references: Sequence[str]
) -> list[Record]:
    """Return graded translations."""
    task = a_task("translation/x", extractor="text", metric="chrf++")
    return [
        replace(
            a_record(f"s{place:04}", cell=a_cell(task="translation/x")),
            metric="chrf++",
            grade=a_grade("chrf++", answer, task, a_sample("s", reference)),
        )
        for place, (answer, reference) in enumerate(
            zip(answers, references, strict=True)
        )
    ]


def compared(
    ours: Sequence[Record], theirs: Sequence[Record], *, balance: Balance = "geometric"
) -> dict[str, Change]:
    """Compute all changes."""
    return changes(pair(ours, theirs), QUANTITIES, balance=balance)


NOISY = [0.31, -0.12, 0.05, 0.22, -0.03, 0.14, -0.2, 0.4, 0.01, 0.08, -0.07, 0.17]
"""Log ratios of twelve samples."""


def noisy(shift: float = 0.0, scale: float = 1.0) -> dict[str, Change]:
    """Return the changes where each sample's log ratio is one of the above."""
    ratios = [math.exp(shift + scale * each) for each in NOISY]
    return compared(
        timed([ratio * (place + 1) for place, ratio in enumerate(ratios)]),
        timed([float(place + 1) for place in range(len(ratios))]),
    )


def test_a_latency_changes_by_the_mean_log_ratio() -> None:
    """However slow a sample is, it weighs like any other."""
    change = noisy()["e2e"]

    assert change.estimate == pytest.approx(fmean(NOISY), abs=1e-8)
    assert change.samples == 12
    assert change.baseline == pytest.approx(math.factorial(12) ** (1 / 12))
    assert change.candidate == pytest.approx(
        math.factorial(12) ** (1 / 12) * math.exp(fmean(NOISY))
    )


def test_the_error_of_a_latency_is_that_of_a_mean() -> None:
    """The bootstrap comes to s / sqrt(n), and p to Student's test."""
    change = noisy()["e2e"]
    error = stdev(NOISY) / math.sqrt(12)

    assert change.error == pytest.approx(error, rel=0.03)
    assert change.p == pytest.approx(student.cdf(-fmean(NOISY) / error, 11), rel=0.15)


def test_the_interval_of_a_latency_is_students() -> None:
    """For twelve samples that spread evenly about their mean."""
    change = noisy()["e2e"]
    reach = student.quantile(0.975, 11) * stdev(NOISY) / math.sqrt(12)
    low, high = change.interval(0.05)

    assert low == pytest.approx(fmean(NOISY) - reach, abs=0.2 * reach)
    assert high == pytest.approx(fmean(NOISY) + reach, abs=0.2 * reach)


@pytest.mark.parametrize("factor", [1.1, 0.9, 2.0, math.e])
@pytest.mark.parametrize("count", [FEWEST, 40])
def test_a_constant_ratio_leaves_no_doubt(factor: float, count: int) -> None:
    """Every sample slower by the same share: an interval of almost no width."""
    times = [0.1 * (1 + place % 7) for place in range(count)]
    found = compared(timed([factor * each for each in times]), timed(times))

    for name in LATENCIES:
        low, high = found[name].interval(0.05)
        assert found[name].estimate == pytest.approx(math.log(factor), abs=1e-6)
        assert low == pytest.approx(math.log(factor), abs=1e-6)
        assert high == pytest.approx(math.log(factor), abs=1e-6)
        # All of them one way: as probable as so many tosses of a coin.
        expected = 0.5**count if factor > 1 else 1.0
        assert found[name].p == pytest.approx(expected)


def test_slower_is_positive() -> None:
    """And faster is negative; both lie as far from 0."""
    times, twice = [float(n) for n in range(1, 9)], [2.0 * n for n in range(1, 9)]
    there, back = (
        compared(timed(twice), timed(times)),
        compared(timed(times), timed(twice)),
    )

    for name in LATENCIES:
        assert there[name].estimate > 0 > back[name].estimate
        assert there[name].estimate == pytest.approx(-back[name].estimate)
        assert there[name].candidate == pytest.approx(2 * (there[name].baseline or 0))
    assert there[BALANCED].estimate > 0 > back[BALANCED].estimate
    assert there[QUALITY].estimate == 0


def test_worse_answers_are_positive() -> None:
    """A quality that fell by 0.25 changed by 0.25, and the score with it."""
    found = compared(graded([0.5] * 4 + [0.25] * 4), graded([0.5, 0.75] * 4))

    assert found[QUALITY].estimate == pytest.approx(0.25)
    assert (found[QUALITY].candidate, found[QUALITY].baseline) == (0.375, 0.625)
    assert found[BALANCED].estimate > 0


def right_and_wrong(lost: int, won: int, same: int) -> dict[str, Change]:
    """Return the changes where so many answers were lost, won and kept."""
    ours = [0.0] * lost + [1.0] * won + [1.0, 0.0] * same
    theirs = [1.0] * lost + [0.0] * won + [1.0, 0.0] * same
    return compared(graded(ours, correct=True), graded(theirs, correct=True))


@pytest.mark.parametrize(("lost", "won"), [(5, 0), (0, 5), (5, 1), (8, 2), (20, 0)])
def test_right_and_wrong_is_mcnemars_exact_test(lost: int, won: int) -> None:
    """All pairs count, those that agree too."""
    for same in (3, 10):
        found = right_and_wrong(lost, won, same)[QUALITY].p
        assert found == mcnemar.loss(lost, won, lost + won + 2 * same)


def test_what_is_not_right_or_wrong_is_judged_by_its_spread() -> None:
    """Values between 0 and 1 have no McNemar's test."""
    falls = [0.3, 0.1, -0.1, 0.2, 0.0, 0.25, 0.15, 0.05]
    found = compared(graded([0.5 - fall for fall in falls]), graded([0.5] * 8))
    error = stdev(falls) / math.sqrt(8)

    assert found[QUALITY].error == pytest.approx(error, rel=0.03)
    p = student.cdf(-fmean(falls) / error, 7)
    assert found[QUALITY].p == pytest.approx(p, rel=0.1)


def test_rounds_that_disagree_are_judged_by_their_spread() -> None:
    """Such a sample is neither right nor wrong; half of it was lost."""
    theirs = graded([1.0] * 8, correct=True)
    ours = [*theirs, *(replace(each, round=1) for each in graded([0.0] + [1.0] * 7))]
    change = compared(ours, theirs)[QUALITY]

    assert change.estimate == pytest.approx(0.5 / 8)
    assert change.p == pytest.approx(student.cdf(-1, 7), rel=0.05)


@pytest.mark.parametrize("count", [FEWEST, 40])
@pytest.mark.parametrize("fall", [1.0, 0.5])
def test_all_of_them_worse_alike_is_no_accident(count: int, fall: float) -> None:
    """Nothing varies, and yet all of it fell: as by so many tosses of a coin."""
    found = compared(graded([1 - fall] * count), graded([1.0] * count))

    for name in (QUALITY, BALANCED):
        assert found[name].equal
        assert found[name].p == 0.5**count
        # A score moves with its speeds too: the rule of three is of answers alone.
        certain = count == 40 or fall == 1 or name == BALANCED
        assert (found[name].interval(0.05)[0] > 0) is certain
    back = compared(graded([1.0] * count), graded([1 - fall] * count))
    assert (back[QUALITY].p, back[BALANCED].p) == (1.0, 1.0)


@pytest.mark.parametrize("value", [0.0, 1.0, 1 / 3])
def test_where_all_agree_the_rule_of_three_holds(value: float) -> None:
    """None of 40 differs: up to 8.8 % of all may, and up to 11.9 % at level 0.0125."""
    change = compared(graded([value] * 40), graded([value] * 40))[QUALITY]

    assert change.equal
    assert change.p == 1.0
    low, high = change.interval(0.05)
    assert (-low, high) == pytest.approx((0.0881, 0.0881), abs=1e-4)
    assert (1 - high) ** 40 == pytest.approx(0.025)
    assert change.interval(0.0125)[1] == pytest.approx(1 - 0.00625 ** (1 / 40))


@pytest.mark.parametrize(("lost", "won"), [(0, 1), (0, 2), (1, 2), (0, 30)])
def test_where_none_was_lost_some_may_be(lost: int, won: int) -> None:
    """The rule of three holds though answers were won: no resample can lose any."""
    change = right_and_wrong(lost, won, 20)[QUALITY]
    count = lost + won + 40
    reach = 1 - 0.025 ** (1 / count)

    assert change.whole
    assert change.interval(0.05)[1] >= (lost - won) / count + reach - 1e-12


@pytest.mark.slow
def test_a_hundred_experiments_rarely_pass_what_was_lost() -> None:
    """Of 40 answers 5 % were lost and 2 % won: the interval reaches that far."""
    import numpy as np

    source = np.random.default_rng(1)
    counts = source.multinomial(40, [0.05, 0.02, 0.93], size=400)
    outcomes, times = np.unique(counts, axis=0, return_counts=True)
    below = sum(
        int(number)
        for (lost, won, _), number in zip(outcomes.tolist(), times, strict=True)
        if exactly(lost, won, 40).interval(0.05)[1] < 0.03
    )

    # 2.5 % of 400 and two standard errors more; without the rule it would be 8 %.
    assert below <= 16


def exactly(lost: int, won: int, count: int) -> Change:
    """Return the change of quality where so many of all were lost and won."""
    kept = [1.0] * (count - lost - won)
    ours = graded([0.0] * lost + [1.0] * won + kept, correct=True)
    theirs = graded([1.0] * lost + [0.0] * won + kept, correct=True)
    return compared(ours, theirs)[QUALITY]


@pytest.mark.slow
def test_rounding_is_not_a_change() -> None:
    """Thirds that are summed in single precision still agree."""
    values = [(place % 7) / 7 for place in range(333)]
    found = compared(graded(values), graded(values))

    assert found[QUALITY].equal
    assert found[BALANCED].equal
    assert found[QUALITY].estimate == 0


def test_a_corpus_metric_is_that_of_each_side() -> None:
    """chrF++ of a cell is of its counts together, not the mean of its answers."""
    references = [f"the cat sat on mat number {n} of {n * n}" for n in range(9)]
    ours = translated(
        [
            None,
            *(
                each.replace("cat", "dog")[: 8 + 3 * n]
                for n, each in enumerate(references[1:])
            ),
        ],
        references,
    )
    theirs = translated([*references[:8], "the cat"], references)
    change = compared(ours, theirs)[QUALITY]
    corpus = METRICS["chrf++"].quality

    assert change.candidate == pytest.approx(corpus([r.grade.counts for r in ours]))
    assert change.baseline == pytest.approx(corpus([r.grade.counts for r in theirs]))
    assert change.candidate != pytest.approx(fmean(r.grade.value for r in ours))
    assert change.estimate == (change.baseline or 0) - (change.candidate or 0)
    low, high = change.interval(0.05)
    assert 0 < low < change.estimate < high < 1
    assert change.p < 2e-3


def test_resampled_corpus_scores_are_of_the_drawn_samples() -> None:
    """Each draw is the corpus metric of the samples in it, on both sides."""
    references = [f"number {n} and its square {n * n}" for n in range(6)]
    ours = translated([each[: 6 + n] for n, each in enumerate(references)], references)
    theirs = translated(references, references)
    change = compared(ours, theirs)[QUALITY]
    corpus = METRICS["chrf++"].quality
    weights = resample_weights(6, seed="gate|6")

    for draw in (0, 1, 9_999):
        drawn = [
            r.grade.counts
            for r, times in zip(ours, weights[draw], strict=True)
            for _ in range(int(times))
        ]
        assert change.draws[draw] == pytest.approx(1 - corpus(drawn), abs=1e-5)


@pytest.mark.parametrize("balance", BALANCES)
def test_the_balanced_score_is_worked_out_on_both_sides(balance: Balance) -> None:
    """Quality without chance and mean speed, joined by the mean that was chosen."""
    values, times = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0], [0.5, 1.0, 2.0, 1.0, 0.25, 4.0]
    theirs = [
        replace(record, timing=a_timing(seconds))
        for record, seconds in zip(
            graded(values, correct=True, chance=0.25), times, strict=True
        )
    ]
    ours = [
        replace(record, timing=a_timing(2 * seconds))
        for record, seconds in zip(
            graded([0.0, *values[1:]], correct=True, chance=0.25), times, strict=True
        )
    ]
    change = compared(ours, theirs, balance=balance)[BALANCED]
    before = score.balance(
        (4 / 6 - 0.25) / 0.75, fmean(1 / (1 + t) for t in times), balance
    )
    after = score.balance(
        (3 / 6 - 0.25) / 0.75, fmean(1 / (1 + 2 * t) for t in times), balance
    )

    assert change.baseline == pytest.approx(before)
    assert change.candidate == pytest.approx(after)
    assert change.estimate == pytest.approx(before - after)
    assert change.interval(0.05)[0] < before - after < change.interval(0.05)[1]


def test_both_sides_are_judged_by_the_chance_of_the_candidate() -> None:
    """A baseline of before knew of no options, and its answers are as good as ever."""
    values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    ours = [
        replace(record, chance=(0.5, 0.25)[place % 2])
        for place, record in enumerate(graded(values, correct=True))
    ]

    change = compared(ours, graded(values, correct=True))[BALANCED]

    assert change.estimate == 0
    assert change.candidate == change.baseline
    assert change.candidate == pytest.approx(
        math.sqrt((4 / 6 - 0.375) / 0.625 * 0.5), abs=1e-9
    )


def test_each_resample_has_the_chance_of_its_items() -> None:
    """The draws are about the estimate, which they would not be by another chance."""
    theirs = graded([1.0] * 35 + [0.0] * 5, correct=True)
    ours = [
        replace(record, chance=(0.75, 0.5)[place % 2])
        for place, record in enumerate(
            graded([0.0] * 2 + [1.0] * 33 + [0.0] * 5, correct=True)
        )
    ]

    change = compared(ours, theirs, balance="arithmetic")[BALANCED]

    assert change.estimate == pytest.approx(0.05 / 0.375 / 2)
    assert change.draws.mean() == pytest.approx(change.estimate, abs=0.01)


def test_what_one_side_lacks_is_left_out_of_its_latency() -> None:
    """An error has no latency; the others keep theirs, and quality counts it."""
    ratios = [1.5, 1.1, 1.2, 1.3, 1.4, 1.25]
    ours = timed([*ratios, None, 9.0])
    theirs = timed([1.0] * 6 + [1.0, None])
    found = compared(ours, theirs)
    logs = [math.log(ratio) for ratio in ratios]

    assert found["e2e"].samples == 6
    assert found["e2e"].estimate == pytest.approx(fmean(logs))
    assert found["e2e"].error == pytest.approx(stdev(logs) / math.sqrt(6), rel=0.1)
    assert found["e2e"].baseline == pytest.approx(1.0)
    assert found["e2e"].candidate == pytest.approx(math.exp(fmean(logs)))
    assert (found[QUALITY].samples, found[QUALITY].estimate) == (8, 0.0)


def test_too_few_latencies_are_none() -> None:
    """Four pairs have no spread to speak of; five have."""
    four = timed([1.0, 2.0, 3.0, 4.0, None, None])
    five = timed([1.0, 2.0, 3.0, 4.0, 5.0, None])

    assert set(compared(four, four)) == {QUALITY, BALANCED}
    assert set(compared(five, five)) == {*QUANTITIES} - {*COSTS}
    assert set(compared(four, five)) == {QUALITY, BALANCED}


def test_only_what_was_asked_for_is_computed() -> None:
    """In the order in which it is always told."""
    records = timed([1.0] * 6)

    assert list(compared(records, records)) == [n for n in QUANTITIES if n not in COSTS]
    found = changes(pair(records, records), ["ttft", QUALITY], balance="geometric")
    assert list(found) == [QUALITY, "ttft"]


def test_far_out_an_interval_is_students() -> None:
    """Where 10,000 draws have too few to tell, the standard error is used."""
    change = noisy()["e2e"]
    low, high = change.interval(1e-5)
    reach = student.quantile(1 - 5e-6, 11) * change.error

    assert (low, high) == pytest.approx(
        (change.estimate - reach, change.estimate + reach)
    )


def test_fewer_pairs_are_less_sure_than_their_resamples() -> None:
    """Of five pairs the percentiles are widened as Student's quantiles ask for."""
    import numpy as np

    ratios = [1.0, 1.1, 1.25, 0.9, 1.3]
    change = compared(timed(ratios), timed([1.0] * 5))["e2e"]
    low, high = change.interval(0.2)
    plain = np.quantile(change.draws, [0.1, 0.9])
    wider = math.sqrt(5 / 4) * student.quantile(0.9, 4) / 1.2816

    assert (high - low) == pytest.approx((plain[1] - plain[0]) * wider, rel=0.08)


def test_a_surer_interval_never_draws_nearer() -> None:
    """Where draws give way to Student's quantiles a skewed end does not jump back."""
    logs = [0.0, 0.1, 0.05, 0.02, 0.2, 0.08, 1.5, 0.01, 0.3, 0.15]
    change = compared(timed([math.exp(x) for x in logs]), timed([1.0] * 10))["e2e"]
    highs = [change.interval(0.05 / part)[1] for part in range(1, 60)]

    assert highs == sorted(highs)


LOGS = st.lists(st.floats(-1, 1), min_size=FEWEST, max_size=12)


@pytest.mark.slow
@CALM
@given(LOGS, st.integers(-3, 3))
def test_an_interval_holds_its_estimate(logs: list[float], shift: int) -> None:
    """Whatever the samples are, and whichever quantity."""
    times = [1.0 + place for place in range(len(logs))]
    slower = [math.exp(x + shift / 10) * t for x, t in zip(logs, times, strict=True)]
    for change in compared(timed(slower), timed(times)).values():
        for alpha in (0.05, 0.01, 1e-6):
            low, high = change.interval(alpha)
            assert low <= change.estimate <= high
            assert math.isfinite(low)
            assert math.isfinite(high)


@pytest.mark.slow
@CALM
@given(LOGS)
def test_a_surer_interval_is_wider(logs: list[float]) -> None:
    """The smaller the level, the further it reaches, on the whole."""
    times = [1.0 + place for place in range(len(logs))]
    slower = [math.exp(x) * t for x, t in zip(logs, times, strict=True)]
    change = compared(timed(slower), timed(times))["e2e"]
    widths = [
        high - low
        for low, high in map(change.interval, (0.2, 0.05, 0.01, 1e-3, 1e-5, 1e-9))
    ]

    assert widths == sorted(widths)


@pytest.mark.slow
@CALM
@given(LOGS)
def test_the_other_way_round_is_the_mirror(logs: list[float]) -> None:
    """Swapping the sides turns the estimate round, and p to its complement."""
    times = [1.0 + place for place in range(len(logs))]
    slower = [math.exp(x) * t for x, t in zip(logs, times, strict=True)]
    there = compared(timed(slower), timed(times))["e2e"]
    back = compared(timed(times), timed(slower))["e2e"]

    assert there.estimate == pytest.approx(-back.estimate, abs=1e-9)
    if not there.equal:
        assert there.p + back.p == pytest.approx(1, abs=1e-4)
        assert there.interval(0.05) == pytest.approx(
            tuple(-bound for bound in reversed(back.interval(0.05))), abs=1e-5
        )


@pytest.mark.slow
def test_quality_covers_what_it_is_about() -> None:
    """In 150 experiments of 40 pairs about 95 of 100 intervals hold the true change."""
    import numpy as np

    source = np.random.default_rng(11)
    hits = 0
    for _ in range(150):
        ours = np.clip(0.4 + source.normal(0, 0.15, 40), 0, 1)
        theirs = np.clip(0.5 + source.normal(0, 0.15, 40), 0, 1)
        change = compared(graded(ours.tolist()), graded(theirs.tolist()))[QUALITY]
        low, high = change.interval(0.05)
        hits += low <= 0.1 <= high

    assert 0.89 * 150 <= hits <= 0.99 * 150


def test_a_changes_figures_are_plain() -> None:
    """A numpy number would not pass through JSON."""
    for change in noisy().values():
        for figure in (change.estimate, change.error, change.p, *change.interval(0.05)):
            assert type(figure) is float
