"""Questions of a cell: what its model is asked about each item."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmlat.backends.thought_settings import to_think
from pytest_llmlat.measure.cold_prompts import head_of, with_head
from pytest_llmlat.measure.repeats import drawn
from pytest_llmlat.measure.step_reading import with_reading
from pytest_llmlat.tasks.answer_options import answer_options
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.shots import draw_shots
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import ModelSpec, Sample
    from pytest_llmlat.values.records import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one item, with its examples."""

    request: Request
    shots: tuple[str, ...]
    """Ids of the rows that are shown as examples."""
    needs: tuple[str, ...] = ()
    """Ids of the earlier turns whose answers by the model belong into the request,
    which does not hold them yet."""
    head: str | None = None
    """Text put before the whole prompt."""


def questions(
    plan: Plan,
    asked: Iterable[tuple[Sample, int]],
    *,
    model: ModelSpec,
    chat: bool,
) -> list[Question]:
    """Return the questions of a cell, in the order in which they are asked.

    Args:
        plan: of the cell.
        asked: each item, and which of its repeats it is, from 0.
        model: whose entry may say something of chats.
        chat: whether it chats.

    Raises:
        BadCatalogue: a template does not fit a row, or there are too few examples.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    return [
        question_of(plan, sample, number, model=model, chat=chat)
        for sample, number in asked
    ]


def question_of(
    plan: Plan,
    sample: Sample,
    number: int,
    *,
    model: ModelSpec,
    chat: bool,
    answers: Mapping[str, str] = MappingProxyType({}),
) -> Question:
    """Return one question of a cell.

    Args:
        plan: of the cell.
        sample: the item, or the turn of a conversation.
        number: which of its repeats it is, from 0.
        model: whose entry may say something of chats.
        chat: whether it chats.
        answers: the model's own to earlier turns, by their samples' ids.

    Raises:
        BadCatalogue: a template does not fit a row, or there are too few examples.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    shots = draw_shots(plan.task, plan.shots, sample, seed=plan.seed)
    request = request_for(
        plan.task,
        sample,
        chat=chat,
        seed=plan.seed,
        shots=shots,
        model=model,
        answers=answers,
    )
    request = replace(to_think(request, model), constraint=plan.constraint)
    options = answer_options(plan.task, sample)
    if options:
        # Nothing is written that could be held to anything.
        texts = tuple(option.continuation for option in options)
        request = replace(request, continuations=texts, constraint=None)
    request = drawn(request, plan.sampling, sample=sample.id, number=number)
    if model.steps:
        request = with_reading(request, plan.task, sample)
    turn = sample.turn
    if turn is not None:
        request = replace(
            request,
            conversation=f"{turn.conversation}, {number}",
            continues=turn.continues,
        )
    # Turns of a conversation share a head: they should find what was kept of it.
    head = head_of(plan, sample.item, number) if plan.headed else None
    return Question(
        request=with_head(request, head) if head else request,
        shots=tuple(shot.id for shot in shots),
        needs=() if turn is None else turn.own_answers,
        head=head,
    )


def unmeasured_requests(
    plan: Plan, samples: Iterable[Sample], *, model: ModelSpec, chat: bool
) -> list[Request]:
    """Return requests about samples that do not count.

    What cannot be asked is left out, since nobody asked for it; so are turns of a
    conversation that need answers to others.

    Args:
        plan: of the cell.
        samples: some that are not measured.
        model: whose entry may say something of chats.
        chat: whether it chats.
    """
    found, bare = [], replace(plan, headed=False)
    for sample in samples:
        with suppress(LLMLatError):
            one = question_of(bare, sample, 0, model=model, chat=chat)
            if not one.needs:
                found.append(one.request)
    return found
