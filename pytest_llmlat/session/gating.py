"""The gate of a session: another model, a stored run, and absolute limits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cached_prompts import cached_apart
from pytest_llmlat.gate.answered_share import few_answered, stored_with_losses
from pytest_llmlat.gate.gate_coverage import (
    faster_than_runs,
    idle_tolerances,
    never_gated,
    nothing_in_common,
)
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.limits import idle
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.matching import after, answers_of, disturbed, same, yardstick_of
from pytest_llmlat.gate.power import visible
from pytest_llmlat.gate.rule_changes import limit_changes, rule_changes
from pytest_llmlat.gate.suspicion import suspicious
from pytest_llmlat.gate.tolerances import (
    NEW_CELLS,
    UNSURE,
    GateRules,
    parse_answered,
    parse_limits,
    parse_tolerances,
)
from pytest_llmlat.gate.until_decided import UntilDecided
from pytest_llmlat.session.early_ends import check_until_decided
from pytest_llmlat.session.output_places import check_files
from pytest_llmlat.session.run_verdicts import join, nothing
from pytest_llmlat.store import baselines
from pytest_llmlat.values.cell_facts import REFERENCE, YARDSTICK_NAME
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.gate.power import Visible
    from pytest_llmlat.gate.tolerances import Limit
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.store.baselines import Baseline, BaselineRun
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.settings import JudgingSettings, Settings, Spelled
    from pytest_llmlat.values.stopping import StoppingRule


class Gate:
    """The rules of a session, and what it is compared with."""

    def __init__(self, settings: Settings, *, spelled: Spelled = str) -> None:
        """Read nothing yet.

        Args:
            settings: all that was asked for.
            spelled: how the user writes a setting, for complaints.
        """
        self._settings = settings
        self._spelled = spelled

    @property
    def base(self) -> str:
        """Standard of the change, as it was typed: its base, or a stored run."""
        return self._settings.gate_from or str(self._settings.baseline)

    @property
    def compares(self) -> bool:
        """Whether this run is compared with another one."""
        return self.comparisons > 0

    @property
    def comparisons(self) -> int:
        """Number of others that this run is compared with."""
        return self._in_turn + bool(self._settings.baseline)

    @property
    def _in_turn(self) -> bool:
        """Whether each cell is measured in turn with a reference."""
        return bool(self._settings.against or self._settings.prompts)

    @cached_property
    def baseline(self) -> Baseline | None:
        """The stored run.

        Raises:
            BadBaseline: it is not there, or not as it was written.
        """
        path = self._settings.baseline
        return None if path is None else baselines.load(path)

    @cached_property
    def rules(self) -> GateRules:
        """What is tolerated."""
        return self._rules(self._settings)

    def _rules(self, told: Settings | JudgingSettings) -> GateRules:
        return GateRules(
            tolerances=parse_tolerances(
                told.tolerances, where=self._spelled("tolerances")
            ),
            unsure=next(each for each in UNSURE if each == told.unsure),
            new_cells=next(each for each in NEW_CELLS if each == told.new_cells),
            answered=parse_answered(told.answered, where=self._spelled("answered")),
        )

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """Absolute limits of the command line and the ini file."""
        return parse_limits(self._settings.bounds, where=self._spelled("bounds"))

    def changed_rules(self, facts: Iterable[CellFacts]) -> tuple[Verdict, ...]:
        """Return verdicts on a change of the rules, where its base's count."""
        told, name = self._settings.proposed, self._settings.gate_from
        if told is None or name is None:
            return ()
        cells = [fact.cell for fact in self.judged(facts)]
        bounds = parse_limits(told.bounds, where=self._spelled("bounds"))
        return (
            *rule_changes(self.rules, self._rules(told), cells, name=name),
            *limit_changes(self.limits, bounds, cells, name=name),
        )

    def relimited(self, cell: Cell, wanted: CellSpec) -> tuple[Verdict, ...]:
        """Return verdicts on a change of the limits of a test's marker."""
        name = self._settings.gate_from
        if wanted.proposed is None or name is None:
            return ()
        return limit_changes(wanted.limits, wanted.proposed, [cell], name=name)

    def check(self) -> None:
        """Read all rules and files, so that a bad one is reported at the start.

        Raises:
            UsageError: an expression or a file that cannot be understood, or one that
                cannot be written, or would be written over and is no baseline.
        """
        _ = self.baseline, self.rules, self.limits
        check_until_decided(self._settings, self._spelled)
        if self._settings.power:
            self._spread()
        self._check_changed()
        check_files(self._settings, self._spelled)

    def _check_changed(self) -> None:
        """Refuse to leave out unchanged cells where nothing says which they are."""
        settings, spelled = self._settings, self._spelled
        if not settings.changed:
            return
        if settings.base is None and settings.baseline is None:
            raise UsageError(
                f"{spelled('changed')}: since when? Name the base branch with"
                f" {spelled('gate_from')}, or a stored run with {spelled('baseline')}"
            )
        if settings.save_baseline is not None:
            raise UsageError(
                f"{spelled('changed')}: leaves cells out, and a stored run"
                f" ({spelled('save_baseline')}) must have all"
            )

    def stopping_rule(
        self, cell: Cell, planned: int, among: int
    ) -> StoppingRule | None:
        """Return the rule that ends a cell early, if that is wanted.

        Args:
            cell: the candidate's.
            planned: number of its pairs, if it is not ended.
            among: how many cells are judged in all.
        """
        if not self._settings.until_decided:
            return None
        tolerated, balance = self.rules.tolerated(cell), self._settings.balance
        return UntilDecided(tolerated, balance=balance, among=among, planned=planned)

    def power(self) -> list[Visible]:
        """Return the changes that this run could see beside its baseline.

        Raises:
            UsageError: there is no baseline to take the spread from.
        """
        return visible(
            [_without_yardsticks(run) for run in self._spread().runs],
            tolerated=self.rules.tolerated,
            samples=self._settings.samples,
            again=self._settings.look_again != "never",
        )

    def _spread(self) -> Baseline:
        """Return the stored run by which answers vary."""
        if self.baseline is None:
            raise UsageError(
                f"{self._spelled('power')}: takes the spread from a stored run; name it"
                f" with {self._spelled('baseline')}=FILE"
            )
        return self.baseline

    def verdicts(
        self,
        facts: Iterable[CellFacts],
        records: Iterable[Record],
        environment: Mapping[str, Scalar | None],
        *,
        among: int = 0,
    ) -> tuple[Verdict, ...]:
        """Return the verdicts on cells; none where nothing is compared.

        Args:
            facts: of the cells, those of the reference among them.
            records: of all of them.
            environment: this machine's fingerprint.
            among: how many cells will be judged in all, if these are some of them;
                what cannot be decided yet is then left to whoever judges all.
        """
        if not self.compares:
            return ()
        every, told = list(facts), self.judged(facts)
        measured = _by_cell(records)
        reference = {f.beside: f for f in every if f.role == REFERENCE}
        matches: list[Match] = []
        lacking: list[Verdict] = []
        for fact in told:
            own = measured[fact.cell.id]
            if self._in_turn:
                other = reference.get(fact.cell.id)
                theirs = measured[other.cell.id] if other else []
                lacking += self._lacking(fact, other, theirs)
                if other and any(record.answered for record in theirs):
                    matches.append(self._beside(fact, own, other, theirs))
            if self.baseline is not None:
                yard = yardstick_of(fact, every, measured)
                here = fact.measured_in(environment)
                matches.append(after(fact, own, self.baseline, here, yard))
        if not matches and not lacking:
            return (nothing(self._settings),)
        if self.baseline is not None and not among:
            lacking += nothing_in_common(self.baseline, told)
        rules = replace(self.rules, unsure="pass") if among else self.rules
        balance = self._settings.balance
        return join(lacking, judge(matches, rules, balance=balance, among=among))

    def judged(self, facts: Iterable[CellFacts]) -> list[CellFacts]:
        """Return the cells that were measured for their own sake."""
        return [fact for fact in facts if fact.role is None]

    def suspicious(
        self,
        facts: CellFacts,
        records: Sequence[Record],
        environment: Mapping[str, Scalar | None],
    ) -> tuple[str, ...]:
        """Return the latencies of a cell that look slower than in stored runs.

        Args:
            facts: of the cell.
            records: of the cell.
            environment: this machine's fingerprint.
        """
        if self.baseline is None or self._settings.look_again == "never":
            return ()
        return suspicious(after(facts, records, self.baseline, environment), self.rules)

    def lucky(
        self,
        facts: Sequence[CellFacts],
        records: Iterable[Record],
        environment: Mapping[str, Scalar | None],
    ) -> tuple[Verdict, ...]:
        """Warn where a run that is to be stored is faster than runs differ.

        Later runs would be compared with its luck, and nobody would have looked. Also
        where its times were disturbed, so that they will be compared with none, and
        where some of its requests were not answered.

        Args:
            facts: of the cells that will be stored.
            records: of all of them.
            environment: this machine's fingerprint.
        """
        path = self._settings.save_baseline
        if path is None:
            return ()
        measured = _by_cell(records)
        own = {fact.cell.id: measured[fact.cell.id] for fact in self.judged(facts)}
        told = never_gated(str(path), self.judged(facts))
        told += stored_with_losses(str(path), own)
        if told or not path.is_file() or not path.stat().st_size:
            return told
        there = baselines.load(path)
        matches = [
            after(
                fact,
                measured[fact.cell.id],
                there,
                fact.measured_in(environment),
                yardstick_of(fact, facts, measured),
            )
            for fact in self.judged(facts)
        ]
        found = judge(matches, self.rules, balance=self._settings.balance)
        return faster_than_runs(str(path), found, stored=len(there.runs))

    def idle(self, facts: Iterable[CellFacts]) -> tuple[Verdict, ...]:
        """Warn of limits and tolerances that no measured cell was held to."""
        cells = [fact.cell for fact in facts]
        return join(
            idle(self.limits, cells), idle_tolerances(self.rules.tolerances, cells)
        )

    def _beside(
        self,
        facts: CellFacts,
        records: Sequence[Record],
        other: CellFacts,
        theirs: Sequence[Record],
    ) -> Match:
        """Return the match of a cell with the one that was measured in turn with it."""
        return Match(
            facts=facts,
            records=tuple(records),
            against=self._against(other),
            reference=tuple(theirs),
            only_quality=disturbed(facts)
            or disturbed(other)
            or cached_apart(records, theirs),
            same_answers=same(answers_of(records), answers_of(theirs)),
            beside=other,
            in_turn=True,
        )

    def _against(self, other: CellFacts | None) -> str:
        """Return the name of a reference in a verdict."""
        if self._settings.against or other is None:
            return self._settings.against or self._settings.prompts
        return f"prompt {other.cell.task.partition('#')[2]}"

    def _lacking(
        self, facts: CellFacts, other: CellFacts | None, theirs: Sequence[Record]
    ) -> Iterable[Verdict]:
        """Fail a cell without a reference, or with one beside which all would pass."""
        name = self._against(other)
        broken = [record for record in theirs if record.finish == "error"]
        if not few_answered(theirs, self.rules.least_answered(facts.cell)) and (
            not broken
        ):
            return
        answered = sum(record.answered for record in theirs)
        yield Verdict(
            cell=facts.cell.id,
            quantity="records",
            outcome="failed",
            against=name,
            note=f"{name} broke on {len(broken)} of {len(theirs)} requests:"
            f" {broken[0].error}"
            if broken
            else f"{name} answered {answered or 'no request'}"
            f"{f' of {len(theirs)} requests' if answered else ''} in time, and beside"
            f" that {'much' if answered else 'all'} would pass"
            if theirs
            else f"{name} was not measured beside it",
        )


def _without_yardsticks(run: BaselineRun) -> BaselineRun:
    """Return a stored run without its yardsticks."""
    own = (cell for cell in run.cells if not cell.cell.model.endswith(YARDSTICK_NAME))
    return replace(run, cells=tuple(own))


def _by_cell(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records of each cell."""
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.cell.id].append(record)
    return found
