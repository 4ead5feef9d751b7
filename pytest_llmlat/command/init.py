"""``llmlat init``: the files with which a model of the user's is measured."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.suggested_limits import SLACK, suggested_limits
from pytest_llmlat.backends.backend_kind import BACKENDS, check_options
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.chosen_model import chosen_model
from pytest_llmlat.command.extras import PACKAGE, extras
from pytest_llmlat.command.given import RUN_HELP, figures, opened, warn
from pytest_llmlat.command.output import say
from pytest_llmlat.command.project_files import (
    INI,
    ProjectPlan,
    metric_of,
    texts_of,
    with_limits,
    write,
)
from pytest_llmlat.command.project_wish import WishChecks, asker, wish_of
from pytest_llmlat.command.readiness import readiness
from pytest_llmlat.gate.tolerances import parse_limits
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.machine.devices import look
from pytest_llmlat.report.figures import printable
from pytest_llmlat.tasks.data.set_loading import load_samples
from pytest_llmlat.tasks.own_rows import look_at_rows
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.families import FAMILIES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.command.project_files import Written
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.results import Summary

_SOME_KEPT = 1
_PAGE_EXTRA = "report"
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
"""Names that mean nothing else in a shell, a workflow or a path."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Writes a folder of benchmarks for a model of yours: settings, the model, tasks"
        " and tests, and a workflow for a CI. At a terminal it asks a few questions,"
        " except what an option answers; elsewhere it takes the defaults. A file that"
        " exists is kept, and named. The last line is what to type next. Exit status 1"
        " if a file was kept although its new content would differ."
    )
    parser.add_argument("--model", metavar="NAME", help="name or address of the model")
    parser.add_argument(
        "--name", metavar="NAME", help="what to call a model that has an address only"
    )
    parser.add_argument(
        "--task",
        metavar="NAME",
        action="append",
        help="task or family to measure; repeatable",
    )
    parser.add_argument(
        "--data", metavar="FILE", help="file with questions and answers of your own"
    )
    parser.add_argument(
        "--question", metavar="COLUMN", help="column of the file that is asked"
    )
    parser.add_argument(
        "--answer", metavar="COLUMN", help="column of the file with the right answer"
    )
    parser.add_argument(
        "--seconds",
        metavar="S",
        help="seconds that a typical answer may take: a limit on the median",
    )
    parser.add_argument(
        "--limits-from",
        metavar="RUN",
        help=f"hold later runs to what a run keeps: {RUN_HELP}; alone it only writes"
        " the limits",
    )
    parser.add_argument("--ci", metavar="KIND", help="github, gitlab or none")
    parser.add_argument(
        "--dir",
        metavar="DIR",
        type=Path,
        default=Path("benchmarks"),
        help="folder to write (default: %(default)s)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="ask nothing; take the default instead"
    )
    parser.add_argument(
        "--force", action="store_true", help="write over files that are there"
    )


def run(given: Namespace) -> int:
    """Write the files, and say what to type next.

    Raises:
        UsageError: an answer or a file that cannot be used; nothing is written then.
    """
    folder: Path = given.dir
    for flag, text in (("--dir", str(folder)), ("--name", given.name or "model")):
        if not _PLAIN.fullmatch(text):
            raise UsageError(
                f"{flag} {text}: may have letters, digits, '-', '_' and '.', and begins"
                " with no dot and no slash"
            )
    limits = _limits(given.limits_from) if given.limits_from else ()
    ini = folder / INI
    if given.limits_from and ini.is_file() and not given.model:
        ini.write_text(with_limits(ini.read_text("utf-8"), limits, where=ini), "utf-8")
        say(printable(f"  {line}") for line in limits)
        say([f"{len(limits)} limits written to {printable(str(ini))}"])
        say([f"next: pytest {folder}"])
        return 0
    plan = _plan(given, limits)
    _try(plan)
    done = write(texts_of(plan), Path(), force=given.force)
    say(_told(done))
    say(printable(line) for line in _advice(plan, done))
    return _SOME_KEPT if "kept" in done.values() else 0


def _plan(given: Namespace, limits: tuple[str, ...]) -> ProjectPlan:
    """Return what is to be written.

    Raises:
        UsageError: there is no such model, task, file or column.
    """
    ask = None if given.yes else asker()
    wish = wish_of(given, ask, usual_tasks=_usual_tasks(), checks=_checks(given))
    rows = None
    if wish.data is not None:
        rows = look_at_rows(wish.data, question=given.question, answer=given.answer)
    chosen = chosen_model(wish.model, given.name)
    if wish.seconds is not None:
        limits = (*limits, f"e2e_p50<={wish.seconds:g}s")
    plan = ProjectPlan(
        folder=given.dir,
        name=chosen.name,
        entry=None if chosen.listed else chosen.model,
        wish=wish,
        rows=rows,
        extras=(),
        limits=limits,
    )
    return replace(plan, extras=_extras(chosen.model, plan))


