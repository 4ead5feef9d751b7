"""What a right answer of a data set is read as, were it a model's.

An answer is compared as its extractor reads it. A reference that the extractor would
never give ("31 dollars", the whole way to a result) is met by no answer at all. Where
it can only mean one thing it is brought to that form, else it is refused: ``None``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.readable_answer import normalized

if TYPE_CHECKING:
    from pytest_llmlat.grading.extractors.readable_answer import Reader
    from pytest_llmlat.values.entities import Sample, Task

STATEMENT = "Answer: "
"""How a model states its answer; prompts ask for it."""
SENTENCE_MARKS = ".!?\"'\u2019\u201d"
"""What may end a short text and is not part of it."""


def as_answered(read: Reader, text: str, task: Task, sample: Sample) -> str | None:
    """Return what a text is read as by itself and where it is stated as the answer.

    ``None`` where the two differ, or neither is read, or a statement is left unread.
    """
    readings = [read(lead + text, task, sample) for lead in ("", STATEMENT)]
    values = {reading.value for reading in readings} - {None}
    if any(reading.explicit and reading.value is None for reading in readings):
        return None
    return values.pop() if len(values) == 1 else None


def as_stated(read: Reader, text: str, task: Task, sample: Sample) -> str | None:
    """Return what a short text is read as where it is stated as the answer.

    More than the marks at its end may not be lost: "C++" is not "C".
    """
    value = read(STATEMENT + text, task, sample).value
    if value is None:
        return None
    bare = normalized(text).strip(SENTENCE_MARKS)
    return value if normalized(value).strip(SENTENCE_MARKS) == bare else None
