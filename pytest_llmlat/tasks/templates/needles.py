"""Facts hidden in long texts, at stated depths and lengths: needles in a haystack.

The length is nominal: so many words as come to that many tokens of English with usual
tokenizers. So every model reads the same text; how many tokens it is for a model, its
own tokenizer counts (``prompt_tokens`` of a record).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.templates.haystack import sentences
from pytest_llmlat.tasks.templates.seeded_draw import Draw
from pytest_llmlat.values.entry_option import EntryOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import Scalar

WORDS_PER_TOKEN = 0.8
_THOUSAND = 1024
_LENGTHS, _DEPTHS = "1k,2k,4k", "0,25,50,75,100"
_LEAST, _MOST = 128, 1 << 20
_WHOLE = 100
_LENGTH = re.compile(r"([0-9]{1,7})(k?)")
_DEPTH = re.compile(r"[0-9]{1,3}")
_THINGS = (
    *("locker number", "parking number", "ticket number", "room number"),
    *("member number", "order number", "shelf number", "seat number"),
)
_LOW, _HIGH = 1000, 9999
NEEDLE_OPTIONS = (
    EntryOption(
        name="lengths",
        kind="string",
        meaning="nominal lengths of the text in tokens, such as 256,1k,128k (1k is"
        f" {_THOUSAND}), each {WORDS_PER_TOKEN:g} words; else {_LENGTHS}",
    ),
    EntryOption(
        name="depths",
        kind="string",
        meaning="where in the text the fact stands, in per cent of its words, 0 for"
        f" its beginning; else {_DEPTHS}",
    ),
    EntryOption(
        name="distractors",
        kind="integer",
        least=0,
        most=1000,
        meaning="how many facts of the same kind about others, or of another kind about"
        " the same person, stand in the text as well; else 0",
    ),
)
"""Options of a task of needles, beside count and seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedleItem:
    """A long text that holds one fact, and the question for it."""

    id: str
    length: str
    """The nominal length in tokens, as it was written."""
    depth: str
    """Depth of the fact in the text, such as ``50%``."""
    context: str
    question: str
    answer: str

    def row(self) -> dict[str, str | int]:
        """Give the item as the row of a data file."""
        return {
            "id": self.id,
            "kind": f"{self.length} at {self.depth}",
            "length": self.length,
            "depth": self.depth,
            "words": len(self.context.split()),
            "context": self.context,
            "question": self.question,
            "answer": self.answer,
        }


def needle_items(
    seed: int, count: int, options: Mapping[str, Scalar]
) -> list[NeedleItem]:
    """Draw texts with a fact; lengths and depths take turns, the depths first.

    Args:
        seed: 0 or more; the same seed gives the same items.
        count: how many; 0 for each length at each depth once.
        options: as in ``NEEDLE_OPTIONS``.

    Raises:
        ValueError: a length or a depth that cannot be; says which.
    """
    lengths = _lengths(str(options.get("lengths") or _LENGTHS))
    depths = _depths(str(options.get("depths") or _DEPTHS))
    distractors = int(options.get("distractors") or 0)
    grid = [(length, depth) for length in lengths for depth in depths]
    draw = Draw(seed)
    return [
        _item(draw, number, *grid[number % len(grid)], distractors)
        for number in range(count or len(grid))
    ]


def _item(
    draw: Draw, number: int, length: str, depth: int, distractors: int
) -> NeedleItem:
    words = round(_tokens(length) * WORDS_PER_TOKEN)
    who, *others = draw.shuffled(draw.some_names(1 + max(1, distractors)))
    thing, *further = draw.shuffled(_THINGS)
    numbers = draw.some(range(_LOW, _HIGH + 1), 1 + distractors)
    needle = _fact(who, thing, numbers[0])
    # In turn about somebody else, and about the same person.
    near = [
        _fact(others[place], thing, value)
        if place % 2 == 0
        else _fact(who, further[place // 2 % len(further)], value)
        for place, value in enumerate(numbers[1:])
    ]
    rest = max(0, words - len(needle.split()) * (1 + distractors))
    hay = sentences(draw, rest)
    for each in near:
        hay.insert(draw.below(len(hay) + 1), each)
    hay.insert(_place(hay, depth), needle)
    return NeedleItem(
        id=f"needle-g{number + 1:02d}-{length}-{depth}",
        length=length,
        depth=f"{depth}%",
        context=" ".join(hay),
        question=f"What is the {thing} of {who}?",
        answer=str(numbers[0]),
    )


def _fact(who: str, thing: str, number: int) -> str:
    return f"The {thing} of {who} is {number}."


def _place(hay: list[str], depth: int) -> int:
    """Return the number of the sentence before which a share of all words stands."""
    sizes = [len(sentence.split()) for sentence in hay]
    wanted, said = sum(sizes) * depth / _WHOLE, 0.0
    for place, size in enumerate(sizes):
        if said + size / 2 > wanted:
            return place
        said += size
    return len(hay)


def _tokens(length: str) -> int:
    found = _LENGTH.fullmatch(length)
    return int(found[1]) * (_THOUSAND if found[2] else 1) if found else 0


def _lengths(text: str) -> list[str]:
    """Return the lengths of an option.

    Raises:
        ValueError: one is none.
    """
    found = [part.strip() for part in text.split(",")]
    for part in found:
        if not _LEAST <= _tokens(part) <= _MOST:
            msg = (
                f"lengths = {text!r}: {part!r} is no number of tokens from {_LEAST} to"
                f" {_MOST // _THOUSAND}k"
            )
            raise ValueError(msg)
    return found


def _depths(text: str) -> list[int]:
    """Return the depths of an option.

    Raises:
        ValueError: one is none.
    """
    found = [part.strip().removesuffix("%") for part in text.split(",")]
    for part in found:
        if not _DEPTH.fullmatch(part) or int(part) > _WHOLE:
            msg = f"depths = {text!r}: {part!r} is no share from 0 to 100 per cent"
            raise ValueError(msg)
    return [int(part) for part in found]
