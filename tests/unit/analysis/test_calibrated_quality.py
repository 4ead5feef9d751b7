"""Calibrated quality: labels of people decide what is told, and what may gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.calibrated_quality import (
    calibrated_items,
    metric_name,
    quality_values,
    why_ungated,
)
from pytest_llmlat.analysis.judged_cells import judging_figures, rank_correlation
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.limits import check_limits
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import GateRules, parse_limits
from pytest_llmlat.values.judge_votes import CALIBRATED, UNCALIBRATED, Vote
from pytest_llmlat.values.records import Grade
from tests.unit.builders import a_cell, a_record, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict

MANY = 60


def judged(
    shares: Sequence[float],
    labels: Sequence[float | None] = (),
    *,
    fit: bool | None = True,
    model: str = "parrot",
) -> list[Record]:
    """Return answers that one judge graded, with labels of the first of them."""
    said = [*labels, *[None] * (len(shares) - len(labels))]
    return [
        replace(
            a_record(f"s{n:03}", cell=a_cell(model)),
            metric=UNCALIBRATED,
            chance=0.0,
            grade=Grade(value=share, details=(("rouge", share / 2),)),
            answer=f"answer {n} of {model}",
            label=label,
            votes=(
                Vote(
                    judge="owl",
                    lineage="owl",
                    rubric="helpfulness 1",
                    score=share,
                    share=share,
                    seconds=0.5,
                    prompt_tokens=100,
                    output_tokens=10,
                    cost=0.01,
                    currency="USD",
                    fit=fit,
                ),
            ),
        )
        for n, (share, label) in enumerate(zip(shares, said, strict=True))
    ]


KIND = [0.5 + 0.5 * (n % 2) for n in range(MANY)]
"""What a judge says of answers that people like half as much."""
PEOPLE = [0.5 * (n % 2) for n in range(24)]


def test_labels_take_the_place_of_the_panel() -> None:
    """In the cell's figure, in its name, and in what rows are made of."""
    records = judged(KIND, PEOPLE)

    summary = summarise(some_facts(planned=MANY), records, balance="geometric")

    assert summary.metric == CALIBRATED
    assert summary.quality.value == pytest.approx(0.25, abs=0.02)
    assert summary.judging is not None
    assert summary.judging.panel.value == pytest.approx(0.75)
    assert summary.judging.labels == len(PEOPLE)
    values = quality_values(records)
    assert sum(values) / MANY == pytest.approx(summary.quality.value)


@pytest.mark.parametrize("labels", [0, 9])
def test_without_ten_labels_it_is_the_panel_and_called_uncalibrated(
    labels: int,
) -> None:
    """Nine of them change nothing."""
    records = judged(KIND, PEOPLE[:labels])

    summary = summarise(some_facts(planned=MANY), records, balance="geometric")

    assert calibrated_items(records) is None
    assert summary.metric == UNCALIBRATED
    assert summary.quality.value == pytest.approx(0.75)
    assert summary.judging is not None
    assert f"{labels} of its answers have labels" in str(summary.judging.ungated)


def test_another_metric_needs_no_label() -> None:
    """Nobody judges it, and it may gate."""
    records = [a_record(f"s{n}") for n in range(MANY)]

    assert why_ungated(records, records) is None
    assert metric_name(records) == records[0].metric
    assert judging_figures(records) is None


@pytest.mark.parametrize(
    ("fit", "why"),
    [(True, None), (False, "judge owl is unfit"), (None, "judge owl was never tried")],
)
def test_an_unfit_judge_is_shown_and_never_gated(
    fit: bool | None,  # noqa: FBT001 - a case
    why: str | None,
) -> None:
    """Whatever people have labelled."""
    told = why_ungated(judged(KIND, PEOPLE, fit=fit))

    assert why in (told, None) if told is None else str(told).startswith(str(why))


def test_judges_on_one_side_alone_compare_nothing() -> None:
    """A judge's 0.7 and ROUGE's 0.3 are no loss of quality."""
    other = [a_record(f"s{n:03}") for n in range(MANY)]

    assert "another metric" in str(why_ungated(judged(KIND, PEOPLE), other))


