"""A labelling session: what is still to be labelled, blind and in a random order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.judges.judge_prompts import BETTER
from pytest_llmlat.store.human_labels import (
    HumanLabel,
    add_label,
    answer_digest,
    labels_beside,
    read_labels,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_llmlat.values.judge_votes import Rubric
    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelItem:
    """An answer that is to be labelled; nothing in it tells whose it is."""

    record: Record
    answers: tuple[str, ...]
    """The answer, or both of a pair in a random order."""
    own: int
    """Place of the answer that the label is of."""

    @property
    def id(self) -> str:
        """Name by which a page tells what a label is of."""
        cell = self.record.cell.id
        return text_lot(f"{cell}|{self.record.sample}|{self.record.round}")[:16]


class LabelSession:
    """The labels of a run by one rubric, as far as they are there."""

    def __init__(
        self,
        records: Sequence[Record],
        rubric: Rubric,
        folder: Path,
        *,
        items: int,
        other: Callable[[Record], str | None],
        against: str = "",
    ) -> None:
        """Draw what is to be labelled; labels of an earlier session count.

        Args:
            records: answers of a run.
            rubric: what people look at.
            folder: of the run.
            items: how many are to be labelled in all.
            other: returns the other answer of a pair; ``None`` where there is none.
            against: whose answer that is; empty for the right one.
        """
        self.rubric, self._folder = rubric, folder
        self._rubric_id = rubric.beside(against)
        own = [record for record in records if record.answer and record.answered]
        if rubric.pairwise:
            own = [record for record in own if other(record) is not None]
        # The same answer in another round is labelled once.
        once = {(r.cell.id, r.sample, answer_digest(r)): r for r in reversed(own)}
        drawn = _drawn(list(once.values()), items)
        self._items = [_item(record, rubric, other) for record in drawn]
        known = labels_beside(
            [item.record for item in self._items],
            read_labels(folder, lambda _: None),
            self._rubric_id,
            lambda _: None,
        )
        self._done = {
            item.id
            for item, label in zip(self._items, known, strict=True)
            if label is not None
        }
        self._skipped: set[str] = set()

    @property
    def planned(self) -> int:
        """Number of answers that are to be labelled."""
        return len(self._items)

    @property
    def done(self) -> int:
        """Number of those that have a label."""
        return len(self._done)

    def next(self) -> LabelItem | None:
        """Return the next answer without a label; ``None`` where none is left."""
        over = self._done | self._skipped
        return next((item for item in self._items if item.id not in over), None)

    def skip(self, item: LabelItem) -> None:
        """Leave an answer out of this session."""
        self._skipped.add(item.id)

    def keep(self, item: LabelItem, score: float) -> None:
        """Keep a label; it is on the disk before the next answer is shown."""
        record = item.record
        told = HumanLabel(
            cell=record.cell.id,
            sample=record.sample,
            round=record.round,
            answer=answer_digest(record),
            rubric=self._rubric_id,
            score=score,
            share=self.rubric.share(score),
        )
        add_label(self._folder, told)
        self._done.add(item.id)

    def score(self, item: LabelItem, typed: str) -> float | None:
        """Return the score that a person means; ``None`` for what is none.

        Args:
            item: what is labelled.
            typed: a number of the scale; of a pair ``a``, ``b`` or ``t`` for a tie.
        """
        if self.rubric.pairwise:
            places = {"a": 0, "b": 1}
            if typed == "t":
                return float(BETTER["tie"])
            if typed not in places:
                return None
            better = "first" if places[typed] == item.own else "second"
            return float(BETTER[better])
        try:
            score = float(typed)
        except ValueError:
            return None
        return score if self.rubric.lowest <= score <= self.rubric.highest else None


def text_lot(text: str) -> str:
    """Return a lot by which things of this name are put in a random order."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _item(
    record: Record, rubric: Rubric, other: Callable[[Record], str | None]
) -> LabelItem:
    answer = record.answer or ""
    beside = other(record) if rubric.pairwise else None
    if beside is None:
        return LabelItem(record=record, answers=(answer,), own=0)
    turned = int(text_lot(f"{record.cell.id}|{record.sample}|turned")[0], 16) % 2
    answers = (beside, answer) if turned else (answer, beside)
    return LabelItem(record=record, answers=answers, own=turned)


def _drawn(records: Sequence[Record], items: int) -> list[Record]:
    """Return the answers of randomly drawn samples, in a random order.

    Each sample's answers of all models are drawn together, so that two models can be
    compared over the same samples. The draw is the same every time.
    """
    samples = sorted({record.sample for record in records}, key=text_lot)
    per_sample = max(1, len(records) // max(1, len(samples)))
    kept = set(samples[: max(1, -(-items // per_sample))])
    own = [record for record in records if record.sample in kept]
    return sorted(
        own,
        key=lambda record: text_lot(f"{record.cell.id}|{record.sample}|{record.round}"),
    )
