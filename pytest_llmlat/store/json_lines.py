"""Lines of a run's files: values as JSON, and back.

A line is read as foreign input: a run may be of another machine or version, or have
been edited. What is not as it was written is refused, since a figure of it would be
wrong; what a later version added is left aside.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from pytest_llmlat.store.field_kinds import LARGEST, MOST, wrong_field
from pytest_llmlat.values.cell_facts import CellFacts, Contention, Instrument, LoadFacts
from pytest_llmlat.values.engine_facts import EngineFacts
from pytest_llmlat.values.entities import Scalar
from pytest_llmlat.values.price import Price, TokenRate
from pytest_llmlat.values.ranking import Likelihood, RankedOption
from pytest_llmlat.values.records import (
    Cell,
    Finish,
    Generation,
    Grade,
    Record,
    Response,
    TokenSource,
    Transport,
)
from pytest_llmlat.values.results import OUTCOMES, Verdict
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.sound_grade import grade_fault, is_quality
from pytest_llmlat.values.stopping import Stopping
from pytest_llmlat.values.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_DERIVED = ("e2e_s", "ttft_s", "tpot_s")
_NESTED = {
    "cell": Cell,
    "timing": Timing,
    "grade": Grade,
    "transport": Transport,
    "load": LoadFacts,
    "instrument": Instrument,
    "contention": Contention,
    "stopping": Stopping,
    "generation": Generation,
    "sampling": Sampling,
    "price": Price,
    "engine": EngineFacts,
    "input": TokenRate,
    "output": TokenRate,
    "cached_input": TokenRate,
}
_ENTITY_TYPES = {
    "Scalar": Scalar,
    "Cell": Cell,
    "Timing": Timing,
    "Likelihood": Likelihood,
    "RankedOption": RankedOption,
    "Stopping": Stopping,
    "Price": Price,
    "EngineFacts": EngineFacts,
}
"""Names in annotations of records and cells that their module does not import."""
_FINISHES = get_args(Finish)
_SOURCES = (None, *get_args(TokenSource))
_TEXT = (str, type(None))
_COUNT = (int, type(None))
_NUMBER = (float, int)
_SCALARS = (str, int, float, type(None))
_MALFORMED = (
    *(ValueError, KeyError, TypeError),
    *(AttributeError, OverflowError, RecursionError),
)
"""Errors of building a value of something else."""


def json_object(value: Record | CellFacts) -> dict[str, Any]:
    """Return a value as a JSON object.

    The parts of the cell's id stand beside it, and so do the durations that follow
    from the stamps, for whoever reads the file without this package; the latter are
    not read back.
    """
    content = asdict(value)
    parts = content.pop("cell")
    timing = getattr(value, "timing", None)
    derived = {name: getattr(timing, name) for name in _DERIVED} if timing else {}
    return {"cell": value.cell.id, **parts, **derived, **content}


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
        timing, grade = content["timing"], content["grade"]
        transport = content.get("transport")
        found = {**content, "cell": cell or _cell(content)}
        if timing is not None:
            stamps, tokens = tuple(timing["stamps_ns"]), tuple(timing["stamp_tokens"])
            timing = {**timing, "stamps_ns": stamps, "stamp_tokens": tokens}
            found["timing"] = _made(Timing, timing)
        details = tuple([(str(name), value) for name, value in grade["details"]])
        grade = {**grade, "details": details, "counts": tuple(grade["counts"])}
        found["grade"] = _made(Grade, grade)
        if transport is not None:
            found["transport"] = _value(Transport, transport)
        if "shots" in content:
            found["shots"] = tuple(content["shots"])
        if "groups" in content:
            found["groups"] = tuple(
                [(name, value) for name, value in content["groups"]]
            )
        if "ranked" in content:
            found["ranked"] = tuple(
                [_value(RankedOption, option) for option in content["ranked"]]
            )
        record = _made(Record, found)
        _check(record)
    except _MALFORMED as error:
        raise ValueError(f"no record: {error!s:.200}") from error
    return record


def facts_of(content: Any) -> CellFacts:  # noqa: ANN401 - any JSON value
    """Build the facts of a cell from their line.

    Raises:
        ValueError: it is none.
    """
    try:
        facts: CellFacts = _value(
            CellFacts, {**content, "cell": asdict(_cell(content))}
        )
        _must(type(facts.planned) is int, "planned")
        wrong = wrong_field(facts, _ENTITY_TYPES)
        _must(wrong is None, str(wrong))
        _must(facts.price is None or facts.price.sound, "price")
        _must(facts.engine is None or facts.engine.sound, "engine")
    except _MALFORMED as error:
        raise ValueError(f"no facts of a cell: {error!s:.200}") from error
    return facts


def response_of(content: Any) -> Response:  # noqa: ANN401 - any JSON value
    """Build a response; a record that is made of it shows whether it is sound.

    Raises:
        ValueError: it is none.
    """
    try:
        response: Response = _value(Response, content)
    except _MALFORMED as error:
        raise ValueError(f"no response: {error!s:.200}") from error
    return response


def verdict_of(content: Any) -> Verdict:  # noqa: ANN401 - any JSON value
    """Build a verdict from its line.

    Raises:
        ValueError: it is none.
    """
    try:
        verdict = _made(Verdict, content)
        _must(verdict.outcome in OUTCOMES, "outcome")
        wrong = wrong_field(verdict, _ENTITY_TYPES)
        _must(wrong is None, str(wrong))
    except _MALFORMED as error:
        raise ValueError(f"no verdict: {error!s:.200}") from error
    return verdict


def parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value of a line.

    Raises:
        ValueError: it is none, such as one that was cut off, or holds ``NaN``.
    """
    try:
        text = line.decode("utf-8", "replace").strip()
        content, end = _DECODER.raw_decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if end != len(text):
        raise ValueError("there is something behind it")
    return content


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused)


