"""``llmlat watch``: follow a run from another terminal, or from a browser."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.analysis.watched_run import RunWatch
from pytest_llmlat.command.given import RUN_HELP, opened, path_of
from pytest_llmlat.command.output import room, say
from pytest_llmlat.command.page_server import PageServer
from pytest_llmlat.report.answer_sentence import answer_sentence
from pytest_llmlat.report.figures import narrowed, printable, table
from pytest_llmlat.report.progress_words import (
    CELL_TITLES,
    cell_rows,
    log_line,
    run_sentence,
)
from pytest_llmlat.report.watch_page import POLICY, watch_page
from pytest_llmlat.store.run_reader import run_folder
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from pytest_llmlat.analysis.watched_run import WatchedRun

_POLL_S = 1.0
_LOG_S = 60.0
_REFRESH_S = 2
_CUT_OFF = 1
_GIVEN_UP = (9, 8, 5, 2, 4)
"""Columns that a narrow terminal does without, the first of them first."""
_RIGHT = (3, 6, 7, 8, 9)


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Follows a run by reading its folder; the run is neither asked nor touched."
        " Ends when the run ends, and then says what it found. On a terminal a table is"
        " drawn anew each second; elsewhere there is a line each minute. Exit status 1"
        " if the run was cut off."
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="last", help=f"{RUN_HELP} (default)"
    )
    parser.add_argument(
        "--page",
        metavar="PORT",
        nargs="?",
        type=int,
        const=0,
        help="show it in a browser of this machine, at 127.0.0.1 and this port"
        " (default: a free one)",
    )
    parser.add_argument(
        "--once", action="store_true", help="say how far it is, and do not wait"
    )


def run(given: Namespace) -> int:
    """Follow a run to its end.

    Raises:
        BadRun: there is none.
    """
    folder = run_folder(path_of(given.run))
    watch = RunWatch(folder)
    if given.once:
        watch.look()  # that it was cut off is believed when seen twice
        seen = watch.look()
        say([*_table(seen), printable(run_sentence(folder.name, seen))])
        return _status(seen)
    if given.page is None:
        return _status(_follow(folder, watch))
    with PageServer(given.page, POLICY) as server:
        say([f"at {server.address} until the run has ended; Ctrl-C ends it before"])
        sys.stdout.flush()
        return _status(_follow(folder, watch, server))


def _follow(
    folder: Path, watch: RunWatch, server: PageServer | None = None
) -> WatchedRun:
    """Show a run until it is over."""
    screen = _Screen(folder.name)
    while True:
        seen = watch.look()
        over = seen.state in ("ended", "cut off")
        last = _last_lines(folder, seen) if over else []
        if server is not None:
            again = None if over else _REFRESH_S
            text = watch_page(folder.name, seen, again_s=again, last=last)
            server.show(text, last=over)
        else:
            screen.show(seen, over=over)
        if over:
            if server is not None:
                # A browser that is open is to see the end, too.
                server.wait_for_reader(2 * _REFRESH_S)
            say([printable(run_sentence(folder.name, seen)), *last])
            return seen
        time.sleep(_POLL_S)


def _last_lines(folder: Path, seen: WatchedRun) -> list[str]:
    """Return what a person wanted to know: the answer, and what to type next."""
    lines = []
    try:
        run_ = opened(str(folder))
        asked = asked_for(run_)
        board = board_of(
            run_,
            balance=asked.balance,
            seed=asked.seed,
            slo=asked.slo,
            varied=asked.varied,
            tell=lambda _: None,
        )
        lines = [answer_sentence(board)]
    except LLMLatError as error:
        lines = [printable(str(error))]
    where = printable(str(folder))
    if seen.state == "cut off":
        return [*lines, f"go on with it: the same pytest command, --llm-resume={where}"]
    return [*lines, f"all of it: llmlat show {where}"]


def _status(seen: WatchedRun) -> int:
    return _CUT_OFF if seen.state == "cut off" else 0


def _table(seen: WatchedRun, most: int | None = None) -> list[str]:
    rows = cell_rows(seen.progress)
    if not rows:
        return []
    kept = narrowed(CELL_TITLES, rows, most=most, dispensable=_GIVEN_UP)
    right = [place for place, column in enumerate(kept) if column in _RIGHT]
    shown = [[row[column] for column in kept] for row in rows]
    lines = table([CELL_TITLES[column] for column in kept], shown, right=right)
    return [line[:most] for line in lines]


class _Screen:
    """Draws a table anew on a terminal; elsewhere writes a line each minute."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._redraws = sys.stdout.isatty()
        self._drawn = 0
        self._told_s = 0.0

    def show(self, seen: WatchedRun, *, over: bool) -> None:
        """Show what is known now."""
        if self._redraws:
            most = room()
            lines = _table(seen, most)
            if not over:
                lines.append(printable(run_sentence(self._name, seen))[:most])
            up = f"\x1b[{self._drawn}A" if self._drawn else ""
            sys.stdout.write(f"{up}\r\x1b[J" + "".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
            self._drawn = len(lines)
            return
        now = time.monotonic()
        if over:
            say(_table(seen))
        elif not self._told_s or now - self._told_s >= _LOG_S:
            self._told_s = now
            say([log_line(seen.progress)])
            sys.stdout.flush()
