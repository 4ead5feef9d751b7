"""What a user wants to have measured, asked for in a few questions or by options."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

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
    text="Within how many seconds is half of the answers to come? Empty: measure first",
    usual="",
)
_CI = _Question(text=f"A workflow for which CI? {', '.join(CI_KINDS)}", usual="github")


def wish_of(
    given: Namespace,
    ask: Callable[[str], str] | None = None,
    *,
    usual_tasks: Sequence[str],
) -> ProjectWish:
    """Return what is wanted: what the options say, and what is answered for the rest.

    Args:
        given: the parsed options; one that was not typed is ``None``.
        ask: asks a person and returns the answer; ``None`` where nobody is there, and
            what was not typed is as usual.
        usual_tasks: tasks or families where nobody says any.

    Raises:
        UsageError: an answer that is none.
    """
    data = _said(given.data, _DATA, ask)
    # Whoever has questions of their own need not be asked for others, too.
    usual = _Question(text=_TASKS, usual="" if data else " ".join(usual_tasks))
    tasks = given.task or _said(None, usual, ask).replace(",", " ").split()
    return ProjectWish(
        model=_said(given.model, _MODEL, ask),
        tasks=tuple(dict.fromkeys(tasks)),
        data=Path(data) if data else None,
        seconds=_seconds(_said(given.seconds, _SECONDS, ask)),
        ci=_choice(_said(given.ci, _CI, ask)),
    )


def asker() -> Callable[[str], str] | None:
    """Return what asks at the terminal; ``None`` where there is nobody to ask."""
    if not sys.stdin.isatty():
        return None
    return input


def _said(
    typed: str | None, question: _Question, ask: Callable[[str], str] | None
) -> str:
    if typed is not None:
        return str(typed)
    if ask is None:
        return question.usual
    usual = f" [{question.usual}]" if question.usual else ""
    try:
        return ask(f"{question.text}{usual}: ").strip() or question.usual
    except EOFError:
        return question.usual


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
