"""The command ``llmlat``: what is done beside a pytest run.

A subcommand is a module with two functions: ``add`` gives a parser its arguments, and
``run`` turns parsed arguments into an exit status. Each prints what it found, as text
for people or with ``--json`` for programs. Only the module that is asked for is
imported.
"""

from __future__ import annotations

import argparse
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DISTRIBUTION = "pytest-llmlat"
FAILED, MISUSED, INTERRUPTED, UNHEARD = 1, 2, 130, 141
"""Exit statuses: it found a failure or broke; it was not called as it should be;
Ctrl-C; whoever read its output went away."""
SIGNALLED = 128
"""Exit status, with the number of the signal added, of what another signal ended."""
COMMANDS = {
    "doctor": "what this machine can run, and what to install for the rest",
    "init": "write benchmarks and a workflow for a model of yours",
    "models": "the models that can be named, and which of them run here",
    "tasks": "the tasks that can be named",
    "watch": "follow a run that is under way, here or in a browser",
    "show": "the scoreboard of a run, or single answers of it",
    "report": "write a report anew: of one run, or of several in one",
    "compare": "the gate's verdicts on two runs that were measured before",
    "baseline": "the runs that a baseline holds: show, add, prune",
    "route": "cascades and routers through several models, found in their records",
    "train-adapter": "a LoRA adapter from a task's train split, to be compared",
    "panel": "models grade the answers of a run by a rubric",
    "judges": "how far judges can be trusted, by faults planted in a run's answers",
    "label": "grade some answers yourself, so that judges can be checked",
    "export": "the records of a run as a table: CSV, Parquet or JSON lines",
    "card": "the results of a model for its card on Hugging Face's hub",
    "badge": "a figure of a model as a picture for a README",
    "publish": "a run into MLflow or Weights & Biases",
    "read": "results of other tools as a run: of lm-eval, inspect, AIPerf and more",
    "history": "how each cell changed from run to run, as a page and a picture",
    "calibrate": "how true the clock for servers is on this machine",
}
"""The subcommands by name, in the order of ``llmlat --help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit status."""
    if "_ARGCOMPLETE" in os.environ:
        from pytest_llmlat.command import completion  # noqa: PLC0415 - a shell asks

        words = completion.typed_words(os.environ)
        completion.answer(parser([name for name in words[:1] if name in COMMANDS]))
    typed = list(sys.argv[1:] if arguments is None else arguments)
    asked = [name for name in typed[:1] if name in COMMANDS]
    if typed and not asked and not typed[0].startswith("-"):
        parser().error(_unknown(typed[0]))
    given = parser(asked).parse_args(typed)
    from pytest_llmlat.machine.end_signals import EndSignals  # noqa: PLC0415 - after --help
    from pytest_llmlat.values.errors import LLMLatError, UsageError  # noqa: PLC0415 - after --help

    for stream in (sys.stdout, sys.stderr):
        # A name may hold what the terminal's encoding cannot: it is shown escaped.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    signals = EndSignals()
    signals.listen()
    try:
        status: int = import_module(_module(given.command)).run(given)
        sys.stdout.flush()
    except LLMLatError as error:
        return _told(str(error), MISUSED if isinstance(error, UsageError) else FAILED)
    except BrokenPipeError:
        # What is still to be written at exit must not complain a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNHEARD
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        reason = error.strerror or str(error)
        return _told(
            f"{where}{reason}; see to it that it can be read, or written", FAILED
        )
    except KeyboardInterrupt:
        status = INTERRUPTED
    finally:
        signals.restore()
    # Some commands take Ctrl-C themselves, to say what was kept.
    if status == INTERRUPTED and signals.heard is not None:
        return SIGNALLED + signals.heard
    return status


def parser(names: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        names: of the subcommands whose arguments it knows. All are listed.
    """
    parser = argparse.ArgumentParser(
        prog="llmlat",
        description="Beside pytest: look at runs, and at the machine that makes them.",
    )
    parser.add_argument(
        "--version", action="version", version=f"pytest-llmlat {version(DISTRIBUTION)}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, told in COMMANDS.items():
        command = commands.add_parser(name, help=told)
        if name in names:
            import_module(_module(name)).add(command)
    return parser


def _module(name: str) -> str:
    """Return the module of a subcommand."""
    return f"{__name__}.{name.replace('-', '_')}"


def _unknown(name: str) -> str:
    """Say that there is no such subcommand, with those of nearly its name."""
    near = get_close_matches(name, COMMANDS, n=2)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    return f"unknown command {name!r}{hint} There are {', '.join(COMMANDS)}"


def _told(problem: str, status: int) -> int:
    from pytest_llmlat.report.figures import printable  # noqa: PLC0415 - on use

    print(f"llmlat: {printable(problem)}", file=sys.stderr)  # noqa: T201 - its voice
    return status
