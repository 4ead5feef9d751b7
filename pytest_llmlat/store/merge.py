"""Merged runs: of several machines, of several days, of several models.

A row of the scoreboard is a model on a device, and its figures are of one machine. So
where two runs have the same row and were not made under the same conditions, each gets
a row of its own, and its model's name tells of which run it is: ``owl@desk`` by the
name of the machine, else ``owl@1a2b3c4`` by the commit, else by the run's id. Where
conditions were the same, the newer measurement of a cell counts. All of it is reported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.store.baselines import differences
from pytest_llmlat.store.run_reader import RecordPlace, Run
from pytest_llmlat.values.errors import BadRun
from pytest_llmlat.values.verdict_order import worst_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.results import Verdict

_Row: TypeAlias = tuple[str, str, str]
_COMMIT = 7
"""Digits of a commit that are shown."""
_SHOWN = 3
"""Differences that a sentence names at most."""
_DRAWING = ("seed", "samples", "requests", "repeats", "temperature", "top_p")
"""Settings that decide which samples are asked, how often, and how they are drawn."""
_LABELS: tuple[Callable[[Run], str | None], ...] = (
    lambda run: run.told.get("host"),
    lambda run: (run.told.get("commit") or "")[:_COMMIT] or None,
    lambda run: str(run.told["id"]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A cell of the merged run."""

    facts: CellFacts
    place: RecordPlace
    run: Run
    was: str
    """Id of the cell in its own run."""
    was_row: _Row
    """Row of the cell in its own run."""


def merge(runs: Sequence[Run]) -> Run:
    """Return several runs as one; its ``problems`` say how they differ.

    Args:
        runs: at least one; the same one given twice counts once.

    Raises:
        BadRun: there is none, or two rows would bear the same name.
    """
    if not runs:
        raise BadRun("merge: there is no run to join; name one at least")
    problems = [problem for run in runs for problem in run.problems]
    kept = _once(runs, problems)
    if len(kept) == 1:
        return replace(kept[0], problems=tuple(problems))
    cells = _cells(kept, problems)
    counted = Counter(cell.facts.cell.id for cell in cells)
    if twice := [key for key, times in counted.items() if times > 1]:
        raise BadRun(
            f"merge: after renaming, {twice[0]!r} would stand for two measurements;"
            " rename a model in its catalogue, or join fewer runs"
        )
    problems += _task_changes(cells)
    problems += _drawn_apart(kept)
    return Run(
        folder=None,
        told=_told(kept),
        facts=tuple(cell.facts for cell in cells),
        verdicts=_verdicts(kept, cells),
        places={cell.facts.cell.id: cell.place for cell in cells},
        problems=tuple(problems),
        unbegun=_unbegun(kept, cells),
        cut_off=frozenset(
            cell.facts.cell.row for cell in cells if cell.was_row in cell.run.cut_off
        ),
        races=tuple(race for run in kept for race in run.races),
    )


def _once(runs: Sequence[Run], problems: list[str]) -> list[Run]:
    """Leave out runs that are given twice, such as a report beside its run."""
    found: dict[tuple[str, str, str | None], Run] = {}
    for run in runs:
        key = (_name(run), run.told["started"], run.told.get("host"))
        if key in found:
            problems.append(f"run {_name(run)} was given twice and counts once")
        else:
            found[key] = run
    return list(found.values())


def _cells(runs: Sequence[Run], problems: list[str]) -> list[_Shown]:
    """Return the cells of all runs, those of different conditions apart."""
    rows: dict[_Row, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: str(run.told["started"]), reverse=True):
        for row in dict.fromkeys(facts.cell.row for facts in run.facts):
            rows[row].append(run)
    found: list[_Shown] = []
    for row, having in rows.items():
        groups = _groups(row, having)
        labels = _labels(row, groups, problems)
        for group, label in zip(groups, labels, strict=True):
            found += _joined(row, group, label, problems)
    order = {id(run): place for place, run in enumerate(runs)}
    return sorted(found, key=lambda cell: order[id(cell.run)])


def _groups(row: _Row, runs: Iterable[Run]) -> list[list[Run]]:
    """Return groups of runs, newest first, in which a row is one measurement."""
    groups: list[list[Run]] = []
    for run in runs:
        for group in groups:
            if not any(_differences(row, run, other) for other in group):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def _differences(row: _Row, one: Run, other: Run) -> list[str]:
    """Say why a row of two runs is not one measurement; empty if it is."""
    ours, theirs = _of(row, one), _of(row, other)
    found = _environments(one, other)
    backends = [next(iter(cells.values())).backend for cells in (ours, theirs)]
    if differences({}, backends[0], {}, backends[1]):
        told = [dict(backend) for backend in backends]
        found += _unlike(told[0], told[1], (_name(one), _name(other)))
    for key in ours.keys() & theirs.keys():
        mine, its = ours[key], theirs[key]
        if mine.task_revision != its.task_revision:
            found.append(f"the task of {key} has changed")
        elif mine.constraint != its.constraint:
            found.append(f"{key} was held to another schema or grammar, or to none")
        elif differences({}, mine.backend, {}, its.backend):
            found.append(f"the model of {key} was set up otherwise")
    return found


def _environments(one: Run, other: Run) -> list[str]:
    ours, theirs = one.told["environment"], other.told["environment"]
    if not differences(ours, (), theirs, ()):
        return []
    return _unlike(ours, theirs, (_name(one), _name(other)))