def cell_of(content: Any) -> Cell:  # noqa: ANN401 - any JSON value
    """Return the cell whose parts stand in a JSON object.

    Raises:
        ValueError: one is missing, or no text.
    """
    try:
        return _cell(content)
    except _MALFORMED as error:
        raise ValueError(f"no cell: {error!s:.200}") from error


def _cell(content: Any) -> Cell:  # noqa: ANN401 - any JSON value
    """Return the cell whose parts stand in a line."""
    parts = {name: content[name] for name, _, _ in _fields(Cell)}
    _must(all(type(part) is str for part in parts.values()), "parts of a cell")
    return Cell(**parts)


def _check(record: Record) -> None:
    """Refuse a line that would become a wrong figure later, or none at all.

    In one expression, since there are a million records.
    """
    budget_s, chance, transport = record.budget_s, record.chance, record.transport
    asked, told = record.prompt_tokens, record.output_tokens
    thought, kept = record.thought_tokens, record.cached_tokens
    good = (
        type(record.sample) is str
        and type(record.prompt) is str
        and type(record.reference) is str
        and type(record.metric) is str
        and type(record.answer) in _TEXT
        and type(record.extracted) in _TEXT
        and type(record.error) in _TEXT
        and type(record.unparsed) is bool
        and type(record.truncated) is bool
        and type(record.refused) is bool
        and type(record.empty) is bool
        and record.finish in _FINISHES
        and type(record.difficulty) in _TEXT
        and type(record.labelled) is bool
        and record.token_source in _SOURCES
        and type(record.round) is int
        and 0 <= record.round <= MOST
        and (asked is None or (type(asked) is int and 0 <= asked <= MOST))
        and (told is None or (type(told) is int and 0 <= told <= MOST))
        and type(budget_s) in _NUMBER
        and 0 < budget_s < LARGEST
        and type(chance) in _NUMBER
        and -LARGEST < chance < 1
        and type(record.rendered) in _TEXT
        and type(record.thoughts) in _TEXT
        and (thought is None or (type(thought) is int and 0 <= thought <= MOST))
        and type(record.cut_in_thought) is bool
        and (record.temperature is None or _finite(record.temperature))
        and (record.top_p is None or _finite(record.top_p))
        and (record.seed is None or _counted(record.seed))
        and type(record.system) in _TEXT
        and (kept is None or (type(kept) is int and 0 <= kept <= MOST))
        and type(record.head) in _TEXT
        and all(type(shot) is str for shot in record.shots)
        and type(record.conversation) in _TEXT
        and type(record.cluster) in _TEXT
        and (record.turn is None or _counted(record.turn))
        and type(record.continues) is bool
        and type(record.graded) is bool
        and all(type(each) is str for pair in record.groups for each in pair)
        and type(record.constraint) in _TEXT
        and all(map(_sound_option, record.ranked))
        and (transport is None or wrong_field(transport, {}) is None)
        and grade_fault(record.grade) is None
        and is_quality(record.grade.value)
        and (record.timing is None or _sound_timing(record.timing))
    )
    if not good:
        raise ValueError("a text or a figure in it is not what it should be")


