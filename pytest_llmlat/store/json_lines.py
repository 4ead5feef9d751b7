"""Lines of a run's files: values as JSON, and back.

A line is read as foreign input: a run may be of another machine or version, or have
been edited. What is not as it was written is refused, since a figure of it would be
wrong; what a later version added is left aside.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields, is_dataclass, make_dataclass
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from pytest_llmlat.store.field_kinds import wrong_field
from pytest_llmlat.values.cell_facts import CellFacts, Contention, Instrument, LoadFacts
from pytest_llmlat.values.client_facts import ClientFacts
from pytest_llmlat.values.cost_budget import CostBudget
from pytest_llmlat.values.device_memory import DeviceMemory
from pytest_llmlat.values.draft_counts import DraftCheck, DraftCounts
from pytest_llmlat.values.energy import EnergyFacts
from pytest_llmlat.values.engine_facts import EngineFacts
from pytest_llmlat.values.entities import Scalar
from pytest_llmlat.values.going_on import StepTaken
from pytest_llmlat.values.judge_votes import AskedPanel, Vote
from pytest_llmlat.values.load_goal import LoadGoal
from pytest_llmlat.values.node_facts import NodeFacts
from pytest_llmlat.values.peer_facts import PeerFacts
from pytest_llmlat.values.price import Price, TokenRate
from pytest_llmlat.values.ranking import Likelihood, RankedOption
from pytest_llmlat.values.records import (
    Cell,
    Generation,
    Grade,
    Record,
    Response,
    Transport,
)
from pytest_llmlat.values.results import OUTCOMES, Verdict
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.shard_facts import ShardFacts
from pytest_llmlat.values.sittings import ReusedAnswers, Sitting
from pytest_llmlat.values.stopping import Stopping
from pytest_llmlat.values.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_SCALARS = frozenset({str, int, float, bool, type(None)})
_DERIVED = ("e2e_s", "ttft_s", "tpot_s")
_NESTED = {
    "cell": Cell,
    "timing": Timing,
    "grade": Grade,
    "transport": Transport,
    "load": LoadFacts,
    "clients": ClientFacts,
    "shards": ShardFacts,
    "instrument": Instrument,
    "contention": Contention,
    "stopping": Stopping,
    "generation": Generation,
    "sampling": Sampling,
    "price": Price,
    "cost_budget": CostBudget,
    "device_memory": DeviceMemory,
    "engine": EngineFacts,
    "node": NodeFacts,
    "peer": PeerFacts,
    "energy": EnergyFacts,
    "sittings": Sitting,
    "reused_answers": ReusedAnswers,
    "searched": LoadGoal,
    "judging": AskedPanel,
    "draft": DraftCounts,
    "draft_check": DraftCheck,
    "input": TokenRate,
    "output": TokenRate,
    "cached_input": TokenRate,
}
_ENTITY_TYPES = {
    "Scalar": Scalar,
    "StepTaken": StepTaken,
    "Cell": Cell,
    "Timing": Timing,
    "Likelihood": Likelihood,
    "RankedOption": RankedOption,
    "Stopping": Stopping,
    "Price": Price,
    "ClientFacts": ClientFacts,
    "ShardFacts": ShardFacts,
    "CostBudget": CostBudget,
    "DeviceMemory": DeviceMemory,
    "EngineFacts": EngineFacts,
    "EnergyFacts": EnergyFacts,
    "Sitting": Sitting,
    "ReusedAnswers": ReusedAnswers,
    "LoadGoal": LoadGoal,
    "DraftCounts": DraftCounts,
    "DraftCheck": DraftCheck,
    "Vote": Vote,
    "AskedPanel": AskedPanel,
    "NodeFacts": NodeFacts,
    "PeerFacts": PeerFacts,
}
"""Names in annotations of records and cells that their module does not import."""
MALFORMED = (
    *(ValueError, KeyError, TypeError),
    *(AttributeError, OverflowError, RecursionError),
)
"""Errors of building a value of something else."""


def json_object(value: Record | CellFacts) -> dict[str, Any]:
    """Return a value as a JSON object.

    The parts of the cell's id stand beside it, and so do the durations that follow
    from the stamps, for whoever reads the file without this package; the latter are
    not read back. Those of a failure are null: it took longer than its last token, and
    nobody knows how long.
    """
    content = _plain(value)
    parts = content.pop("cell")
    derived = {}
    if isinstance(value, Record) and value.timing is not None:
        ended = value.timing if value.answered else None
        derived = {name: getattr(ended, name, None) for name in _DERIVED}
    return {"cell": value.cell.id, **parts, **derived, **content}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value or a part of one
    """Return what JSON has for a frozen value: ``asdict`` would copy each part too."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is tuple:
        return [_plain(part) for part in value] if value else ()
    names = _names(kind)  # type: ignore[arg-type] # hashable
    return {name: _plain(getattr(value, name)) for name in names} if names else value


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a dataclass, none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def facts_of(content: Any) -> CellFacts:  # noqa: ANN401 - any JSON value
    """Build the facts of a cell from their line.

    Raises:
        ValueError: it is none.
    """
    try:
        facts: CellFacts = value_of(
            CellFacts, {**content, "cell": asdict(parts_of_cell(content))}
        )
        _must(type(facts.planned) is int, "planned")
        wrong = wrong_field(facts, _ENTITY_TYPES)
        _must(wrong is None, str(wrong))
        _must(facts.price is None or facts.price.sound, "price")
        budget = facts.cost_budget
        _must(budget is None or budget.sound, "cost_budget")
        _must(facts.engine is None or facts.engine.sound, "engine")
        _must(facts.since >= 1, "since")
        _must(facts.searched is None or facts.searched.sound, "searched")
    except MALFORMED as error:
        raise ValueError(f"no facts of a cell: {error!s:.200}") from error
    return facts


