"""From the items of a cell to what its model is asked about each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.backends.thought_settings import to_think
from pytest_llmlat.measure.repeats import drawn
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.shots import draw_shots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import ModelSpec, Sample
    from pytest_llmlat.values.records import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about one item, and what is shown before it."""

    request: Request
    shots: tuple[str, ...]
    """The ids of the rows that are shown as examples."""


def questions(
    plan: Plan, asked: Iterable[tuple[Sample, int]], *, model: ModelSpec, chat: bool
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
    found = []
    for sample, number in asked:
        shots = draw_shots(plan.task, plan.shots, sample, seed=plan.seed)
        request = request_for(
            plan.task, sample, chat=chat, seed=plan.seed, shots=shots, model=model
        )
        request = to_think(request, model)
        request = drawn(request, plan.sampling, sample=sample.id, number=number)
        shown = tuple(shot.id for shot in shots)
        found.append(Question(request=request, shots=shown))
    return found