def _sound_timing(timing: Timing) -> bool:
    """Whether the readings are of a clock that goes forward, from start to end."""
    stamps, tokens = timing.stamps_ns, timing.stamp_tokens
    start, end, spread = timing.start_ns, timing.end_ns, timing.spread_tokens
    thought, sent, after = timing.reasoning_ns, timing.sent_ns, timing.thought_end_ns
    return (
        # A sum is an integer if all its parts are, and there is none if one is a text.
        type(sum(stamps, start) + end) is int
        and type(sum(tokens)) is int
        and sum(tokens) <= MOST
        and len(stamps) == len(tokens)
        and -MOST <= start <= end <= MOST
        and (
            not stamps
            or (
                start <= stamps[0]
                and stamps[-1] <= end
                and min(tokens) >= 0
                and sorted(stamps) == [*stamps]
            )
        )
        and (spread is None or (type(spread) is int and 0 <= spread <= MOST))
        and (thought is None or (type(thought) is int and start <= thought <= end))
        and (sent is None or (type(sent) is int and start <= sent <= end))
        and (after is None or (type(after) is int and start <= after <= end))
    )


def _sound_option(option: RankedOption) -> bool:
    return (
        type(option.answer) is str
        and type(option.text) is str
        and _counted(option.tokens)
        and _finite(option.logprob)
    )


def _counted(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int and -MOST <= value <= MOST


def _finite(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) in _NUMBER and -LARGEST < value < LARGEST


def _must(good: object, what: str) -> None:
    if not good:
        raise ValueError(f"{what}: not as it is written")


def _value(kind: type[Any], content: Any) -> Any:  # noqa: ANN401 - built by its type
    """Build a dataclass from its JSON object; lists become tuples again.

    A field that an older version did not write is absent, if it may be.
    """
    found = {}
    for name, optional, nullable in _fields(kind):  # type: ignore[arg-type] # hashable
        if name in content:
            item, inner = content[name], _NESTED.get(name)
            found[name] = (
                _value(inner, item) if inner and item is not None else _frozen(item)
            )
        elif nullable and not optional:
            found[name] = None
    return kind(**found)


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, bool, bool], ...]:
    """Return the name of each field, whether it has a default and may be ``None``."""
    types = get_type_hints(kind, localns=_ENTITY_TYPES)
    return tuple(
        (
            field.name,
            field.default is not MISSING,
            type(None) in get_args(types[field.name]),
        )
        for field in fields(kind)
    )


def _made(kind: type[Value], content: dict[str, Any]) -> Value:
    """Build a value of ready parts; what is unknown here is left aside.

    Its slots are filled directly: of a million records, the ``__init__`` of a frozen
    class alone would take eight seconds.
    """
    value, slots = object.__new__(kind), _slots(kind)  # type: ignore[arg-type] # hashable
    try:
        for name, put in slots:
            put(value, content[name])
    except KeyError:
        # Of an earlier version: what is absent has its default, or cannot be.
        known = [name for name, _ in slots if name in content]
        return kind(**{name: content[name] for name in known})
    return value


@cache
def _slots(kind: type[Any]) -> tuple[tuple[str, Callable[[object, Any], None]], ...]:
    """Return the name of each field, and its setter."""
    return tuple((f.name, getattr(kind, f.name).__set__) for f in fields(kind))


def _frozen(item: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_frozen(part) for part in item) if isinstance(item, list) else item
