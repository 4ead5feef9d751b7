"""Items that are drawn for a run: fresh by seed, and the same for the same one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.tasks.data import load_samples, revision
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.values.entities import DIFFICULTIES, Task
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_grade
from tests.unit.tasks.bundled_tasks import BUNDLED

pytestmark = pytest.mark.slow

FRESH = [task for task in BUNDLED.entries.values() if task.source[:10] == "generated:"]
EACH = pytest.mark.parametrize("task", FRESH, ids=lambda task: task.name)


def test_each_generator_has_a_task() -> None:
    """They are in the catalogue."""
    names = [task.name for task in FRESH]

    assert names == [
        "extraction/orders",
        "reasoning/arithmetic_fresh",
        "reasoning/logic_fresh",
        "long_context/needles",
    ]


@EACH
def test_the_seed_decides_which_items(task: Task) -> None:
    """Items of two seeds differ, in their ids too, so that they are never paired."""
    one, same, other = (load_samples(task, seed=seed) for seed in (3, 3, 4))

    assert one == same
    assert revision(task, one) == revision(task, same) != revision(task, other)
    assert not {sample.id for sample in one} & {sample.id for sample in other}
    # Needles are as hard as they lie deep, which is told apart from difficulty.
    levels = {None} if task.family == "long_context" else set(DIFFICULTIES)
    assert {sample.difficulty for sample in one} == levels


@EACH
def test_options_come_before_the_session_s_seed(task: Task) -> None:
    """A task may fix its items and their number."""
    fixed = replace(task, options=(("count", 6), ("seed", 9)))

    assert load_samples(fixed, seed=1) == load_samples(fixed, seed=2)
    assert len(load_samples(fixed)) == 6
    assert load_samples(fixed) == load_samples(task, seed=9)[:6]


@EACH
def test_every_item_is_asked_and_its_answer_is_right(task: Task) -> None:
    """Both prompts render, and the reference passes its own extractor."""
    for sample in load_samples(task, seed=5):
        for chat in (True, False):
            question = str(sample.field("question"))
            assert question in request_for(task, sample, chat=chat, seed=0).prompt
        lead = "" if task.extractor == "json" else "Answer: "
        answer = f"{lead}{sample.reference}"
        value = EXTRACTORS[task.extractor](answer, task, sample).value
        assert a_grade(task.metric, value, task, sample).correct


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("seed", -1, "options.seed must be a whole number of at least 0, not -1"),
        ("count", "many", "options.count must be a whole number of at least 0"),
        ("count", 0, "has no samples"),
        ("count", 10**5, "the templates have no more questions"),
    ],
)
def test_a_bad_option_is_told(key: str, value: str | int, expected: str) -> None:
    """With the task."""
    task = replace(FRESH[1], options=((key, value),))

    with pytest.raises(BadCatalogue, match=expected) as caught:
        load_samples(task)
    assert task.name in str(caught.value)
