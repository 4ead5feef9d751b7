"""Kept answers: those of an earlier sitting of the run, which are not asked for again.

What belongs together is kept whole or not at all: a conversation, and the visits of a
sample to two models in turn. At the start of the new sitting some of the kept answers
are measured again, beside themselves, so that it is seen whether the machine is as fast
as it was.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.arrivals import visits
from pytest_llmlat.measure.load_blocks import asked_in_blocks
from pytest_llmlat.measure.repeats import rounds_in_turn
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.sittings import Sitting

    CompareSittings: TypeAlias = Callable[
        [int, int, Sequence[tuple[Record, Record]]], Sitting
    ]
    """Returns a sitting: of its number, how many answers were kept, and the pairs of
    those that were measured again, the earlier first."""

FEWEST_KEPT = 8
"""Answers that are kept at least: of fewer too few can be compared with themselves, and
to measure them anew costs no more."""
MOST_AGAIN = 16
"""Answers that are measured again at most."""
_SHARE_AGAIN = 4
"""One of so many is measured again, or as many as ``FEWEST_KEPT``."""


def asked_in_order(plan: Plan, *, in_turn: bool) -> Sequence[tuple[Sample, int]]:
    """Return the samples in the order of asking, each with the number of its round."""
    if in_turn and (plan.apart or plan.scenario != SINGLE):
        return asked_in_blocks(plan)
    if not in_turn:
        return visits(plan.samples, plan.before + plan.planned)[plan.before :]
    rounds = range(rounds_in_turn(plan.repeats))
    return [(sample, number) for sample in plan.samples for number in rounds]


def kept_whole(
    asked: Sequence[tuple[Sample, int]],
    sides: Sequence[Mapping[tuple[str, int], Record]],
    *,
    by_round: bool,
) -> set[tuple[str, int]]:
    """Return what can be kept, by sample and round.

    Args:
        asked: the samples of a cell in the order of asking.
        sides: the records of the cell, and of the one in turn with it.
        by_round: each round stands alone; else all rounds of a sample belong together.
    """
    units: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
    for sample, number in asked:
        units[sample.item, number if by_round else 0].append((sample.id, number))
    return {
        key
        for keys in units.values()
        if all(key in side for key in keys for side in sides)
        for key in keys
    }


class KeptAnswers:
    """The kept answers of one cell, by the places at which they would be asked for."""

    def __init__(
        self,
        plan: Plan,
        asked: Sequence[tuple[Sample, int]],
        questions: Sequence[Question],
    ) -> None:
        """Find them.

        Args:
            plan: of the cell.
            asked: its samples in the order of asking.
            questions: what is asked about each.
        """
        self._records = [plan.kept.get((sample.id, number)) for sample, number in asked]
        self._alone = [not question.needs for question in questions]
        self._again: dict[int, Record] = {}

    def of(self, place: int) -> Record | None:
        """Return the answer of a place; ``None`` where it is to be asked for."""
        return self._records[place]

    @property
    def places_again(self) -> list[int]:
        """The places of the answers that are measured again.

        They lie as far apart as they can, so that a machine that became slower while
        the earlier sitting went on is seen. A turn that needs earlier answers is none.
        """
        if not self.joined:
            return []
        own = [
            place
            for place, record in enumerate(self._records)
            if record is not None and self._alone[place]
        ]
        many = min(MOST_AGAIN, max(FEWEST_KEPT, len(own) // _SHARE_AGAIN), len(own))
        step = (len(own) - 1) / max(1, many - 1)
        return [own[round(number * step)] for number in range(many)]

    @property
    def joined(self) -> bool:
        """Whether times of this sitting and of earlier ones are to stand together."""
        own = [record for record in self._records if record is not None]
        return (
            0 < len(own) < len(self._records)
            # Where times of other runs would belong there are none at all.
            and all(record.reused is None for record in own)
        )

    def measured_again(self, place: int, record: Record) -> None:
        """Keep what was measured again, beside what was there."""
        self._again[place] = record

    def compared(self, compare: CompareSittings, number: int) -> Sitting:
        """Return this sitting beside the earlier ones.

        Args:
            compare: makes it of records before and again.
            number: of the sitting.
        """
        kept = [record for record in self._records if record is not None]
        pairs = [
            (before, again)
            for place, again in self._again.items()
            if (before := self._records[place]) is not None
        ]
        return compare(number, len(kept), pairs)


def headed_again(plan: Plan) -> Plan:
    """Return a plan whose prompts have heads that no server has seen.

    What was asked before would be found in a server's cache, and be faster.
    """
    return replace(plan, turn=-1 - plan.turn)
