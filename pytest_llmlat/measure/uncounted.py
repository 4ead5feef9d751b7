"""Uncounted requests: they warm a model up and keep up a load."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.cold_prompts import HEAD, head_of, is_warm, with_head
from pytest_llmlat.measure.questions import unmeasured_requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.values.entities import ModelSpec, Sample
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Request

_MANY = 64
"""Number of measured samples that stand in where all samples are measured."""


class Uncounted:
    """The uncounted requests of one cell, without end."""

    def __init__(
        self,
        plan: Plan,
        measured: Sequence[Question],
        *,
        model: ModelSpec,
        backend: Backend | Server[Any],
    ) -> None:
        """Choose what they ask: of samples that are not measured, if there are some.

        Args:
            plan: of the cell.
            measured: all that counts.
            model: whose entry may say something of chats.
            backend: whom they are put to.
        """
        self._plan = plan
        facts, warm = backend.facts, is_warm(backend.facts)
        if warm:
            self._pool = [each.request for each in measured if not each.needs]
        else:
            self._pool = _asked(plan, plan.spare, model, backend) or _asked(
                plan, plan.samples[:_MANY], model, backend
            )
        # A salt makes any prompt new, and a model of this process keeps none.
        told = facts.get("cold_by") not in (None, HEAD)
        self.headed = backend.remote and not warm and not told
        """Whether each begins with a head of its own, so that no server has kept it."""
        self._next, self._step = 0, 1

    def shortest(self) -> Request:
        """Return the shortest request, to warm up with."""
        request = min(self._pool, key=lambda request: len(request.prompt))
        return self._fresh(request, self._number())

    def __iter__(self) -> Iterator[Request]:
        """Return itself; it has no end."""
        return self

    def __next__(self) -> Request:
        """Return the next request, round and round."""
        number = self._number()
        return self._fresh(self._pool[number % len(self._pool)], number)

    def dealt(self, place: int, among: int) -> Uncounted:
        """Return every ``among``-th of those to come, of which no other has any."""
        found = copy(self)
        found._plan = replace(  # noqa: SLF001 - of this class
            self._plan, samples=(), spare=(), shots=(), kept={}, chances={}
        )
        found._next, found._step = self._next + place, among  # noqa: SLF001 - as above
        return found

    def _number(self) -> int:
        number = self._next
        self._next += self._step
        return number

    def _fresh(self, request: Request, number: int) -> Request:
        if not self.headed:
            return request
        return with_head(request, head_of(self._plan, "does not count", number))


def _asked(
    plan: Plan,
    samples: Sequence[Sample],
    model: ModelSpec,
    backend: Backend | Server[Any],
) -> list[Request]:
    return unmeasured_requests(plan, samples, model=model, chat=backend.chat)
