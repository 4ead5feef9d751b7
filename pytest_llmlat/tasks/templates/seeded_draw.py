"""Seeded draws that are the same from one Python to the next, and their items."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


ItemKind: TypeAlias = Literal["number", "deduction", "ordering", "truth", "order"]

_T = TypeVar("_T")

# A name is one word of plain letters, so that no tokenizer meets accents here.
NAMES = (
    *("Adaeze", "Anouk", "Boris", "Bram", "Celia", "Chiara", "Dario", "Dmitri"),
    *("Elif", "Esme", "Farid", "Fergus", "Greta", "Hana", "Hugo", "Ines"),
    *("Ivo", "Jonas", "Juno", "Keiko", "Kofi", "Leila", "Lowri", "Marek"),
    *("Mateo", "Nadia", "Noor", "Odile", "Oskar", "Priya", "Quentin", "Rosa"),
    *("Samir", "Talia", "Umar", "Vera", "Wendel", "Ximena", "Yusuf", "Zola"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question with the one answer that is right."""

    id: str
    difficulty: str
    kind: ItemKind
    question: str
    answer: str
    options: tuple[str, ...] = ()
    """Answers that are allowed, as they must be written; none for numbers."""

    def row(self) -> dict[str, str | list[str]]:
        """Give the item as the row of a data file, fields in the order of the file."""
        row: dict[str, str | list[str]] = {
            "id": self.id,
            "difficulty": self.difficulty,
            "kind": self.kind,
            "question": self.question,
            "answer": self.answer,
        }
        if self.options:
            row["options"] = list(self.options)
        return row


class Draw:
    """A source of choices that depend on the seed alone, not on the version of Python.

    Of ``random.Random`` only two things are promised to stay: what an integer seed
    sets up, and what ``random()`` then gives. ``choice``, ``sample``, ``shuffle`` and
    ``randrange`` have changed their use of the bits before. So all methods here rest
    on ``random()`` and nothing else.
    """

    def __init__(self, seed: int) -> None:
        """Start from ``seed``, which is 0 or more: the sign would not count."""
        if seed < 0:
            msg = f"a seed must be 0 or more, not {seed}"
            raise ValueError(msg)
        self._random = Random(seed)  # noqa: S311 - puzzles, not secrets

    def below(self, limit: int) -> int:
        """Give a whole number from 0 up to, but without, ``limit``."""
        return int(self._random.random() * limit)

    def number(self, low: int, high: int, step: int = 1) -> int:
        """Give one of ``low``, ``low + step``, ... up to ``high``, which counts."""
        return low + step * self.below((high - low) // step + 1)

    def coin(self) -> bool:
        """Give true or false, each as likely."""
        return self.below(2) == 1

    def pick(self, choices: Sequence[_T]) -> _T:
        """Give one of ``choices``."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[_T], count: int) -> list[_T]:
        """Give ``count`` different members of ``choices`` in random order."""
        rest = list(choices)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]

    def shuffled(self, choices: Sequence[_T]) -> list[_T]:
        """Give all of ``choices`` in random order."""
        return self.some(choices, len(choices))

    def name(self) -> str:
        """Give the name of a person."""
        return self.pick(NAMES)

    def some_names(self, count: int) -> list[str]:
        """Give the names of ``count`` different people."""
        return self.some(NAMES, count)


def listing(words: Sequence[str]) -> str:
    """Join ``words`` as a sentence does: ``a, b and c``."""
    return f"{', '.join(words[:-1])} and {words[-1]}"
