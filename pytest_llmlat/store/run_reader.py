"""The reader of a run's folder: whole, half written, or none at all."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.store.field_kinds import LARGEST
from pytest_llmlat.store.human_labels import HumanLabel, read_labels
from pytest_llmlat.store.journal import (
    CELLS,
    PLAN,
    RACES,
    RECORDS,
    RUN,
    SCHEMA,
    SUMMARY,
    VERDICTS,
)
from pytest_llmlat.store.json_lines import cell_of, facts_of, parsed, verdict_of
from pytest_llmlat.store.judge_trials_file import read_trials
from pytest_llmlat.store.race_reader import last_of_each, race_of
from pytest_llmlat.store.record_index import RecordIndex, index_records
from pytest_llmlat.store.run_sittings import told_of_sittings
from pytest_llmlat.store.spooled_answers import spooled
from pytest_llmlat.values.cell_facts import REFERENCE
from pytest_llmlat.values.errors import BadRun
from pytest_llmlat.values.verdict_order import worst_first

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.results import Verdict
    from pytest_llmlat.values.tuning_race import TuningRace

    Value = TypeVar("Value")

_WHICH = "name a folder of .llmlat/runs, or one that --llm-report wrote"
_FORMS: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "started": (str,),
    "commit": (str, type(None)),
    "host": (str, type(None)),
    "seconds": (int, float, type(None)),
    "settings": (dict,),
    "environment": (dict,),
    "sittings": (list,),
}
"""Types of the members of ``run.json``, where they are there."""
_SHOWN = 3
"""Cells that a sentence names at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlace:
    """The place of a cell's records."""

    index: RecordIndex
    key: str
    """Id of the cell in that file."""
    spools: tuple[Path, ...] = ()
    """Files of answers of a load that was cut off before they became records."""
    since: int = 1
    """First sitting whose records count; the cell was measured anew in it."""
    labels: tuple[HumanLabel, ...] = ()
    """What people said of its answers."""
    fit: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """Whether judges were found fit when they were tried on this run, by judge and
    rubric."""
    thinned: bool = False
    """Whether only the first and the last stamp of an answer were kept."""

    @property
    def count(self) -> int:
        """Number of its lines."""
        return self.index.counts.get(self.key, 0)

    @property
    def alone(self) -> RecordPlace:
        """It without the places of other cells, which may be much to hand over."""
        index, key = self.index, self.key
        own = replace(
            index,
            spans={key: index.spans[key]} if key in index.spans else {},
            counts={key: self.count},
        )
        return replace(self, index=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as its folder tells it; its records stay there until they are read."""

    folder: Path | None
    """Folder of the run; ``None`` for several runs that were joined."""
    told: Mapping[str, Any]
    """Content of ``run.json``: ``id``, ``started``, and where they are known
    ``seconds``, ``commit``, ``host``, ``settings`` and ``environment``. Of joined runs
    what they agree in, and each run's own under ``runs``."""
    facts: tuple[CellFacts, ...]
    """Facts of every cell that was begun, in the order of beginning."""
    verdicts: tuple[Verdict, ...]
    """Verdicts, worst first."""
    places: Mapping[str, RecordPlace]
    """Place of each cell's records, by the cell's id."""
    problems: tuple[str, ...]
    """Sentences on what was left out and what does not fit together."""
    unbegun: tuple[Cell, ...] = ()
    """Cells that were to be measured and were never begun."""
    cut_off: frozenset[tuple[str, str, str]] = frozenset()
    """Rows (model, device, scenario) of a run without an end: nobody knows what else
    was to come in them."""
    races: tuple[TuningRace, ...] = ()
    """Races of settings, as far as each got."""


def open_run(folder: Path, *, ended: bool = False) -> Run:
    """Open a run.

    What a killed process left behind is fine: a line that was cut off is left out, and
    a cell that was not finished is partial.

    Args:
        folder: of a run; or the folder of a report; or of all runs, for the newest.
        ended: whoever asks ends it now; else it has ended if its files say so.

    Raises:
        BadRun: there is no run in it, or one of a later version.
    """
    try:
        return _open(run_folder(folder), ended=ended)
    except OSError as error:
        raise BadRun(f"run {folder}: cannot be read: {error}; {_WHICH}") from error


def run_folder(folder: Path) -> Path:
    """Return the folder itself, or the newest run in it.

    Raises:
        BadRun: there is none; says what is there instead.
    """
    if not folder.exists():
        raise BadRun(f"run {folder}: there is no such folder; {_WHICH}")
    if not folder.is_dir():
        raise BadRun(f"run {folder}: is a file; name the folder that it lies in")
    if (folder / RUN).exists():
        return folder
    inside = sorted(folder.iterdir())
    if not inside:
        raise BadRun(f"run {folder}: the folder is empty; {_WHICH}")
    # Their names begin with the time at which they were begun.
    runs = [path for path in inside if (path / RUN).is_file()]
    if not runs:
        raise BadRun(
            f"run {folder}: there is no {RUN} in it, nor a run in a folder below;"
            f" {_WHICH} (reports of older versions have none: name their run)"
        )
    return runs[-1]


def _open(folder: Path, *, ended: bool) -> Run:
    told = _told(folder / RUN)
    problems: list[str] = []
    plan = _plan(told.pop(PLAN, ()), folder / RUN, problems)
    problems += told_of_sittings(told)
    facts = _values(folder / CELLS, facts_of, problems)
    last = {one.cell.id: one for one in facts}
    problems += _mixed(facts)
    index = index_records(folder / RECORDS)
    if index.broken:
        problems.append(
            f"{index.path}: {_lines(index.broken)} cut off or of no cell, and left out"
        )
    problems += [
        f"{index.path}: {count} records are of cell {key!r}, which {CELLS} does not"
        " describe; they are left out"
        for key, count in index.counts.items()
        if key not in last
    ]
    spools: dict[str, list[Path]] = defaultdict(list)
    for path, cell in spooled(folder):
        spools[cell.id].append(path)
    labels = _labels(folder, last, problems)
    fit = read_trials(folder, problems.append)
    # Whoever ends it now makes those of its end anew, also where it is gone on with.
    verdicts = _verdicts(folder, problems, at_end=not ended)
    # A cell that was left out since nothing of it had changed has a verdict.
    known = {*last, *(verdict.cell for verdict in verdicts)}
    missing = tuple(cell for cell in plan if cell.id not in known)
    ended = ended or told.get("seconds") is not None
    problems += _unfinished(str(told["id"]), missing, len(plan), ended=ended)
    rows = {cell.row for cell in (*(each.cell for each in last.values()), *missing)}
    return Run(
        folder=folder,
        told=told,
        facts=tuple(last.values()),
        # Its reference needed no measuring then, which is no result of its own.
        verdicts=tuple(one for one in verdicts if one.quantity != REFERENCE),
        places={
            key: RecordPlace(
                index=index,
                key=key,
                spools=tuple(spools[key]),
                since=facts.since,
                labels=tuple(label for label in labels if label.cell == key),
                fit=fit,
                thinned=facts.peer is not None,
            )
            for key, facts in last.items()
        },
        problems=tuple(problems),
        unbegun=missing,
        cut_off=frozenset(() if ended else rows),
        races=last_of_each(_values(folder / RACES, race_of, problems)),
    )


def _plan(told: Any, path: Path, problems: list[str]) -> list[Cell]:  # noqa: ANN401 - any JSON value
    """Return the cells that were to be measured, each once; none in older runs."""
    try:
        return list(dict.fromkeys(map(cell_of, told)))
    except (TypeError, ValueError):
        problems.append(f"{path}: {PLAN} is no list of cells, and left out")
        return []


def _labels(
    folder: Path, cells: Collection[str], problems: list[str]
) -> list[HumanLabel]:
    """Return the labels of a run's answers; tells how many are of other cells."""
    labels = read_labels(folder, problems.append)
    strange = sum(label.cell not in cells for label in labels)
    if strange:
        problems.append(
            f"{folder}: {strange} labels are of answers that are not in this run, and"
            " left out"
        )
    return labels


def _unfinished(
    name: str, missing: Sequence[Cell], planned: int, *, ended: bool
) -> Iterator[str]:
    """Return sentences on what an unfinished run lacks."""
    if not ended:
        yield (
            f"run {name} has no end: it was cut off, or still goes on; all its rows are"
            " partial"
        )
    if missing:
        shown = ", ".join(cell.id for cell in missing[:_SHOWN])
        more = len(missing) - _SHOWN
        yield (
            f"run {name}: {len(missing)} of {planned} planned cells were never begun:"
            f" {shown}" + (f" and {more} more" if more > 0 else "")
        )


def _mixed(facts: Iterable[CellFacts]) -> Iterator[str]:
    """Return warnings of cells that several tests measured, as older versions let them.

    A cell that broke off and was measured again asked the same both times, and is not
    mixed.
    """
    begun: dict[str, list[str | None]] = defaultdict(list)
    for each in facts:
        if not each.finished and each.contention is None:
            begun[each.cell.id].append(each.asked)
    for key, asked in begun.items():
        if len(asked) > 1 and (None in asked or len(set(asked)) > 1):
            yield (
                f"{key}: was measured {len(asked)} times in this run, and of each"
                " answer the last one is shown: its figures may be of several of them"
            )


def _told(path: Path) -> dict[str, Any]:
    """Read what a run is.

    Raises:
        BadRun: it is not well-formed, or of a later version.
    """
    again = "copy the folder again, or measure anew"
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadRun(
            f"{path}: is cut off or no JSON: {error!s:.100}; {again}"
        ) from error
    if not isinstance(content, dict):
        raise BadRun(f"{path}: holds no object; {again}")
    schema = content.pop("schema", 1)
    if type(schema) is not int:
        raise BadRun(f"{path}: its schema is {schema!r:.40}, no number; {again}")
    if schema > SCHEMA:
        raise BadRun(
            f"{path}: is of schema {schema}, written by a later version, and this one"
            f" reads up to {SCHEMA}; run: pip install --upgrade pytest-llmlat"
        )
    for name, kinds in _FORMS.items():
        if name in content and not _is_of(content[name], kinds):
            raise BadRun(f"{path}: {name} is {content[name]!r:.40}; {again}")
    known = {"id": path.parent.resolve().name, "started": "", "environment": {}}
    return {**known, "settings": {}, **content}


def _is_of(value: object, kinds: tuple[type, ...]) -> bool:
    """Whether a value is of a kind, and no number that nothing can be made of."""
    if isinstance(value, bool | int | float):
        return type(value) in kinds and -LARGEST < value < LARGEST
    return isinstance(value, kinds)


def _values(
    path: Path, build: Callable[[Any], Value], problems: list[str]
) -> list[Value]:
    """Read the lines of a small file; what is broken is left out and told."""
    found: list[Value] = []
    broken = 0
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                try:
                    found.append(build(parsed(line)))
                except ValueError:
                    broken += 1
    if broken:
        problems.append(f"{path}: {_lines(broken)} cut off or malformed, and left out")
    return found


def _verdicts(
    folder: Path, problems: list[str], *, at_end: bool
) -> tuple[Verdict, ...]:
    """Return those on limits, and those that were made at the end of the run."""
    found = _values(folder / VERDICTS, verdict_of, problems)
    path = folder / SUMMARY
    if at_end and path.exists():
        try:
            content = json.loads(path.read_text("utf-8"))
            found += [verdict_of(one) for one in content["verdicts"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            problems.append(
                f"{path}: cannot be read: what the gate said at the end is not known"
            )
    return worst_first(dict.fromkeys(found))


def _lines(count: int) -> str:
    return "1 line is" if count == 1 else f"{count} lines are"


def told_of(run: Run, problems: Collection[str] = ()) -> dict[str, Any]:
    """Return the facts of a run for reports, and what is wrong with it.

    Args:
        run: the run.
        problems: what was found out since it was opened.
    """
    found = [*run.problems, *problems]
    return {**run.told, "problems": found} if found else dict(run.told)
