"""Where a run is, and where its page: the last lines on the terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

from pytest_llmlat.report.report_files import PAGE


def place_lines(run: Path, report: Path | None, *, asked: Path | None) -> list[str]:
    """Return the lines, the page last; without one, what makes it.

    Args:
        run: folder of the run.
        report: folder of its report; ``None`` where none was written.
        asked: folder that was asked for.
    """
    if report is None:
        here = Path.cwd()
        near = run.relative_to(here) if run.is_relative_to(here) else run
        return [
            f"written to {run}",
            f"as a page: llmlat report {shlex.quote(str(near))}",
        ]
    lines = [f"written to {report}"]
    if asked is not None and report != asked:
        another = "another run has written its report there since this one began"
        lines.append(f"not to {asked}: {another}")
    return [*lines, f"page: {report / PAGE}"]
