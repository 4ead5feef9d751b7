"""JSON that an answer consists of, with nothing round it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.readable_answer import UNREAD, Reading
from pytest_llmlat.values.entry_option import EntryOption

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

FENCED = EntryOption(
    name="fenced",
    kind="boolean",
    meaning="whether JSON counts that stands in one code block and nothing round it;"
    " else only JSON alone does",
)
_BLOCK = re.compile(r"\A(```|~~~)[ \t]{0,3}\w{0,12}[ \t]{0,3}\n(.*)\n?\1\Z", re.DOTALL)


def read_whole(text: str, task: Task, sample: Sample) -> Reading:
    """Return an answer as it stands, be it JSON or not.

    A program that reads it has no more than that: prose and refusals are answers that
    are no JSON, and are graded as such.
    """
    del sample
    answer = text.strip()
    if task.option("fenced") is True and (block := _BLOCK.match(answer)):
        answer = block[2].strip()
    return Reading(answer, explicit=True) if answer else UNREAD


EXTRACTOR = Extractor(read=read_whole, options=(FENCED,))
