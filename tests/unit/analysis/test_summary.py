"""The statistics of a cell, against figures worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells, items_of
from pytest_llmlat.analysis.cell_counts import (
    count_cell,
    decode_rate,
    seconds_per_correct,
)
from pytest_llmlat.analysis.resampling import resampled_sums
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.values.balance import BALANCES, Balance
from pytest_llmlat.values.results import Distribution, Estimate, Summary
from pytest_llmlat.values.stopping import Stopping
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import (
    a_cell,
    a_grade,
    a_record,
    a_sample,
    a_task,
    a_timing,
    an_error,
    an_overflow,
    some_facts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.cell_bootstrap import CellBootstrap
    from pytest_llmlat.values.records import Record

MIXED = (
    a_record("right", timing=a_timing(0.5, 1.0)),
    a_record("wrong", value=0.0, timing=a_timing(0.25, 0.5)),
    an_error(seconds=2.0),
    an_overflow(),
)
"""One of each kind: speeds 1/2, 2/3, 0 and 0; one of four is right."""


def summed(
    records: Sequence[Record],
    *,
    balance: Balance = "geometric",
    planned: int | None = None,
    finished: bool = True,
) -> Summary:
    """Summarise the records of a cell."""
    cell = records[0].cell
    facts = some_facts(
        cell, planned=len(records) if planned is None else planned, finished=finished
    )
    return summarise(facts, records, balance=balance)


def bootstrapped(records: Sequence[Record]) -> tuple[Summary, CellBootstrap]:
    """Summarise the records of a cell, with its resamples."""
    return summed(records), bootstrap_cells([items_of(records)], 0)[0]


def translated(pairs: Sequence[tuple[str | None, str]]) -> list[Record]:
    """Return graded translations of (answer, reference)."""
    task = a_task("translation/x", extractor="text", metric="chrf++")
    cell = a_cell(task="translation/x")
    return [
        replace(
            a_record(f"s{number}", cell=cell),
            metric="chrf++",
            grade=a_grade("chrf++", answer, task, a_sample("s", reference)),
        )
        for number, (answer, reference) in enumerate(pairs)
    ]


def test_an_error_stays_in_the_denominator() -> None:
    """Of four samples one is right, however the other three failed."""
    summary = summed(MIXED)

    assert (summary.samples, summary.errors) == (4, 1)
    assert summary.quality.value == 1 / 4
    assert summary.normalized.value == 1 / 4
    assert summary.speed.value == pytest.approx((1 / 2 + 2 / 3) / 4)
    assert summary.balanced.value == pytest.approx(math.sqrt(1 / 4 * 7 / 24))


def test_every_mean_is_told() -> None:
    """Which of them is called balanced is an option; all three are there."""
    summary = summed(MIXED)
    quality, speed = 1 / 4, 7 / 24

    assert summary.geometric == pytest.approx(math.sqrt(quality * speed))
    assert summary.arithmetic == pytest.approx((quality + speed) / 2)
    assert summary.harmonic == pytest.approx(2 * quality * speed / (quality + speed))
    for kind in BALANCES:
        assert summed(MIXED, balance=kind).balanced.value == getattr(summary, kind)


def test_latencies_are_of_answers_only() -> None:
    """An error and a prompt that was turned away were not answered fast."""
    summary = summed(MIXED)

    assert summary.e2e_s == Distribution(mean=0.75, p50=0.5)
    assert summary.ttft_s == Distribution(mean=0.375, p50=0.25)
    assert summary.tpot_s == Distribution(mean=0.375, p50=0.25)


def test_rates() -> None:
    """Tokens after the first by the time after it, prompts by the wait for it."""
    summary = summed(MIXED)

    assert summary.decode_tokens_per_s == pytest.approx(2 / 0.75)
    assert summary.prefill_tokens_per_s == pytest.approx(10 / 0.75)
    assert summary.requests_per_s == pytest.approx(2 / 3.5)  # one failed, in 2 s
    assert (summary.prompt_tokens, summary.output_tokens) == (10, 2)


def test_seconds_per_correct_count_the_time_of_failures() -> None:
    """A request that broke cost its time; one that was turned away cost none."""
    assert summed(MIXED).seconds_per_correct == pytest.approx(1.0 + 0.5 + 2.0)


def test_seconds_per_correct_of_nothing_right_are_unknown() -> None:
    """There is no time in which such a model would be right."""
    assert seconds_per_correct([count_cell(None, [a_record(value=0.0)])]) is None
    assert seconds_per_correct([count_cell(None, [])]) is None


def test_correct_within_budget() -> None:
    """Right and no later than the budget, of all that were asked."""
    late = a_record("late", timing=a_timing(1.5))
    just = a_record("just", timing=a_timing(1.0))

    found = dict(summed([late, just, *MIXED]).averages)["correct_within_budget"]

    assert found.value == pytest.approx(2 / 6)
    assert found.low is not None
    assert found.low < 2 / 6 < (found.high or 0.0)


def test_timely_quality_is_of_each_answer() -> None:
    """Wrong at once and right after three budgets are worth nothing and a quarter."""
    right, wrong = (
        a_record("right", timing=a_timing(3.0)),
        a_record("wrong", value=0.0, timing=a_timing(1e-9)),
    )
    summary = summed([right, wrong])

    assert dict(summary.averages)["timely_quality"].value == pytest.approx(1 / 8)
    assert (summary.quality.value, summary.speed.value) == pytest.approx((0.5, 0.625))


def test_a_metric_without_right_and_wrong_has_neither() -> None:
    """A summary is not right or wrong: such figures are absent, not 0."""
    record = a_record(value=0.4)
    graded = replace(record, grade=replace(record.grade, correct=None))
    summary = summed([graded])

    assert summary.seconds_per_correct is None
    assert dict(summary.averages)["correct_within_budget"].value is None
    assert summary.quality.value == 0.4


def test_the_decode_rate_counts_tokens_after_the_first_stamp() -> None:
    """A first chunk of several tokens cost no time after it; rates are over all."""
    records = [
        a_record("a", timing=a_timing(1.0, 2.0, tokens=(5, 3))),
        a_record("b", timing=a_timing(1.0, 4.0, tokens=(1, 1))),
        a_record("c", timing=a_timing(9.0)),
        an_error(),
    ]

    assert decode_rate([count_cell(None, records)]) == pytest.approx(4 / 4.0)
    assert decode_rate([count_cell(None, records[2:])]) is None


def test_marks_are_counted() -> None:
    """What could not be read, was cut, declined or empty is told apart."""
    base = a_record(value=0.0)
    records = [
        replace(base, sample="1", unparsed=True),
        replace(base, sample="2", unparsed=True, refused=True),
        replace(base, sample="3", unparsed=True, empty=True),
        replace(base, sample="4", truncated=True),
        an_overflow("5"),
        an_error("6"),
    ]
    summary = summed(records)

    assert summary.unparsed == 3
    assert (summary.truncated, summary.refused, summary.empty) == (2, 1, 1)
    assert (summary.errors, summary.timeouts) == (1, 0)


@pytest.mark.parametrize(
    ("planned", "finished", "partial"),
    [(4, True, False), (5, True, True), (4, False, True), (5, False, True)],
)
def test_a_cell_that_was_cut_off_is_partial(
    *, planned: int, finished: bool, partial: bool
) -> None:
    """Fewer records than were planned, or an end that never came."""
    summary = summed(MIXED, planned=planned, finished=finished)

    assert summary.partial is partial
    assert (summary.planned, summary.samples) == (planned, 4)


def test_a_cell_without_records_has_no_figures() -> None:
    """What was not measured is absent, not 0; what was, is there."""
    facts = some_facts(planned=3, finished=False)

    summary = summarise(facts, [], balance="geometric")

    assert (summary.planned, summary.samples, summary.partial) == (3, 0, True)
    nothing = Estimate(value=None)
    assert summary.quality == summary.normalized == nothing
    assert summary.speed == summary.balanced == nothing
    assert (summary.geometric, summary.arithmetic, summary.harmonic) == (None,) * 3
    assert summary.e2e_s == summary.ttft_s == summary.tpot_s == Distribution()
    for name in (
        "metric",
        "prompt_tokens",
        "output_tokens",
        "prefill_tokens_per_s",
        "decode_tokens_per_s",
        "requests_per_s",
        "seconds_per_correct",
    ):
        assert getattr(summary, name) is None, name
    assert (summary.load_s, summary.warmup_s, summary.wall_s) == (2.0, 0.25, 9.0)


def test_facts_are_handed_on() -> None:
    """What was measured once for a cell stands beside its statistics."""
    facts = replace(some_facts(), warnings=("traced",))

    summary = summarise(facts, [a_record()], balance="geometric")

    assert summary.backend == facts.backend
    assert summary.warnings == ("traced",)
    assert summary.task_revision == facts.task_revision
    assert (summary.peak_rss_bytes, summary.peak_device_bytes) == (10**9, None)


def some_stopped(
    records: Sequence[Record], why: str | None = "regression of e2e"
) -> Summary:
    """Summarise a cell whose result was looked at after each pair."""
    stopping = Stopping(planned=90, used=len(records), why=why)
    facts = replace(some_facts(planned=len(records)), stopping=stopping)
    return summarise(facts, records, balance="geometric")


def test_a_cell_that_was_stopped_has_intervals_that_hold_at_every_look() -> None:
    """They are wider than those of a fixed number, around the same figures."""
    records = [
        a_record(f"s{n}", value=float(n % 3 > 0), timing=a_timing(1 + 0.1 * (n % 5)))
        for n in range(30)
    ]

    stopped = some_stopped(records)
    fixed = summed(records)

    assert stopped.stopping == Stopping(planned=90, used=30, why="regression of e2e")
    assert stopped.partial is False
    for name in ("quality", "speed", "balanced"):
        wide, narrow = getattr(stopped, name), getattr(fixed, name)
        assert wide.value == narrow.value
        assert 0 <= wide.low < narrow.low < narrow.high < wide.high <= 1, name
    assert some_stopped(records, why=None).quality == fixed.quality


def test_what_is_no_mean_has_no_interval_in_a_stopped_cell() -> None:
    """A corpus score, further figures, and means of unequal clusters."""
    corpus = some_stopped(translated([("a cat", "a cat"), ("dogs", "a dog")]))

    assert corpus.quality.value is not None
    assert corpus.quality.low is corpus.quality.high is corpus.balanced.low is None
    assert {e.low for _, e in corpus.details} == {None}
    clusters = [replace(a_record(f"s{n}"), cluster="ab"[n > 0]) for n in range(3)]
    assert some_stopped(clusters).quality == Estimate(value=1.0)


def test_guessing_is_taken_off_the_score_and_not_off_the_metric() -> None:
    """Three of four right at a chance of one half is half of the way up."""
    records = [
        replace(a_record(f"s{n}", value=float(n > 0)), chance=0.5) for n in range(4)
    ]
    summary = summed(records)

    assert summary.quality.value == 0.75
    assert summary.normalized.value == 0.5
    assert summary.balanced.value == pytest.approx(math.sqrt(0.5 * 0.5))


def test_chance_is_that_of_what_was_asked() -> None:
    """Items of two options are guessed more easily than those of four."""
    records = [
        replace(a_record(f"s{n}", value=float(n < 2)), chance=(0.5, 0.25)[n % 2])
        for n in range(4)
    ]
    summary = summed(records)

    assert summary.chance == 0.375
    assert summary.normalized.value == pytest.approx((0.5 - 0.375) / 0.625)


def test_a_resample_has_the_chance_of_its_items() -> None:
    """Who is right as often as guessing is no better in any resample."""
    records = [
        replace(a_record(f"s{n}", value=value), chance=value)
        for n, value in enumerate((0.5, 0.25) * 6)
    ]
    summary, bootstrap = bootstrapped(records)

    assert bootstrap.value_draws.std() > 0
    assert bootstrap.quality_draws == pytest.approx(0, abs=1e-12)
    assert summary.normalized.value == 0


@pytest.mark.slow
def test_quality_and_speed_come_from_the_same_resamples() -> None:
    """Quality and speed of each draw are those of the same items."""
    import numpy as np

    records = [
        a_record(f"s{n}", value=float(n % 3 > 0), timing=a_timing(0.25 * (n + 1)))
        for n in range(12)
    ]
    _, bootstrap = bootstrapped(records)
    weights = resampled_sums(np.eye(12), seed="0|reasoning/sums")
    ordered = sorted(range(12), key=lambda n: records[n].sample)
    values = np.array([records[n].grade.value for n in ordered])
    speeds = np.array([1 / (1 + 0.25 * (n + 1)) for n in ordered])
    quality, speed = weights @ values / 12, weights @ speeds / 12

    assert bootstrap.quality_draws == pytest.approx(quality)
    assert bootstrap.speed_draws == pytest.approx(speed)


def test_models_are_resampled_as_a_pair() -> None:
    """Two models of one task see the same draws; another task sees others."""
    draws = []
    for cell in (a_cell("a"), a_cell("b"), a_cell("a", task="reasoning/other")):
        records = [a_record(f"s{n}", cell=cell, value=n % 2) for n in range(8)]
        draws.append(bootstrapped(records)[1].quality_draws)

    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


def test_equal_answers_are_as_sure_as_so_many_can_be() -> None:
    """Of two that are right, a third one may well be wrong.

    Of equal times nothing says how far others may differ, nor of a score that is made
    of them.
    """
    summary = summed([a_record("a"), a_record("b")])

    assert summary.quality.low == pytest.approx(0.29, abs=0.005)
    assert summary.quality.high == 1.0
    assert (summary.speed.low, summary.speed.high) == (None, None)
    assert (summary.balanced.low, summary.balanced.high) == (None, None)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_fifteen_of_fifteen_and_none_of_them_have_an_interval(value: float) -> None:
    """It is carried into the score, and never leaves 0 to 1."""
    records = [
        a_record(f"s{n}", value=value, timing=a_timing(0.5 + n / 10)) for n in range(15)
    ]
    summary = summed(records)

    assert summary.quality.low is not None
    assert summary.quality.high is not None
    assert summary.quality.high - summary.quality.low > 0.2
    assert summary.balanced.low is not None
    assert summary.balanced.high is not None
    assert 0 <= summary.balanced.low <= summary.balanced.high <= 1
    assert summary.balanced.high - summary.balanced.low > 0.1


def test_questions_about_one_text_say_less_than_as_many_texts() -> None:
    """All of a cluster count as much as they differ: here each is one item."""
    alone = [a_record(f"s{n}", value=float(n % 8 < 4)) for n in range(24)]
    together = [replace(r, cluster=f"t{n % 8}") for n, r in enumerate(alone)]
    texts = [a_record(f"s{n}", value=float(n < 4)) for n in range(8)]

    assert summed(together).quality == summed(texts).quality
    assert summed(together).quality != summed(alone).quality


def test_a_translation_is_judged_as_a_corpus() -> None:
    """The cell's chrF++ and BLEU are sacrebleu's of all sentences at once."""
    sacrebleu = pytest.importorskip("sacrebleu")
    pairs = [
        ("Der Hund schläft auf dem alten Sofa.", "Der Hund schläft auf dem Sofa."),
        ("Guten Morgen", "Guten Morgen, wie geht es dir heute?"),
        (None, "Das Buch liegt auf dem Tisch."),
    ]
    answers = [answer or "" for answer, _ in pairs]
    references = [[reference for _, reference in pairs]]

    summary, bootstrap = bootstrapped(translated(pairs))

    chrf = sacrebleu.corpus_chrf(answers, references, word_order=2).score / 100
    assert summary.quality.value == pytest.approx(chrf)
    bleu = sacrebleu.corpus_bleu(answers, references).score / 100
    found = dict(summary.details)["corpus_bleu"]
    assert found.value == pytest.approx(bleu)
    assert found.low is not None
    assert found.high is not None
    assert found.low < bleu < found.high
    mean = sum(r.grade.value for r in translated(pairs)) / 3
    assert summary.quality.value != pytest.approx(mean)
    assert bootstrap.value_draws.shape == bootstrap.speed_draws.shape


def test_details_are_averaged() -> None:
    """Further figures of a sample become further figures of the cell, by name."""
    base = a_record()
    records = [
        replace(base, grade=replace(base.grade, details=(("b", x), ("a", 1.0))))
        for x in (0.2, 0.4)
    ]

    found = summed(records).details

    assert [name for name, _ in found] == ["a", "b"]
    assert [figure.value for _, figure in found] == pytest.approx([1.0, 0.3])


def test_a_detail_that_is_missing_weighs_nothing() -> None:
    """The mean is over the answers that have the figure, and so is every resample."""
    base = a_record()
    records = [
        replace(base, sample=name, grade=replace(base.grade, details=details))
        for name, details in (("s", (("b", 0.2),)), ("t", ()), ("u", (("b", 0.4),)))
    ]

    found = dict(summed(records).details)["b"]

    assert found.value == pytest.approx(0.3)
    # Two values, one degree of freedom: nearly nothing is known.
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.05
    assert found.high > 0.9


def test_requests_about_one_sample_are_drawn_together() -> None:
    """To ask the same again is no news: the interval is that of the samples."""
    once = [a_record(f"s{n}", value=float(n % 2)) for n in range(8)]
    often = [replace(record, round=n) for n in range(5) for record in once]

    assert summed(often).quality == summed(once).quality


@pytest.mark.parametrize(
    ("task", "labelled"), [("intent/x", True), ("sentiment/x", False)]
)
def test_a_task_of_labels_has_a_macro_f1(task: str, labelled: bool) -> None:  # noqa: FBT001 - a parameter
    """The mean of the labels' F1; an answer that is missing helps no label.

    Whether answers are labels the task says, of whatever family; records of before did
    not say so, and are of the family sentiment.
    """
    cell = a_cell(task=task)
    given = [("yes", "yes"), ("yes", "no"), ("no", "no"), (None, "no")]
    records = [
        replace(
            a_record(f"s{n}", cell=cell),
            extracted=answer,
            reference=right,
            labelled=labelled,
        )
        for n, (answer, right) in enumerate(given)
    ]

    found = dict(summed(records).details)["macro_f1"]

    average = (2 / 3 + 2 / 4) / 2
    assert found.value == pytest.approx(average)
    assert found.low is not None
    assert found.low < average


def test_speed_is_by_each_record_s_budget() -> None:
    """The budget that stood when it was measured is the one that counts."""
    records = [replace(a_record("a"), budget_s=3.0), replace(a_record("b"), budget_s=1)]

    assert summed(records).speed.value == pytest.approx(
        (score.speed(1.0, 3.0) + score.speed(1.0, 1.0)) / 2
    )


def test_the_prefill_rate_leaves_out_the_wait_in_the_queue() -> None:
    """Four seconds in a queue and one at the model: five tokens a second, not one."""
    timing = replace(a_timing(5.0), sent_ns=4 * NS_PER_S)

    assert summed([a_record(timing=timing)]).prefill_tokens_per_s == pytest.approx(5.0)
