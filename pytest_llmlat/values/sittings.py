"""Sittings: the processes that measured a run, one going on where another ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A later sitting of a cell: it went on where an earlier one was cut off.

    At its start it measured some of the answers again that were there, each beside
    itself: whether the machine is as fast as it was is seen by these pairs.
    """

    number: int
    """Number of the sitting in its run, from 1."""
    kept: int
    """Answers of earlier sittings that were kept."""
    pairs: int
    """Answers that were measured again and can be compared with what they were."""
    ratio: float | None
    """Geometric mean of the time again over the time before; ``None`` of too few."""
    low: float | None
    high: float | None
    """Ends of the interval of ``ratio``."""
    apart: str | None
    """Reason why its times do not go with those before; ``None`` where they do."""

    @property
    def told(self) -> str:
        """The sitting in words, for notes."""
        if self.ratio is None or self.low is None or self.high is None:
            found = "could not be compared with what they were"
        else:
            found = (
                f"took {self.ratio:.3f} ({self.low:.3f} to {self.high:.3f}) times as"
                " long as before"
            )
        return (
            f"sitting {self.number} kept {self.kept} answers; {self.pairs} of them,"
            f" measured again at its start, {found}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusedAnswers:
    """Answers of a cell that were taken from other runs; their times were not."""

    answers: int
    runs: tuple[str, ...]
    """Ids of the runs that they were taken from."""

    @property
    def told(self) -> str:
        """The answers in words, for notes."""
        one = "1 answer" if self.answers == 1 else f"{self.answers} answers"
        return f"quality of {one} reused from {', '.join(self.runs)}"
