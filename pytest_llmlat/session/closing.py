"""The closing of a run: its figures, the gate's verdicts, and all files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.gate.yardsticks import cost
from pytest_llmlat.report.report_files import PAGE, write_benchmark, write_report
from pytest_llmlat.session.budget import never_begun
from pytest_llmlat.session.judging_answers import judged_limits
from pytest_llmlat.session.report_place import held, place_of, told_apart
from pytest_llmlat.session.run_verdicts import incomplete, join, nothing
from pytest_llmlat.store import baselines
from pytest_llmlat.store.journal import FILES, MEASURED, RECORDS, copy_run
from pytest_llmlat.store.record_index import index_records
from pytest_llmlat.store.record_reader import cell_records, records_of
from pytest_llmlat.store.run_reader import RecordPlace, open_run
from pytest_llmlat.store.run_sittings import ended, sittings_of
from pytest_llmlat.store.spooled_answers import (
    copy_spool,
    remove,
    spooled,
    spooled_records,
)
from pytest_llmlat.values.cell_facts import REFERENCE
from pytest_llmlat.values.errors import BadBaseline, RunNotWritten
from pytest_llmlat.values.results import Scoreboard, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.session.gating import Gate
    from pytest_llmlat.session.judging_answers import SessionJudges
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.settings import Settings
    from pytest_llmlat.values.varied import Varied

_SEVERAL = (
    "not saved: its cells were measured on {} kinds of machines, and a stored run is of"
    " one; name the model, the device or the cluster that has one kind"
)
_REMEDY = "make room, or name another place, and run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A finished run, as far as its end depends on it."""

    settings: Settings
    journal: Journal
    gate: Gate
    slo: tuple[Objective, ...]
    varied: tuple[Varied, ...]
    run_facts: dict[str, Any]
    """What ``run.json`` says."""
    seconds: float
    """Duration of the process's part of the run."""
    cells_planned: int
    """Number of cells that it was asked for; 0 where nobody knows."""
    judges: SessionJudges
    """Judges of the answers that waited for them, with what came of it."""


def close(
    session: Closing, *, asked: bool, passed: bool, cut_short: bool = False
) -> Scoreboard | None:
    """Let judges grade, and write the run's files.

    Args:
        session: what was measured, and how.
        asked: a comparison was typed, so that there must be something to compare.
        passed: no test failed, and nothing cut the run short.
        cut_short: a person or a signal did, so that no judge is asked any more.

    Returns:
        The board; ``None`` if there is nothing to be said.
    """
    settings, journal = session.settings, session.journal
    _settle(journal)
    run = open_run(journal.folder, ended=True) if journal.begun else None
    if run is not None and session.judges.judge(run, journal, cut_short=cut_short):
        run = open_run(journal.folder, ended=True)
    passed = passed and not session.judges.verdicts
    if run is None or not (run.facts or run.races):
        journal.drop()
        left_out = () if run is None else run.verdicts
        return _nothing_measured(session, left_out, asked=asked)
    problems = [*run.problems, *again(run.facts), *session.judges.told]
    board = board_of(
        run,
        balance=settings.balance,
        seed=settings.seed,
        slo=session.slo,
        varied=session.varied,
        tell=problems.append,
    )
    # Texts and stamps of all cells at once, only for what has to have them so.
    whole = session.gate.compares or settings.save_baseline is not None
    records = _records(run) if whole else []
    verdicts = _judged(session, run, board, records, passed=passed)
    board = replace(board, verdicts=verdicts)
    told = ended(session.run_facts, session.seconds)
    report = settings.report
    if report is None:
        return _written(session, _with(told, problems), board, run, None)
    with held(report):
        began = sittings_of(told)[-1]["started"]
        place = place_of(report, journal.folder.name, began)
        problems += told_apart(report, place)
        return _written(session, _with(told, problems), board, run, place)


def _settle(journal: Journal) -> None:
    """Write down as records what a load left behind that broke off in this run."""
    for path, cell in tuple(spooled(journal.folder)):
        # What cannot be written or read now stays where it is, and is told.
        with suppress(RunNotWritten, OSError, ValueError):
            index = index_records(journal.folder / RECORDS)
            place = RecordPlace(index=index, key=cell.id)
            known = {
                (one.sample, one.round)
                for one in cell_records(place, cell, lambda _: None)
            }
            for record in spooled_records(path, cell):
                if (record.sample, record.round) not in known:
                    journal.add(record)
            remove(path)


