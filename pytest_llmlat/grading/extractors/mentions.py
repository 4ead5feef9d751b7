"""Places in a text where possible answers stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text where one of the possible answers stands."""

    start: int
    end: int
    value: str


Finder: TypeAlias = Callable[[str], Sequence[Mention]]
"""Finds the possible answers in a text."""
