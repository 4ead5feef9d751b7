"""Answers as the usual harness reads them, so that published figures can be had again.

These say what lm-evaluation-harness 0.4.13 says of the same text, where ours would say
more: the first number behind ``####`` counts whatever is written after it, the last
number of a text counts whatever it is. What they find is stated by definition, so an
answer that was cut at the token limit is judged by it too.

==================  ===============================================================
``gsm8k_strict``    the first number behind ``####`` (its filter ``strict-match``)
``gsm8k_flexible``  the last thing that looks like a number (``flexible-extract``)
``bbh_cot``         what follows the first "the answer is" on its line, less the last
                    character (``get-answer``)
``verbatim``        the text as it is
``continuation``    the row's ``prompt`` and behind it the text as it is: a program
==================  ===============================================================
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.readable_answer import UNREAD, Reading

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

MARKED = re.compile(r"#### (-?[0-9.,]+)")
NUMERIC = re.compile(r"-?[$0-9.,]{2,}|-?[0-9]+")
STATED = re.compile(r"(?<=the answer is )(.*)(?=.)")


def read_marked_number(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the first number behind ``####``, without commas and a full stop."""
    del task, sample
    found = MARKED.search(answer)
    return UNREAD if found is None else _found(_bare(found[1]))


def read_last_number(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the last run of digits, dollars, commas and points that may be a number.

    A run of points or commas alone is one too, as it is there: it is no right answer.
    """
    del task, sample
    found = NUMERIC.findall(answer)
    return _found(_bare(found[-1])) if found else UNREAD


def read_stated(answer: str, task: Task, sample: Sample) -> Reading:
    """Return what follows "the answer is" on its line, less the line's last character.

    That character is the full stop of a sentence, or else belongs to the answer.
    """
    del task, sample
    found = STATED.search(answer)
    return UNREAD if found is None else _found(found[1].strip())


def read_verbatim(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the text, if there is any."""
    del task, sample
    return _found(answer)


def read_continuation(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the program that the text makes of the row's ``prompt``."""
    del task
    return _found(str(dict(sample.fields).get("prompt", "")) + answer)


def _found(text: str) -> Reading:
    """Return what was found as the answer by definition; blanks are none."""
    return Reading(text, explicit=True) if text.strip() else UNREAD


def _bare(number: str) -> str:
    """Return a number without the signs that the harness leaves aside."""
    return number.strip().replace(",", "").replace("$", "").removesuffix(".")


def bare_number(answer: str, task: Task, sample: Sample) -> str | None:
    """Return a right answer as the readers of numbers would give it."""
    del task, sample
    return _bare(answer) or None


GSM8K_STRICT = Extractor(read=read_marked_number, reference=bare_number)
GSM8K_FLEXIBLE = Extractor(read=read_last_number, reference=bare_number)
BBH_COT = Extractor(read=read_stated)
VERBATIM = Extractor(read=read_verbatim)
CONTINUATION = Extractor(read=read_continuation)
