"""Lines of records: each as a record, and those of one cell in turn.

There may be a million of them, so that what is alike in all is read once.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.json_lines import (
    MALFORMED,
    filled,
    made,
    parsed,
    parts_of_cell,
    value_of,
)
from pytest_llmlat.store.sound_records import check_answer, check_record
from pytest_llmlat.values.draft_counts import DraftCounts
from pytest_llmlat.values.going_on import StepTaken
from pytest_llmlat.values.judge_votes import Vote
from pytest_llmlat.values.ranking import RankedOption
from pytest_llmlat.values.records import Grade, Record, Transport
from pytest_llmlat.values.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Cell

_LISTED = {"ranked": RankedOption, "steps": StepTaken, "votes": Vote}
_FIRST = "steps"
"""First of the fields that many answers of a cell have alike."""
_REST = f', "{_FIRST}": '.encode()
_OWN = b', "e2e_s": '
"""The first field in a line that is not of its cell."""
_NAMES = tuple(field.name for field in fields(Record))
_answer_of = itemgetter(*_NAMES[: _NAMES.index(_FIRST)])
_rest_of = attrgetter(*_NAMES[_NAMES.index(_FIRST) :])
_ANSWER = frozenset(_NAMES[: _NAMES.index(_FIRST)])
_REST_NAMES = frozenset(_NAMES) - _ANSWER


def record_of(content: Any, cell: Cell | None = None) -> Record:  # noqa: ANN401 - any JSON value
    """Build a record from its line.

    Fields that are unknown here are left aside, and absent ones have their default.

    Args:
        content: the JSON value of the line.
        cell: of which it is; told anew by the line itself if ``None``.

    Raises:
        ValueError: it is none, or a figure in it is not what it should be.
    """
    try:
        found = {**content, "cell": cell or parts_of_cell(content)}
        _read_answer(found)
        _read_rest(found)
        record = made(Record, found)
        check_record(record)
    except MALFORMED as error:
        raise ValueError(f"no record: {error!s:.200}") from error
    return record


def _read_answer(found: dict[str, Any]) -> None:
    """Make values of what is nested in the fields of one answer."""
    timing, grade = found["timing"], found["grade"]
    if timing is not None:
        stamps, tokens = tuple(timing["stamps_ns"]), tuple(timing["stamp_tokens"])
        timing = {**timing, "stamps_ns": stamps, "stamp_tokens": tokens}
        found["timing"] = made(Timing, timing)
    details = tuple([(str(name), value) for name, value in grade["details"]])
    grade = {**grade, "details": details, "counts": tuple(grade["counts"])}
    found["grade"] = made(Grade, grade)
    if found.get("transport") is not None:
        found["transport"] = value_of(Transport, found["transport"])


def _read_rest(found: dict[str, Any]) -> None:
    """Make values of what is nested in the fields that many answers have alike."""
    if found.get("draft") is not None:
        found["draft"] = value_of(DraftCounts, found["draft"])
    if "shots" in found:
        found["shots"] = tuple(found["shots"])
    if "groups" in found:
        found["groups"] = tuple([(name, value) for name, value in found["groups"]])
    for name, kind in _LISTED.items():
        if name in found:
            found[name] = tuple([value_of(kind, each) for each in found[name]])


class RecordLines:
    """A reader of the lines of one cell.

    Before its sample's name a line has its cell, and behind its prompt, answer and
    times thirty fields more, of mostly the same values in all records of a cell. Where
    both are as in the line before, they are neither parsed nor checked again.
    """

    def __init__(self, cell: Cell) -> None:
        """Begin with no line read.

        Args:
            cell: of which the lines are.
        """
        self._cell = cell
        self._parse = _quickest_parser()
        self._begin, self._end = b"", b""
        """Begin and end of the line before."""
        self._rest: tuple[Any, ...] | None = None
        """Values of the fields in that end, ``None`` while they are not known."""

    def record(self, line: bytes) -> Record:
        """Return the record of a line.

        Raises:
            ValueError: it is none, or a figure in it is not what it should be.
        """
        own, place = len(self._begin), line.find(_REST)
        alike = place > 0 and line[place:] == self._end and line[:own] == self._begin
        if not alike or self._rest is None:
            record = record_of(parsed(line), self._cell)
            self._rest = _rest_of(record) if alike and self._is_split() else None
            if not alike:
                self._begin, self._end = _begin_of(line), line[max(place, 0) :]
            return record
        try:
            # With a whole object before it, what follows is no part of a text.
            found = self._parse(b"{" + line[own:place] + b"}")
            found["cell"] = self._cell
            _read_answer(found)
            record = filled(Record, (*_answer_of(found), *self._rest))
            check_answer(record)
        except MALFORMED:
            # Read whole, it may be of an earlier version, or tells what is wrong.
            return record_of(parsed(line), self._cell)
        return record

    def _is_split(self) -> bool:
        """Whether begin and end are such of an object, with fields of their own only.

        Of a name that stands twice in an object the later value counts.
        """
        begin = self._begin.removesuffix(b", ") + b"}" if self._begin else b"{}"
        try:
            first = parsed(begin)
            last = parsed(b"{" + self._end.removeprefix(b","))
        except ValueError:
            return False
        told = {*first, *last}
        return _ANSWER.isdisjoint(told - {"cell"}) and last.keys() >= _REST_NAMES


def _begin_of(line: bytes) -> bytes:
    """Return what stands in a line before its first field that differs.

    With the blank behind a comma; of a line without times the brace alone.
    """
    return line[: line.find(_OWN) + 2]


def _quickest_parser() -> Callable[[bytes], Any]:
    """Return what makes a value of JSON: ``orjson``, where it is installed.

    It takes a tenth of the time. What it refuses is read again by Python's own, whose
    word counts.
    """
    try:
        import orjson  # noqa: PLC0415 - of an extra
    except ImportError:
        return parsed
    loads: Callable[[bytes], Any] = orjson.loads
    return loads
