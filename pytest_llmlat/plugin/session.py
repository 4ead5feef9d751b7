"""One run: models are loaded, cells measured, everything written to its journal."""

from __future__ import annotations

import datetime as dt
import warnings
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends import open_backend
from pytest_llmlat.clock import SystemClock
from pytest_llmlat.clock_check import check_clock
from pytest_llmlat.datasets import load_samples, revision
from pytest_llmlat.environment import fingerprint
from pytest_llmlat.errors import DeviceAbsent, UsageError
from pytest_llmlat.grading import RUNS_CODE
from pytest_llmlat.journal import Journal
from pytest_llmlat.matrix import cell, draw
from pytest_llmlat.plugin.progress import Progress
from pytest_llmlat.plugin.selection import Selection
from pytest_llmlat.protocols import Server
from pytest_llmlat.records import NS_PER_S
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.runner import LoadedModel, Plan, run_cell
from pytest_llmlat.sandbox import open_sandbox
from pytest_llmlat.schedule import streams_of
from pytest_llmlat.scoreboard import scoreboard
from pytest_llmlat.slo import parse
from pytest_llmlat.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from pytest_llmlat.records import CellFacts, Instrument, Record
    from pytest_llmlat.results import Scoreboard, Summary
    from pytest_llmlat.sandbox import Sandbox
    from pytest_llmlat.schedule import Scenario
    from pytest_llmlat.settings import Settings
    from pytest_llmlat.slo import Objective
    from pytest_llmlat.specs import Deployment, Sample, Task


