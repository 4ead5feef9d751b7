"""What runs tasks on models for a test: the value of the fixture ``llmlat``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.plugin.keys import cells_of, session_of
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.verdict_table import table_of
from pytest_llmlat.session.arguments import items_of
from pytest_llmlat.session.cell_spec import CellSpec, checked_choice
from pytest_llmlat.session.unchanged import Unchanged
from pytest_llmlat.values.errors import (
    BudgetSpent,
    DeviceAbsent,
    LLMLatError,
    UsageError,
)
from pytest_llmlat.values.figure_columns import headline_values
from pytest_llmlat.values.sampling import SamplingChoice
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.tolerances import Limit
    from pytest_llmlat.session.cells import CellModel
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Summary
    from pytest_llmlat.values.scenario import Scenario

_SHOWN_ERRORS = 3
_ATTEMPTS = count()
_NAMELESS = re.compile(r"[^A-Za-z0-9._=+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Which task in which scenario a parametrised test is about."""

    task: Task
    scenario: Scenario
    samples: int | None
    limits: tuple[Limit, ...] = ()
    """What the test's marker says that its figures must be."""
    proposed: tuple[Limit, ...] | None = None
    """What the marker of the change says, where ``limits`` are those of its base."""
    sampling: SamplingChoice = SamplingChoice()  # noqa: RUF009 - it is frozen
    """What it says of drawing tokens and of repeats."""
    variant: str | None = None
    """What tells its cells from those of another test."""

    @property
    def id(self) -> str:
        """Part of the test's name that tells the task."""
        return f"{self.task.name}|{self.scenario.name}"

    @property
    def asked(self) -> Assignment:
        """This assignment without what its figures must be."""
        return replace(self, limits=(), proposed=None)

    def cell_spec(self, item: pytest.Item) -> CellSpec:
        """Return what the marker of an item asks for."""
        return CellSpec(
            scenario=self.scenario,
            count=self.samples,
            sampling=self.sampling,
            limits=self.limits,
            proposed=self.proposed,
            variant=variant_of(item),
            test=item.nodeid,
        )

    def held_to(self, limits: tuple[Limit, ...]) -> Assignment:
        """Return it with the limits of the base branch in place of its own."""
        return replace(self, limits=limits, proposed=self.limits)


