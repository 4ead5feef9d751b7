"""Ranked answers: the option whose likelihood, as a model tells it, is highest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.tasks.answer_options import answer_options
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.protocols import Ranking, RankingServer
from pytest_llmlat.values.ranking import RankedOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.ranking import Likelihood, RankBy
    from pytest_llmlat.values.records import Grade

_NAMES: dict[str, RankBy] = {
    "acc": "total",
    "acc_norm": "character",
    "acc_bytes": "byte",
}
"""Names, in lm-evaluation-harness, of the shares of right answers of each way."""


def check_ranking(
    backend: Backend | Server[Any], *, model: str, task: str
) -> Ranking | RankingServer[Any]:
    """Return a model as one that ranks options.

    Raises:
        Unsupported: it cannot tell how likely a given text is.
    """
    if not isinstance(backend, Ranking | RankingServer):
        raise Unsupported(
            f"task {task!r} ranks its options by how likely a model finds them, and the"
            f" backend of {model!r} cannot tell that; choose a task whose answers are"
            " written, or another backend"
        )
    try:
        backend.check_ranking()
    except Unsupported as error:
        raise Unsupported(f"task {task!r}, model {model!r}: {error}") from error
    return backend


def ranked_options(
    task: Task, sample: Sample, likelihoods: Sequence[Likelihood]
) -> tuple[RankedOption, ...]:
    """Return the options of a row with the likelihoods that a model found."""
    options = answer_options(task, sample)
    return tuple(
        RankedOption(
            answer=option.answer,
            text=option.text,
            logprob=found.logprob,
            tokens=found.tokens,
        )
        for option, found in zip(options, likelihoods, strict=True)
    )


def likeliest(options: Sequence[RankedOption], way: RankBy) -> RankedOption:
    """Return the option with the highest figure; the first of several, as is usual."""
    return max(options, key=lambda option: option.by(way))


def with_other_ways(
    mark: Grade, task: Task, sample: Sample, options: Sequence[RankedOption]
) -> Grade:
    """Return a grade with what each way of comparing would have earned.

    Args:
        mark: of the way that the task says.
        task: its metric judges them all.
        sample: what was asked about.
        options: as they were found; where there are none, no way has the answer.
    """
    found = []
    for name, way in _NAMES.items():
        answer = likeliest(options, way).answer if options else None
        found.append((name, grade(answer, task, sample, None)[1].value))
    return replace(mark, details=(*mark.details, *found))
