"""``llmlat tasks``: what models are asked."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command.output import add_catalogues, add_json, say, tell
from pytest_llmlat.grading.sandbox import open_sandbox
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.report.figures import MISSING, printable, ratio, seconds, table
from pytest_llmlat.tasks.answer_options import answer_options
from pytest_llmlat.tasks.chance import chances
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.shots import draw_shots, load_shots
from pytest_llmlat.tasks.solutions import PassedSolutions
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.tasks.task_options import known_options
from pytest_llmlat.values.entities import GENERATED
from pytest_llmlat.values.errors import BadExtension, MissingExtra, UsageError
from pytest_llmlat.values.toml_text import entry_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from pytest_llmlat.tasks.task_catalogue import TaskCatalogue
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.entry_option import EntryOption
    from pytest_llmlat.values.toml_tables import TomlTable

_HEADER = ("task", "samples", "metric", "chance", "budget", "how to run it")
_COMMAND = "llmlat tasks"
_PROJECT = Path("pyproject.toml")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Lists the tasks that --llm-task and the marker llm can name: the built-in"
        " ones, those of pyproject.toml here, and those of the files given."
    )
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="show the whole entry of a task, or of each task of a family",
    )
    add_catalogues(parser, "tasks")
    parser.add_argument(
        "--check",
        action="store_true",
        help="read all rows of the tasks named, write what each would be asked, its"
        " examples too, and run each row's own solution with its tests",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="folder with local copies of public sets, for --check",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the tasks, those of a family together.

    Raises:
        UsageError: a catalogue or a data file that is malformed, or a row that no
            answer could be right on.
    """
    own = [_PROJECT] if _PROJECT.is_file() else []
    catalogue = load_tasks([*own, *given.tasks])
    if given.check:
        return _check(catalogue, given.names, given.data)
    if given.names:
        return _show(catalogue, given.names, as_json=given.json)
    families = list(dict.fromkeys(t.family for t in catalogue.entries.values()))
    tasks = sorted(
        catalogue.entries.values(), key=lambda task: families.index(task.family)
    )
    found = {task.name: _samples(task) for task in tasks}
    if given.json:
        tell([_content(task, found[task.name]) for task in tasks])
    else:
        rows = [_row(task, found[task.name]) for task in tasks]
        say(table(_HEADER, rows, right=(1, 3, 4)))
    return 0


def _show(catalogue: TaskCatalogue, names: Sequence[str], *, as_json: bool) -> int:
    """Print entries with all that they take from others, and the options they know."""
    found = [task for name in names for task in catalogue.find(name, where=_COMMAND)]
    if as_json:
        tell([_entry(task, catalogue.tables[task.name]) for task in found])
        return 0
    for task in found:
        say(map(printable, entry_lines(catalogue.tables[task.name])))
        options = (f"# {o.name}: {o.wanted}; {o.meaning}" for o in _options(task))
        say(["", "# options that it knows:", *map(printable, options), ""])
    return 0


def _check(catalogue: TaskCatalogue, names: Sequence[str], data: Path | None) -> int:
    """Say of each task how many rows it has on which an answer can be right."""
    if not names:
        raise UsageError("--check: needs the name of a task or of a family")
    passed = PassedSolutions(user_cache())
    with ExitStack() as opened:
        sandbox = cache(lambda: opened.enter_context(closing(open_sandbox())))
        for name in names:
            for task in catalogue.find(name, where=_COMMAND):
                samples = load_samples(task, data=data)
                _try_prompts(task, samples, data)
                passed.check(task, samples, sandbox)
                say([f"{task.name}: {len(samples)} rows, nothing wrong"])
    return 0


def _try_prompts(task: Task, samples: Sequence[Sample], data: Path | None) -> None:
    """Write what each row would be asked, in every form that the task has.

    Raises:
        UsageError: a template does not fit a row, an example is missing, or options
            cannot be ranked.
        LLMLatError: the examples are not to be had.
    """
    pool = load_shots(task, samples, data=data)
    forms = {True: task.chat_prompt, False: task.completion_prompt}
    for sample in samples:
        shots = draw_shots(task, pool, sample, seed=0)
        for chat, template in forms.items():
            if template is not None and task.chat in (None, chat):
                request_for(task, sample, chat=chat, seed=0, shots=shots)
        answer_options(task, sample)


def _entry(task: Task, table: TomlTable) -> dict[str, Any]:
    return {
        "name": task.name,
        "entry": table.values,
        "options": [
            {"name": o.name, "value": o.wanted, "meaning": o.meaning}
            for o in _options(task)
        ],
    }


def _options(task: Task) -> Sequence[EntryOption]:
    """Return what options a task knows, none where its metric cannot be used."""
    try:
        return known_options(task)
    except BadExtension:
        return ()


def _samples(task: Task) -> Sequence[Sample] | None:
    """Read the samples of a file; a public set's nobody knows before it is there."""
    if task.public is not None or task.source.startswith(GENERATED):
        return None
    return load_samples(task)


def _chance(task: Task, samples: Sequence[Sample] | None) -> float | None:
    """Return the mean quality of guessing; ``None`` where it cannot be told here."""
    if samples is None:
        return task.chance
    try:
        found = zip(chances(task, samples), samples, strict=True)
        return fmean(chance for chance, sample in found if sample.graded)
    # A metric that cannot be used is told of when the task is run.
    except (BadExtension, MissingExtra):
        return None


def _row(task: Task, samples: Sequence[Sample] | None) -> Sequence[str]:
    return (
        task.name,
        MISSING if samples is None else str(len(samples)),
        task.metric,
        ratio(_chance(task, samples)),
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


def _content(task: Task, samples: Sequence[Sample] | None) -> dict[str, Any]:
    return {
        "name": task.name,
        "family": task.family,
        "title": task.title,
        "samples": None if samples is None else len(samples),
        "metric": task.metric,
        "chance": _chance(task, samples),
        "budget_s": task.budget_s,
        "max_new_tokens": task.max_new_tokens,
        "hub": task.public.hub if task.public else None,
        "run": _how(task),
    }
