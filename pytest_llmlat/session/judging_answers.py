"""The judges of a session: asked when nothing is measured any more.

What they say becomes a further line of each record, so that the run that is read
afterwards is a graded one. Whatever stops them loses no vote: each is in the user's
cache as soon as it is cast, and the run that goes on (``--llm-resume``) asks for the
rest alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.gate.answered_share import too_few_answers
from pytest_llmlat.gate.limits import check_limits
from pytest_llmlat.gate.tolerances import parse_limits
from pytest_llmlat.judges.lineages import lineages_of_cells
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.measure.opened_judge import JudgingTools, place_of
from pytest_llmlat.measure.panel_grading import judged
from pytest_llmlat.session.judges_named import panel_of
from pytest_llmlat.session.listening import JudgingListener
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.vote_cache import unkept
from pytest_llmlat.values.cell_facts import REFERENCE, YARDSTICK
from pytest_llmlat.values.errors import BudgetSpent, LLMLatError
from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_llmlat.gate.tolerances import GateRules, Limit
    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.measure.judge_panel import Panel
    from pytest_llmlat.measure.run_budget import Budget
    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.judge_votes import AskedPanel
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Outcome, Summary

_LATER = "name judges with --llm-judge and --llm-resume, or run llmlat panel on it"


@dataclass(slots=True, kw_only=True)
class SessionJudges:
    """The judges of a session."""

    selection: Selection
    budget: Budget
    listener: Listener
    load: Callable[[Deployment], LoadedModel]
    unload: Callable[[LoadedModel], None]
    told: list[str] = field(default_factory=list)
    """Sentences on what was not asked of anybody, for the report."""
    verdicts: list[Verdict] = field(default_factory=list)
    """Verdicts on cells that could not be judged to the end."""

    def judge(self, run: Run, journal: Journal, *, cut_short: bool) -> bool:
        """Grade the answers that wait for judges.

        What stops it is told, and the run is written as it is.

        Args:
            run: as it was read when all was measured.
            journal: of the run, which has ended.
            cut_short: whether a person or a signal ended the run: then nobody is asked.

        Returns:
            Whether answers waited, so that the run may hold more than was read.
        """
        panels = _by_panel(run.facts)
        if not panels and self.selection.judges:
            self.told.append(
                "judges were named, and no task that was measured has the metric"
                " 'judge': nobody was asked"
            )
        for panel, own in panels.items():
            if not (panel.judges or self.selection.judges):
                names = ", ".join(dict.fromkeys(facts.cell.task for facts in own))
                self.told.append(f"{names}: answers wait for judges; {_LATER}")
                continue
            if cut_short:
                self._leave(own, "the run was cut short")
                continue
            try:
                self._grade(run, own, panel, journal)
            except BudgetSpent as spent:
                self._leave(own, str(spent), outcome="warned")
            except KeyboardInterrupt:
                self._leave(own, "it was broken off")
                cut_short = True
            except LLMLatError as error:
                self._leave(own, str(error))
            # Whatever a model library raises, what was measured is to be written.
            except Exception as error:  # noqa: BLE001
                self._leave(own, f"{type(error).__name__}: {error}")
        return bool(panels)

    def _grade(
        self, run: Run, cells: Sequence[CellFacts], asked: AskedPanel, journal: Journal
    ) -> None:
        """Ask a panel about the answers of cells, and write down what it says."""
        panel = panel_of(self.selection, cells[0].cell.task, asked)
        if panel.rubric.pairwise and any(facts.role == REFERENCE for facts in cells):
            panel = replace(panel, against="each other")
        ids = {facts.cell.id for facts in cells}
        before = [
            one for _, own in records_of(run, ids, tell=_told_later) for one in own
        ]
        open_ones = [one for one in before if _waits(one, panel)]
        if not open_ones:
            return
        self.told += [told for told in unkept(user_cache()) if told not in self.told]
        families = lineages_of_cells(cells)
        tools = JudgingTools(
            cache=user_cache(),
            open=self._opened,
            allowance=self.budget.for_judge,
            progress=self._show,
            other=_others(cells, before),
            family=lambda record: families[record.cell.id],
        )
        for old, new in zip(open_ones, judged(open_ones, panel, tools), strict=True):
            if new != old:
                journal.add(new)
        refused = self.budget.refused
        if refused is not None:
            self._leave(cells, refused, outcome="warned")

    def _show(self, judge: str, done: int, planned: int) -> None:
        if isinstance(self.listener, JudgingListener):
            self.listener.on_judging(judge, done, planned)

    @contextmanager
    def _opened(self, judge: ModelSpec) -> Iterator[Backend | Server[Any]]:
        """Load a judge as a candidate is loaded: on its card, within the budget."""
        loaded = self.load(place_of(judge))
        try:
            yield loaded.backend
        finally:
            self.unload(loaded)

    def _leave(
        self, cells: Sequence[CellFacts], why: str, *, outcome: Outcome = "failed"
    ) -> None:
        """Tell that cells were not judged to the end."""
        why = why.removeprefix("not measured: ")
        self.verdicts += [
            Verdict(
                cell=facts.cell.id,
                quantity="quality",
                outcome=outcome,
                against="judges",
                note=f"not judged to the end: {why}; votes that were cast are kept, and"
                " the rest is asked with --llm-resume, or by llmlat panel",
            )
            for facts in cells
        ]


def _by_panel(cells: Iterable[CellFacts]) -> dict[AskedPanel, list[CellFacts]]:
    """Group the cells whose answers wait for judges by the panel that is asked."""
    found: dict[AskedPanel, list[CellFacts]] = {}
    for facts in cells:
        if facts.judging is not None and facts.role != YARDSTICK:
            found.setdefault(replace(facts.judging, limits=()), []).append(facts)
    return found


def judged_limits(
    facts: CellFacts,
    records: Sequence[Record],
    summary: Summary,
    limits: Sequence[Limit],
    *,
    rules: GateRules,
) -> tuple[Verdict, ...]:
    """Return the verdicts on the limits of a judged cell, which waited for its grades.

    Args:
        facts: of the cell; they have the limits of its test.
        records: of the cell.
        summary: of the cell, graded.
        limits: of the whole run.
        rules: which share of its requests is to be answered, and what becomes of what
            cannot be decided.
    """
    own = facts.judging.limits if facts.judging else ()
    bounds = (*limits, *parse_limits(own, where=f"limits of {facts.cell.id}"))
    return (
        *too_few_answers(summary.cell, records, rules),
        *check_limits(summary, records, bounds, unsure=rules.unsure),
    )


def _waits(record: Record, panel: Panel) -> bool:
    """Whether something of a record's votes is missing, or of another panel."""
    done = {
        vote.judge
        for vote in record.votes
        if vote.rubric == panel.rubric_id
        and vote.problem not in ("failed", "not asked")
    }
    if record.answer and record.answered:
        return {judge.name for judge in panel.judges} != done
    return not record.graded


def _others(
    cells: Sequence[CellFacts], records: Sequence[Record]
) -> Callable[[Record], str | None]:
    """Return what finds the answer that another is held against in pairs.

    Beside a model that was measured in turn it is that model's answer, on both sides;
    elsewhere the right answer.
    """
    beside: dict[str, str] = {}
    for facts in cells:
        if facts.role == REFERENCE and facts.beside is not None:
            beside |= {facts.cell.id: facts.beside, facts.beside: facts.cell.id}
    answers = {(one.cell.id, one.sample, one.round): one for one in records}

    def other(record: Record) -> str | None:
        rival = beside.get(record.cell.id)
        if rival is None:
            return record.reference or None
        found = answers.get((rival, record.sample, record.round))
        return None if found is None or not found.answered else found.answer or ""

    return other


def _told_later(_: str) -> None:
    """Drop a sentence on broken lines, which the run's figures tell."""
