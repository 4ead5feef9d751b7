"""Completion of a shell's line: commands, options, runs and models.

The extra ``completion`` brings argcomplete, which talks to the shell. It is asked with
its own variables in the environment; no other call of the command imports it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command.given import LAST, RUNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def typed_words(environ: Mapping[str, str]) -> list[str]:
    """Return the words of the line that a shell completes, after the program's."""
    return environ.get("COMP_LINE", "").split()[1:]


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer the shell and end the process; does nothing without the extra."""
    try:
        import argcomplete  # noqa: PLC0415 - an extra, and only where a shell asks
    except ImportError:
        return
    with_completers(parser)
    argcomplete.autocomplete(parser)


def with_completers(parser: argparse.ArgumentParser) -> None:
    """Let arguments that name a run or a model be completed by those that there are."""
    for action in _actions(parser):
        completer = _COMPLETERS.get(action.dest)
        if completer is not None:
            # argcomplete reads it there; argparse has no such field.
            vars(action)["completer"] = completer


def run_names(**_: Any) -> list[str]:  # noqa: ANN401 - what argcomplete hands over
    """Return what may stand for a run: the newest, and the folders of all."""
    found = sorted(RUNS.iterdir(), reverse=True) if RUNS.is_dir() else []
    return [LAST, *(str(path) for path in found if path.is_dir())]


def model_names(**_: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the models of the catalogues that are read here; none of a broken one."""
    from pytest_llmlat.backends.model_catalogue import load_models  # noqa: PLC0415 - if asked
    from pytest_llmlat.values.errors import LLMLatError  # noqa: PLC0415 - as above

    project = Path("pyproject.toml")
    try:
        return list(load_models([project] if project.is_file() else []).entries)
    except LLMLatError:
        return []


_COMPLETERS: Mapping[str, Callable[..., list[str]]] = {
    **dict.fromkeys(("run", "runs"), run_names),
    "model": model_names,
}
"""What may stand for an argument, by its name in the parsed options."""


def _actions(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    """Yield the arguments of a parser and of those of its commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other door
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for below in action.choices.values():
                yield from _actions(below)
