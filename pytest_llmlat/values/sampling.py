"""Sampling of tokens: greedily, or from the model's distribution."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

_SEED_BITS = 31
"""Bits of a seed that every library and server takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Sampling settings: how each next token is chosen."""

    temperature: float = 0.0
    """Divisor of logits before tokens are drawn; 0 takes the likeliest."""
    top_p: float = 1.0
    """Nucleus sampling: the likeliest tokens that together have this probability are
    drawn from (Holtzman et al. 2020); 1 draws from all."""
    seed: int | None = None
    """Seed of the draws; ``None`` where chance had no part, or where that cannot be
    told."""

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken, so that chance has no part."""
        return self.temperature == 0


GREEDY = Sampling()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingChoice:
    """A choice of drawing and repeating; ``None`` leaves a setting to others."""

    temperature: float | None = None
    top_p: float | None = None
    repeats: int | None = None
    """Number of times that each sample is asked."""

    def over(self, other: SamplingChoice) -> SamplingChoice:
        """Return this choice, with that of another where it leaves a setting open."""
        return SamplingChoice(
            temperature=_first(self.temperature, other.temperature),
            top_p=_first(self.top_p, other.top_p),
            repeats=_first(self.repeats, other.repeats),
        )


_Number = TypeVar("_Number", int, float)


def _first(one: _Number | None, other: _Number | None) -> _Number | None:
    return other if one is None else one


def seed_of(session: int, *, sample: str, number: int) -> int:
    """Return the seed with which one answer to a sample is drawn.

    The same in every run and on every model, another for each sample and each repeat.

    Args:
        session: the seed of the session.
        sample: its id.
        number: which of the repeats it is, from 0.
    """
    digest = hashlib.sha256(f"{session}|{number}|{sample}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _SEED_BITS)


def is_temperature(value: object) -> TypeGuard[float]:
    """Whether a value can be a temperature: a number, 0 or more."""
    return _is_number(value) and value >= 0


def is_top_p(value: object) -> TypeGuard[float]:
    """Whether a value can be a share of the probability: above 0, at most 1."""
    return _is_number(value) and 0 < value <= 1


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # A whole number may be too large to be made a float of.
    return abs(value) <= sys.float_info.max


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAnswers:
    """Sampling of a cell's answers, and their number for each sample."""

    repeats: int
    """Answers to each sample, the fewest of all."""
    temperature: float | None
    """Temperature of all of them, 0 for greedily; ``None`` where it is unknown or not
    one."""
    top_p: float | None
