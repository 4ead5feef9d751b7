"""Cells looked over before the first token: all that can be told without a model.

What was asked for wrongly, in an option, a marker, an entry or a row, would otherwise
be told when its cell begins, after all those before it were measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.grade import check_grading
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.sandbox.chain import AUTO
from pytest_llmlat.measure.questions import question_of
from pytest_llmlat.session.beside import check_companions, in_turn_asked
from pytest_llmlat.session.cell_spec import panel_asked, plan_of
from pytest_llmlat.session.client_processes import (
    check_clients,
    check_conversations,
    offered_by_several,
)
from pytest_llmlat.session.judges_named import check_judges
from pytest_llmlat.session.lenient_warnings import lenient
from pytest_llmlat.session.setting_trials import AskedTask
from pytest_llmlat.session.tuning_run import check_tuning
from pytest_llmlat.session.turns_check import check_in_turn
from pytest_llmlat.tasks.data.readable import as_read
from pytest_llmlat.tasks.prompts import prompt_template
from pytest_llmlat.tasks.shots import rows_are_here
from pytest_llmlat.tasks.task_options import check_options
from pytest_llmlat.values.errors import (
    BadExtension,
    LLMLatError,
    SandboxUnavailable,
    UsageError,
)
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.cells import AskedCell
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.values.entities import ModelSpec, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint of a cell that nothing was asked of yet."""

    text: str
    misuse: bool
    """Whether it was asked for wrongly, so that the run is refused. Else its model, or
    this machine, cannot do it, and other cells can be measured all the same."""


class OtherForm(UsageError):
    """A task has no prompt of the form that a model takes; other models may."""


class CellsBeforehand:
    """Cells of a session, looked over before any model is loaded for them."""

    def __init__(self, session: Session) -> None:
        """Look at nothing yet."""
        self._session = session
        self._settings, self._selection = session.settings, session.selection
        self._plans: dict[Hashable, Plan] = {}
        self._asked: set[Hashable] = set()

    def complaint(self, asked: Sequence[AskedCell]) -> Complaint | None:
        """Say what is wrong with the cells of one test.

        Returns:
            The first that is found; ``None`` if there is nothing that can be known.
        """
        try:
            self.check(asked)
        except LLMLatError as error:
            alone = isinstance(error, BadExtension | OtherForm)
            misuse = isinstance(error, UsageError) and not alone
            return Complaint(text=str(error), misuse=misuse)
        return None

    def check(self, asked: Sequence[AskedCell]) -> None:
        """Check cells; those of a tuning are those of one model.

        Raises:
            LLMLatError: the first that is wrong with one of them.
        """
        with lenient():
            for each in asked:
                self._check(each)
            if self._settings.tune and asked:
                tasks = [AskedTask(task=a.task, wanted=a.wanted) for a in asked]
                check_tuning(self._session, asked[0].deployment, tasks)

    def _check(self, asked: AskedCell) -> None:
        model, task = asked.deployment.model, asked.task
        settings, spelled = self._settings, self._session.spelled
        try:
            check_grading(task)
        except BadExtension as error:
            raise BadExtension(f"{task.name}: {error}") from error
        check_options(task, where=f"task {task.name!r}")
        self._check_form(model, task)
        task = self._selection.asked(task)
        scenario = asked.wanted.scenario
        check_companions(self._selection, asked.deployment, scenario, spelled)
        panel = panel_asked(task, asked.wanted, settings)
        by_several = offered_by_several(settings, scenario, asked.deployment)
        if by_several:
            check_clients(settings, model, spelled)
        self._check_sandbox(task)
        own, data = asked.wanted.samples, settings.data
        if own is not None or rows_are_here(task, data):
            plan = self._plan(asked, task)
            if by_several:
                check_conversations(plan, spelled)
            if in_turn_asked(self._selection, asked.task, model):
                check_in_turn(plan, settings, spelled)
            self._check_questions(plan, asked, task)
        if panel is not None:
            check_judges(self._selection, task.name, panel)

    def _check_form(self, model: ModelSpec, task: Task) -> None:
        """See that the task has a prompt for its model, as far as that is known.

        Raises:
            UsageError: it has no such prompts as are to be compared.
            OtherForm: it has none of that form.
        """
        self._selection.in_prompts(task)
        try:
            self._selection.check_prompts(model, task)
        except LLMLatError as error:
            raise OtherForm(str(error)) from error

    def _check_sandbox(self, task: Task) -> None:
        """See that the sandbox that was named is to be had, for a task with programs.

        Raises:
            UsageError: it is not, or not on this machine.
        """
        name = self._settings.sandbox
        runs = METRICS[task.metric].run is not None
        if not runs or name == AUTO or self._settings.spread:
            return
        try:
            _ = self._session.sandbox
        except SandboxUnavailable as error:
            where = self._session.spelled("sandbox")
            raise UsageError(f"{where}={name}: {error}") from error

    def _check_questions(self, plan: Plan, asked: AskedCell, task: Task) -> None:
        """See that rows can be asked, and that their own solutions pass.

        Raises:
            LLMLatError: one of them cannot, or does not.
        """
        if not self._settings.spread:
            # Where cells are measured elsewhere, programs run there.
            session = self._session
            session.passed.check(task, plan.samples, lambda: session.sandbox)
        sides = self._selection.in_prompts(asked.task)
        tasks = [self._selection.asked(each.task) for each in sides or ()] or [task]
        for each in tasks:
            self._ask(replace(plan, task=each), asked.deployment.model)

    def _plan(self, asked: AskedCell, task: Task) -> Plan:
        """Return what a cell asks; the rows of a task are read once for all models."""
        session, wanted = self._session, asked.wanted
        if wanted.scenario.searched:
            wanted = replace(wanted, scenario=SINGLE)
        key = (task, wanted.scenario, wanted.count, wanted.sampling, wanted.variant)
        if wanted.samples is None and key in self._plans:
            return self._plans[key]
        if wanted.samples is None:
            whole = session.rows.samples(task)
        else:
            whole = as_read(task, wanted.samples)
        plan = plan_of(
            wanted, task, whole, asked.deployment, self._settings, rows=session.rows
        )
        if wanted.samples is None:
            self._plans[key] = plan
        return plan

    def _ask(self, plan: Plan, model: ModelSpec) -> None:
        """Write every prompt of a cell once, in each form that its model may take."""
        forms = [model.chat] if model.chat is not None else [True, False]
        forms = [chat for chat in forms if _has_form(plan.task, chat=chat)]
        key = (plan.task, tuple(sample.id for sample in plan.samples), tuple(forms))
        if key in self._asked:
            return
        self._asked.add(key)
        for chat in forms:
            for sample in plan.samples:
                question_of(plan, sample, 0, model=model, chat=chat)


def _has_form(task: Task, *, chat: bool) -> bool:
    try:
        prompt_template(task, chat=chat)
    except LLMLatError:
        return False
    return True
