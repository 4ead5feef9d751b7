"""The metric ``judge``: answers that a panel of models grades after the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import Metric, guess_texts
from pytest_llmlat.judges.rubrics import find_rubric
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

RUBRIC = EntryOption(
    name="rubric",
    kind="string",
    meaning="what judges look at: the name of a rubric, or a TOML file with one",
)


def not_yet(value: str | None, task: Task, sample: Sample) -> Grade:
    """Return what stands in place of a grade until a panel has judged."""
    del value, task, sample
    return Grade(value=0.0, note="not judged yet")


def unready(answer: str, task: Task) -> str | None:
    """Say what a task lacks for its panel; ``None`` if nothing."""
    del answer
    name = task.option("rubric")
    if name is None:
        return (
            "the metric 'judge' needs a rubric: options = { rubric ="
            ' "summary-faithfulness" }'
        )
    try:
        find_rubric(str(name), where=f"task {task.name!r}")
    except UsageError as error:
        return str(error)
    return None


METRIC = Metric(
    grade=not_yet,
    binary=False,
    several=True,
    guess=guess_texts,
    illegible=unready,
    options=(RUBRIC,),
    later=True,
)
