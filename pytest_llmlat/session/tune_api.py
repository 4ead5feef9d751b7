"""The tuning of a model from Python, as ``--llm-tune`` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.session.api import measure_models

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from pytest_llmlat.session.result import RunResult
    from pytest_llmlat.values.entities import ModelSpec, Task


def tune(
    models: str | ModelSpec | Iterable[str | ModelSpec],
    tasks: str | Task | Iterable[str | Task],
    space: str | PathLike[str],
    *,
    goal: str = "balance",
    budget: str = "",
    resume: str | PathLike[str] | None = None,
    **how: Any,  # noqa: ANN401 - the arguments of measure_models
) -> RunResult:
    """Find the best setting of each model; ``result.board.races`` has what came of it.

    Args:
        models: as in :func:`measure_models`.
        tasks: as there; the race draws from the samples of all of them.
        space: a TOML file, or ``"threads=1,2,4 dtype=float32,bfloat16"``.
        goal: ``"balance"``, ``"fastest quality>=0.6"``, ``"cheapest quality=0.02"``.
        budget: ``"requests=2000 minutes=30"``; empty for what is usual.
        resume: folder of a run that was cut short, to go on from.
        how: further arguments of :func:`measure_models`.

    Returns:
        The run; that no setting is better than today's is a result, and no error.

    Raises:
        UsageError: an argument cannot be what it is.
        LLMLatError: as in :func:`measure_models`.
    """
    return measure_models(
        models,
        tasks,
        tune=str(space),
        tune_for=goal,
        tune_budget=budget,
        tune_resume=resume,
        **how,
    )