class Session:
    """What one pytest process does for a run; several processes share a journal."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Begin or join the run whose folder the settings name; writes nothing yet."""
        self.settings = settings
        self.selection = Selection(settings)
        self._config = config
        self._clock = SystemClock()
        self._begin_ns = self._clock.now_ns()
        self._started = dt.datetime.now(dt.UTC)
        self.journal = Journal(settings.folder)
        self._public: dict[Task, tuple[Sample, ...]] = {}
        self._instruments: dict[int, Instrument | None] = {}

    @cached_property
    def sandbox(self) -> Sandbox:
        """Where generated programs run; opened by the first task that needs it."""
        return open_sandbox(self.settings.sandbox)

    def load(self, deployment: Deployment) -> LoadedModel:
        """Load a model, timed.

        Raises:
            DeviceAbsent: says what was looked for and what was found.
        """
        inventory = self.selection.inventory
        if deployment.device not in inventory.present:
            raise DeviceAbsent(inventory.absence(deployment.device))
        begin = self._clock.now_ns()
        with _lenient():
            backend = open_backend(deployment, self._clock)
        spent_s = (self._clock.now_ns() - begin) / NS_PER_S
        return LoadedModel(
            deployment=deployment,
            backend=backend,
            load_s=None if isinstance(backend, Server) else spent_s,
        )

    def run(
        self,
        model: LoadedModel,
        task: Task,
        *,
        scenario: Scenario,
        samples: Sequence[Sample] | None = None,
        count: int | None = None,
    ) -> tuple[Summary, tuple[Record, ...]]:
        """Measure one cell.

        Args:
            model: what to ask.
            task: what to ask of it.
            scenario: how to offer it.
            samples: the items, where they are not those of the task's source.
            count: how many the test asks for; the settings come first.

        Returns:
            The cell's statistics, and the records that they were made of.
        """
        task = self.selection.bounded(task) if task.metric == RUNS_CODE else task
        whole = tuple(samples) if samples is not None else self._samples(task)
        if not whole:
            raise UsageError(f"task {task.name!r}: there are no samples to measure")
        wanted = count if self.settings.samples is None else self.settings.samples
        drawn = draw(whole, wanted, seed=self.settings.seed, salt=task.name)
        plan = Plan(
            cell=cell(model.deployment, task, scenario.name),
            task=task,
            samples=drawn,
            seed=self.settings.seed,
            revision=revision(task, whole),
            scenario=scenario,
            requests=self.settings.requests,
            instrument=self._instrument(model, scenario, len(drawn)),
        )
        sandbox = self.sandbox if task.metric == RUNS_CODE else None
        self.journal.open(self.run_facts)
        recorder = _Recorder(self._config, self.journal, plan)
        try:
            with _lenient():
                run_cell(
                    plan,
                    model,
                    clock=self._clock,
                    sandbox=sandbox,
                    on_facts=recorder.on_facts,
                    on_record=recorder.on_record,
                )
        finally:
            recorder.progress.clear()
        summary, _ = summarise(
            recorder.facts[-1],
            recorder.records,
            balance=self.settings.balance,
            seed=self.settings.seed,
            slo=self._slo,
        )
        return summary, tuple(recorder.records)

    @cached_property
    def _slo(self) -> tuple[Objective, ...]:
        return parse(self.settings.slo, where="--llm-slo")

    def _instrument(
        self, model: LoadedModel, scenario: Scenario, samples: int
    ) -> Instrument | None:
        """Try the clock as it will be used, once for each number of streams."""
        if not isinstance(model.backend, Server):
            return None
        streams = streams_of(scenario, self.settings.requests or samples)
        if streams not in self._instruments:
            with _lenient():
                awake = model.backend.facts.get("awake") is True
                self._instruments[streams] = check_clock(
                    streams, self._clock, awake=awake
                )
        return self._instruments[streams]

    def _samples(self, task: Task) -> tuple[Sample, ...]:
        """Read a task's samples; a public set once and not for every model."""
        if task.public is not None and task in self._public:
            return self._public[task]
        with _lenient():
            found = load_samples(task, data=self.settings.data, seed=self.settings.seed)
        if task.public is not None:
            self._public[task] = found
        return found

    def finish(self) -> Scoreboard | None:
        """Write the run's summary; returns ``None`` if no cell was begun."""
        facts = self.journal.facts()
        if not facts:
            return None
        board = scoreboard(
            facts,
            self.journal.records(),
            balance=self.settings.balance,
            seed=self.settings.seed,
            slo=self._slo,
        )
        seconds = (self._clock.now_ns() - self._begin_ns) / NS_PER_S
        run = {**self.run_facts, "seconds": seconds}
        self.journal.finish(summary_text(run, board), copy_to=self.settings.report)
        return board

    def close(self) -> None:
        """Leave no process behind."""
        if "sandbox" in self.__dict__:
            self.sandbox.close()

    @cached_property
    def run_facts(self) -> dict[str, Any]:
        """Return what ``run.json`` says."""
        settings = {
            name: sorted(map(str, value))
            if isinstance(value, tuple | frozenset)
            else value
            if value is None or isinstance(value, int | str)
            else str(value)
            for name, value in asdict(self.settings).items()
        }
        return {
            "id": self.journal.folder.name,
            "started": self._started.isoformat(timespec="seconds"),
            "settings": settings,
            "environment": fingerprint(self.selection.inventory),
        }


@contextmanager
def _lenient() -> Iterator[None]:
    """Let warnings of model libraries be warnings where a project makes them errors.

    A deprecation deep inside a library is no reason to lose a measurement.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


class _Recorder:
    """Takes what a cell reports to the journal, to the hook and to the terminal."""

    def __init__(self, config: pytest.Config, journal: Journal, plan: Plan) -> None:
        self.facts: list[CellFacts] = []
        self.records: list[Record] = []
        self.progress = Progress(
            config, plan.cell.id, plan.requests or len(plan.samples)
        )
        self._config = config
        self._journal = journal

    def on_facts(self, facts: CellFacts) -> None:
        self.facts.append(facts)
        self._journal.add(facts)

    def on_record(self, record: Record) -> None:
        # First to the disk: a hook may raise, and a measurement is not to be lost.
        self._journal.add(record)
        self.records.append(record)
        self._config.hook.pytest_llmlat_record(config=self._config, record=record)
        self.progress.step(len(self.records))
