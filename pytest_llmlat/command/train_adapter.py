"""``llmlat train-adapter``: a LoRA adapter from a task's own train split."""

from __future__ import annotations

import math
import os
import shlex
import subprocess
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.output import add_catalogues, say
from pytest_llmlat.machine.device_table import absence, device_name, is_present
from pytest_llmlat.machine.devices import look
from pytest_llmlat.report.figures import printable
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.training.recipe import Recipe
from pytest_llmlat.training.trained_adapter import (
    LAST_STEPS,
    MODELS,
    TEST,
    AdapterWish,
    train_adapter,
)
from pytest_llmlat.values.errors import DeviceAbsent, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from pytest_llmlat.training.trained_adapter import TrainedAdapter

_PROJECT = Path("pyproject.toml")
_BASE = "smollm2-135m-hf"
_DTYPES = ("float32", "bfloat16")
_MOST_RATE = 1.0


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Trains a LoRA adapter (peft) on the train split that a task's entry names"
        " (train_file, train_split), never on what the task asks, and writes a folder"
        " that 'adapter' of a model's entry takes. The last line is what to type to"
        " measure base and adapter beside each other; --compare does it."
    )
    parser.add_argument("task", metavar="TASK", help="task whose train split is learnt")
    parser.add_argument(
        "--model",
        metavar="NAME",
        default=_BASE,
        help="base: an entry that runs through transformers, or hf: and a folder or"
        " hub id (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("adapter"),
        help="a new folder (default: %(default)s)",
    )
    _add_recipe(parser)
    parser.add_argument(
        "--device", metavar="NAME", default="cpu", help="where (default: %(default)s)"
    )
    add_catalogues(parser, "models")
    add_catalogues(parser, "tasks")
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="folder with local copies of public sets",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="measure base and adapter in turn by the gate, once it is trained",
    )


def _add_recipe(parser: ArgumentParser) -> None:
    """Declare the arguments that decide which adapter comes out."""
    usual = Recipe()
    for name, told in (
        ("steps", "steps of training"),
        ("batch", "rows in a step"),
        ("rank", "rank of the adapter's matrices"),
        ("alpha", "scale of their product, by alpha / rank"),
    ):
        parser.add_argument(
            f"--{name}",
            metavar="N",
            type=_positive,
            default=getattr(usual, name),
            help=f"{told} (default: %(default)s)",
        )
    parser.add_argument(
        "--lr",
        metavar="X",
        type=_rate,
        default=usual.learning_rate,
        help="learning rate at its height (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=usual.seed,
        help="of the first weights and the order of rows (default: %(default)s)",
    )
    parser.add_argument(
        "--targets",
        metavar="NAMES",
        default="",
        help="layers to change, by the last part of their names, with commas between"
        " (default: the query and value projections)",
    )
    parser.add_argument(
        "--dtype",
        choices=_DTYPES,
        default=usual.dtype,
        help="type that the base computes in (default: %(default)s)",
    )


def run(given: Namespace) -> int:
    """Train, and say how to compare, or do so.

    Raises:
        UsageError: no such task or model, no train split, or a folder in the way.
        MissingExtra: torch, transformers or peft is not installed.
    """
    wish = _wish(given)
    try:
        trained = train_adapter(wish, tell=lambda line: say([printable(line)]))
    except KeyboardInterrupt:
        print("llmlat: stopped; nothing was written", file=sys.stderr)  # noqa: T201 - its voice
        raise
    say(printable(line) for line in _told(trained))
    arguments = _comparison(given, trained)
    if not given.compare:
        say([f"next: {shlex.join(['pytest', *arguments])}"])
        return 0
    say([f"running: {shlex.join(['pytest', *arguments])}"])
    sys.stdout.flush()
    return _measured(arguments)


def _wish(given: Namespace) -> AdapterWish:
    """Return what is to be trained.

    Raises:
        UsageError: there is no such task, model or device.
        DeviceAbsent: it is not on this machine.
    """
    own = [_PROJECT] if _PROJECT.is_file() else []
    tasks = load_tasks([*own, *given.tasks]).find(given.task, where="TASK")
    if given.task not in {task.name for task in tasks}:
        names = ", ".join(task.name for task in tasks)
        raise UsageError(f"TASK: {given.task!r} is a family; name one task: {names}")
    catalogue = load_models([*own, *given.models])
    device, inventory = device_name(given.device), look()
    if not is_present(device, inventory):
        raise DeviceAbsent(f"--device: {absence(device, inventory)}")
    recipe = Recipe(
        steps=given.steps,
        seed=given.seed,
        batch=given.batch,
        rank=given.rank,
        alpha=given.alpha,
        learning_rate=given.lr,
        targets=tuple(filter(None, given.targets.split(","))),
        dtype=given.dtype,
    )
    return AdapterWish(
        task=tasks[0],
        model=catalogue.find(given.model, where="--model"),
        listed=given.model in catalogue.entries,
        device=device,
        recipe=recipe,
        out=given.out,
        data=given.data,
    )


def _told(trained: TrainedAdapter) -> Iterator[str]:
    """Yield what came of training."""
    if trained.left_out:
        shown = ", ".join(trained.left_out[:3])
        yield (
            f"left out: {len(trained.left_out)} rows that share a passage with one that"
            f" the task asks ({shown}{', …' if len(trained.left_out) > 3 else ''})"  # noqa: PLR2004 - as many as are shown
        )
    if trained.too_long:
        yield f"left out: {trained.too_long} rows that are longer than the base reads"
    yield (
        f"written to {trained.folder}: trained on {trained.rows} rows, mean loss of the"
        f" last {LAST_STEPS} steps {trained.loss:.3f}"
    )


def _comparison(given: Namespace, trained: TrainedAdapter) -> list[str]:
    """Return the arguments of pytest that hold the adapter against its base."""
    further = [("--llm-models", path) for path in given.models]
    further.append(("--llm-models", trained.folder / MODELS))
    further += [("--llm-tasks", path) for path in given.tasks]
    if given.data is not None:
        further.append(("--llm-data", given.data))
    files = [text for flag, path in further for text in (flag, path.as_posix())]
    chosen = ("--llm", trained.entry, "--llm-against", given.model)
    return [(trained.folder / TEST).as_posix(), *files, *chosen]


def _measured(arguments: list[str]) -> int:
    """Run pytest to its end; return its exit status."""
    command = [sys.executable, "-m", "pytest", *arguments]
    with subprocess.Popen(command, env={**os.environ}) as child:  # noqa: S603 - this interpreter and our own words
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # It got the signal too, and writes down what it has.
                continue


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ArgumentTypeError(f"must be 1 or more: {text}")
    return number


def _rate(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and 0 < number <= _MOST_RATE):
        raise ArgumentTypeError(f"must be above 0, at most {_MOST_RATE:g}: {text}")
    return number