def response_of(content: Any) -> Response:  # noqa: ANN401 - any JSON value
    """Build a response; a record that is made of it shows whether it is sound.

    Raises:
        ValueError: it is none.
    """
    try:
        response: Response = value_of(Response, content)
    except MALFORMED as error:
        raise ValueError(f"no response: {error!s:.200}") from error
    return response


def verdict_of(content: Any) -> Verdict:  # noqa: ANN401 - any JSON value
    """Build a verdict from its line.

    Raises:
        ValueError: it is none.
    """
    try:
        verdict = made(Verdict, content)
        _must(verdict.outcome in OUTCOMES, "outcome")
        wrong = wrong_field(verdict, _ENTITY_TYPES)
        _must(wrong is None, str(wrong))
    except MALFORMED as error:
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
        return parts_of_cell(content)
    except MALFORMED as error:
        raise ValueError(f"no cell: {error!s:.200}") from error


def parts_of_cell(content: Any) -> Cell:  # noqa: ANN401 - any JSON value
    """Return the cell whose parts stand in a line."""
    parts = {name: content[name] for name, _, _ in _fields(Cell)}
    _must(all(type(part) is str for part in parts.values()), "parts of a cell")
    return Cell(**parts)


def _must(good: object, what: str) -> None:
    if not good:
        raise ValueError(f"{what}: not as it is written")


def value_of(kind: type[Any], content: Any) -> Any:  # noqa: ANN401 - built by its type
    """Build a dataclass from its JSON object; lists become tuples again.

    A field that an older version did not write is absent, if it may be.
    """
    found = {}
    for name, optional, nullable in _fields(kind):  # type: ignore[arg-type] # hashable
        if name in content:
            item, inner = content[name], _NESTED.get(name)
            found[name] = _frozen(item) if inner is None else _nested(inner, item)
        elif nullable and not optional:
            found[name] = None
    return kind(**found)


def _nested(kind: type[Any], item: Any) -> Any:  # noqa: ANN401 - built by its type
    """Build what is in a field: a value, several, or none."""
    if isinstance(item, list | tuple):
        return tuple(value_of(kind, each) for each in item)
    return None if item is None else value_of(kind, item)


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


def made(kind: type[Value], content: dict[str, Any]) -> Value:
    """Build a value of ready parts; what is unknown here is left aside.

    Raises:
        TypeError: what can have no default is absent.
    """
    read, build = _filling(kind)  # type: ignore[arg-type] # hashable
    try:
        values = read(content)
    except KeyError:
        # Of an earlier version: what is absent has its default, or cannot be.
        known = [field.name for field in fields(kind) if field.name in content]  # type: ignore[arg-type] # a dataclass
        return kind(**{name: content[name] for name in known})
    value: Value = build(values)
    return value


def filled(kind: type[Value], values: tuple[Any, ...]) -> Value:
    """Build a value of those of all its fields, in their order."""
    value: Value = _filling(kind)[1](values)  # type: ignore[arg-type] # hashable
    return value


@cache
def _filling(
    kind: type[Any],
) -> tuple[Callable[[Any], tuple[Any, ...]], Callable[[tuple[Any, ...]], Any]]:
    """Return what takes the fields' values out of an object, and what fills them in.

    Of a million records, the ``__init__`` of a frozen class, which calls a function for
    each field, would take eight seconds. A class of the same slots that is not frozen
    is filled instead, and what it made is of the frozen class from then on.
    """
    names = [field.name for field in fields(kind)]
    open_kind = make_dataclass(f"Open{kind.__name__}", names, slots=True, eq=False)

    def fill(values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - of the kind
        value = open_kind(*values)
        value.__class__ = kind
        return value

    return itemgetter(*names), fill


def _frozen(item: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_frozen(part) for part in item) if isinstance(item, list) else item
