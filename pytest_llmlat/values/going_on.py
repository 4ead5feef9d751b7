"""Rules by which a cascade goes on to its next model, and the signals they look at.

Some signals are known before a model is asked (the length of the question), others when
it has answered (that nothing can be read in the answer). The same rules are tried on
records that are stored, and heeded by a cascade that runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CODE_MARKS = frozenset("{}()[];=<>_`")
"""Characters that code is full of and prose is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """A model of a cascade that was asked for one answer, or passed over."""

    model: str
    seconds: float
    """Time from the request until its answer was judged; 0 where it was passed over."""
    output_tokens: int | None
    """Tokens that it generated; 0 where it was passed over."""
    went_on: str | None
    """Condition by which the next model was asked; ``None`` where this one's answer was
    given."""

    @property
    def sound(self) -> bool:
        """Whether its figures are some, as a file may have been edited."""
        return self.seconds >= 0 and (self.output_tokens or 0) >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFeatures:
    """Features of a question, known before any model is asked."""

    characters: int
    digits: int
    """Number of characters that are digits."""
    code_marks: int
    """Number of brackets, semicolons, equals signs and other marks of code."""
    family: str | None
    """Family of its task; ``None`` where nobody told."""


def prompt_features(prompt: str, family: str | None) -> PromptFeatures:
    """Return the features of a question's text."""
    return PromptFeatures(
        characters=len(prompt),
        digits=sum(letter.isdigit() for letter in prompt),
        code_marks=sum(letter in _CODE_MARKS for letter in prompt),
        family=family,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSignals:
    """Signals of an answer that has ended."""

    unparsed: bool
    """Whether the task's extractor found nothing in it."""
    refused: bool
    cut: bool
    """Whether it ran into its limit of tokens, or the prompt left no room."""
    empty: bool
    tokens: int | None
    """Tokens that were generated, thoughts included."""
    agreement: float | None = None
    """Share of repeats that read alike; ``None`` where it was asked once."""


def agreed(values: Sequence[str | None]) -> tuple[int, float]:
    """Return the place of the answer that most repeats agree with, and their share.

    What could not be read agrees with nothing; of a tie the first one counts.

    Args:
        values: what each repeat was read as, at least one.
    """
    counted = Counter(value for value in values if value is not None)
    if not counted:
        return 0, 0.0
    value, times = counted.most_common(1)[0]
    return values.index(value), times / len(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """A rule: the next model is asked if any of its conditions holds."""

    families: tuple[str, ...] = ()
    """Families whose questions pass the model over."""
    prompt_longer_than: int | None = None
    """Characters of a question above which the model is passed over."""
    digits_over: int | None = None
    """Digits of a question above which the model is passed over."""
    code_marks_over: int | None = None
    """Marks of code in a question above which the model is passed over."""
    unparsed: bool = False
    """Whether an answer goes on in which the task's extractor finds nothing."""
    refused: bool = False
    cut: bool = False
    """Whether an answer goes on that ran into its limit of tokens."""
    empty: bool = False
    longer_than: int | None = None
    """Tokens of an answer above which it goes on."""
    shorter_than: int | None = None
    """Tokens of an answer below which it goes on."""
    agreement_below: float | None = None
    """Share of the repeats that read alike below which the answer goes on."""
    repeats: int = 1
    """Times that the model is asked, for the agreement of its answers."""

    @property
    def looks_at_answers(self) -> bool:
        """Whether an answer is held back until it has ended and was judged."""
        flags = (self.unparsed, self.refused, self.cut, self.empty)
        bounds = (self.longer_than, self.shorter_than, self.agreement_below)
        return any(flags) or any(bound is not None for bound in bounds)

    @property
    def conditions(self) -> Mapping[str, Any]:
        """The conditions that it has, as a catalogue says them."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {field.name: field.default for field in fields(self)}
        return {name: each for name, each in own.items() if each != plain[name]}

    def passes_over(self, question: PromptFeatures) -> str | None:
        """Return the condition by which the model is not asked; ``None`` if it is."""
        if question.family in self.families:
            return f"family {question.family}"
        bounds = {
            "prompt_longer_than": question.characters,
            "digits_over": question.digits,
            "code_marks_over": question.code_marks,
        }
        for name, value in bounds.items():
            bound = getattr(self, name)
            if bound is not None and value > bound:
                return f"{name} {bound}"
        return None

    def goes_on(self, answer: AnswerSignals) -> str | None:
        """Return the condition by which an answer is not given; ``None`` if it is."""
        for name in ("unparsed", "refused", "cut", "empty"):
            if getattr(self, name) and getattr(answer, name):
                return name
        longer, shorter, least = (
            *(self.longer_than, self.shorter_than),
            self.agreement_below,
        )
        if longer is not None and answer.tokens is not None and answer.tokens > longer:
            return f"longer_than {longer}"
        if (
            shorter is not None
            and answer.tokens is not None
            and answer.tokens < shorter
        ):
            return f"shorter_than {shorter}"
        told = answer.agreement
        if least is not None and told is not None and told < least:
            return f"agreement_below {least:g}"
        return None