def _checks(given: Namespace) -> WishChecks:
    """Return what tries an answer as it is given, and not when all are there."""
    tasks = load_tasks()
    return WishChecks(
        model=lambda text: chosen_model(text, given.name),
        data=partial(look_at_rows, question=given.question, answer=given.answer),
        task=partial(tasks.find, where="--task"),
    )


def _usual_tasks() -> list[str]:
    """Return the families of which no task needs a sandbox or a download."""
    tasks = load_tasks().entries.values()
    local = [each for each in tasks if not each.by_name_only and each.public is None]
    return [
        family
        for family in FAMILIES
        if not any(METRICS[each.metric].run for each in local if each.family == family)
    ]


def _extras(model: ModelSpec, plan: ProjectPlan) -> tuple[str, ...]:
    """Return the extras that measuring the model takes, and its report."""
    catalogue = load_tasks()
    named = [catalogue.find(name, where="--task") for name in plan.wish.tasks]
    metrics = [task.metric for tasks in named for task in tasks]
    if plan.rows is not None:
        metrics.append(metric_of(plan.rows))
    wanted = [model.extra or BACKENDS[model.backend].extra]
    wanted += [METRICS[name].extra for name in metrics]
    return tuple(dict.fromkeys([*filter(None, wanted), _PAGE_EXTRA]))


def _try(plan: ProjectPlan) -> None:
    """See that what is to be written can be used, in a folder as deep as its own.

    Raises:
        UsageError: it cannot be; says why.
    """
    plan.folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".llmlat-init-", dir=plan.folder.parent))
    try:
        write(
            {
                draft / path.name: text
                for path, text in texts_of(plan).items()
                if path.parent == plan.folder
            },
            Path(),
            force=True,
        )
        models = load_models([draft / "models.toml"])
        check_options(models.find(plan.name, where="--name"))
        tasks = load_tasks([draft / "tasks.toml"])
        for name in plan.wish.tasks:
            tasks.find(name, where="--task")
        if plan.own_task is not None:
            load_samples(tasks.entries[plan.own_task])
    finally:
        shutil.rmtree(draft)


def _limits(run_: str) -> tuple[str, ...]:
    """Return the limits that a run keeps, a line for each of its cells.

    Raises:
        UsageError: there is no such run, or none of its cells tells a limit.
    """
    problems: list[str] = []
    found = opened(run_)
    board = figures(found, problems)
    warn([*found.problems, *problems])
    lines = tuple(_limit_lines(board.summaries))
    if not lines:
        raise UsageError(
            f"--limits-from {run_}: no cell of this run was measured whole and without"
            " errors, so it tells no limits"
        )
    return lines


def _limit_lines(summaries: Iterable[Summary]) -> Iterator[str]:
    for each in suggested_limits(summaries):
        parts = []
        if each.quality is not None:
            parts.append(f"quality>={each.quality:g}")
        if each.e2e_p50_s is not None:
            parts.append(f"e2e_p50<={each.e2e_p50_s:g}s")
        line = f"{each.task}@{each.model}: {' '.join(parts)}"
        if not parts:
            continue
        try:
            parse_limits([line], where="limits")
        except UsageError:
            warn([f"no limit for {each.task} of {each.model}: its name has no scope"])
            continue
        yield line


def _told(done: dict[Path, Written]) -> Iterator[str]:
    for path, what in done.items():
        more = "; it differs, --force writes over it" if what == "kept" else ""
        yield f"{what:<11} {printable(str(path))}{more}"


def _advice(plan: ProjectPlan, done: dict[Path, Written]) -> Iterator[str]:
    """Say what is still to be done, what to type next the last of all."""
    if plan.rows is not None:
        kind: str = plan.rows.kind
        if kind == "labels":
            kind = f"one of {len(plan.rows.labels)} labels"
        yield (
            f"your {plan.rows.count} questions: column {plan.rows.question!r} is asked,"
            f" {plan.rows.answer!r} is right ({kind}); see tasks.toml"
        )
    if not plan.limits and done[plan.folder / INI] != "kept":
        yield (
            "later: llmlat init --limits-from last  (holds runs to what the newest"
            f" keeps: the low end of quality, {SLACK:g} times its median time)"
        )
    for command in _lacking(plan):
        yield f"first: {command}"
    # Whoever trained an adapter wants to know what it gained over its base.
    against = f" --llm-against={plan.base_name}" if plan.base_name else ""
    yield f"next: pytest {plan.folder.as_posix()}{against}"


def _lacking(plan: ProjectPlan) -> list[str]:
    """Return what to do before the model runs here."""
    found = extras()
    model = load_models([plan.folder / "models.toml"]).find(plan.name, where="--model")
    lacking = readiness(model, look(), found).lacking
    missing = [each for each in plan.extras if found[each].lacking]
    others = [each for each in lacking if PACKAGE not in each]
    if [*missing, *others] in ([], [_PAGE_EXTRA]):
        # A page without plots is a page.
        return []
    return [f"pip install '{PACKAGE}[{','.join(missing)}]'"] * bool(missing) + others
