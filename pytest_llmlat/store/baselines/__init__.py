"""Baselines: whole runs in one small file, to be committed and compared with.

Each is written from a run without holes, and is read back as records of which
all statistics can be made again. Its top is for people; then come the records, a line
for each column. A checksum tells a file that was edited from one that was measured: a
baseline that was made slower by hand would let every later run pass.

Texts are not kept: no prompt, no answer, no reference. So what is made of texts cannot
be made of a baseline, such as macro-F1; that two answers differ is told by a digest.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from statistics import fmean, median_low
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.store.baselines import baseline_files
from pytest_llmlat.store.baselines.columns import digest_of, pack, unpack
from pytest_llmlat.store.baselines.untimed_facts import UNTIMED_FACTS
from pytest_llmlat.values.errors import BadBaseline
from pytest_llmlat.values.records import Cell

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record

__all__ = [
    "Baseline",
    "BaselineCell",
    "BaselineRun",
    "differences",
    "digest_of",
    "load",
    "prune",
    "save",
]

_OVERVIEW = "for people, not read back"
_NAMED = 5
"""Cells that a message names at most."""
_SPLIT = (
    *(KeyError, TypeError, ValueError, AttributeError),
    *(OverflowError, RecursionError),
)
"""Errors of reading content of another form."""
_Facts: TypeAlias = tuple[tuple[str, "Scalar | None"], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineCell:
    """A stored cell, as it was measured."""

    cell: Cell
    task_revision: str | None
    backend: _Facts
    """Facts that the backend told of itself."""
    contended: str | None
    """Reason why its latencies prove nothing; ``None`` if they may."""
    warnings: tuple[str, ...]
    """Disturbances that made it slower than for a user, such as a debugger."""
    records: tuple[Record, ...]
    """Records without texts; times count from 0, with the first and last stamp only."""
    answers: Mapping[tuple[str, int], str | None]
    """Digest of each answer (``digest_of``), by (sample, round)."""
    constraint: str | None = None
    """Digest of what answers were held to; ``None`` for nothing."""

    @property
    def disturbed(self) -> str | None:
        """Reason why its latencies are never gated; ``None`` if they are."""
        return self.contended or next(iter(self.warnings), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRun:
    """A stored run."""

    id: str
    """Id: when it was made."""
    plugin: str
    """Version of this plugin that wrote it."""
    environment: Mapping[str, Scalar | None]
    """The fingerprint of the machine and its software."""
    cells: tuple[BaselineCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline: stored runs of the same cells, which tell how much runs differ."""

    name: str
    """Name of the file as it was given, for messages."""
    runs: tuple[BaselineRun, ...]
    """Runs, oldest first; at least one."""

    @property
    def cells(self) -> tuple[BaselineCell, ...]:
        """Cells, each of the newest run that has it."""
        return tuple(
            {cell.cell.id: cell for run in self.runs for cell in run.cells}.values()
        )


