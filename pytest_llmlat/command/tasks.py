"""``llmlat tasks``: what models are asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.report.figures import MISSING, ratio, seconds, table
from pytest_llmlat.tasks.catalogue import load_tasks
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.values.entities import GENERATED

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Task

_HEADER = ("task", "samples", "metric", "chance", "budget", "how to run it")
_PROJECT = Path("pyproject.toml")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Lists the tasks that --llm-task and the marker llm can name: the built-in"
        " ones, those of pyproject.toml here, and those of the files given."
    )
    parser.add_argument(
        "--tasks",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="catalogue with more tasks (TOML); repeatable",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the tasks, those of a family together.

    Raises:
        UsageError: a catalogue or a data file that is malformed.
    """
    own = [_PROJECT] if _PROJECT.is_file() else []
    catalogue = load_tasks([*own, *given.tasks])
    families = list(dict.fromkeys(t.family for t in catalogue.entries.values()))
    tasks = sorted(
        catalogue.entries.values(), key=lambda task: families.index(task.family)
    )
    counts = {task.name: _samples(task) for task in tasks}
    if given.json:
        tell([_content(task, counts[task.name]) for task in tasks])
    else:
        rows = [_row(task, counts[task.name]) for task in tasks]
        say(table(_HEADER, rows, right=(1, 3, 4)))
    return 0


def _samples(task: Task) -> int | None:
    """Count the samples of a file; of a public set nobody knows before it is there."""
    if task.public is not None or task.source.startswith(GENERATED):
        return None
    return len(load_samples(task))


def _row(task: Task, samples: int | None) -> Sequence[str]:
    return (
        task.name,
        MISSING if samples is None else str(samples),
        task.metric,
        ratio(task.chance),
        seconds(task.budget_s),
        _how(task),
    )


def _how(task: Task) -> str:
    """Say what to type."""
    if not task.by_name_only:
        return f"--llm-task {task.family}"
    named = f"--llm-task {task.name}"
    if task.public is None:
        return named
    if task.public.revision is None or task.public.local_only:
        return f"{named} --llm-data DIR"
    return f"{named} (hub, or --llm-data DIR)"


def _content(task: Task, samples: int | None) -> dict[str, Any]:
    return {
        "name": task.name,
        "family": task.family,
        "title": task.title,
        "samples": samples,
        "metric": task.metric,
        "chance": task.chance,
        "budget_s": task.budget_s,
        "max_new_tokens": task.max_new_tokens,
        "hub": task.public.hub if task.public else None,
        "run": _how(task),
    }
