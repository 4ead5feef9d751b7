"""What guessing earns: nothing, on any task, whoever guesses."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from string import ascii_uppercase
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.score import above_chance
from pytest_llmlat.grading.grade import grade as judged
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.metrics.guessing import MOST
from pytest_llmlat.grading.sandbox import open_sandbox
from pytest_llmlat.tasks.chance import chances, complaint
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.values.entities import Sample
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_grade
from tests.unit.metric_texts import a_task
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Task

DATA = Path(__file__).parents[3].parent / "shared" / "data"
TASKS = {name: task for name, task in BUNDLED.entries.items() if task.source}
PUBLIC = {
    name: task
    for name, task in BUNDLED.entries.items()
    if task.public is not None and (DATA / task.public.file).is_file()
}
ALL = {**TASKS, **PUBLIC}
"""The bundled tasks, the generated ones, and the public sets that lie here."""
EXACT = [name for name, task in ALL.items() if METRICS[task.metric].exact]
TEXTS = [name for name, task in ALL.items() if METRICS[task.metric].guess]
TEXTS = [name for name in TEXTS if name not in EXACT]
CODE = [name for name, task in ALL.items() if METRICS[task.metric].run]
ROUNDING = 1e-9
CONSTANT_PROGRAMS = ("None", "True", "0", "[]", "args[0] if args else None")


@cache
def samples(name: str) -> tuple[Sample, ...]:
    """Return all samples of a task."""
    return load_samples(ALL[name], data=DATA)


def offered(task: Task, sample: Sample) -> Sequence[str]:
    """Return what one may pick blindly: options, labels, or true and false."""
    options = dict(sample.fields).get("options")
    if isinstance(options, list):
        letters = list(ascii_uppercase[: len(options)])
        return letters if task.extractor == "choice" else options
    return task.labels or (["true", "false"] if task.extractor == "boolean" else [])


def an_item(reference: str, *further: str, options: object = None) -> Sample:
    """Return a sample with nothing but its right answers and options."""
    return Sample(
        id=f"{reference}-{id(further)}",
        difficulty=None,
        stratum="",
        fields=(("options", options),),
        reference=reference,
        further=further,
    )


def accuracy(**changes: object) -> Task:
    """Return a task whose answers are right or wrong."""
    return replace(a_task(), metric="accuracy", **changes)  # type: ignore[arg-type] # any field


# --- every task that we know ------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_who_picks_blindly_has_no_quality(name: str) -> None:
    """On average over all that may be picked, worked out and not drawn."""
    task, asked = ALL[name], samples(name)
    guessed = [
        fmean([a_grade(task.metric, pick, task, sample).value for pick in picks])
        for sample in asked
        if (picks := offered(task, sample))
    ]
    value = sum(guessed) / len(asked)

    assert above_chance(value, fmean(chances(task, asked))) <= ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_who_always_says_the_same_has_no_quality(name: str) -> None:
    """Whichever right answer of the set it is that is said to everything."""
    task, asked = ALL[name], [one for one in samples(name) if one.graded]
    chance = fmean(chances(task, asked))

    for answer in sorted({sample.reference for sample in asked})[:80]:
        value = fmean(a_grade(task.metric, answer, task, s).value for s in asked)
        # Right once is right by being taken from that very item.
        assert value * len(asked) <= 1 or above_chance(value, chance) <= ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_one_text_for_everything_has_no_quality(name: str) -> None:
    """Within three standard errors: some sixty texts are tried in all.

    Chance itself is known from 64 items.
    """
    pytest.importorskip("rouge_score")
    pytest.importorskip("sacrebleu")
    # Generated items come in turns of three difficulties: each fourth is of all.
    task, asked = ALL[name], samples(name)[::4]
    metric, chance = METRICS[task.metric], fmean(chances(task, samples(name)))

    for text in [sample.reference for sample in asked[:12]]:
        others = [sample for sample in asked if sample.reference != text][:200]
        grades = [a_grade(task.metric, text, task, sample) for sample in others]
        values = [grade.value for grade in grades]
        value = (
            metric.quality([grade.counts for grade in grades])
            if metric.corpus
            else fmean(values)
        )
        error = stdev(values) * (1 / len(values) + 1 / min(MOST, len(asked))) ** 0.5
        assert above_chance(value, chance) <= 3 * error / (1 - chance), text


@pytest.mark.slow
@pytest.mark.parametrize("name", CODE)
def test_one_program_for_everything_has_no_quality(name: str) -> None:
    """A function that always returns the same, or what it is given, passes no tests."""
    if sys.platform != "linux":
        pytest.skip("the confinement has been shown to hold on Linux only")
    task, asked = ALL[name], samples(name)[:45]
    assert set(chances(task, asked)) == {0.0}
    sandbox = open_sandbox("auto")
    try:
        for body in CONSTANT_PROGRAMS:
            for sample in asked:
                head = f"def {sample.field('entry_point')}(*args, **named):"
                answer = f"```python\n{head}\n    return {body}\n```"
                assert not judged(answer, task, sample, sandbox)[1].correct, sample.id
    finally:
        sandbox.close()


# --- the rule -------------------------------------------------------------------


def test_chance_is_one_of_the_options_of_each_item() -> None:
    """Two options are guessed more easily than four; each item has its own chance."""
    asked = [
        an_item("a", options=["a", "b"]),
        an_item("c", options=["c", "d", "e", "f"]),
    ]

    assert chances(accuracy(), asked) == (0.5, 0.25)


@pytest.mark.parametrize(
    "options", [["x", "y", "z", "z"], ("x", "y", "z"), {"A": "x", "B": "y", "C": "z"}]
)
def test_options_may_be_listed_in_several_ways(options: object) -> None:
    """What stands there twice is one option."""
    item = an_item("x", options=options)

    assert chances(accuracy(), [item]) == pytest.approx((1 / 3,))


@pytest.mark.parametrize("options", [None, "x, y", 3, []])
def test_what_lists_no_options_offers_nothing(options: object) -> None:
    """A column of another meaning makes no item easier."""
    items = [an_item("x", options=options), an_item("y", options=options)]

    assert chances(accuracy(), items) == (0.0, 0.0)


def test_the_most_common_label_counts_where_it_is_more() -> None:
    """Always "neutral" is right in three of four, and that is no quality."""
    task = accuracy(labels=("good", "bad", "neutral"))
    asked = [an_item(label) for label in ("neutral", "bad", "neutral", "Neutral")]

    assert chances(task, asked) == (0.75,) * 4


def test_one_of_the_labels_counts_where_none_comes_twice() -> None:
    """Of a set of one item nobody can tell what is common."""
    assert chances(accuracy(labels=("good", "bad")), [an_item("good")]) == (0.5,)


def test_numbers_are_common_by_their_value() -> None:
    """An answer that is spelled otherwise is the same answer."""
    asked = [an_item(number) for number in ("18", "18.00", "5", "$18")]

    assert chances(accuracy(), asked) == (0.75,) * 4


def test_any_right_answer_may_be_the_common_one() -> None:
    """It is right where it is among the right ones."""
    asked = [an_item("NYC", "New York"), an_item("York", "New York"), an_item("Bath")]

    assert chances(accuracy(), asked) == pytest.approx((2 / 3,) * 3)


def test_the_number_of_a_task_comes_first() -> None:
    """It is taken as it is, and told if it flatters."""
    asked = [an_item("a"), an_item("a"), an_item("b"), an_item("b")]
    task = accuracy(chance=0.2)

    assert chances(task, asked) == (0.2,) * 4
    told = complaint(task, asked)
    assert told is not None
    assert "chance = 0.2 is less than what guessing earns on its samples, 0.500" in told


@pytest.mark.parametrize("chance", [None, 0.5, 0.33, 0.9])
def test_a_number_that_does_not_flatter_needs_no_complaint(
    chance: float | None,
) -> None:
    """It may be rounded, or more than guessing earns."""
    asked = [an_item(label) for label in "abc"]

    assert complaint(accuracy(chance=chance, labels=tuple("abc")), asked) is None


def test_one_answer_for_all_items_is_refused() -> None:
    """No answer would show anything; a number says that it is not for guessing."""
    asked = [an_item("yes"), an_item("yes")]

    with pytest.raises(BadCatalogue, match="same answer is right for every sample"):
        chances(accuracy(), asked)
    assert chances(accuracy(chance=0.0), asked) == (0.0, 0.0)


def test_a_text_earns_what_it_shares_with_other_references() -> None:
    """The best of the set, given to all but its own item."""
    task = replace(a_task(), metric="rouge")
    asked = [an_item("the cat sat"), an_item("the dog sat"), an_item("a bird")]

    assert chances(task, asked) == pytest.approx((1 / 3,) * 3)
    assert chances(task, asked[:1]) == (0.0,)


def test_a_metric_that_says_nothing_has_no_chance() -> None:
    """Whoever writes a metric need not know of guessing."""
    task = replace(a_task(), metric="tests_pass")

    assert chances(task, [an_item("a"), an_item("a")]) == (0.0, 0.0)
