"""Answers of earlier runs, taken for quality and never for speed.

An answer is taken where all that decides its text is the same: the model's weights by
their digest or commit and every other fact of it, task, rows, prompt, examples, and
the seed where tokens are drawn. It keeps its grade and loses its times: a cell with
such an answer has no figure of speed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.kept_answers import asked_in_order
from pytest_llmlat.measure.questions import questions
from pytest_llmlat.session.resuming import identity, unlike
from pytest_llmlat.store.partial_runs import StoredCells, runs_in
from pytest_llmlat.values.errors import BadRun, UsageError
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.sittings import ReusedAnswers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.settings import Settings, Spelled

ALL, UNVERIFIED = "all", "unverified"
"""Words beside names of runs: every run, and weights that nothing identifies."""
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_ENDS = ("stop", "length")
"""Ends of an answer that another run would come to as well."""
_LATEST = 1 << 62
"""Number of a sitting that no run has: all of its records are of earlier ones."""


class Reuse:
    """The runs that answers may be taken from."""

    def __init__(self, settings: Settings, runs: Path, spelled: Spelled) -> None:
        """Find them.

        Args:
            settings: names them; this run is none of them.
            runs: the folder that has runs in it.
            spelled: how the user writes a setting.

        Raises:
            UsageError: there is no such run.
        """
        words = [each.strip() for each in (settings.reuse or "").split(",")]
        names = [each for each in words if each not in ("", ALL, UNVERIFIED)]
        self._unverified = UNVERIFIED in words
        self._folders = [] if names else [*runs_in(runs)]
        for name in names:
            found = next((p for p in runs_in(runs, name, settings.root)), None)
            if found is None:
                raise UsageError(
                    f"{spelled('reuse')}: there is no run {name!r}, neither here nor in"
                    f" {runs}; name runs with =, and commas between them"
                )
            self._folders.append(found)
        own = settings.folder.resolve()
        self._folders = [each for each in self._folders if each.resolve() != own]
        self._opened: dict[Path, StoredCells | None] = {}

    def of(
        self,
        plan: Plan,
        model: LoadedModel,
        environment: Mapping[str, Scalar | None],
    ) -> Plan:
        """Return a plan with the answers that need not be asked for.

        Args:
            plan: of a cell that is measured alone.
            model: which it is measured on.
            environment: this machine and its software.
        """
        if plan.scenario != SINGLE or any(s.turn is not None for s in plan.samples):
            return plan
        facts = identity((*model.backend.facts.items(), *plan.entry_facts))
        if not (self._unverified or verified(facts)):
            return plan
        asked = asked_in_order(plan, in_turn=False)
        who, chat = model.deployment.model, model.backend.chat
        wanted = {
            (sample.id, number): question
            for (sample, number), question in zip(
                asked, questions(plan, asked, model=who, chat=chat), strict=True
            )
            if (sample.id, number) not in plan.kept
        }
        found: dict[tuple[str, int], Record] = {}
        for run, records in self._records(plan, facts, environment):
            for key, record in records.items():
                question = wanted.get(key)
                if key not in found and question and _same(record, question):
                    found[key] = replace(
                        record,
                        cell=plan.cell,
                        timing=None,
                        transport=None,
                        budget_s=plan.task.budget_s,
                        sitting=plan.sitting,
                        reused=run,
                    )
        if not found:
            return plan
        runs = Counter(str(record.reused) for record in found.values())
        told = ReusedAnswers(answers=len(found), runs=tuple(runs))
        return replace(plan, kept={**plan.kept, **found}, reused_answers=told)

    def _records(
        self,
        plan: Plan,
        facts: Mapping[str, Scalar | None],
        environment: Mapping[str, Scalar | None],
    ) -> Iterator[tuple[str, Mapping[tuple[str, int], Record]]]:
        """Yield the records of each cell that asked the same of the same model."""
        digest = plan.constraint.digest if plan.constraint else None
        for folder in self._folders:
            cells = self._cells(folder)
            if cells is None or unlike(
                cells.told["environment"], environment, timed=False
            ):
                # Of another version answers may be graded otherwise.
                continue
            for one in cells.last.values():
                if (
                    one.task_revision == plan.revision
                    and one.constraint == digest
                    and dict(facts)
                    in [identity(each) for each in cells.backends[one.cell.id]]
                ):
                    yield str(cells.told["id"]), _measured(cells, one)

    def _cells(self, folder: Path) -> StoredCells | None:
        if folder not in self._opened:
            try:
                self._opened[folder] = StoredCells(folder, _LATEST)
            except BadRun:
                self._opened[folder] = None
        return self._opened[folder]


def verified(facts: Mapping[str, Scalar | None]) -> bool:
    """Whether facts name a model's weights by a digest or a commit."""
    return any(
        isinstance(facts.get(name), str) and _COMMIT.fullmatch(str(facts[name]))
        for name in ("digest", "revision")
    )


def _measured(cells: StoredCells, facts: CellFacts) -> Mapping[tuple[str, int], Record]:
    return {
        key: record
        for key, record in cells.records(facts.cell).items()
        if record.reused is None and record.finish in _ENDS and record.head is None
    }


def _same(record: Record, question: Question) -> bool:
    """Whether a record is the answer that a question would get."""
    request = question.request
    sampling = request.sampling
    drawn = (
        record.temperature == 0
        if sampling.greedy
        else (record.temperature, record.top_p, record.seed)
        == (sampling.temperature, sampling.top_p, sampling.seed)
    )
    return (
        drawn
        and record.prompt == request.prompt
        and record.system == request.system
        and record.shots == question.shots
    )
