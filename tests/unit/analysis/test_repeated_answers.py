"""What several answers to the same samples tell, against sums written out."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells, items_of
from pytest_llmlat.analysis.repeated_answers import majority, repeat_figures
from pytest_llmlat.analysis.resampling import interval, resampled_sums
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.metrics.tests_pass import all_of_k, pass_at_k
from pytest_llmlat.values.records import Grade, Record
from pytest_llmlat.values.sampling import DrawnAnswers
from tests.unit.builders import a_record, some_facts

ACCURACY = METRICS["accuracy"]


def drawn(
    sample: str, *answers: str | None, right: str = "4", temperature: float | None = 0.8
) -> list[Record]:
    """Return answers to one sample, one for each round."""
    return [
        replace(
            a_record(sample, value=float(answer == right)),
            round=number,
            answer=answer or "?",
            extracted=answer,
            temperature=temperature,
            top_p=1.0,
        )
        for number, answer in enumerate(answers)
    ]


def marked(sample: str, marks: str) -> list[Record]:
    """Return right (+) and wrong (-) answers to one sample."""
    return drawn(sample, *("4" if mark == "+" else "5" for mark in marks))


def tossed(source: random.Random, chance: float, times: int) -> str:
    """Return marks of answers that are right with this chance."""
    return "".join("+" if source.random() < chance else "-" for _ in range(times))


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.data())
def test_pass_and_all_of_k_are_shares_of_all_ways_to_draw_k(
    marks: list[bool], data: st.DataObject
) -> None:
    """Unbiased: the mean over every choice of k of the n answers."""
    k = data.draw(st.integers(1, len(marks)))
    ways = list(combinations(marks, k))

    n, c = len(marks), sum(marks)

    assert pass_at_k(n, c, k) == pytest.approx(fmean(any(way) for way in ways))
    assert all_of_k(n, c, k) == pytest.approx(fmean(all(way) for way in ways))


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 0), (3, 1, 4), (3, -1, 1)])
def test_all_of_k_of_what_cannot_be_is_refused(n: int, c: int, k: int) -> None:
    """More right ones than there are, or more drawn."""
    with pytest.raises(ValueError, match="all_of_k needs"):
        all_of_k(n, c, k)


def test_each_k_up_to_the_fewest_repeats_is_told() -> None:
    """One item is right in one of three, the other in all four."""
    records = [*marked("a", "+--"), *marked("b", "++++")]

    found = {n: f.value for n, f in repeat_figures(records, ACCURACY).items()}

    assert found["pass@1"] == pytest.approx((1 / 3 + 1) / 2)
    assert found["pass@2"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["pass@3"] == 1.0
    assert (found["pass^2"], found["pass^3"]) == (0.5, 0.5)
    assert "pass@4" not in found
    assert found["majority@3"] == 0.5


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["4", "4", "5"], 1.0),
        (["5", "5", "4"], 0.0),
        (["4", "5"], 0.5),
        (["4", "5", "6"], 1 / 3),
        ([None, None, "4"], 1.0),
        ([None, None], 0.0),
        (["5", "5.0", "4", "4", "05"], 0.0),
        (["Yes", "yes ", "4"], 0.0),
    ],
)
def test_the_majority_is_of_what_was_read(
    answers: list[str | None], expected: float
) -> None:
    """What could not be read does not vote; a tie is right by its share."""
    assert majority(drawn("a", *answers)) == pytest.approx(expected)


def test_greedy_repeats_tell_nothing_of_the_model() -> None:
    """They are the same answer again, whatever a pass@k would say of it."""
    greedy = drawn("a", "4", "4", temperature=0.0)
    unknown = drawn("a", "4", "4", temperature=None)
    unlike = drawn("a", "4", "5", temperature=None)

    assert repeat_figures(greedy, ACCURACY) == {}
    assert repeat_figures(unknown, ACCURACY) == {}
    assert "pass@2" in repeat_figures(unlike, ACCURACY)
    assert repeat_figures(marked("a", "+"), ACCURACY) == {}


def test_without_texts_nobody_votes() -> None:
    """Records of a baseline know right and wrong, and not what was answered."""
    records = [replace(r, extracted=None, answer=None) for r in marked("a", "++")]

    assert "majority@2" not in repeat_figures(records, ACCURACY)
    assert repeat_figures(records, ACCURACY)["pass@2"].value == 1.0


def test_grades_between_right_and_wrong_have_variances_alone() -> None:
    """pass@k is of answers that are right or wrong."""
    records = [
        replace(r, metric="chrf++", grade=Grade(value=0.25 * r.round))
        for name in ("a", "b")
        for r in drawn(name, "x", "y")
    ]

    assert set(repeat_figures(records, METRICS["chrf++"])) == {
        "variance_between_items",
        "variance_between_repeats",
        "variance_between_items_unclamped",
    }


def test_the_components_of_variance_are_those_of_the_analysis_by_hand() -> None:
    """Means 1, ½ and 0 of two repeats: 1/6 within, and 1/4 - 1/12 between."""
    records = [
        *marked("a", "++"),
        *marked("b", "+-"),
        *marked("c", "--"),
    ]

    found = repeat_figures(records, ACCURACY)

    assert found["variance_between_repeats"].value == pytest.approx(1 / 6)
    assert found["variance_between_items"].value == pytest.approx(0.25 - 1 / 12)
    assert "variance_between_items_unclamped" not in found


def test_a_component_below_0_is_told_as_0_and_as_it_is() -> None:
    """All items alike, and all of the spread within them."""
    records = [*marked("a", "+-"), *marked("b", "+-")]

    found = repeat_figures(records, ACCURACY)

    assert found["variance_between_items"].value == 0.0
    assert found["variance_between_items_unclamped"].value == pytest.approx(-0.25)


def test_a_component_of_0_is_not_told_as_below_0() -> None:
    """One answer of five is right: what is left of the difference is rounding."""
    records = [*marked("a", "+----"), *marked("b", "-----"), *marked("c", "-----")]

    found = repeat_figures(records, ACCURACY)

    assert found["variance_between_items"].value == pytest.approx(0.0, abs=1e-12)
    assert "variance_between_items_unclamped" not in found


@pytest.mark.slow
def test_components_are_unbiased_over_many_cells() -> None:
    """Items whose chances are ¼ or ¾: 1/16 between, 3/16 within."""
    source = random.Random(5)  # noqa: S311 - a simulation
    between, within = [], []
    for _ in range(400):
        records = [
            record
            for item in range(12)
            for record in marked(f"i{item}", tossed(source, 0.25 + 0.5 * (item % 2), 3))
        ]
        found = repeat_figures(records, ACCURACY)
        raw = found.get("variance_between_items_unclamped")
        between.append((raw or found["variance_between_items"]).value)
        within.append(found["variance_between_repeats"].value)

    # Six of each kind, and not drawn: their variance is 1/16 x 12/11.
    assert fmean(between) == pytest.approx(1 / 16 * 12 / 11, abs=0.008)
    assert fmean(within) == pytest.approx(3 / 16, abs=0.005)


def test_quality_is_the_mean_over_items_of_the_mean_over_repeats() -> None:
    """It is pass@1, and does not grow with the number of tries."""
    records = [*marked("a", "++-"), *marked("b", "---"), *marked("c", "+--")]

    summary = summarise(some_facts(), records, balance="geometric")

    assert summary.quality.value == pytest.approx((2 / 3 + 0 + 1 / 3) / 3)
    assert dict(summary.details)["pass@1"].value == pytest.approx(1 / 3)
    assert summary.drawn == DrawnAnswers(repeats=3, temperature=0.8, top_p=1.0)


def test_how_answers_were_drawn_is_told_where_it_is_one() -> None:
    """Of two temperatures none is the cell's; what failed says nothing."""
    mixed = [*marked("a", "+"), *drawn("b", "4", temperature=0.0)]
    failed = [*marked("a", "+"), replace(a_record("e", finish="error"), answer=None)]

    told = [
        summarise(some_facts(), records, balance="geometric").drawn
        for records in (mixed, failed)
    ]

    assert [each.temperature if each else None for each in told] == [None, 0.8]


