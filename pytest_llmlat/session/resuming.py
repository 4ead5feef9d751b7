"""A run that was cut off is gone on with: what of it is kept, and what is not.

Only what is the same is kept. A cell whose task, samples, settings or model have
changed is measured anew, and the report says why. On another machine, or with other
libraries that answers are timed with, nothing can go on: its times would stand beside
those of another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.kept_answers import FEWEST_KEPT, asked_in_order, kept_whole
from pytest_llmlat.session.kept_shards import kept_shards
from pytest_llmlat.store.baselines.untimed_facts import UNTIMED_FACTS
from pytest_llmlat.store.journal import PLAN
from pytest_llmlat.store.partial_runs import StoredCells, told_of_run
from pytest_llmlat.store.run_sittings import gone_on, sittings_of
from pytest_llmlat.values.cell_facts import REFERENCE
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.kept_shards import KeptShards
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.settings import Settings, Spelled

_SHOWN = 3
_OBSERVED = frozenset({"prompt_head", "keeps_prompts"})
"""Facts that are observed of a server, or follow from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A cell, and the one in turn with it, as far as earlier sittings measured them."""

    plans: tuple[Plan, ...]
    """Their plans, with what is kept."""
    facts: tuple[CellFacts, ...] = ()
    """Their facts, where all of both was measured; else none."""
    records: tuple[Record, ...] = ()
    """Their records that are kept."""


class Resumption:
    """A run that is gone on with."""

    def __init__(self, settings: Settings, spelled: Spelled) -> None:
        """Open it.

        Args:
            settings: its folder, and the number of this sitting.
            spelled: how the user writes a setting.

        Raises:
            BadRun: it cannot be read.
        """
        self._cells = StoredCells(settings.folder, settings.sitting)
        self._folder = settings.folder
        self._sitting, self._spelled = settings.sitting, spelled
        self._told = self._cells.told
        self._graders: tuple[str, ...] = ()

    def run_facts(self, now: Mapping[str, Any], plan: Sequence[Cell]) -> dict[str, Any]:
        """Return what ``run.json`` is to say.

        Args:
            now: what it would say of this sitting alone.
            plan: the cells that this sitting is to measure.

        Raises:
            UsageError: this is another machine, or other software.
        """
        self.check(now["environment"])
        told = told_of_run(self._folder)
        content = {n: v for n, v in told.items() if n not in ("schema", PLAN)}
        if len(sittings_of(told)) >= self._sitting:
            # Another process of this sitting has written it.
            return content
        return gone_on(content, now, [*self._plan_told(plan), *self._graders_told()])

    def whole_plan(self, plan: Sequence[Cell]) -> tuple[Cell, ...]:
        """Return the cells that the run is to have, with those of this sitting."""
        return tuple(dict.fromkeys((*self._cells.plan, *plan)))

    def _plan_told(self, plan: Sequence[Cell]) -> list[str]:
        """Say which cells were added, and which are left as they were cut off."""
        if not plan:
            return []
        last, before = self._cells.last, self._cells.plan
        known = {*before, *(facts.cell for facts in last.values())}
        left = [
            cell
            for cell in before
            if cell not in set(plan)
            and not (cell.id in last and last[cell.id].finished)
        ]
        return [
            *_named("is new", "are new", [c for c in plan if c not in known]),
            *_named("is not asked for any more", "are not asked for any more", left),
        ]

    def check(self, environment: Mapping[str, Scalar | None]) -> None:
        """Refuse to go on on another machine.

        Raises:
            UsageError: says what differs, and what to do instead.
        """
        before = self._told["environment"]
        found = unlike(before, environment, timed=True)
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise UsageError(
                f"{self._spelled('resume')}: run {self._told['id']} was measured on"
                f" another machine or with other software ({'; '.join(found[:_SHOWN])}"
                f"{more}), and times of both do not go together; begin a new run,"
                f" and take the answers for quality with {self._spelled('reuse')}, or"
                " join both with llmlat report"
            )
        self._graders = tuple(unlike(before, environment, timed=False))

    def of(self, sides: Sequence[tuple[Plan, LoadedModel]]) -> Resumed:
        """Return what is kept of a cell, and of the one in turn with it.

        Args:
            sides: their plans, as they would be measured, and their models.
        """
        plans = tuple(replace(plan, sitting=self._sitting) for plan, _ in sides)
        known = [self._cells.last.get(plan.cell.id) for plan in plans]
        stored = [one for one in known if one is not None]
        if len(stored) < len(plans):
            return self._anew(plans, None)
        changes = [
            change
            for plan, (_, model), facts in zip(plans, sides, stored, strict=True)
            for change in self._changes(plan, model, facts)
        ]
        if changes:
            return self._anew(plans, "; ".join(dict.fromkeys(changes)))
        records = [self._cells.records(plan.cell) for plan in plans]
        if all(
            facts.whole(len(own)) for facts, own in zip(stored, records, strict=True)
        ):
            return Resumed(
                plans=plans,
                facts=tuple(stored),
                records=tuple(one for own in records for one in own.values()),
            )
        if self._graders:
            return self._anew(plans, "; ".join(self._graders))
        if plans[0].scenario != SINGLE:
            why = "a load that is cut off cannot be gone on with"
            return self._anew(plans, why if any(records) else None)
        return self._begun(plans, stored, records)

    def shards(self, plan: Plan, among: int) -> KeptShards | None:
        """Return the shards of a cell that were measured whole; ``None`` for none.

        Whether their model is the same is seen when the others are measured.

        Args:
            plan: of the cell, as it would be measured.
            among: how many shards it is to have.
        """
        facts = self._cells.last.get(plan.cell.id)
        if facts is None or facts.load is None or self._graders:
            return None
        return kept_shards(plan, facts, self._cells.records(plan.cell), among)

    def is_whole(self, plan: Plan) -> bool:
        """Whether a cell was measured to its end."""
        facts = self._cells.last.get(plan.cell.id)
        return facts is not None and facts.whole(len(self._cells.records(plan.cell)))

    def _begun(
        self,
        plans: tuple[Plan, ...],
        stored: Sequence[CellFacts],
        records: Sequence[Mapping[tuple[str, int], Record]],
    ) -> Resumed:
        """Return what is kept of a cell that was cut off in its midst."""
        in_turn = len(plans) > 1 and plans[1].role == REFERENCE
        asked = asked_in_order(plans[0], in_turn=in_turn)
        keys = {(sample.id, number) for sample, number in asked}
        if any(set(own) - keys for own in records):
            return self._anew(plans, "it was being measured once more, to be sure")
        sides = [
            {key: one for key, one in own.items() if one.reused is None}
            for own in records
        ]
        kept = kept_whole(asked, sides, by_round=not in_turn)
        if len(kept) < FEWEST_KEPT:
            return self._anew(plans, None)
        own = [{key: side[key] for key in side if key in kept} for side in sides]
        return Resumed(
            plans=tuple(
                replace(
                    plan,
                    since=facts.since,
                    anew=facts.anew,
                    sittings=facts.sittings,
                    kept=answers,
                )
                for plan, facts, answers in zip(plans, stored, own, strict=True)
            ),
            records=tuple(one for answers in own for one in answers.values()),
        )

    def _anew(self, plans: tuple[Plan, ...], why: str | None) -> Resumed:
        return Resumed(
            plans=tuple(
                replace(plan, since=self._sitting, anew=why and f"measured anew: {why}")
                for plan in plans
            )
        )

    def _changes(
        self, plan: Plan, model: LoadedModel, facts: CellFacts
    ) -> Iterable[str]:
        """Say what is not as it was when a cell was measured."""
        if facts.task_revision != plan.revision:
            yield "its task or its data have changed"
        elif facts.asked != plan.asked:
            yield "other samples are asked, or otherwise"
        if facts.role != plan.role:
            yield "it was not measured in turn with the same cell"
        now = identity((*model.backend.facts.items(), *plan.entry_facts))
        known = [*map(identity, self._cells.backends.get(plan.cell.id, ()))]
        if now not in known:
            yield from unlike(known[-1] if known else {}, now)

    def _graders_told(self) -> list[str]:
        if not self._graders:
            return []
        told = "; ".join(self._graders)
        kept = "cells that were whole are kept as they were graded"
        return [f"{told}: {kept}, others are measured anew"]


def identity(
    facts: Iterable[tuple[str, Scalar | None]],
) -> dict[str, Scalar | None]:
    """Return the facts by which a model is the same one."""
    return {name: value for name, value in facts if name not in _OBSERVED}


def unlike(
    before: Mapping[str, Scalar | None],
    now: Mapping[str, Scalar | None],
    *,
    timed: bool | None = None,
) -> list[str]:
    """Say in which facts two sittings differ.

    Args:
        before: facts of the one.
        now: of the other.
        timed: those that change a latency, or those that do not; ``None`` for all.
    """
    return [
        f"{name}: {now.get(name)} now, {before.get(name)} before"
        for name in dict.fromkeys([*now, *before])
        if now.get(name) != before.get(name)
        and (timed is None or timed == (name not in UNTIMED_FACTS))
    ]


def _named(one: str, several: str, cells: Sequence[Cell]) -> list[str]:
    """Name cells of which the same is to be said."""
    if not cells:
        return []
    shown = ", ".join(cell.id for cell in cells[:_SHOWN])
    more = f" and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
    count = f"1 cell {one}" if len(cells) == 1 else f"{len(cells)} cells {several}"
    return [f"{count}: {shown}{more}"]
