"""Drawn items in order: templates and difficulties take turns."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Generic, TypeVar

from pytest_llmlat.tasks.templates import deduction, long_sums, ordering, sums, truth
from pytest_llmlat.tasks.templates.seeded_draw import Draw, Item
from pytest_llmlat.values.entities import DIFFICULTIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmlat.tasks.templates.puzzles import Choice
    from pytest_llmlat.tasks.templates.seeded_draw import ItemKind
    from pytest_llmlat.tasks.templates.truth import TruthItem

_T = TypeVar("_T")

_MOST_DRAWS = 2000
_VERDICTS: tuple[str, ...] = ("true", "false")
_KINDS: tuple[ItemKind, ...] = ("deduction", "ordering", "truth")
_SUMS = {"easy": sums.EASY, "medium": sums.MEDIUM, "hard": long_sums.HARD}
_TRUTHS = {"easy": truth.EASY, "medium": truth.MEDIUM, "hard": truth.HARD}
_CHOICES = {
    ("deduction", "easy"): deduction.EASY,
    ("deduction", "medium"): deduction.MEDIUM,
    ("deduction", "hard"): deduction.HARD,
    ("ordering", "easy"): ordering.EASY,
    ("ordering", "medium"): ordering.MEDIUM,
    ("ordering", "hard"): ordering.HARD,
}


class _Dealer(Generic[_T]):
    """Deals templates in turn, and never the same question twice."""

    def __init__(
        self, draw: Draw, templates: Sequence[Callable[[Draw], _T]], seen: set[str]
    ) -> None:
        """Start with a template by chance; ``seen`` is shared between dealers."""
        self._draw = draw
        self._turns: Iterator[Callable[[Draw], _T]] = cycle(draw.shuffled(templates))
        self._seen = seen

    def deal(self, question: Callable[[_T], str | None]) -> _T:
        """Draw from the next template until it is new.

        Args:
            question: gives the question of what was drawn, ``None`` if it won't do.
        """
        template = next(self._turns)
        for _ in range(_MOST_DRAWS):
            drawn = template(self._draw)
            text = question(drawn)
            if text is not None and text not in self._seen:
                self._seen.add(text)
                return drawn
        msg = "the templates have no more questions that differ; ask for fewer items"
        raise ValueError(msg)


def arithmetic_items(seed: int, count: int) -> list[Item]:
    """Draw word problems whose answers are whole numbers.

    Args:
        seed: 0 or more; the same seed gives the same items.
        count: how many; difficulties take turns, and so do the templates of each.
    """
    _check(count)
    draw, seen = Draw(seed), set[str]()
    dealers = {name: _Dealer(draw, _SUMS[name], seen) for name in DIFFICULTIES}
    items = []
    for index in range(count):
        difficulty = DIFFICULTIES[index % 3]
        question, answer = dealers[difficulty].deal(lambda drawn: drawn[0])
        items.append(
            Item(
                id=f"arith-g{index + 1:02d}",
                difficulty=difficulty,
                kind="number",
                question=question,
                answer=str(answer),
            )
        )
    return items


def logic_items(seed: int, count: int) -> list[Item]:
    """Draw puzzles with one solution and a few allowed answers.

    Difficulties and kinds take turns, and so do the places of the right answer among
    the options; of every two verdicts one is true and one is false.

    Args:
        seed: 0 or more; the same seed gives the same items.
        count: how many.
    """
    _check(count)
    draw, seen = Draw(seed), set[str]()
    choices = {cell: _Dealer(draw, forms, seen) for cell, forms in _CHOICES.items()}
    truths = {name: _Dealer(draw, _TRUTHS[name], seen) for name in DIFFICULTIES}
    wanted: list[bool] = []
    places: dict[int, int] = {}
    items = []
    for index in range(count):
        difficulty = DIFFICULTIES[index % 3]
        kind = _KINDS[(index + index // 3) % 3]
        if kind == "truth":
            # In pairs of random order: plain turns would fall in step with templates.
            wanted = wanted or draw.shuffled((True, False))
            holds = wanted.pop()
            question, _ = truths[difficulty].deal(partial(_question_if, holds=holds))
            answer, options = _VERDICTS[not holds], _VERDICTS
        else:
            drawn = choices[kind, difficulty].deal(lambda drawn: drawn.question)
            question, answer = drawn.question, drawn.answer
            options = _placed(draw, drawn, places)
        items.append(
            Item(
                id=f"logic-g{index + 1:02d}",
                difficulty=difficulty,
                kind=kind,
                question=question,
                answer=answer,
                options=options,
            )
        )
    return items


def _question_if(drawn: TruthItem, *, holds: bool) -> str | None:
    question, true = drawn
    return question if true == holds else None


def _placed(draw: Draw, choice: Choice, places: dict[int, int]) -> tuple[str, ...]:
    """Order the names by chance, with the right one at the next place in turn.

    ``places`` counts, for each number of options, the place that is next.
    """
    size = len(choice.names)
    place = places.setdefault(size, draw.below(size))
    places[size] = (place + 1) % size
    others = draw.shuffled([name for name in choice.names if name != choice.answer])
    return (*others[:place], choice.answer, *others[place:])


def _check(count: int) -> None:
    if count < 0:
        msg = f"a count must be 0 or more, not {count}"
        raise ValueError(msg)
