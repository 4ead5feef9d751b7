"""Conversations under a load: a turn is asked when the one before was answered."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from pytest_llmlat.measure.cold_prompts import head_of, with_head
from pytest_llmlat.measure.own_answers import whole_items
from pytest_llmlat.measure.questions import question_of
from pytest_llmlat.measure.scenarios.chains import ChainStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.measure.scenarios.chains import Chain
    from pytest_llmlat.values.entities import ModelSpec, Sample
    from pytest_llmlat.values.records import Request


class Talks:
    """The conversations of one cell, as chains of requests."""

    def __init__(self, plan: Plan, *, model: ModelSpec, chat: bool) -> None:
        """Ask nothing yet.

        Args:
            plan: of the cell.
            model: whose entry may say something of chats.
            chat: whether it chats.
        """
        self._plan, self._model, self._chat = plan, model, chat
        self.sent: dict[int, Request] = {}
        """Requests that count, by their places, as they were made."""

    def counted(
        self, asked: Sequence[tuple[Sample, int]], questions: Sequence[Question]
    ) -> list[Chain]:
        """Return the chains that count, one for each repeat of each conversation.

        Args:
            asked: each turn and which repeat it is, in order.
            questions: what is asked about each; without the model's answers.
        """
        rounds = [(sample.item, number) for sample, number in asked]
        begins = [n for n, own in enumerate(rounds) if not n or own != rounds[n - 1]]
        ends = [*begins[1:], len(rounds)]
        return [
            self._counted(range(begin, end), asked, questions)
            for begin, end in zip(begins, ends, strict=True)
        ]

    def uncounted(self, *, headed: bool) -> Iterator[Chain]:
        """Yield chains that do not count, without end.

        Args:
            headed: each begins with a head of its own, so that it is new to a server.
        """
        spare = {sample.item: sample for sample in self._plan.spare}
        places = {item: place for place, item in enumerate(spare)}
        samples = sorted(self._plan.spare, key=lambda s: (places[s.item], _number(s)))
        own = [[samples[n] for n in item] for item in whole_items(samples)]
        if not own:
            samples = list(self._plan.samples)
            own = [[samples[n] for n in item] for item in whole_items(samples)]
        for number in count():
            yield self._uncounted(own[number % len(own)], number, headed=headed)

    def _counted(
        self,
        places: range,
        asked: Sequence[tuple[Sample, int]],
        questions: Sequence[Question],
    ) -> Chain:
        answers: dict[str, str] = {}
        for place in places:
            (sample, number), question = asked[place], questions[place]
            if any(name not in answers for name in question.needs):
                continue
            if question.needs:
                question = question_of(
                    self._plan,
                    sample,
                    number,
                    model=self._model,
                    chat=self._chat,
                    answers=answers,
                )
            self.sent[place] = question.request
            read = any(sample.id in questions[later].needs for later in places)
            text = yield ChainStep(request=question.request, place=place, read=read)
            if text is not None:
                answers[sample.id] = text

    def _uncounted(self, turns: list[Sample], number: int, *, headed: bool) -> Chain:
        """Yield the steps of a conversation under a name of its own, kept by nobody."""
        bare = replace(self._plan, headed=False)
        answers: dict[str, str] = {}
        for sample in turns:
            turn = sample.turn
            needs = () if turn is None else turn.own_answers
            if any(name not in answers for name in needs):
                continue
            request = question_of(
                bare, sample, 0, model=self._model, chat=self._chat, answers=answers
            ).request
            request = replace(request, conversation=f"does not count, {number}")
            if headed:
                head = head_of(self._plan, "does not count", number)
                request = with_head(request, head)
            text = yield ChainStep(request=request, place=None, read=True)
            if text is not None:
                answers[sample.id] = text


def _number(sample: Sample) -> int:
    return 0 if sample.turn is None else sample.turn.number
