"""What a load does to answers: those of a cell beside the same samples alone.

Real engines answer otherwise under a load, at temperature 0 too: other batches, other
rounding. Where a run has the same task and model one after the other as well
(``single``), each answer under a load is held against the first one alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.confidence_sequences import BoundedMean
from pytest_llmlat.analysis.level_answers import (
    LevelAnswer,
    changed_alone,
    changed_answers,
    qualities_alone,
)
from pytest_llmlat.values.estimate import Estimate
from pytest_llmlat.values.load_answers import LoadAnswers
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell, Record

_MOST = 100_000
"""Answers of a cell up to which they are kept for this: each takes a digest."""
_SURE = 0.05
_DIGEST_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CellAnswers:
    """The answers of one cell, each by the digest of its text."""

    cell: Cell
    answers: tuple[LevelAnswer, ...]


def cell_answers(facts: CellFacts, records: Sequence[Record]) -> CellAnswers | None:
    """Return the answers of a cell; ``None`` where nothing is compared with them.

    Args:
        facts: of the cell.
        records: of the cell.
    """
    alone = facts.cell.scenario == SINGLE.name
    if facts.searched is not None or not records or len(records) > _MOST:
        return None
    if facts.load is None and not alone:
        return None
    drawn = any(record.temperature for record in records)
    return CellAnswers(
        cell=facts.cell,
        answers=tuple(
            LevelAnswer(
                sample=record.sample,
                good=None,
                quality=record.grade.value if record.graded else None,
                text=None if drawn else _digest(record.answer),
            )
            for record in records
        ),
    )


def load_answers(cells: Iterable[CellAnswers | None]) -> tuple[LoadAnswers, ...]:
    """Return of each cell under a load how its answers are beside those alone.

    Args:
        cells: all of a run; ``None`` for one that takes no part.
    """
    known = [each for each in cells if each is not None]
    alone = {_asked(c.cell): c for c in known if c.cell.scenario == SINGLE.name}
    return tuple(
        _beside(each, alone[_asked(each.cell)])
        for each in known
        if each.cell.scenario != SINGLE.name and _asked(each.cell) in alone
    )


def _asked(cell: Cell) -> tuple[str, str, str]:
    return cell.task, cell.model, cell.device


def _beside(loaded: CellAnswers, alone: CellAnswers) -> LoadAnswers:
    other, again = changed_answers(loaded, alone), changed_alone(alone)
    own, before = qualities_alone(loaded), qualities_alone(alone)
    both = [sample for sample in own if sample in before]
    changes = tuple(own[sample] - before[sample] for sample in both)
    return LoadAnswers(
        cell=loaded.cell.id,
        changed=other.changed,
        compared=other.compared,
        changed_alone=again.changed,
        compared_alone=again.compared,
        quality_alone=fmean(before[sample] for sample in both) if both else None,
        change=_change(changes),
    )


def _change(changes: tuple[float, ...]) -> Estimate:
    """Return a mean difference that lies between -1 and 1, and its interval.

    Equal answers have no spread, and prove no equality all the same: the interval is
    one of bounded values (a confidence sequence), and not that of a normal mean.
    """
    if not changes:
        return Estimate(value=None)
    low, high = BoundedMean(changes, -1.0, 1.0).interval(_SURE)
    return Estimate(value=fmean(changes), low=low, high=high)


def _digest(text: str | None) -> str | None:
    if text is None:
        return None
    content = text.encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
