"""The selection of a session: its models, devices and tasks."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.machine.devices import look
from pytest_llmlat.measure.judge_panel import check_twins
from pytest_llmlat.session.asked_settings import (
    model_as_asked,
    task_as_asked,
    with_shots_asked,
)
from pytest_llmlat.session.base_branch import counterparts, reference_name
from pytest_llmlat.session.budget import check_spend
from pytest_llmlat.session.cost_budgets import check_cost_budgets
from pytest_llmlat.session.entry_check import check_variants
from pytest_llmlat.session.matrix import deployments
from pytest_llmlat.session.searching import check_search
from pytest_llmlat.session.spread_choice import check_spread, is_somewhere, open_pool
from pytest_llmlat.session.tuning_wish import check_wish, wish_of
from pytest_llmlat.session.turns_check import check_requests
from pytest_llmlat.session.vary import entry_text, model_named, variants
from pytest_llmlat.session.vary import parse as parse_axes
from pytest_llmlat.tasks.prompt_variants import (
    in_words_of,
    prompt_names,
    prompt_variants,
)
from pytest_llmlat.tasks.prompts import prompt_template
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.cell_facts import YARDSTICK_NAME
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.scenario import parse
from pytest_llmlat.values.varied import Varied

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.backends.model_catalogue import ModelCatalogue
    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.session.vary import Variant
    from pytest_llmlat.spread.worker_pool import WorkerPool
    from pytest_llmlat.tasks.prompt_variants import PromptVariant
    from pytest_llmlat.tasks.task_catalogue import TaskCatalogue
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Task
    from pytest_llmlat.values.scenario import Scenario
    from pytest_llmlat.values.settings import Settings, Spelled


class Selection:
    """A selection out of catalogues, which are read when they are first needed."""

    def __init__(
        self,
        settings: Settings,
        *,
        spelled: Spelled = str,
        models: Iterable[ModelSpec] = (),
        tasks: Iterable[Task] = (),
    ) -> None:
        """Choose by ``settings``; reads no file yet.

        Args:
            settings: all that was asked for.
            spelled: how the user writes a setting, for complaints.
            models: entries that stand in no file; they come before those of files.
            tasks: the same.
        """
        self._settings = settings
        self._spelled = spelled
        own = (*models, *settings.addressed)
        self._own_models = {model.name: model for model in own}
        self._own_tasks = {task.name: task for task in tasks}

    @cached_property
    def models(self) -> ModelCatalogue:
        """The model catalogue."""
        found = load_models(self._settings.model_files)
        return replace(found, entries={**found.entries, **self._own_models})

    @cached_property
    def tasks(self) -> TaskCatalogue:
        """The task catalogue."""
        found = load_tasks(self._settings.task_files)
        return replace(found, entries={**found.entries, **self._own_tasks})

    @property
    def data(self) -> Path | None:
        """The folder with local copies of public sets."""
        return self._settings.data

    @cached_property
    def base_models(self) -> ModelCatalogue | None:
        """The model catalogue of the base branch; ``None`` where none was named."""
        settings = self._settings
        if settings.base is None:
            return None
        files = counterparts(settings.model_files, settings.root, settings.base)
        return load_models(files)

    @cached_property
    def inventory(self) -> Inventory:
        """The devices of this machine."""
        return look()

    @cached_property
    def pool(self) -> WorkerPool | None:
        """The workers that measure, opened; ``None`` where this process does."""
        return open_pool(self._settings, self._spelled)

    @cached_property
    def chosen_models(self) -> tuple[ModelSpec, ...]:
        """Models that were asked for, or the default, in all their settings."""
        return tuple(variant.model for variant in self.variants)

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Chosen models, each with its variants if there are to be any."""
        where = self._spelled("vary")
        axes = parse_axes(self._settings.vary, where=where)
        names = self._settings.models or (self.models.default,)
        found = (self._model(name, where=self._spelled("models")) for name in names)
        return tuple(
            variant
            for model in found
            for variant in variants(
                model_as_asked(model, self._settings), axes, where=where
            )
        )

    @cached_property
    def varied(self) -> tuple[Varied, ...]:
        """Variants for the report; empty where nothing is varied."""
        if not self._settings.vary:
            return ()
        return tuple(
            Varied(name=each.model.name, of=each.of, entry=entry_text(each))
            for each in self.variants
        )

    @cached_property
    def against(self) -> ModelSpec | None:
        """Model that each other is measured beside.

        Raises:
            UsageError: it is one of them.
        """
        name = self._settings.against
        if name is None:
            return None
        spelled = self._spelled
        where = f"{spelled('against')}={name}"
        found = self._model(name, where=spelled("against"), base=True)
        if self._settings.vary:
            raise UsageError(
                f"{where}: takes one candidate at a time, and {spelled('vary')} makes"
                " several; write the setting into an entry of a catalogue"
            )
        if len(self.chosen_models) > 1:
            raise UsageError(
                f"{where}: takes one candidate at a time: the two are measured in turn;"
                f" {spelled('models')} names {len(self.chosen_models)}"
            )
        check_requests(self._settings, self.scenarios, spelled, where=where)
        found = replace(found, name=reference_name(self._settings) or found.name)
        if found.name in {model.name for model in self.chosen_models}:
            raise UsageError(
                f"{where}: is what {spelled('models')} names too; to compare a model"
                " with itself or with other settings, give each an entry of its own in"
                f" a catalogue ({spelled('model_files')})"
            )
        return model_as_asked(found, self._settings)

    @cached_property
    def judges(self) -> tuple[ModelSpec, ...]:
        """Models that grade answers when all is measured.

        Raises:
            UsageError: two of one name.
        """
        names, where = self._settings.judges, self._spelled("judges")
        check_twins(names, where=where)
        return tuple(self.judge(name, where=where) for name in names)

    def judge(self, name: str, *, where: str) -> ModelSpec:
        """Return a model that grades, as its own entry has it."""
        return self._model(name, where=where)

    @cached_property
    def yardstick(self) -> ModelSpec | None:
        """Model that tells how fast the machine is, under a name of its own.

        Raises:
            UsageError: cells are compared in turn already.
        """
        name, settings = self._settings.yardstick, self._settings
        if name is None:
            return None
        where = f"{self._spelled('yardstick')}={name}"
        if settings.against is not None or settings.prompts:
            raise UsageError(
                f"{where}: what is compared in turn, in one session, needs no"
                f" yardstick; it is for {self._spelled('baseline')}"
            )
        found = self._model(name, where=self._spelled("yardstick"), base=True)
        return replace(found, name=f"{found.name}{YARDSTICK_NAME}", price=None)

    def as_base_asks(self, task: Task) -> Task:
        """Return a task with the prompts of the base branch, if one was named.

        Rows, references and metric stay: both sides answer the same, and are judged
        alike.
        """
        settings = self._settings
        if settings.base is None:
            return task
        theirs = self.base_tasks.get(task.name)
        if theirs is None:
            return task
        return with_shots_asked(
            in_words_of(theirs, task), self._settings, self._spelled
        )

    @cached_property
    def base_tasks(self) -> Mapping[str, Task]:
        """Tasks of the base branch; empty where none was named."""
        settings = self._settings
        if settings.base is None:
            return {}
        files = counterparts(settings.task_files, settings.root, settings.base)
        return load_tasks(files).entries

    def in_prompts(self, task: Task) -> tuple[PromptVariant, PromptVariant] | None:
        """Return a task with each of the two prompts to compare, the reference first.

        Raises:
            UsageError: it has no such prompts, or this is no run for them.
        """
        names = self.compared_prompts
        if names is None:
            return None
        old, new = prompt_variants(task, names, where=self._spelled("prompts"))
        return old, new

    @cached_property
    def compared_prompts(self) -> tuple[str, str] | None:
        """Names of the two prompts to compare, the reference first.

        Raises:
            UsageError: what was asked for beside it has no place there.
        """
        where, settings = self._spelled("prompts"), self._settings
        if not settings.prompts:
            return None
        others = {
            "against": settings.against,
            "baseline": settings.baseline,
            "save_baseline": settings.save_baseline,
        }
        given = [name for name, value in others.items() if value is not None]
        if given:
            raise UsageError(
                f"{where}: compares two prompts of one model in turn;"
                f" {self._spelled(given[0])} has no place beside it"
            )
        check_requests(settings, self.scenarios, self._spelled, where=where)
        return prompt_names(settings.prompts, where=where)

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Scenarios that were asked for; empty for those of each test."""
        return tuple(
            scenario
            for name in self._settings.scenarios
            for scenario in parse(name, where=self._spelled("scenarios"))
        )

    @cached_property
    def chosen_tasks(self) -> frozenset[str] | None:
        """Names of the tasks that were asked for; ``None`` for all."""
        if not self._settings.tasks:
            return None
        return frozenset(task.name for task in self.named_tasks)

    @cached_property
    def named_tasks(self) -> tuple[Task, ...]:
        """The tasks that were asked for by name, each once, in that order."""
        found = {
            task.name: task
            for name in self._settings.tasks
            for task in self.tasks.find(name, where=self._spelled("tasks"))
        }
        return tuple(found.values())

    def _model(self, name: str, *, where: str, base: bool = False) -> ModelSpec:
        """Return an entry, the model at an address, or either in other settings.

        Args:
            name: as it was typed.
            where: it was typed.
            base: look among the entries of the base branch, if there is one.
        """
        if name in self._own_models:
            return self._own_models[name]
        known = (self.base_models if base else None) or self.models
        if name in known.entries:
            return known.entries[name]
        return model_named(
            name, lambda each: known.find(each, where=where), where=where
        )

    def asked(self, task: Task) -> Task:
        """Return a task with all that was asked for of every task."""
        return task_as_asked(task, self._settings, self._spelled)

    def of_base(self, name: str) -> ModelSpec:
        """Return the base branch's model, with the settings asked for of every model.

        Raises:
            UnknownName: the base has no such entry.
        """
        own = self._model(name, where="", base=True)
        return model_as_asked(own, self._settings)

    def check_prompts(self, model: ModelSpec, task: Task) -> None:
        """Refuse a task that has no prompt of the form that a model takes.

        Whether it chats may be known only when its weights are there; then nothing is
        refused yet.

        Raises:
            BadCatalogue: names the task, the model and what to add.
        """
        self.in_prompts(task)
        for each in filter(None, (model, self.against)):
            if each.chat is not None:
                prompt_template(task, chat=each.chat, model=f"model {each.name!r}")

    def check(self) -> None:
        """Look up every name that was typed, so that a typo is reported at the start.

        Raises:
            UsageError: a name that is unknown, or a catalogue that is malformed.
        """
        _ = self._checked

    @cached_property
    def _checked(self) -> None:
        _ = self.tasks, self.chosen_tasks, self.compared_prompts
        check_spread(self._settings, self._spelled)
        check_search(self._settings, self.scenarios, self._spelled)
        beside = (self.against, self.yardstick)
        check_variants(self.variants, beside, self.judges, where=self._spelled("vary"))
        measured = (*self.chosen_models, *filter(None, [self.against]), *self.judges)
        spend = self._spelled("spend")
        check_spend(self._settings, measured, where=spend, judges=self.judges)
        if (wish := wish_of(self._settings, self._spelled)) is not None:
            for model in self.chosen_models:
                check_wish(wish, model, self.named_tasks, self._spelled)
        for budget in ("latency_budget", "cost_budget"):
            for name in filter(None, dict(getattr(self._settings, budget))):
                self.tasks.find(name, where=self._spelled(budget))
        check_cost_budgets(self.named_tasks, measured, self._settings, self._spelled)

    def deployments(self) -> tuple[Deployment, ...]:
        """Return every model on every device that it is to run on."""
        listed = [name for model in self.chosen_models for name in model.devices]
        return deployments(
            self.chosen_models,
            present=[n for n in listed if is_somewhere(n, self.pool, self.inventory)],
            named=self._settings.devices,
        )

    def marked_tasks(self, names: Sequence[str], *, where: str) -> tuple[Task, ...]:
        """Return the tasks that a marker names and the command line does not exclude.

        A public set that the command line names belongs to its family in a marker:
        the tests of the family run it.

        Raises:
            UnknownName: the message names the nearest tasks and families.
        """
        chosen = self.chosen_tasks
        found = [
            task
            for name in names
            for task in self.tasks.find(name, where=where, asked=chosen or ())
        ]
        unique = {task.name: task for task in found}
        return tuple(
            task for name, task in unique.items() if chosen is None or name in chosen
        )
