"""Search of the highest load of a cell, level after level, within one item."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.level_answers import evidence, level_answers
from pytest_llmlat.analysis.level_tests import judged
from pytest_llmlat.analysis.load_search import bracket, level_range, search
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.session.cell_limits import limited
from pytest_llmlat.session.cell_spec import LevelSpec
from pytest_llmlat.session.level_visits import both_visits
from pytest_llmlat.session.run_verdicts import join
from pytest_llmlat.values.errors import LLMLatError, UsageError
from pytest_llmlat.values.load_goal import parse_goal
from pytest_llmlat.values.scenario import SINGLE, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.level_answers import LevelAnswers
    from pytest_llmlat.analysis.level_tests import JudgedLevel
    from pytest_llmlat.analysis.load_search import LevelVisit
    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.session.searched_session import SearchedSession
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.load_goal import LoadGoal
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.settings import Settings, Spelled

_LOST = 3
"""Failures in a row without any answer of a server, behind which it is gone."""


def check_search(
    settings: Settings, scenarios: Sequence[Scenario], spelled: Spelled
) -> None:
    """Refuse a search that lacks objectives, and what has no place beside one.

    Raises:
        UsageError: says what is missing or in the way.
    """
    searched = next((each for each in scenarios if each.searched), None)
    if searched is None:
        if settings.search and scenarios:
            raise UsageError(
                f"{spelled('search')}: is about a search; name one with"
                f" {spelled('scenarios')} server:search or concurrent:search"
            )
        return
    where = f"{spelled('scenarios')} {searched.name}"
    if not settings.slo.strip():
        raise UsageError(
            f"{where}: when is a request good? Say it with {spelled('slo')}, such as"
            f" {spelled('slo')} 'ttft<0.5 tpot<50ms'"
        )
    if SINGLE in scenarios:
        raise UsageError(
            f"{where}: asks the same samples alone itself; leave {SINGLE.name!r} out"
        )
    others = {
        "against": settings.against,
        "prompts": settings.prompts,
        "baseline": settings.baseline,
        "save_baseline": settings.save_baseline,
        "yardstick": settings.yardstick,
        "changed": settings.changed,
        "until_decided": settings.until_decided,
        "resume": settings.resume,
        "reuse": settings.reuse,
    }
    given = next((name for name, value in others.items() if value), None)
    if given is not None:
        raise UsageError(
            f"{where}: tries loads that are known only when it ends;"
            f" {spelled(given)} has no place beside it: compare two runs at one load"
        )
    parse_goal(settings.search, requests=settings.requests, where=spelled("search"))


@dataclass(slots=True, kw_only=True)
class _Level:
    """A level that is visited: its answers so far."""

    measured: Measured
    answers: LevelAnswers


class LoadSearches:
    """The load searches of a session; each is made once."""

    def __init__(
        self,
        settings: Settings,
        spelled: Spelled,
        *,
        tell: Callable[[CellFacts], None],
    ) -> None:
        """Search nothing yet.

        Args:
            settings: of the session.
            spelled: how the user writes a setting.
            tell: keeps the facts of a cell.
        """
        self._settings = settings
        self._spelled = spelled
        self._tell = tell
        self._alone: dict[str, LevelAnswers] = {}
        self._found: dict[str, Measured] = {}

    def search(
        self,
        name: str,
        wanted: CellSpec,
        run: Callable[[CellSpec], Measured],
        slo: tuple[Objective, ...],
    ) -> Measured:
        """Search, and return the highest level that holds, or the lowest tried.

        A rerun of the same test gets what was found.

        Args:
            name: of what is asked of which model, without its load.
            wanted: by the test; its scenario is searched.
            run: measures one cell and judges nothing.
            slo: which requests are good.

        Raises:
            UsageError: there are no objectives, or something has no place here.
            LLMLatError: the server does not answer any more; what was measured stays.
        """
        settings, spelled, kind = self._settings, self._spelled, wanted.scenario.kind
        check_search(settings, (wanted.scenario,), spelled)
        key = f"{name}|{wanted.scenario.name}"
        if key in self._found:
            return self._found[key]
        goal = parse_goal(
            settings.search, requests=settings.requests, where=spelled("search")
        )
        alone = self._asked_alone(name, wanted, run, goal, slo)
        levels: dict[float, _Level] = {}

        def visit(step: LevelVisit) -> JudgedLevel:
            seen = levels.get(step.level)
            load = Scenario(kind=kind, level=step.level)
            part = LevelSpec(
                goal=goal,
                requests=step.requests,
                visits=() if seen is None else seen.measured.facts.visits,
            )
            measured = run(replace(wanted, scenario=load, part=part))
            _check_answering(measured.records, load.name)
            if seen is not None:
                measured = self._joined(seen.measured, measured)
            found = _answers(measured, slo)
            levels[step.level] = _Level(measured=measured, answers=found)
            return judged(evidence(found, alone), goal)

        limits = level_range(goal, kind, alone.mean_s)
        tried = search(goal, limits, visit)
        held = bracket(goal, tried).held
        level = min(levels) if held is None else held.level
        self._found[key] = levels[level].measured
        return self._found[key]

    def _asked_alone(
        self,
        name: str,
        wanted: CellSpec,
        run: Callable[[CellSpec], Measured],
        goal: LoadGoal,
        slo: tuple[Objective, ...],
    ) -> LevelAnswers:
        """Ask the samples one after the other, twice if that is not too much."""
        if name not in self._alone:
            measured = run(replace(wanted, scenario=SINGLE, part=LevelSpec(goal=goal)))
            _check_answering(measured.records, SINGLE.name)
            self._alone[name] = _answers(measured, slo)
        return self._alone[name]

    def _joined(self, first: Measured, second: Measured) -> Measured:
        """Return a level that was visited again, and write down its facts."""
        facts = both_visits(first.facts, second.facts)
        self._tell(facts)
        return replace(second, facts=facts, records=(*first.records, *second.records))


def _answers(measured: Measured, slo: tuple[Objective, ...]) -> LevelAnswers:
    times = request_times(measured.records)
    found = level_answers(measured.facts, measured.records, times, slo)
    if found is None:
        raise LLMLatError(f"{measured.summary.cell.id}: is no part of a search")
    return found


def _check_answering(records: Sequence[Record], load: str) -> None:
    """Go no further where a server is gone: lower loads would look too high as well.

    Raises:
        LLMLatError: says at which load, and what the last request came to.
    """
    last = records[-_LOST:]
    gone = all(
        each.finish == "error"
        and (each.transport is None or each.transport.status is None)
        for each in last
    )
    if not records or gone:
        why = records[-1].error if records else "no request was made"
        raise LLMLatError(
            f"{load}: nothing answers any more ({why}): the search has ended without a"
            " result; what was measured is kept"
        )


def judged_search(
    session: SearchedSession,
    searches: LoadSearches,
    model: LoadedModel,
    task: Task,
    wanted: CellSpec,
) -> Measured:
    """Find the highest load of a cell that holds, and judge it there."""
    balance, slo = session.settings.balance, session.slo
    found = searches.search(
        f"{task.name}|{wanted.variant}|{model.deployment.id}",
        wanted,
        lambda spec: session.run(model, task, spec),
        slo,
    )
    facts, records = found.facts, found.records
    summary = summarise(facts, records, balance=balance, slo=slo)
    missed = limited(session.gate, session.journal, summary, records, wanted)
    return replace(found, summary=summary, verdicts=join(missed))
