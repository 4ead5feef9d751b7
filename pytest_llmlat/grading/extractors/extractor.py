"""What an extractor is: a reader of answers, and what it needs of a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.readable_answer import (
    Reader,
    Reading,
    ReferenceReader,
    without_thoughts,
)
from pytest_llmlat.grading.extractors.refusals import is_refusal
from pytest_llmlat.values.entry_option import EntryOption, check_options_of
from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.records import Extraction

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """Finds the answer in a model's text; whatever the text is, it raises nothing."""

    read: Reader
    """(text, its task, its sample) to what is found in it; the text is without what
    the model thought aloud."""
    reference: ReferenceReader | None = None
    """(right answer of a row, its task, its sample) to the form in which ``read`` gives
    it, ``None`` where no answer could be read as it; without this function a right
    answer is taken as it stands."""
    needs_labels: bool = False
    """Whether a task must list its labels."""
    any_text: bool = False
    """Whether any text may be the right answer, so that one that is the reference
    letter for letter is right without being read."""
    options: tuple[EntryOption, ...] = ()
    """The options of a task that it reads; a task cannot set others."""

    def __call__(self, text: str, task: Task, sample: Sample) -> Extraction:
        """Read an answer: what is thought aloud goes, refusals are marked."""
        answer = without_thoughts(text)
        refused = is_refusal(answer, sample.references)
        reading = self.read(answer, task, sample)
        if not isinstance(reading, Reading):
            raise BadExtension(
                f"extractor {task.extractor!r} must give a Reading, not {reading!r:.60}"
            )
        if type(reading.value) not in (str, type(None)):
            raise BadExtension(
                f"extractor {task.extractor!r} gave a Reading whose value must be a"
                f" text or None, not {reading.value!r:.60}"
            )
        believed = reading.explicit or not refused
        return Extraction(
            value=reading.value if believed else None,
            explicit=reading.explicit,
            refused=refused,
        )


def as_extractor(name: str, value: object) -> Extractor:
    """Return what was registered, if it is an extractor that can be used.

    Raises:
        TypeError: it is not; says what is missing.
    """
    del name
    if not isinstance(value, Extractor):
        raise TypeError(f"must be an Extractor, not {value!r:.80}")
    if not callable(value.read):
        raise TypeError(f"'read' must be a function, not {value.read!r:.80}")
    check_options_of(value.options)
    if value.reference is not None and not callable(value.reference):
        raise TypeError(f"'reference' must be a function, not {value.reference!r:.80}")
    return value
