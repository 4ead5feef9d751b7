"""The tail of a run's files, read while another process writes them.

Nothing in the folder is written, locked for long or held open: whoever watches can
neither disturb a run nor be disturbed by its end.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pytest_llmlat.store.field_kinds import LARGEST
from pytest_llmlat.store.journal import CELLS, PLAN, RECORDS, RUN
from pytest_llmlat.store.json_lines import cell_of, facts_of, parsed
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.store.run_lock import is_held
from pytest_llmlat.store.run_sittings import sittings_of
from pytest_llmlat.values.cell_facts import UNSHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

RunState: TypeAlias = Literal["running", "ended", "cut off", "unknown"]
"""State of a run: ``unknown`` where another machine measures, which cannot be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What has been written since the files were read last."""

    facts: tuple[CellFacts, ...]
    """Facts of cells that are rows of a scoreboard; of each the last ones count. What
    they say is over has all its records among these and those before."""
    begun: tuple[CellFacts, ...]
    """Facts that came while the records were read: their cells have begun, and may have
    more records. They come again among ``facts``."""
    records: tuple[Record, ...]
    broken: int
    """Lines that could not be read, in all."""


@dataclass(slots=True)
class RunTail:
    """The tail of one run's folder."""

    folder: Path
    broken: int = 0
    """Lines that could not be read; of one that is still being written none."""
    _places: dict[str, int] = field(default_factory=dict)
    _later: tuple[CellFacts, ...] = ()

    def told(self) -> dict[str, Any]:
        """Return what ``run.json`` says now; empty where it cannot be read."""
        try:
            content = json.loads((self.folder / RUN).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def news(self) -> News:
        """Read what was appended since the last time.

        Raises:
            OSError: a file cannot be read.
        """
        # A record is written after its cell has begun and before it is over. So cells
        # are read before the records, for what is over, and behind, for what began.
        facts = (*self._later, *self._shown())
        records = tuple(self._lines(RECORDS, record_of))
        self._later = self._shown()
        return News(facts=facts, begun=self._later, records=records, broken=self.broken)

    def _shown(self) -> tuple[CellFacts, ...]:
        found = self._lines(CELLS, facts_of)
        return tuple(each for each in found if each.role not in UNSHOWN)

    def _lines(self, name: str, build: Callable[[Any], Any]) -> Iterator[Any]:
        path = self.folder / name
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._places.get(name, 0))
            for line in file:
                if not line.endswith(b"\n"):
                    break  # it is being written, or was cut off: perhaps later
                self._places[name] = self._places.get(name, 0) + len(line)
                try:
                    yield build(parsed(line))
                except ValueError:
                    self.broken += bool(line.strip())


def planned_cells(told: dict[str, Any]) -> int | None:
    """Return how many cells a run is to measure; ``None`` where it does not say."""
    try:
        return len({*map(cell_of, told.get(PLAN) or ())}) or None
    except (TypeError, ValueError):
        return None


def seconds_since_start(told: dict[str, Any], now: dt.datetime) -> float:
    """Return how long the last sitting of a run has gone on; 0 where nobody knows."""
    try:
        started = dt.datetime.fromisoformat(str(sittings_of(told)[-1].get("started")))
        return max(0.0, (now - started).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def seconds_in_all(told: Mapping[str, Any]) -> float | None:
    """Return how long a run took; ``None`` where it says no time, or none that is."""
    took = told.get("seconds")
    if isinstance(took, bool) or not isinstance(took, int | float):
        return None
    return float(took) if 0 <= took < LARGEST else None


def state_of(folder: Path, told: dict[str, Any]) -> RunState:
    """Return whether a run goes on: by its files, its lock and, failing that, its pid.

    Between the last worker of pytest-xdist and the controller that writes the end the
    lock may be free for a moment: ask twice before you believe ``cut off``.
    """
    if told.get("seconds") is not None:
        return "ended"
    last = sittings_of(told)[-1]
    if last.get("host") not in (None, platform.node()):
        return "unknown"
    held = is_held(folder)
    if held is None:
        held = _lives(last.get("pid"))
    if held is None:
        return "unknown"
    return "running" if held else "cut off"


def _lives(pid: object) -> bool | None:
    """Whether there is a process of this number; ``None`` where nobody can be asked."""
    if not isinstance(pid, int) or pid <= 0 or os.name != "posix":
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