def save(
    path: Path,
    *,
    facts: Iterable[CellFacts],
    records: Iterable[Record],
    environment: Mapping[str, Scalar | None],
    created: str,
    plugin: str,
) -> None:
    """Store a run beside those that a file has; the file is replaced in one go.

    Raises:
        BadBaseline: a cell has fewer records than planned, or nothing was measured, or
            the file has this run already, or is broken, or cannot be written. What was
            there before is untouched.
    """
    told = {one.cell.id: one for one in facts}
    measured: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        measured[record.cell.id].append(record)
    holes = _holes(told, measured)
    if holes:
        more = len(holes) - _NAMED
        named = "; ".join(holes[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
        raise BadBaseline(
            f"baseline {path}: not saved, for a baseline with holes would flatter later"
            f" runs: {named}; run them whole, then save it with"
            f" {baseline_files.OPTION}={path}"
        )
    stored = _stored(path)
    if any(one["created"] == created for one in stored):
        raise BadBaseline(
            f"baseline {path}: has the run of {created} already, and a run that counts"
            " twice would hide how much runs differ"
        )
    try:
        content = {
            "created": created,
            "plugin": plugin,
            "environment": dict(environment),
            _OVERVIEW: {key: _overview(measured[key]) for key in told},
            "cells": [_packed(told[key], measured[key]) for key in told],
        }
        text = baseline_files.signed({"plugin": plugin, "runs": [*stored, content]})
        # What could not be read again is not saved.
        _baseline(str(path), json.loads(text))
    except _SPLIT as error:
        raise BadBaseline(
            f"baseline {path}: not saved, since it could not be read again: {error};"
            " that is a fault of pytest-llmlat or of a plugin of its models: report it"
        ) from error
    baseline_files.write(path, text)


def prune(path: Path, *, keep: Container[int]) -> Baseline:
    """Keep only some of a file's runs, by their numbers from 1, the oldest.

    Raises:
        BadBaseline: it cannot be read or written, or none would be left.
    """
    stored = _runs(baseline_files.read(path))
    left = [one for number, one in enumerate(stored, 1) if number in keep]
    if not left:
        raise BadBaseline(
            f"baseline {path}: none of its {len(stored)} runs would be left; delete the"
            " file to begin anew"
        )
    baseline_files.write(
        path, baseline_files.signed({"plugin": left[-1]["plugin"], "runs": left})
    )
    return load(path)


def load(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BadBaseline: it is not there, or is not as ``save`` left it.
    """
    name = str(path)
    content = baseline_files.read(path)
    try:
        return _baseline(name, content)
    except _SPLIT as error:
        raise BadBaseline(
            f"baseline {name}: its content is not well-formed ({error!s:.200});"
            f" {baseline_files.anew(path)}"
        ) from error


def _stored(path: Path) -> list[dict[str, Any]]:
    """Return the runs that a file has, as they stand in it; none if it is not there."""
    if not path.is_file() or not path.stat().st_size:
        return []
    return _runs(baseline_files.read(path))


def _runs(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the runs of a file; the first form held one run at its top."""
    if "runs" in content:
        return list(content["runs"])
    return [{k: v for k, v in content.items() if k not in baseline_files.HEAD}]


def differences(
    baseline_environment: Mapping[str, Scalar | None],
    baseline_backend: Iterable[tuple[str, Scalar | None]],
    environment: Mapping[str, Scalar | None],
    backend: Iterable[tuple[str, Scalar | None]],
) -> tuple[str, ...]:
    """Say in which facts that may change a latency two measurements differ.

    Every fact counts that is not known not to: one that only one side tells is a
    difference, one that is absent on both is none.

    Returns:
        Such as ``cores: 2 here, 4 in the baseline``; empty if they are comparable.
    """

    def timed(facts: Mapping[str, Scalar | None]) -> dict[str, Scalar | None]:
        return {
            name: value for name, value in facts.items() if name not in UNTIMED_FACTS
        }

    found = []
    for there, here in (
        (timed(baseline_environment), timed(environment)),
        (timed(dict(baseline_backend)), timed(dict(backend))),
    ):
        for name in dict.fromkeys([*here, *there]):
            now, then = here.get(name), there.get(name)
            if now != then:
                found.append(
                    f"{name}: {_shown(now)} here, {_shown(then)} in the baseline"
                )
    return tuple(dict.fromkeys(found))


def _shown(value: Scalar | None) -> str:
    return "none" if value is None else str(value)


def _holes(
    told: Mapping[str, CellFacts], measured: Mapping[str, Sequence[Record]]
) -> list[str]:
    """Return a line for each cell that is not whole: what it lacks."""
    holes = [f"{key} was never described" for key in measured if key not in told]
    for key, facts in told.items():
        count = len({(r.sample, r.round) for r in measured.get(key, ())})
        if not count or count < (facts.planned or 0):
            holes.append(f"{key} has {count} of {facts.planned} records")
        elif not facts.finished:
            holes.append(f"{key} was not finished")
        elif facts.stopping is not None and facts.stopping.early:
            # Later runs would be held to what its result left of its samples.
            holes.append(f"{key} was {facts.stopping.told}")
    if not told and not measured:
        holes.append("no cell was measured")
    return holes


def _overview(records: Sequence[Record]) -> dict[str, Any]:
    """Return the overview of a run for people, as they see it in a diff."""
    times = [
        math.inf if r.finish == "timeout" else r.timing.e2e_s
        for r in records
        if r.finish != "error" and r.timing
    ]
    middle = median_low(times) if times else math.inf
    return {
        "records": len(records),
        "mean_grade": round(
            fmean([r.grade.value for r in records if r.graded] or (0.0,)), 4
        ),
        "e2e_p50_s": round(middle, 6) if math.isfinite(middle) else None,
    }


def _packed(facts: CellFacts, records: Sequence[Record]) -> dict[str, Any]:
    return {
        **asdict(facts.cell),
        "task_revision": facts.task_revision,
        "contended": facts.void,
        "warnings": list(facts.warnings),
        "backend": [[name, value] for name, value in facts.backend],
        **({} if facts.constraint is None else {"constraint": facts.constraint}),
        "columns": pack(records),
    }


def _baseline(name: str, content: Mapping[str, Any]) -> Baseline:
    """Return the baseline of a file; another form raises one of ``_SPLIT``."""
    runs = [_run(one, number) for number, one in enumerate(_runs(content), 1)]
    if not runs:
        raise ValueError("it has no runs")
    if len({run.id for run in runs}) < len(runs):
        raise ValueError("it has one run twice")
    return Baseline(name=name, runs=tuple(runs))


def _run(content: Mapping[str, Any], number: int) -> BaselineRun:
    cells = tuple(_cell(one) for one in content["cells"])
    ids = {cell.cell.id for cell in cells}
    if not cells or len(ids) < len(cells):
        raise ValueError(f"run {number} has no cells, or one of them twice")
    return BaselineRun(
        id=_string(content["created"]),
        plugin=_string(content["plugin"]),
        environment={
            fact: _scalar(value) for fact, value in content["environment"].items()
        },
        cells=cells,
    )


def _cell(content: Mapping[str, Any]) -> BaselineCell:
    cell = Cell(**{one.name: _string(content[one.name]) for one in fields(Cell)})
    found = unpack(cell, content["columns"])
    revision, contended = content["task_revision"], content["contended"]
    constraint = content.get("constraint")
    return BaselineCell(
        cell=cell,
        task_revision=None if revision is None else _string(revision),
        backend=tuple(
            (_string(fact), _scalar(value)) for fact, value in content["backend"]
        ),
        contended=None if contended is None else _string(contended),
        warnings=tuple(map(_string, content["warnings"])),
        records=tuple(record for record, _ in found),
        answers={(record.sample, record.round): answer for record, answer in found},
        constraint=None if constraint is None else _string(constraint),
    )


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} stands where a text should")
    return value


def _scalar(value: object) -> Scalar | None:
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(f"{value!r:.40} stands where a plain value should")
    return value
