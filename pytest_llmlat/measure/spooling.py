"""A load's answers are on the disk before the load is over."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.answer_record import asked_record
from pytest_llmlat.store.spooled_answers import SpooledLoad, raw_response
from pytest_llmlat.values.protocols import RawServer
from pytest_llmlat.values.raw_answers import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, TypeAlias

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.values.entities import ModelSpec, Sample
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.raw_answers import AnswerSink, RawAnswer
    from pytest_llmlat.values.records import Record, Request

    OpenSpool: TypeAlias = Callable[
        [SpooledLoad, Callable[[Any], RawAnswer | None]],
        AbstractContextManager[AnswerSink],
    ]


def spool_of(
    plan: Plan,
    asked: Sequence[tuple[Sample, int]],
    questions: Sequence[Question],
    model: ModelSpec,
    backend: Backend | Server[Any],
    open_spool: OpenSpool | None,
) -> AbstractContextManager[AnswerSink]:
    """Return what keeps the answers of a load until they are records.

    Args:
        plan: of the cell.
        asked: each item, and which of its repeats it is.
        questions: what is asked about them.
        model: the entry of whom they are put to.
        backend: as it is loaded.
        open_spool: opens the file; ``None`` to keep nothing.
    """
    # What was ranked is read with the options of its question.
    if open_spool is None or plan.task.ranked is not None:
        return nullcontext(NOWHERE)
    raw: Callable[[Any], RawAnswer | None] = raw_response
    if backend.remote and not isinstance(backend, RawServer):
        return nullcontext(NOWHERE)
    if backend.remote:
        raw = backend.raw
    load = SpooledLoad(
        cell=plan.cell,
        backend=model.backend if backend.remote else None,
        server=str(backend.facts.get("url") or model.name),
        asked=_asked(plan, asked, questions),
    )
    return open_spool(load, raw)


def _asked(
    plan: Plan, asked: Sequence[tuple[Sample, int]], questions: Sequence[Question]
) -> Iterator[tuple[Record, Request]]:
    """Yield of each place a record without an answer, and what is asked."""
    for (sample, number), question in zip(asked, questions, strict=True):
        record = replace(
            asked_record(plan, sample, question.request),
            round=number,
            shots=question.shots,
            head=question.head,
        )
        yield record, question.request