@pytest.mark.slow
def test_resamples_draw_items_with_all_their_answers() -> None:
    """The interval of four items asked 200 times each is that of four items."""
    records = [
        record
        for number, mark in enumerate("++--")
        for record in marked(f"i{number}", mark * 200)
    ]

    (found,) = bootstrap_cells([items_of(records)], seed=0)

    shares = Counter(round(float(draw), 6) for draw in found.value_draws)
    assert set(shares) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    # Of 4 draws with a chance of a half, one in 16 has none that is right.
    assert shares[0.0] / found.value_draws.size == pytest.approx(1 / 16, abs=0.01)


@pytest.mark.slow
def test_an_interval_of_quality_holds_both_sources_of_chance() -> None:
    """Nominal 95 %: of 250 cells with a known truth, 92 to 98 % hold it.

    Items are drawn with chances of their own, and answers by these: an interval that
    resampled single answers, or held items fixed, would miss far more often.
    """
    source = random.Random(11)  # noqa: S311 - a simulation
    chances = (0.05, 0.3, 0.6, 0.95)
    truth, held, cells = fmean(chances), 0, 250
    for number in range(cells):
        records = [
            record
            for item in range(60)
            for record in marked(f"i{item}", tossed(source, source.choice(chances), 3))
        ]
        found = items_of(records)
        sums = resampled_sums(found.columns, seed=str(number), draws=1000)
        low, high = interval(sums[:, 0] / len(records))
        assert low is not None
        assert high is not None
        held += low <= truth <= high

    assert 0.92 <= held / cells <= 0.98
