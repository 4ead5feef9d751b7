"""Options of tasks, as the part that reads one describes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar

OptionKind: TypeAlias = Literal["string", "integer", "float", "boolean"]
"""Type of an option's value, as TOML calls it; a float may be written as an integer."""
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
}


def check_options_of(options: object) -> None:
    """Raise ``TypeError`` unless an extension's ``options`` are a tuple of options."""
    if isinstance(options, tuple) and all(isinstance(o, TaskOption) for o in options):
        return
    raise TypeError(f"'options' must be a tuple of TaskOption, not {options!r:.80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOption:
    """A key of a task's ``options``; a key that no part of the task has is refused.

    A metric, an extractor or a source reads it with ``task.option(name)``.
    """

    name: str
    kind: OptionKind
    meaning: str
    """Meaning in a few words, with its unit and its default."""
    least: float | None = None
    """Smallest number that it may be."""
    choices: tuple[str, ...] = ()
    """Texts that it may be; empty for any."""

    @property
    def wanted(self) -> str:
        """Description of a valid value, for a complaint or a list of options."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        words = _WORDS[self.kind]
        return words if self.least is None else f"{words} of at least {self.least:g}"

    def fits(self, value: Scalar) -> bool:
        """Whether a value is of its kind and within its bounds."""
        if isinstance(value, bool) or self.kind == "boolean":
            return isinstance(value, bool) and self.kind == "boolean"
        if isinstance(value, str) or self.kind == "string":
            known = not self.choices or value in self.choices
            return isinstance(value, str) and self.kind == "string" and known
        if self.kind == "integer" and not isinstance(value, int):
            return False
        return math.isfinite(value) and (self.least is None or value >= self.least)
