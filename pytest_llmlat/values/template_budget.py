"""What rendering one template may cost: steps and letters, counted as it goes.

A template comes with weights or with a catalogue of somebody else's. A loop over
``range`` in ``range``, or a text that doubles itself forty times, would keep the
process busy for hours or fill its memory. Nothing can stop that from outside but
killing the process, so it is counted, and refused before it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value = TypeVar("Value")

STEPS: Final = 1_000_000
"""Turns of loops, calls, and elements that are looked at."""
LETTERS: Final = 32_000_000
"""Letters of all texts that are made on the way, those thrown away among them."""
PER_INPUT: Final = 100
"""Steps more for each element, and letters for each letter, of what is rendered."""
LONGEST_SOURCE: Final = 1_000_000
"""Letters of a template; the longest that models come with have some 20,000."""
LARGEST_NUMBER: Final = 1_000_000
"""What a method that makes texts as long as a number says may be given."""
_MOST_BITS: Final = 1 << 16
_HOLDERS: tuple[type, ...] = (
    *(list, tuple, set, frozenset),
    *(type({}.keys()), type({}.values()), type({}.items())),
)
_PLAIN: Final = (str, int, float, type(None))
_LETTERS_A_STEP: Final = 8
"""A power of two: 256 letters are read in about the time of one step."""


class TemplateLimit(ValueError):
    """A template would take more time or memory than one may; says which."""


class TemplateBudget:
    """What is left of the steps and letters of one rendering."""

    __slots__ = ("_letters", "_steps")

    def __init__(self, given: Iterable[object] = ()) -> None:
        """Begin anew.

        Args:
            given: what is rendered: long chats may take longer.
        """
        self._steps, self._letters = STEPS, LETTERS
        elements = letters = 0
        for each in _walk(given):
            elements += 1
            letters += len(each) if isinstance(each, str) else 0
        self._steps += PER_INPUT * elements
        self._letters += PER_INPUT * letters

    def step(self, count: int = 1) -> None:
        """Count steps.

        Raises:
            TemplateLimit: there were too many.
        """
        self._steps -= count
        if self._steps < 0:
            raise TemplateLimit(
                f"it takes more than {STEPS:,} steps (turns of loops, calls,"
                " elements looked at): it loops without end, or nearly"
            )

    def room(self, letters: int) -> None:
        """See that a text may be made, before it is.

        Raises:
            TemplateLimit: it would be too long.
        """
        if letters > self._letters:
            raise TemplateLimit(
                f"it makes texts of more than {LETTERS:,} letters: one of {letters:,}"
                f" is more than the {max(0, self._letters):,} that are left"
            )

    def used(self, value: Value) -> Value:
        """Count the look at a value, all that is inside it included, and return it.

        What holds the same list twice counts it twice: whoever writes or compares it
        does so too.
        """
        if isinstance(value, str):
            self.step(1 + (len(value) >> _LETTERS_A_STEP))
        elif isinstance(value, int):
            self.step()
            if value.bit_length() > _MOST_BITS:
                raise TemplateLimit("it makes a number of more than 19,000 digits")
        elif isinstance(value, range):
            self.step(1 + len(value))
        else:
            self._look_into(value)
        return value

    def made(self, value: Value) -> Value:
        """Count a value that was made, and return it."""
        if isinstance(value, str | bytes):
            self.room(len(value))
            self._letters -= len(value)
        return self.used(value)

    def copied(self, value: Value) -> Value:
        """Count a value that becomes part of a text, and return it."""
        letters = 0
        for each in _walk((value,)):
            self.step()
            letters += len(each) if isinstance(each, str) else 8
        self.room(letters)
        self._letters -= letters
        return value

    def counted(self, values: Iterable[Value]) -> Iterator[Value]:
        """Yield values, each one a step."""
        for each in values:
            self.step()
            yield each

    def joined(self, pieces: Iterable[str]) -> str:
        """Return pieces as one text, which is counted as it grows."""
        kept: list[str] = []
        for piece in pieces:
            self.room(len(piece))
            self._letters -= len(piece)
            kept.append(piece)
        return "".join(kept)

    def _look_into(self, value: object) -> None:
        for each in _walk((value,)):
            self.step(
                1 + (len(each) >> _LETTERS_A_STEP) if isinstance(each, str) else 1
            )


def letters_in(value: object, budget: TemplateBudget) -> int:
    """Return how many letters a value may become: all its texts, and its numbers."""
    found = 0
    for each in _walk((value,)):
        budget.step()
        found += len(each) if isinstance(each, str | bytes) else 8
    return found


def largest_number(value: object, budget: TemplateBudget) -> int:
    """Return the largest whole number in a value, without its sign; 0 for none."""
    found = 0
    for each in _walk((value,)):
        budget.step()
        if isinstance(each, int):
            found = max(found, abs(each))
        elif isinstance(each, float) and abs(each) > LARGEST_NUMBER:
            found = max(found, LARGEST_NUMBER + 1)
    return found


def _walk(values: Iterable[object]) -> Iterator[object]:
    """Yield values and what is inside those that hold others.

    It ends only with the steps of who asks where a namespace holds itself. Namespaces
    of jinja2 are looked into too: their text shows what they hold.
    """
    waiting = list(values)
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, dict):
            waiting.extend(each.keys())
            waiting.extend(each.values())
        elif isinstance(each, _HOLDERS):
            waiting.extend(each)  # type: ignore[arg-type]
        elif not isinstance(each, _PLAIN) and _is_namespace(type(each)):
            waiting.extend(object.__getattribute__(each, "__dict__").values())


def _is_namespace(kind: type) -> bool:
    """Whether a class is jinja2's, or made from it: libraries have their own."""
    return any(base.__name__ == "Namespace" for base in kind.__mro__)
