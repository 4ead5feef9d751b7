"""A model's own answers in conversations, for the turns that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.records import Response
from pytest_llmlat.values.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Record


class OwnAnswers:
    """The answers of one model, each repeat of a conversation with its own."""

    def __init__(self) -> None:
        """Begin with none."""
        self._texts: dict[int, dict[str, str]] = {}
        self._failures: dict[tuple[int, str], str] = {}

    def keep(self, record: Record) -> None:
        """Keep the answer of a turn; a failed one has none."""
        if record.conversation is None:
            return
        if record.answer is None:
            why = "context overflow" if record.finish == "context" else record.error
            told = f"turn {record.turn} was not answered ({why or record.finish})"
            self._failures[record.round, record.sample] = told
        else:
            self._texts.setdefault(record.round, {})[record.sample] = record.answer

    def of_round(self, number: int) -> Mapping[str, str]:
        """Return the answers of a repeat, by their samples' ids."""
        return self._texts.get(number, {})

    def lacking(self, needs: Iterable[str], number: int) -> str | None:
        """Say which earlier answer a turn lacks; ``None`` if it can be asked."""
        for sample in needs:
            told = self._failures.get((number, sample))
            if told is not None:
                return f"not asked: {told.partition(' (not asked')[0]}"
        return None


def never_sent(why: str, now_ns: int) -> Response:
    """Return the response of a turn that could not be asked: an error without times."""
    never = Timing(start_ns=now_ns, end_ns=now_ns, stamps_ns=(), stamp_tokens=())
    return Response(generation=None, timing=never, error=why)


def whole_items(samples: Sequence[Sample]) -> Iterator[range]:
    """Yield the places of each item: of a sample, or of all turns of a conversation."""
    begin = 0
    for place in range(1, len(samples) + 1):
        if place == len(samples) or samples[place].item != samples[begin].item:
            yield range(begin, place)
            begin = place
