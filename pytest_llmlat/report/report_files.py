"""The files of a report: one writer, for the end of a run and for ``llmlat report``."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.benchmark_json import answer_times, benchmark_text
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.store.journal import REPORT, SUMMARY
from pytest_llmlat.store.record_reader import records_of, told_before

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.routes import FoundRoutes

PAGE = "report.html"


def write_report(
    folder: Path,
    told: dict[str, Any],
    board: Scoreboard,
    run: Run,
    *,
    page: bool,
    routes: FoundRoutes | None = None,
) -> None:
    """Write ``summary.json``, ``report.md`` and, if asked, ``report.html``.

    Args:
        folder: where to; exists.
        told: what ``run.json`` says, and what is wrong with the run.
        board: its figures.
        run: where the page reads the records, one cell at a time; lines that cannot
            be read were told when the figures were made, and are not told again.
        page: the page is asked for.
        routes: found through its models; ``None`` where nobody looked for any.

    Raises:
        OSError: there is no room for it, or no right to; no half of a file stays.
    """
    try:
        (folder / SUMMARY).write_text(summary_text(told, board), "utf-8")
        (folder / REPORT).write_text(report_text(told, board, routes=routes), "utf-8")
        if page:
            from pytest_llmlat.report.page import write_page  # noqa: PLC0415 - if asked
            from pytest_llmlat.report.run_contents import run_contents  # noqa: PLC0415

            contents = partial(run_contents, run)
            write_page(folder / PAGE, told, board, contents, routes=routes)
    except OSError:
        for name in (SUMMARY, REPORT, PAGE):
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        raise


def write_benchmark(
    path: Path, told: dict[str, Any], board: Scoreboard, run: Run
) -> None:
    """Write the file that pytest-benchmark reads; its folder is made if need be."""
    cells = records_of(run, tell=told_before)
    times_s = {cell.id: list(answer_times(own)) for cell, own in cells}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(benchmark_text(told, board, times_s), "utf-8")
