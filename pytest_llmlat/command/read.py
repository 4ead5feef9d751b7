"""``llmlat read``: files of other tools become a run that all commands can show."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.command.given import figures, opened, warn
from pytest_llmlat.command.output import add_json, room, say, say_toned, tell
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.report_files import write_report
from pytest_llmlat.report.terminal import toned_scoreboard
from pytest_llmlat.store.journal import new_folder
from pytest_llmlat.store.peers import PEERS
from pytest_llmlat.store.peers.imported_run import ImportWish, imported, write_run
from pytest_llmlat.store.peers.peer_file import PeerFile
from pytest_llmlat.store.peers.peer_run import PeerWish
from pytest_llmlat.store.run_reader import told_of
from pytest_llmlat.values.errors import BadPeerFile, LLMLatError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from pytest_llmlat.store.peers.peer_run import PeerRun

_ENDINGS = (".json", ".jsonl", ".eval")
_MALFORMED = (
    *(ValueError, KeyError, TypeError, IndexError),
    *(AttributeError, OverflowError, RecursionError),
)
"""Errors of reading what is of another form."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Reads what another tool measured (lm-eval, inspect, AIPerf, GuideLLM,"
        " promptfoo) and writes it as a run, for show, report, compare and the rest."
        " Every figure says who measured it. What the tool does not have, quality or"
        " speed, stays empty."
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="files of one run of the tool, or the folder that they lie in",
    )
    parser.add_argument(
        "--from",
        dest="tool",
        metavar="TOOL",
        help="whose files they are (default: seen by what is in them)",
    )
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="what to call the model"
    )
    parser.add_argument("--task", metavar="NAME", help="what to call the task")
    parser.add_argument(
        "--metric",
        metavar="NAME",
        help="which of the tool's figures of an answer is its quality",
    )
    parser.add_argument(
        "--machine",
        metavar="NAME",
        help="name of the machine that measured; latencies of two files are compared"
        " only if both are said to be of the same",
    )
    parser.add_argument(
        "--budget",
        metavar="SECONDS",
        type=float,
        help="latency at which an answer earns half of the speed score; needed where"
        " answers have grades and times",
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="RUN",
        type=Path,
        help="folder to write (default: a new one in .llmlat/runs)",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Write the run and show what is in it.

    Raises:
        UsageError: files that are none of a tool's, or an option that cannot be.
    """
    if given.budget is not None and not 0 < given.budget < float("inf"):
        raise UsageError(f"--budget {given.budget:g}: must be seconds above 0")
    tool, files = _recognised(_named(given.files), given.tool)
    wish = ImportWish(
        model=given.name, task=given.task, machine=given.machine, budget_s=given.budget
    )
    read = _read(tool, files, PeerWish(metric=given.metric))
    cells = imported(tool, read, files, wish)
    folder = given.out or new_folder(Path())
    write_run(folder, tool, read, cells, wish)
    found = opened(str(folder))
    problems = [*read.told]
    board = figures(found, problems)
    write_report(folder, told_of(found, problems), board, found, page=False)
    if given.json:
        told = [one.facts.cell.id for one in cells]
        records = sum(len(one.records) for one in cells)
        tell(
            {
                "run": str(folder),
                "tool": tool,
                "version": read.version,
                "cells": told,
                "records": records,
                "problems": problems,
            }
        )
        return 0
    warn(problems)
    say_toned(toned_scoreboard(board, most=room()))
    say(["", f"written to {printable(str(folder))}"])
    return 0


def _named(paths: Sequence[Path]) -> list[PeerFile]:
    """Return the files that were named, those of a folder included.

    Raises:
        BadPeerFile: one is not there, or a folder has none.
    """
    found: dict[Path, PeerFile] = {}
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = [each for each in sorted(path.rglob("*")) if _may_be(each)]
            if not inside:
                raise BadPeerFile(
                    f"{path}: there is no file in it that ends in"
                    f" {', '.join(_ENDINGS)}; name the folder of one run"
                )
        for each in inside:
            found.setdefault(each.resolve(), PeerFile(each))
    return list(found.values())


def _may_be(path: Path) -> bool:
    return path.suffix in _ENDINGS and path.is_file() and path.stat().st_size > 0


def _recognised(
    files: Sequence[PeerFile], tool: str | None
) -> tuple[str, list[PeerFile]]:
    """Return whose files they are, and which of them are read.

    Raises:
        BadPeerFile: nobody's, or those of several tools.
        UnknownName: there is no such tool; names the nearest.
    """
    names = [*PEERS] if tool is None else [PEERS.known(tool, where="--from")]
    readers = {name: PEERS.find(name, where="--from") for name in names}
    found: dict[str, list[PeerFile]] = defaultdict(list)
    for file in files:
        for name, reader in readers.items():
            with PEERS.blamed(name):
                if reader.recognises(file):
                    found[name].append(file)
                    break
    if len(found) > 1:
        told = "; ".join(f"{own[0].path} of {name}" for name, own in found.items())
        raise BadPeerFile(
            f"files of several tools ({told}); read each on its own, or say --from TOOL"
        )
    if not found:
        known = "; ".join(f"{name}: {each.files}" for name, each in readers.items())
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise BadPeerFile(
            f"{files[0].path}{more}: cut off, or of no tool that is known ({known})"
        )
    return next(iter(found.items()))


def _read(tool: str, files: Sequence[PeerFile], wish: PeerWish) -> PeerRun:
    """Read the files.

    Raises:
        BadPeerFile: they are malformed.
    """
    try:
        return PEERS[tool].read(files, wish)
    except LLMLatError:
        raise
    except _MALFORMED as error:
        names = ", ".join(str(file.path) for file in files)
        raise BadPeerFile(
            f"{names}: not as {tool} writes them ({type(error).__name__}:"
            f" {error!s:.120}); copy them again, or run the tool again"
        ) from error
