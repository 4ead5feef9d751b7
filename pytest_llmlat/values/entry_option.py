"""Options of entries in catalogues, as the part that reads one declares it.

A metric, an extractor or a source declares those of a task, a backend those of a model:
each is one value with a name, a kind, bounds and a meaning. What checks an entry, what
lists its options and what documents them reads these values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.values.confidential import revealed, shown_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.confidential import Secret
    from pytest_llmlat.values.entities import Scalar

OptionKind: TypeAlias = Literal["string", "integer", "float", "boolean"]
"""Type of an option's value, as TOML calls it; a float may be written as an integer."""
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
}
MOST_WHOLE = 2**31 - 1
"""Largest whole number of 32 bits: libraries in C keep sizes and counts in these."""
_LONGEST_SHOWN = 60
_WIDEST_SHOWN = 2**63
"""Whole numbers beyond it are not written out: some have more digits than Python
writes."""


def check_options_of(options: object) -> None:
    """Raise ``TypeError`` unless an extension's ``options`` are a tuple of options."""
    if isinstance(options, tuple) and all(isinstance(o, EntryOption) for o in options):
        return
    raise TypeError(f"'options' must be a tuple of EntryOption, not {options!r:.80}")


def shown_value(value: object) -> str:
    """Return a value as a catalogue would have it, cut to what fits into a sentence."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) > _WIDEST_SHOWN:
        return f"a whole number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form that a text must have where not every text will do."""

    told: str
    """Completes "must be", such as ``64 hexadecimal digits``."""
    holds: Callable[[str], bool]
    """Whether a text is of this form; raises nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOption:
    """A key of an entry's ``options``; a key that nothing declares is refused.

    A metric, an extractor or a source reads it with ``task.option(name)``, a backend
    with ``model.option(name)``.
    """

    name: str
    kind: OptionKind
    meaning: str
    """Meaning in a few words, with its unit and its default."""
    least: float | None = None
    """Smallest number that it may be."""
    above: float | None = None
    """Number that it must be larger than."""
    most: float | None = None
    """Largest number that it may be."""
    choices: tuple[str, ...] = ()
    """Texts that it may be; empty for any."""
    form: TextForm | None = None
    """Form that a text must have; ``None`` for any."""
    or_flag: bool = False
    """Whether true and false fit beside what its kind says."""
    secret: bool = False
    """Whether its value may hold a key, so that no message shows it."""

    @property
    def wanted(self) -> str:
        """Description of a valid value, for a complaint or a list of options."""
        if self.choices:
            words = f"one of {', '.join(self.choices)}"
        elif self.form is not None:
            words = self.form.told
        else:
            words = f"{_WORDS[self.kind]}{self._bounds}"
        return f"true, false or {words}" if self.or_flag else words

    @property
    def _bounds(self) -> str:
        """Numbers between which it must lie."""
        lower = "" if self.least is None else f" of at least {self.least:g}"
        lower = lower if self.above is None else f" above {self.above:g}"
        if self.most is None:
            return lower
        # What a person writes: 2147483647 and not 2.14748e+09.
        most = f"{self.most:.0f}" if self.most == int(self.most) else f"{self.most:g}"
        return f"{lower}{' and' if lower else ' of'} at most {most}"

    def fits(self, value: object) -> bool:
        """Whether a value is of its kind and within its bounds."""
        if isinstance(value, bool):
            return self.kind == "boolean" or self.or_flag
        if isinstance(value, str):
            return self.kind == "string" and self._is_text(value)
        if self.kind == "float":
            return isinstance(value, int | float) and self._within(value)
        return self.kind == "integer" and isinstance(value, int) and self._within(value)

    def problem(self, value: Scalar | Secret) -> str | None:
        """Say what a value is and what would fit; ``None`` where it fits."""
        if self.fits(revealed(value)):
            return None
        shown = "***"
        if not self.secret:
            shown = shown_value(shown_option(self.name, value))
        return f"option {self.name} = {shown}: must be {self.wanted}"

    def _is_text(self, value: str) -> bool:
        if self.choices:
            return value in self.choices
        return self.form is None or self.form.holds(value)

    def _within(self, value: float) -> bool:
        # A whole number may be too large to be made a float of.
        if not isinstance(value, int) and not math.isfinite(value):
            return False
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )
