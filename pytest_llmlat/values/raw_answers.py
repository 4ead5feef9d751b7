"""Answers as they came, to be written down before anybody has time to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as it came, in pieces that cost nothing to make."""

    told: Mapping[str, Any]
    """What JSON can hold, and values of ours."""
    blobs: tuple[bytes | bytearray | array[int], ...] = ()
    """Bytes as they arrived, and arrays of numbers; on reading all of them are
    bytes."""


class AnswerSink(Protocol):
    """Takes the answers of a load as they end.

    Its methods are called inside of the timed region: each takes a microsecond, and
    whatever else has to be done with an answer is done by another thread.
    """

    def put(self, place: int, answer: Any) -> None:  # noqa: ANN401 - of any backend
        """Take an answer.

        Args:
            place: of its request, among those that count.
            answer: an exchange of a server, or a response.
        """
        ...

    def forget(self) -> None:
        """Drop all that was put, for it is measured anew."""
        ...


class Nowhere:
    """A sink that keeps nothing."""

    def put(self, place: int, answer: Any) -> None:  # noqa: ANN401 - of any backend
        """Let the answer go."""

    def forget(self) -> None:
        """Have nothing to drop."""


NOWHERE = Nowhere()
