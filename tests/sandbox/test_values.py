"""How values cross between tests and candidate."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.sandbox.inside.crossing_values import (
    Malformed,
    Opaque,
    Uncrossable,
)
from pytest_llmlat.grading.sandbox.inside.decoder import Decoder
from pytest_llmlat.grading.sandbox.inside.encoder import Encoder

if TYPE_CHECKING:
    from collections.abc import Callable

Point = namedtuple("Point", "x y")  # noqa: PYI024 - a subclass of tuple is wanted


class Node:
    """A node of a linked list, as the tests of a task define one."""

    def __init__(self, value: object, successor: Node | None = None) -> None:
        """Hold a value and the node after it."""
        self.value = value
        self.successor = successor


class Slotted:
    """A node without a dictionary."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        """Hold a value."""
        self.value = value


CLASSES = {"Node": Node, "Slotted": Slotted}


def crossed(value: object, *, strict: bool = False) -> Any:  # noqa: ANN401 - any value
    """Return what arrives on the other side, by way of text."""
    encoder = Encoder(CLASSES, strict=strict)
    term = encoder.term(value)
    message = json.dumps([term, encoder.heap()], allow_nan=False)
    term, heap = json.loads(message)
    decoder = Decoder(CLASSES)
    decoder.read(heap)
    return decoder.value(term)


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**30)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs"]))
    | st.binary()
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9))
)
zones = st.none() | st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    timezone
)
exact = (
    st.decimals(min_value=-(10**40), max_value=10**40)
    | st.sampled_from([Decimal("nan"), Decimal("-inf"), Decimal("1.50"), Decimal("-0")])
    | st.fractions()
    | st.dates()
    | st.times(timezones=zones)
    | st.datetimes(timezones=zones)
    | st.timedeltas()
)
"""Numbers and dates of the standard library."""
hashables = st.recursive(
    atoms | exact,
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
values: st.SearchStrategy[Any] = st.recursive(
    hashables | st.binary().map(bytearray),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(hashables, inner, max_size=4)
        | st.sets(hashables, max_size=4)
        | st.builds(deque, st.lists(inner, max_size=4), st.none() | st.just(9))
    ),
    max_leaves=12,
)


def shape(value: object) -> object:
    """Return a form that tells 1 from 1.0 and True, 0.0 from -0.0, and nan itself."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, set | frozenset):
        return kind, sorted(map(repr, map(shape, value)))
    if isinstance(value, list | tuple):
        return kind, [shape(item) for item in value]
    if isinstance(value, deque):
        return kind, value.maxlen, [shape(item) for item in value]
    return kind, repr(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Decimal("1e99999"), id="decimal"),
        pytest.param(datetime(2024, 2, 28, tzinfo=ZoneInfo("UTC")), id="zone"),
        pytest.param(time(1, tzinfo=ZoneInfo("UTC")), id="time in a zone"),
    ],
)
def test_what_is_dear_to_use_or_needs_a_zone_does_not_cross(value: object) -> None:
    """A decimal of a huge exponent, or a zone's rules, would work for the judge."""
    assert isinstance(crossed(value), Opaque)
    with pytest.raises(Uncrossable, match="does not cross"):
        crossed(value, strict=True)


@pytest.mark.parametrize(
    "term",
    [
        ["D", "1e99999"],
        ["D", "1" * 20_000],
        ["D", "one"],
        ["D"],
        ["q", 1, 0],
        ["q", 1, 0.5],
        ["q", "1/3", 1],
        ["e", 0],
        ["e", 10**30],
        ["h", 25, 0, 0, 0, 0, None],
        ["h", 1, 0, 0, 0, 0, 7],
        ["h", 1, 0, 0, 0, 0, ["a", 9, 0, 0]],
        ["p", 2024, 2, 30, 0, 0, 0, 0, 0, None],
        ["p", 2024, 2],
        ["a", 10**12, 0, 0],
    ],
    ids=str,
)
def test_a_number_or_date_that_is_none_is_malformed(term: Any) -> None:  # noqa: ANN401 - hostile
    """What the judge builds, it builds of parts that it has checked."""
    with pytest.raises(Malformed):
        Decoder(CLASSES).value(term)


