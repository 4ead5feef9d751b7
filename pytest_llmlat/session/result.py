"""The result of a run for a script or a notebook: its figures and its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.report.notebook import board_html
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard, Standing, Summary, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run. Printed it is the scoreboard; a notebook shows it as tables.

    The scoreboard itself is a value that knows of no report, so the run is what is
    shown. Its records stay on the disk until they are asked for.
    """

    board: Scoreboard
    """All figures and verdicts."""
    folder: Path
    """``.llmlat/runs/ID``: ``summary.json``, ``report.md``, ``records.jsonl``, ..."""

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """The statistics of each cell (model x device x task x scenario)."""
        return self.board.summaries

    @property
    def standings(self) -> tuple[Standing, ...]:
        """A row for each model on each device, the best balanced score first."""
        return self.board.standings

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the gate says, the worst first; empty where nothing was compared."""
        return self.board.verdicts

    @property
    def passed(self) -> bool:
        """Whether no verdict fails. Without a comparison or a limit there is none."""
        return not any(verdict.failing for verdict in self.board.verdicts)

    def records(self) -> Iterator[Record]:
        """Yield what was measured of each sample, read from the run's folder.

        Raises:
            BadRun: the folder is gone, or no run is in it any more.
        """
        for _, records in records_of(open_run(self.folder)):
            yield from records

    def __str__(self) -> str:
        """Return the scoreboard as it ends a run on a terminal."""
        return "\n".join([*scoreboard_lines(self.board), f"written to {self.folder}"])

    def _repr_html_(self) -> str:
        """Return the scoreboard for Jupyter, as tables."""
        return board_html(self.board, folder=str(self.folder))
