"""Puzzles: clues that leave one solution, none to spare, none that tells all.

A world is one way in which everything could be. A puzzle knows all worlds, and so finds
its solution by looking at each: nothing rests on a clever argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.tasks.templates.seeded_draw import Draw

W = TypeVar("W")


class Choice(NamedTuple):
    """A question whose answer is one of a few names."""

    question: str
    answer: str
    names: tuple[str, ...]


ChoiceTemplate: TypeAlias = "Callable[[Draw], Choice]"


@dataclass(frozen=True, slots=True)
class Clue(Generic[W]):
    """A sentence, and in which worlds it is true."""

    text: str
    holds: Callable[[W], bool]


def left_over(worlds: Sequence[W], clues: Iterable[Clue[W]]) -> list[W]:
    """Give the worlds in which every one of ``clues`` is true."""
    wanted = list(clues)
    return [world for world in worlds if all(clue.holds(world) for clue in wanted)]


def puzzle(
    draw: Draw,
    worlds: Sequence[W],
    true_clues: Sequence[Clue[W]],
    answer_in: Callable[[W], str],
) -> list[str] | None:
    """Choose clues that leave one world.

    Args:
        draw: where chance comes from.
        worlds: every way in which things could be.
        true_clues: what could be said about the world that is to be found.
        answer_in: what the answer would be in a given world.

    Returns:
        The sentences in random order; ``None`` if all clues together leave more than
        one world, or if one clue alone gives the answer away.
    """
    chosen: list[Clue[W]] = []
    left = list(worlds)
    for clue in draw.shuffled(true_clues):
        fewer = left_over(left, [clue])
        if len(fewer) < len(left):
            chosen.append(clue)
            left = fewer
    if len(left) != 1:
        return None
    # The first clues are the likeliest to be made needless by those after them.
    for clue in tuple(chosen):
        others = [other for other in chosen if other is not clue]
        if len(left_over(worlds, others)) == 1:
            chosen = others
    for clue in chosen:
        if len({answer_in(world) for world in left_over(worlds, [clue])}) == 1:
            return None
    return [clue.text for clue in draw.shuffled(chosen)]