@given(values)
def test_a_builtin_value_crosses_exactly(value: object) -> None:
    """Type and value arrive as they were: no 1 for True, no list for a tuple."""
    assert shape(crossed(value)) == shape(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1 << 10_000, id="long integer"),
        pytest.param(-(2**64), id="just beyond 64 bits"),
        pytest.param("\ud83d\ude00", id="two lone surrogates"),
        pytest.param(-0.0, id="negative zero"),
        pytest.param(math.inf, id="infinity"),
        pytest.param(math.nan, id="not a number"),
        pytest.param({1: "a", "1": "b", (1,): "c", None: "d"}, id="any key"),
        pytest.param(["r", 0], id="our own tag"),
    ],
)
def test_what_json_cannot_hold_crosses_exactly(value: object) -> None:
    """Long integers, lone surrogates, odd floats, keys of any type, our own tags."""
    assert shape(crossed(value)) == shape(value)


def test_identity_aliases_and_cycles_survive() -> None:
    """A list that is there twice is one list, and one that holds itself does."""
    inner: list[object] = [1]
    outer: list[object] = [inner, inner]
    outer.append(outer)

    first, second, itself = arrived = crossed(outer)

    assert first is second
    assert itself is arrived


def test_a_deep_list_crosses() -> None:
    """Lists lie on the heap, so their depth is not bounded by recursion."""
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]

    arrived, depth = crossed(deep), 0
    while arrived:
        arrived, depth = arrived[0], depth + 1

    assert depth == 50_000


def test_a_subclass_arrives_as_its_base() -> None:
    """No code of a class crosses with a value, so neither does its ``__eq__``."""

    class Always(int):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    assert type(crossed(Always(7))) is int
    assert crossed(Always(7)) == 7


@pytest.mark.parametrize(
    "value",
    [Counter("aab"), OrderedDict(b=1, a=[2]), defaultdict(None, a=1)],
    ids=lambda value: type(value).__name__,
)
def test_a_dictionary_of_the_library_stays_of_its_kind(value: object) -> None:
    """With its methods, and compared as its kind is."""
    arrived = crossed(value)

    assert arrived == value
    assert type(arrived) is type(value)


def test_a_named_tuple_keeps_its_names() -> None:
    """It equals the tuple, and its items can be read by name."""
    arrived = crossed([Point(1, [2])])[0]

    assert arrived == (1, [2])
    assert (arrived.x, arrived.y) == (1, [2])
    assert repr(arrived) == "Point(x=1, y=[2])"
    assert arrived._asdict() == {"x": 1, "y": [2]}
    assert arrived._replace(x=3) == (3, [2])


@pytest.mark.parametrize(
    "term",
    [
        ["T", "P", ["count"], 1],
        ["T", "P", ["__eq__"], 1],
        ["T", "P", ["_x"], 1],
        ["T", "P", ["a b"], 1],
        ["T", "P", ["x", "x"], 1, 2],
        ["T", "P", ["x"], 1, 2],
        ["T", "P q", ["x"], 1],
        ["T", "P", "x", 1],
        ["T", "P", [["x"]], 1],
        ["T"],
        ["B", "eval"],
        ["B", "type"],
        ["B", "SystemExit"],
        ["B"],
        ["w", 0, "f"],
        ["W", 0],
        ["N", "os", "system"],
        ["E", "Empty", "IndexError"],
    ],
    ids=str,
)
def test_names_of_items_types_and_values_elsewhere_are_checked(term: Any) -> None:  # noqa: ANN401 - hostile
    """No name overrides what a tuple is, and no type is fetched that is no value's."""
    with pytest.raises(Malformed):
        Decoder(CLASSES).value(term)


def test_a_type_of_pythons_own_is_the_same_on_both_sides() -> None:
    """``int`` and ``ValueError`` are values; a class of somebody's own is none."""
    assert crossed([int, ValueError]) == [int, ValueError]
    assert isinstance(crossed(Node), Opaque)


def test_a_linked_list_is_rebuilt_field_by_field() -> None:
    """Nodes of a known class arrive as nodes, cycles included, without their init."""
    last = Node("b")
    first = Node({"k": [1]}, last)
    last.successor = first

    arrived: Any = crossed(first)

    assert (type(arrived), arrived.value) == (Node, {"k": [1]})
    assert arrived.successor.value == "b"
    assert arrived.successor.successor is arrived


def test_slots_and_nodes_as_keys_cross() -> None:
    """Objects without a dictionary, and keys whose hash is their identity."""
    a, b = Slotted(1), Slotted([2])

    arrived = crossed({(a, b): 3, "a": a})

    ((left, right), weight), (_, again) = arrived.items()
    assert (left.value, right.value, weight) == (1, [2], 3)
    assert again is left