def _unlike(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], names: tuple[str, str]
) -> list[str]:
    """Return the names of the facts in which two runs differ."""
    return [
        f"{name}: {ours.get(name)} in {names[0]}, {theirs.get(name)} in {names[1]}"
        for name in dict.fromkeys([*ours, *theirs])
        if ours.get(name) != theirs.get(name)
    ]


def _labels(
    row: _Row, groups: Sequence[Sequence[Run]], problems: list[str]
) -> list[str | None]:
    """Return the labels of a row's groups; none where there is only one."""
    if len(groups) == 1:
        return [None]
    newest = [group[0] for group in groups]
    for label in _LABELS:
        found = [label(run) for run in newest]
        if all(found) and len(set(found)) == len(found):
            break
    else:
        raise BadRun(
            f"merge: {' on '.join(row[:2])} was measured under different conditions in"
            f" runs that are all called {_name(newest[0])!r}; rename their folders' ids"
            " in run.json, or show them one by one"
        )
    reasons = _differences(row, newest[0], newest[1])
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    problems.append(
        f"{row[0]} on {row[1]} ({row[2]}) was not measured under the same conditions:"
        f" {'; '.join(reasons[:_SHOWN])}{more}; it is shown as"
        f" {', '.join(f'{row[0]}@{name}' for name in found)}"
    )
    return found


def _joined(
    row: _Row, runs: Sequence[Run], label: str | None, problems: list[str]
) -> list[_Shown]:
    """Return the cells of one row, of runs under the same conditions, newest first."""
    found: dict[str, _Shown] = {}
    for run in runs:
        for key, facts in _of(row, run).items():
            if key in found:
                newer = found[key].run
                problems.append(
                    f"{key} was measured in {_name(newer)} ({_commit(newer)}) and in"
                    f" {_name(run)} ({_commit(run)}): the newer one, of"
                    f" {_name(newer)}, is shown"
                )
                continue
            model = row[0] if label is None else f"{row[0]}@{label}"
            cell = replace(facts.cell, model=model)
            found[key] = _Shown(
                facts=replace(facts, cell=cell),
                place=run.places[key],
                run=run,
                was=key,
                was_row=row,
            )
    commits = {_commit(cell.run) for cell in found.values()}
    if len(commits) > 1:
        problems.append(
            f"{row[0]} on {row[1]} ({row[2]}) joins cells of different commits:"
            f" {', '.join(sorted(commits))}"
        )
    return list(found.values())


def _unbegun(runs: Sequence[Run], cells: Sequence[_Shown]) -> tuple[Cell, ...]:
    """Return the cells that no run began, each in the row that its run has here."""
    shown = {(id(each.run), each.was_row): each.facts.cell.model for each in cells}
    begun = {each.facts.cell for each in cells}
    missing = [
        replace(cell, model=shown.get((id(run), cell.row), cell.model))
        for run in runs
        for cell in run.unbegun
    ]
    return tuple(cell for cell in dict.fromkeys(missing) if cell not in begun)


def _task_changes(cells: Sequence[_Shown]) -> list[str]:
    """Name the tasks that did not ask the same everywhere."""
    revisions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        if cell.facts.task_revision is not None:
            task = revisions[cell.facts.cell.task]
            task[cell.facts.task_revision].append(_name(cell.run))
    return [
        f"{task} is not the same task in all runs ("
        + "; ".join(
            f"revision {revision[:8]} in {', '.join(dict.fromkeys(names))}"
            for revision, names in found.items()
        )
        + "): its figures do not compare across them"
        for task, found in revisions.items()
        if len(found) > 1
    ]


def _drawn_apart(runs: Sequence[Run]) -> list[str]:
    """Return warnings of runs that did not ask the same samples."""
    told = [(_name(run), run.told["settings"]) for run in runs]
    return [
        f"--llm-{name.replace('_', '-')} was not the same: "
        + "; ".join(f"{settings.get(name)} in {run}" for run, settings in told)
        + ": rows of different runs are not of the same answers"
        for name in _DRAWING
        if len({str(settings.get(name)) for _, settings in told}) > 1
    ]


def _verdicts(runs: Sequence[Run], cells: Sequence[_Shown]) -> tuple[Verdict, ...]:
    """Return the verdicts of all runs, without those on cells that are not shown."""
    found = []
    for run in runs:
        own = {cell.was: cell.facts.cell.id for cell in cells if cell.run is run}
        measured = {facts.cell.id for facts in run.facts}
        found += [
            replace(verdict, cell=own.get(verdict.cell, verdict.cell))
            for verdict in run.verdicts
            if verdict.cell in own or verdict.cell not in measured
        ]
    return worst_first(dict.fromkeys(found))


def _told(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the facts that the runs agree in, and those of each run."""
    seconds = [run.told.get("seconds") for run in runs]
    return {
        "id": " + ".join(map(_name, runs)),
        "started": min(str(run.told["started"]) for run in runs),
        "seconds": None if None in seconds else sum(filter(None, seconds)),
        **_common([{"commit": r.told.get("commit")} for r in runs]),
        **_common([{"host": r.told.get("host")} for r in runs]),
        "settings": _common([run.told["settings"] for run in runs]),
        "environment": _common([run.told["environment"] for run in runs]),
        "runs": [dict(run.told) for run in runs],
    }


def _common(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the members that are equal in all of them."""
    first, *others = several
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }


def _of(row: _Row, run: Run) -> dict[str, CellFacts]:
    return {facts.cell.id: facts for facts in run.facts if facts.cell.row == row}


def _name(run: Run) -> str:
    return str(run.told["id"])


def _commit(run: Run) -> str:
    commit = run.told.get("commit")
    return f"commit {commit[:_COMMIT]}" if commit else "no commit"