def _with(told: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    return {**told, "problems": problems} if problems else told


def _written(
    session: Closing,
    told: dict[str, Any],
    board: Scoreboard,
    run: Run,
    report: Path | None,
) -> Scoreboard:
    """Write all files; return the board, with what could not be written."""
    settings, folder = session.settings, session.journal.folder
    board = replace(board, report=report)

    def own() -> None:
        session.journal.finish(seconds=session.seconds)
        write_report(folder, told, board, run, page=report is not None)

    unwritten = _told_if_not(folder, own)
    board = replace(board, verdicts=join(board.verdicts, unwritten))

    def apart(to: Path) -> None:
        # What is half written in the run's folder is no report.
        copy_run(folder, to, MEASURED if unwritten else (*FILES, PAGE))
        copy_spool(folder, to)
        if unwritten:
            write_report(to, told, board, run, page=True)

    lost: tuple[Verdict, ...] = ()
    if report is not None:
        lost += _told_if_not(report, partial(apart, report))
        if lost:
            # Its page is not there, or half of it: the run's folder has all.
            board = replace(board, report=None)
    if settings.benchmark is not None:
        path = settings.benchmark
        lost += _told_if_not(path, partial(write_benchmark, path, told, board, run))
    return replace(board, verdicts=join(board.verdicts, lost))


def _told_if_not(place: Path, write: Callable[[], None]) -> tuple[Verdict, ...]:
    """Write files, and return a failing verdict where that cannot be done.

    Whatever is wrong with a disk, the figures are shown: they may have taken hours.
    """
    try:
        write()
    except RunNotWritten as error:
        why = error.why
    except OSError as error:
        why = error.strerror or str(error)
    else:
        return ()
    return (_lost(place, f"not written: {why}; {_REMEDY}"),)


def again(facts: Iterable[CellFacts]) -> list[str]:
    """Return warnings of cells whose test ran more than once."""
    return [
        f"{each.cell.id}: its test ran {each.reruns + 1} times; its first measurement"
        " counts"
        for each in facts
        if each.reruns
    ]


def _records(run: Run) -> list[Record]:
    """Return the records of all cells from which the figures were made.

    Lines that cannot be read were told when the figures were made.
    """
    return [record for _, own in records_of(run, tell=lambda _: None) for record in own]


def _judged(
    session: Closing,
    run: Run,
    board: Scoreboard,
    records: Sequence[Record],
    *,
    passed: bool,
) -> tuple[Verdict, ...]:
    """Return all verdicts, and store the run if that was asked for and it passes."""
    gate, facts = session.gate, run.facts
    verdicts = join(
        gate.verdicts(facts, records, session.run_facts["environment"]),
        run.verdicts,
        gate.idle(facts),
        gate.changed_rules(facts),
        cost(facts, records),
        session.judges.verdicts,
        _limits_of_judged(session, run, board),
    )
    good = not any(verdict.failing for verdict in verdicts)
    if gate.compares and good and not passed:
        verdicts = join(verdicts, [incomplete(session.settings)])
    return join(verdicts, _saved(session, facts, records, passed=passed and good))


def _limits_of_judged(
    session: Closing, run: Run, board: Scoreboard
) -> Iterator[Verdict]:
    """Hold judged cells to their limits, now that they have grades."""
    waited = {f.cell: f for f in run.facts if f.judging is not None}
    summaries = {summary.cell: summary for summary in board.summaries}
    ids = {cell.id for cell in waited if cell in summaries}
    for cell, own in records_of(run, ids, tell=lambda _: None):
        yield from judged_limits(
            waited[cell],
            own,
            summaries[cell],
            session.gate.limits,
            rules=session.gate.rules,
        )


def _nothing_measured(
    session: Closing, left_out: Sequence[Verdict], *, asked: bool
) -> Scoreboard | None:
    """Fail a run that was to be compared, limited or stored and measured nothing.

    It passes where all of it was left out as unchanged.
    """
    if not (asked or session.cells_planned):
        return None
    compared = tuple(left_out)
    gated = session.gate.compares or bool(session.settings.bounds)
    if gated and not session.settings.changed:
        compared = (nothing(session.settings),)
    elif gated and len(left_out) < max(1, session.cells_planned):
        compared = (*left_out, nothing(session.settings))
    spent = never_begun(session.judges.budget)
    verdicts = join(compared, spent, _saved(session, (), (), passed=True))
    if not verdicts:
        return None
    return Scoreboard(
        summaries=(),
        standings=(),
        verdicts=verdicts,
        balance=session.settings.balance,
    )


def _saved(
    session: Closing,
    facts: Sequence[CellFacts],
    records: Sequence[Record],
    *,
    passed: bool,
) -> tuple[Verdict, ...]:
    """Store this run for later ones, if asked to and if it is whole."""
    path = session.settings.save_baseline
    if path is None:
        return ()
    if not passed:
        # A cell may be lacking of which nobody knows: its model was not loaded.
        note = (
            "not saved, for the run did not pass, and later ones would be compared"
            " with less or with worse; make it pass, or leave out what does not"
        )
        return (_lost(path, note),)
    kept = [fact for fact in facts if fact.role != REFERENCE]
    told = session.run_facts
    kinds = {tuple(fact.measured_in(told["environment"]).items()) for fact in kept}
    if len(kinds) > 1:
        return (_lost(path, _SEVERAL.format(len(kinds))),)
    environment = dict(next(iter(kinds), told["environment"]))
    names = {fact.cell.id for fact in kept}
    own = [record for record in records if record.cell.id in names]
    try:
        lucky = session.gate.lucky(kept, own, environment)
        baselines.save(
            path,
            facts=kept,
            records=own,
            environment=environment,
            created=told["started"],
            plugin=str(environment["pytest-llmlat"]),
        )
    except BadBaseline as error:
        return (_lost(path, str(error)),)
    return lucky


def _lost(path: Path, note: str) -> Verdict:
    """Return the verdict on a file that could not be written."""
    return Verdict(
        cell="-", quantity="records", outcome="failed", against=str(path), note=note
    )
