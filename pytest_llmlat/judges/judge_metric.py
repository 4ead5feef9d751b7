"""The metric ``judge``: answers that a panel of models grades after the run.

Beside what judges say may stand a metric that compares with a reference, such as ROUGE:
it is graded at once, told beside the judged quality, and no part of the score.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast, get_args

from pytest_llmlat.grading.metrics import METRICS, Metric
from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.judge_votes import VERDICT_TOKENS, AskedPanel, PanelRule
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

RUBRIC = EntryOption(
    name="rubric",
    kind="string",
    meaning="what judges look at: the name of a rubric, or a TOML file with one",
)
JUDGES = EntryOption(
    name="judges",
    kind="string",
    meaning="models that judge, with blanks between them, where --llm-judge names none",
)
PANEL = EntryOption(
    name="panel",
    kind="string",
    choices=get_args(PanelRule),
    meaning="how one grade is made of their votes (default mean)",
)
TOKENS = EntryOption(
    name="verdict_tokens",
    kind="integer",
    least=1,
    meaning=f"tokens at most of a verdict (default {VERDICT_TOKENS}); a judge that"
    " thinks first needs more",
)
BESIDE = EntryOption(
    name="beside",
    kind="string",
    meaning="metric that is told beside the judged quality, such as rouge; no part of"
    " the score",
)


def grade_beside(value: str | None, task: Task, sample: Sample) -> Grade:
    """Return what stands in place of a grade until a panel has judged.

    Its details are the figures of the metric beside it, where the task names one.
    """
    waiting = "not judged yet"
    name = task.option(BESIDE.name)
    grade = None if name is None else METRICS[str(name)].grade
    if grade is None:
        return Grade(value=0.0, note=waiting)
    found = grade(value, task, sample)
    details = dict(((str(name), found.value), *found.details))
    return Grade(value=0.0, details=tuple(details.items()), note=waiting)


def asked_panel(task: Task, judges: tuple[str, ...]) -> AskedPanel | None:
    """Return the panel that grades a task's answers; ``None`` for any other metric.

    Args:
        task: with its options.
        judges: models that were named for all tasks; they come before the task's.
    """
    if not METRICS[task.metric].later:
        return None
    named = tuple(re.split(r"[\s,]+", str(task.option(JUDGES.name) or "").strip()))
    return AskedPanel(
        rubric=str(task.option(RUBRIC.name)),
        judges=judges or tuple(filter(None, named)),
        rule=cast("PanelRule", task.option(PANEL.name) or "mean"),
        tokens=int(task.option(TOKENS.name) or VERDICT_TOKENS),
    )


def unready(answer: str, task: Task) -> str | None:
    """Say what a task lacks for its panel; ``None`` if nothing."""
    del answer
    name = task.option(RUBRIC.name)
    if name is None:
        return (
            "the metric 'judge' needs a rubric: options = { rubric ="
            ' "summary-faithfulness" }'
        )
    try:
        find_rubric(str(name), where=f"task {task.name!r}")
        beside = task.option(BESIDE.name)
        if beside is not None:
            where = f"task {task.name!r}, option beside"
            metric = METRICS.find(str(beside), where=where)
            if metric.grade is None or metric.later or metric.counts:
                return (
                    f"option beside = {beside!r}: must be a metric that compares each"
                    " answer with its reference, such as rouge"
                )
    except UsageError as error:
        return str(error)
    return None


METRIC = Metric(
    grade=grade_beside,
    binary=False,
    several=True,
    illegible=unready,
    options=(RUBRIC, JUDGES, PANEL, TOKENS, BESIDE),
    later=True,
)