def test_an_iterator_arrives_as_an_iterator() -> None:
    """It gives the same items once, and is not equal to a list of them."""
    arrived = crossed(x * x for x in range(3))

    assert arrived != [0, 1, 4]
    assert list(arrived) == [0, 1, 4]
    assert list(arrived) == []


def test_an_endless_iterator_is_cut_and_says_so() -> None:
    """The first items are there; going past them is an error, not an end."""
    arrived = crossed(itertools.count())

    assert next(arrived) == 0
    with pytest.raises(RuntimeError, match="at most"):
        list(arrived)


def test_views_of_a_dict_arrive_as_views() -> None:
    """Keys still compare with a set, items unpack, values keep their order."""
    table = {"a": 1, "b": 2}

    assert crossed(table.keys()) == {"a", "b"}
    assert list(crossed(table.values())) == [1, 2]
    assert dict(crossed(table.items())) == table


def test_an_opaque_value_is_equal_to_nothing() -> None:
    """What has no exact form is no right answer: not equal, not true, not false."""

    class Always:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]  # as in the attacks

    arrived = crossed(Always())

    assert isinstance(arrived, Opaque)
    assert (arrived == arrived, arrived == 1, arrived != 1) == (False, False, True)  # noqa: PLR0124 - the point
    with pytest.raises(TypeError, match="does not cross"):
        bool(arrived)
    assert repr(arrived) == "<Always object>"


def test_the_tests_cannot_pass_a_function() -> None:
    """Towards the candidate an opaque value is refused, with its type."""
    with pytest.raises(Uncrossable, match="builtin_function"):
        crossed(len, strict=True)


@pytest.mark.parametrize(
    "make",
    [lambda: [0] * 1000, lambda: {*range(1000)}, lambda: (0,) * 1000],
    ids=["list", "set", "tuple"],
)
def test_a_long_value_is_given_up_early(make: Callable[[], object]) -> None:
    """A reply that cannot fit is not even put together."""
    encoder = Encoder((), strict=False, longest=1000)

    with pytest.raises(Uncrossable, match="longer"):
        encoder.term([make()]) and encoder.heap()


def test_changed_arguments_change_the_originals() -> None:
    """The decoder writes into what was sent, so that in-place work is seen."""
    numbers, table, node = [3, 1], {"a": 1}, Node(1)
    seen: list[object] = [numbers, table, node]
    heap = [["l", [1, 3]], None, ["o", ["Node", [["value", 9]]]]]

    Decoder(CLASSES, seen).read(heap)  # type: ignore[arg-type]  # a heap

    assert (numbers, table) == ([1, 3], {"a": 1})
    assert vars(node) == {"value": 9}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
tags = st.sampled_from("ldsyonkvmxifucbtzgrDqehpaTBwWANEKOF")
terms = st.recursive(
    json_values, lambda inner: st.tuples(tags, inner, inner).map(list), max_leaves=8
)
entries = st.tuples(tags, terms | st.lists(terms, max_size=3)).map(list) | terms


@given(st.lists(entries, max_size=4), terms)
def test_a_hostile_message_is_malformed_and_nothing_else(
    heap: list[Any],
    term: Any,  # noqa: ANN401 - hostile
) -> None:
    """No message makes the decoder raise anything but ``Malformed``, or run code."""
    sent: list[object] = [[1], {"a": 1}]
    decoder = Decoder(CLASSES, sent)
    try:
        decoder.read(json.loads(json.dumps(heap)))
        decoder.value(json.loads(json.dumps(term)))
    except Malformed:
        return
    assert len(heap) >= 2


@pytest.mark.parametrize(
    "heap",
    [
        [["o", ["Node", [["__class__", 1]]]]],
        [["o", ["Node", [["a b", 1]]]]],
        [["d", [[["r", 0], 1]]]],
        [["q", []]],
        [None],
        {},
        [["l", [["r", 7]]]],
        [["l", [["r", -1]]]],
        [["l", [["i", "0x" + "f" * 10 + "g"]]]],
    ],
    ids=str,
)
def test_a_message_that_is_not_one_is_refused(heap: Any) -> None:  # noqa: ANN401 - hostile
    """Dunder fields, unhashable keys, unknown tags, numbers off the heap."""
    with pytest.raises(Malformed):
        Decoder(CLASSES).read(heap)


def test_one_kind_cannot_take_the_place_of_another() -> None:
    """An argument that was a list comes back as a list."""
    with pytest.raises(Malformed, match="take the place"):
        Decoder({}, [[1]]).read([["d", []]])
