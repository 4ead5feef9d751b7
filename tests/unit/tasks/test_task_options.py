"""Options of a task are known to a part of it, or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.task_options import check_options, known_options
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import BadCatalogue, UnknownName
from tests.unit.builders import a_task

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar, Task
    from pytest_llmlat.values.entry_option import OptionKind


def optioned(metric: str = "accuracy", source: str = "", **options: Scalar) -> Task:
    """Return a task with these options."""
    return replace(
        a_task(source=source or "x.jsonl"),
        metric=metric,
        options=tuple(options.items()),
    )


@pytest.mark.parametrize(
    ("task", "nearest"),
    [
        (optioned("chrf++", languge="de"), "language"),
        (optioned("tests_pass", times=1), "time_s"),
        (optioned(source="generated:logic", cout=3), "count"),
        (optioned(count=3), "language"),
        (optioned(time_s=3), "language"),
    ],
)
def test_an_option_that_nothing_heeds_is_refused(task: Task, nearest: str) -> None:
    """A typo would be ignored, and so would the option of another metric."""
    with pytest.raises(UnknownName) as caught:
        check_options(task, where="FILE: tasks.x.options")

    ((name, _),) = task.options
    told = str(caught.value)
    assert told.startswith(f"FILE: tasks.x.options: unknown option {name!r}; ")
    assert nearest in told.partition("; ")[2]


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (optioned(language=3), "option language = 3: must be a text"),
        (optioned("tests_pass", time_s=0), "time_s = 0: must be a number of at least"),
        (optioned("tests_pass", time_s=True), "time_s = true: must be a number"),
        (optioned(source="generated:logic", count=1.5), "count = 1.5: must be a whole"),
        (optioned(source="generated:logic", seed=-1), "seed = -1: must be a whole num"),
    ],
)
def test_an_option_of_another_kind_is_refused(task: Task, told: str) -> None:
    """With what it must be."""
    with pytest.raises(BadCatalogue) as caught:
        check_options(task, where="here")

    assert told in str(caught.value)


@pytest.mark.parametrize(
    "task",
    [
        optioned("chrf++", language="de"),
        optioned("tests_pass", time_s=2, memory_bytes=1e9, output_bytes=10),
        optioned(source="generated:logic", count=3, seed=0, language="en"),
    ],
)
def test_an_option_that_a_part_reads_is_taken(task: Task) -> None:
    """Each part of a task has its own, and all are listed with a meaning."""
    check_options(task, where="here")

    known = known_options(task)
    assert {name for name, _ in task.options} <= {option.name for option in known}
    assert all(option.meaning for option in known)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ("a", ""), (1, 1.5, True)),
        ("integer", (1, 0), (1.0, "1", True)),
        ("float", (1, 1.5), ("1", True, float("nan"), float("inf"))),
        ("boolean", (True, False), (1, 0.0, "true")),
    ],
)
def test_a_value_is_of_the_kind_of_its_option(
    kind: OptionKind, good: tuple[Scalar, ...], bad: tuple[Scalar, ...]
) -> None:
    """True is no number, and 1 no truth value."""
    option = EntryOption(name="x", kind=kind, meaning="m")

    assert all(map(option.fits, good))
    assert not any(map(option.fits, bad))


def test_bounds_and_choices_hold() -> None:
    """They are told as what a value must be."""
    number = EntryOption(name="x", kind="float", meaning="m", least=0.5)
    word = EntryOption(name="x", kind="string", meaning="m", choices=("a", "b"))

    assert (number.fits(0.5), number.fits(0.4)) == (True, False)
    assert (word.fits("b"), word.fits("c")) == (True, False)
    assert number.wanted == "a number of at least 0.5"
    assert word.wanted == "one of a, b"