class Runner:
    """Runs tasks on models. Tests get it as the fixture ``llmlat``."""

    def __init__(
        self, request: pytest.FixtureRequest, assignment: Assignment | None
    ) -> None:
        """Serve one test."""
        self._request = request
        self._assignment = assignment
        # Another one at each try, so that a rerun is known for one.
        self._attempt = next(_ATTEMPTS)

    @property
    def task(self) -> Task | None:
        """The task that the marker assigned to this item."""
        return self._assignment.task if self._assignment else None

    def find(self, name: str) -> Task:
        """Return a task of the catalogue, to be varied with ``dataclasses.replace``.

        Raises:
            UsageError: unknown, or a family of several tasks.
        """
        tasks = session_of(self._request.config).selection.tasks
        found = tasks.find(name, where=f"{self._request.node.nodeid}: {name!r}")
        if len(found) > 1:
            raise UsageError(
                f"{self._request.node.nodeid}: {name!r} is a family of {len(found)}"
                " tasks; name one, or mark the test: @pytest.mark.llm(...)"
            )
        return found[0]

    def run(
        self,
        llm: CellModel,
        task: Task | str | None = None,
        *,
        samples: Sequence[Sample] | None = None,
        repeats: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        variant: str | None = None,
    ) -> Summary:
        """Measure every sample of a task on a model and return the cell's statistics.

        Args:
            llm: the fixture of that name.
            task: a name of the catalogue or a :class:`Task`; by default the one that
                the test's ``llm`` marker names.
            samples: the items, where they are not those of the task's source.
            repeats: how often each is asked, each time with a seed of its own.
            temperature: with which tokens are drawn; 0 takes the likeliest.
            top_p: share of the probability that they are drawn from.
            variant: what tells the cell from another of the same task and model; by
                default what ``parametrize`` calls the test. It stands in the cell's id.

        A cell is measured once in a run. A rerun of the test (``--reruns``) gets what
        its first try measured.

        The test fails if the backend broke on a sample, if a limit is missed, or if
        the cell got worse for certain; all samples are measured all the same, and all
        records are kept.
        """
        cells = cells_of(self._request.config)
        said = SamplingChoice(temperature=temperature, top_p=top_p, repeats=repeats)
        try:
            wanted = self._wanted(samples, said, variant)
            measured = cells.run(llm, self._resolve(task), wanted)
        except (Unchanged, BudgetSpent) as left_out:
            pytest.skip(str(left_out))
        except DeviceAbsent as error:
            if session_of(self._request.config).gate.compares:
                raise pytest.fail.Exception(str(error), pytrace=False) from None
            pytest.skip(str(error))
        except LLMLatError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        self._request.node.user_properties.extend(headlines(measured.summary))
        failed = [record for record in measured.records if record.finish == "error"]
        if failed:
            pytest.fail(failure(failed, len(measured.records)), pytrace=False)
        worse = [verdict for verdict in measured.verdicts if verdict.failing]
        if worse:
            pytest.fail("\n".join(table_of(worse)), pytrace=False)
        return measured.summary

    def _wanted(
        self,
        samples: Sequence[Sample] | None,
        said: SamplingChoice,
        variant: str | None,
    ) -> CellSpec:
        """Return what the test asks for, over what its marker says.

        Raises:
            UsageError: an argument that cannot be.
        """
        node, chosen = self._request.node, self._assignment
        checked_choice(said, where=f"{node.nodeid}: llmlat.run")
        asked = chosen.cell_spec(node) if chosen else self._bare()
        return replace(
            asked,
            samples=items_of(samples, f"{node.nodeid}: llmlat.run"),
            sampling=said.over(asked.sampling),
            variant=asked.variant if variant is None else variant,
            attempt=self._attempt,
        )

    def _bare(self) -> CellSpec:
        """Return what a test without a marker asks for, beside what it says itself."""
        node = self._request.node
        return CellSpec(
            scenario=self._scenario(), variant=variant_of(node), test=node.nodeid
        )

    def _scenario(self) -> Scenario:
        """Return the scenario that was asked for."""
        asked = session_of(self._request.config).selection.scenarios
        if len(asked) > 1:
            raise UsageError(
                f"{self._request.node.nodeid}: --llm-scenario names {len(asked)}"
                " scenarios, and a test without @pytest.mark.llm(...) runs in one"
            )
        return asked[0] if asked else SINGLE

    def _resolve(self, task: Task | str | None) -> Task:
        if task is None and self._assignment is not None:
            return self._assignment.task
        if isinstance(task, str):
            return self.find(task)
        if task is None:
            raise UsageError(
                "llmlat.run(llm): which task? Mark the test with"
                " @pytest.mark.llm('family/name') or pass the task"
            )
        return task


def variant_of(item: pytest.Item) -> str | None:
    """Return what tells an item's cells from those of another item.

    It is what the marker says, and what ``parametrize`` calls the item's parameters
    beside the model and the task.
    """
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return None
    chosen = callspec.params.get("llmlat")
    assignment = chosen if isinstance(chosen, Assignment) else None
    parts = [] if assignment is None or not assignment.variant else [assignment.variant]
    if set(callspec.params) - {"llm", "llmlat"}:
        own = str(callspec.id)
        for known in (callspec.params.get("llm"), assignment):
            if known is not None:
                own = own.replace(known.id, " ", 1)
        parts.append(_NAMELESS.sub("-", own).strip("-._=+"))
    return "-".join(filter(None, parts)) or None


def headlines(summary: Summary) -> list[tuple[str, object]]:
    """Return what JUnit's file shows of a cell, as properties of its test."""
    figures = headline_values(summary)
    known = [(f"llm_{k}", round(v, 6)) for k, v in figures.items() if v is not None]
    return [("llm_cell", printable(summary.cell.id)), *known]


def failure(failed: Sequence[Record], measured: int) -> str:
    """Say how many samples the backend broke on, and how."""
    first = failed[0].cell.id
    lines = [f"{first}: {len(failed)} of {measured} samples failed; their records say:"]
    lines += [
        f"  {r.sample}: {printable(str(r.error))}" for r in failed[:_SHOWN_ERRORS]
    ]
    if len(failed) > _SHOWN_ERRORS:
        lines.append(f"  and {len(failed) - _SHOWN_ERRORS} more")
    return "\n".join(lines)
