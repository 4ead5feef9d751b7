"""What a user wants to have measured, asked for in a few questions or by options."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_llmlat.command.output import say
from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.errors import LLMLatError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

_Read = TypeVar("_Read")
CI_KINDS = ("github", "gitlab", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectWish:
    """What is to be measured."""

    model: str
    """Name of the catalogue, or an address such as ``hf:ORG/NAME``."""
    tasks: tuple[str, ...]
    """Tasks or families of the catalogue."""
    data: Path | None
    """File of the user's own rows; ``None`` for none."""
    seconds: float | None
    """Seconds within which half of the answers are to come; ``None`` for no limit."""
    ci: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WishChecks:
    """What tries an answer; each raises an error of this package if it is of no use."""

    model: Callable[[str], object]
    data: Callable[[Path], object]
    task: Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    text: str
    usual: str


_MODEL = _Question(
    text="Which model? A name (llmlat models), hf:ORG/NAME, a folder or a .gguf file,"
    " or a server's address with #NAME",
    usual="smollm2-135m",
)
_DATA = _Question(
    text="A file with questions of your own (.jsonl, .json, .csv)? Empty for none",
    usual="",
)
_TASKS = "Which kinds of tasks? (llmlat tasks lists them)"
_SECONDS = _Question(
    text="How many seconds may a typical answer take? Empty to measure first",
    usual="",
)
_CI = _Question(text=f"A workflow for which CI? {', '.join(CI_KINDS)}", usual="github")


def wish_of(
    given: Namespace,
    ask: Callable[[str], str] | None = None,
    *,
    usual_tasks: Sequence[str],
    checks: WishChecks,
) -> ProjectWish:
    """Return what is wanted: what the options say, and what is answered for the rest.

    A person whose answer cannot be used is told why, and asked again.

    Args:
        given: the parsed options; one that was not typed is ``None``.
        ask: asks a person and returns the answer; ``None`` where nobody is there, and
            what was not typed is as usual.
        usual_tasks: tasks or families where nobody says any.
        checks: what tries a model, a file and a task.

    Raises:
        LLMLatError: an option that cannot be used.
    """

    def tasks_of(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(text.replace(",", " ").split()))
        for name in names:
            checks.task(name)
        return names

    def model_of(text: str) -> str:
        checks.model(text)
        return text

    def data_of(text: str) -> Path | None:
        if text:
            checks.data(Path(text))
        return Path(text) if text else None

    model = _answer(given.model, _MODEL, ask, model_of)
    data = _answer(given.data, _DATA, ask, data_of)
    # Whoever has questions of their own need not be asked for others, too.
    usual = _Question(text=_TASKS, usual="" if data else " ".join(usual_tasks))
    typed = " ".join(given.task) if given.task else None
    return ProjectWish(
        model=model,
        data=data,
        tasks=_answer(typed, usual, ask, tasks_of),
        seconds=_answer(given.seconds, _SECONDS, ask, _seconds),
        ci=_answer(given.ci, _CI, ask, _choice),
    )


def asker() -> Callable[[str], str] | None:
    """Return what asks at the terminal; ``None`` where there is nobody to ask."""
    if not sys.stdin.isatty():
        return None
    return input


def _answer(
    typed: str | None,
    question: _Question,
    ask: Callable[[str], str] | None,
    read: Callable[[str], _Read],
) -> _Read:
    """Return what an option or a person says; a person may try again."""
    if typed is not None:
        return read(typed)
    if ask is None:
        return read(question.usual)
    usual = f" [{question.usual}]" if question.usual else ""
    while True:
        try:
            text = ask(f"{question.text}{usual}: ").strip()
        except EOFError:
            return read(question.usual)
        try:
            return read(text or question.usual)
        except LLMLatError as error:
            say([f"  {printable(str(error))}"])


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        found = float(text.removesuffix("s"))
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise UsageError(f"--seconds {text}: must be a number above 0, such as 1.5")
    return found


def _choice(text: str) -> str:
    if text not in CI_KINDS:
        raise UsageError(f"--ci {printable(text)}: there are {', '.join(CI_KINDS)}")
    return text