def verdicts(ours: list[Record], theirs: list[Record]) -> dict[str, Verdict]:
    """Return what the gate says of a candidate beside a reference."""
    match = Match(
        facts=some_facts(ours[0].cell, planned=len(ours)),
        records=tuple(ours),
        against="main",
        reference=tuple(theirs),
        in_turn=True,
    )
    found = judge([match], GateRules(), balance="geometric")
    return {verdict.quantity: verdict for verdict in found}


def test_the_gate_tests_what_people_would_say() -> None:
    """The judge sees no difference, people do: it is a regression."""
    right = [1.0 - 0.25 * (n % 4 == 0) for n in range(40)]
    wrong = [0.25 * (n % 3 == 0) for n in range(40)]

    found = verdicts(judged(KIND, wrong), judged(KIND, right))["quality"]

    assert found.outcome == "regression"
    assert found.change == pytest.approx(0.86, abs=0.1)


def test_a_loss_that_only_judges_see_is_no_regression() -> None:
    """People said the same of both."""
    low = [share - 0.5 for share in KIND]
    said = [0.5 * (n % 2) + 0.25 for n in range(40)]

    found = verdicts(judged(low, said), judged(KIND, said))["quality"]

    assert found.outcome != "regression"
    assert abs(found.change or 0.0) < 0.1


def test_an_uncalibrated_quality_is_not_gated() -> None:
    """However large its change is; times are gated as ever."""
    low = [share - 0.5 for share in KIND]

    found = verdicts(judged(low), judged(KIND))

    for name in ("quality", "balanced"):
        assert found[name].outcome == "inconclusive"
        assert "uncalibrated" in str(found[name].note)
    assert found["e2e"].outcome == "pass"


def test_a_limit_on_an_uncalibrated_quality_decides_nothing() -> None:
    """It is neither kept nor missed."""
    records = judged(KIND)
    summary = summarise(some_facts(planned=MANY), records, balance="geometric")

    for text in ("quality>=0.1", "quality>=0.99"):
        limits = parse_limits([text], where="here")
        (verdict,) = check_limits(summary, records, limits, unsure="pass")
        assert verdict.outcome == "inconclusive"
        assert "uncalibrated" in str(verdict.note)


def test_a_limit_on_a_calibrated_quality_is_one_on_what_people_say() -> None:
    """The panel's 0.75 does not keep it."""
    records = judged(KIND, PEOPLE)
    summary = summarise(some_facts(planned=MANY), records, balance="geometric")
    limits = parse_limits(["quality>=0.5"], where="here")

    (verdict,) = check_limits(summary, records, limits, unsure="pass")

    assert verdict.outcome == "failed"


def test_what_judges_did_and_cost_is_told_apart() -> None:
    """Sums over their votes, and how they go with the metric beside them."""
    votes = [*judged(KIND), an_error("s999", cell=a_cell())]

    found = judging_figures(votes)

    assert found is not None
    (owl,) = found.judges
    assert (owl.votes, owl.read, owl.left_out, owl.known) == (MANY, MANY, 0, 0)
    assert owl.seconds == pytest.approx(30)
    assert (owl.prompt_tokens, owl.output_tokens) == (6000, 600)
    assert owl.cost == pytest.approx(0.6)
    assert found.beside[0][0] == "rouge"
    assert found.beside[0][1].value == pytest.approx(1)


def test_rank_correlation_is_spearmans() -> None:
    """Against its formula for ranks without ties, and in ties by their mean."""
    first, second = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]
    apart = sum((a - b) ** 2 for a, b in zip(first, second, strict=True))

    found = rank_correlation(first, second)

    assert found.value == pytest.approx(1 - 6 * apart / (5 * 24))
    tied = rank_correlation([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0])
    assert tied.value == pytest.approx(0)
    assert rank_correlation([1.0] * 5, first).value is None
