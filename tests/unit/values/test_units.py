"""Durations, sizes and bounds as people type them, and what is none of these."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.units import BYTES, SECONDS, named, seconds, size

WHERE = "--llm-x"
LETTERS = st.sampled_from("0123456789.eE+-_ \tµsmhinkKgGiIbBµμ٣½") | st.characters()
JUNK = [
    "",
    " ",
    "s",
    ".",
    "1.",
    "1..2",
    "1,5",
    "1_000",
    "-1",
    "+1",
    "1 2",
    "1e",
    "e3",
    "0x10",
    "nan",
    "inf",
    "infinity",
    "٣",
    "1s2",
    "2\n3",
    "1 parsec",
]
"""Nothing of this is a number with a unit."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", 2.0),
        ("2.5", 2.5),
        (".5", 0.5),
        ("2.5s", 2.5),
        ("500ms", 0.5),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("3min", 180.0),
        ("2h", 7200.0),
        ("1e3", 1000.0),
        ("1E-3s", 0.001),
        (" 2 s ", 2.0),
        ("2 MIN", 120.0),
        ("1S", 1.0),
    ],
)
def test_a_duration_is_read_with_its_unit(text: str, expected: float) -> None:
    """A bare number is seconds; case and blanks do not matter."""
    assert seconds(text, where=WHERE) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000", 1000),
        ("7b", 7),
        ("1kB", 1000),
        ("1KiB", 1024),
        ("512MB", 512_000_000),
        ("512mb", 512_000_000),
        ("1GiB", 1 << 30),
        ("1.5 GiB", 3 << 29),
        ("2TB", 2 * 10**12),
        ("1TiB", 1 << 40),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, expected: int) -> None:
    """A bare number is bytes, powers of ten and of two are told apart."""
    found = size(text, where=WHERE)

    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize("text", JUNK)
@pytest.mark.parametrize("read", [seconds, size])
def test_what_is_no_quantity_shows_place_text_and_examples(
    read: type, text: str
) -> None:
    """The message says where it stood, what it was and how to write it."""
    with pytest.raises(UsageError) as caught:
        read(text, where=WHERE)

    assert str(caught.value).startswith(f"{WHERE}: {text!r} is not understood; write ")


@pytest.mark.parametrize(("read", "unit"), [(seconds, "kB"), (size, "s")])
def test_a_unit_of_another_kind_is_refused(read: type, unit: str) -> None:
    """A duration is not given in bytes, nor a size in seconds."""
    with pytest.raises(UsageError, match="is not understood"):
        read(f"1{unit}", where=WHERE)


@pytest.mark.parametrize("text", ["0", "0.0s", "0e5", "1e999", "1e-999"])
@pytest.mark.parametrize("read", [seconds, size])
def test_nothing_and_endless_are_refused(read: type, text: str) -> None:
    """A limit of 0 would stop everything, and one without an end nothing."""
    text = text if read is seconds else text.removesuffix("s")

    with pytest.raises(UsageError, match="must be above 0 and finite"):
        read(text, where=WHERE)


@pytest.mark.parametrize("text", ["0.4", "0.5b", "1e-9", "0.0001kB"])
def test_a_size_below_a_byte_is_refused(text: str) -> None:
    """It would be rounded to 0, and a limit of 0 is none that was asked for."""
    with pytest.raises(UsageError):
        size(text, where=WHERE)


@given(st.lists(LETTERS, max_size=12).map("".join))
@example("1" * 400)
@example("9" * 400 + "h")
def test_a_quantity_is_above_0_and_finite_or_refused(text: str) -> None:
    """Whatever was typed, no other number comes back and nothing else is raised."""
    for read in (seconds, size):
        try:
            found = read(text, where=WHERE)
        except UsageError:
            continue
        assert 0 < found < math.inf


@given(
    st.floats(1e-3, 1e6, allow_subnormal=False),
    st.sampled_from([*SECONDS.items()]),
)
def test_a_number_comes_back_times_its_unit(
    number: float, unit: tuple[str, float]
) -> None:
    """As Python writes a number, so it is read."""
    name, factor = unit

    assert seconds(f"{number!r}{name}", where=WHERE) == pytest.approx(number * factor)


def test_units_of_size_are_what_they_are_called() -> None:
    """The two kinds of prefix differ by 24, 48, 73 and 99 parts in a thousand."""
    assert {unit: BYTES[f"{unit}ib"] / BYTES[f"{unit}b"] for unit in "kmgt"} == {
        unit: pytest.approx(1.024**power) for power, unit in enumerate("kmgt", start=1)
    }


@pytest.mark.parametrize(
    "text", ["a=1 b=2", " b=2  a=1 ", "a=1,b=2", "a=1, b=2", "a=1\tb=2"]
)
def test_names_are_separated_by_blanks_or_commas(text: str) -> None:
    """Their order does not matter."""
    assert named(text, ("a", "b", "c"), where=WHERE) == {"a": "1", "b": "2"}


def test_a_value_may_hold_the_sign() -> None:
    """Only the first one separates; what follows is for whoever reads the value."""
    assert named("a=1=2", ("a",), where=WHERE) == {"a": "1=2"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("d=1", "d=1"),
        ("A=1", "A=1"),
        ("a", "a"),
        ("a=", "a="),
        ("=1", "=1"),
        ("a:1", "a:1"),
        ("a=1 b", "b"),
        ("a = 1", "a"),
        ("a=1,", ""),
        ("", ""),
    ],
)
def test_what_is_no_name_with_a_value_shows_the_grammar(text: str, part: str) -> None:
    """The part that is wrong stands in the message, and so do all names."""
    with pytest.raises(UsageError) as caught:
        named(text, ("a", "b"), where=WHERE)

    assert str(caught.value) == (
        f"{WHERE}: {part!r} is not understood;"
        " write NAME=VALUE, separated by blanks; names: a, b"
    )


def test_the_grammar_shows_the_sign_that_is_asked_for() -> None:
    """A bound is written with another sign than a setting."""
    with pytest.raises(UsageError, match="write NAME<VALUE"):
        named("a=1", ("a",), where=WHERE, sign="<")


@pytest.mark.parametrize("text", ["a=1 a=2", "a=1 b=3 a=1"])
def test_a_name_that_stands_there_twice_is_refused(text: str) -> None:
    """Nobody could say which of the two counts."""
    with pytest.raises(UsageError, match=f"{WHERE}: 'a' stands there twice"):
        named(text, ("a", "b"), where=WHERE)


@given(st.text(max_size=20))
def test_names_are_known_and_have_values_or_are_refused(text: str) -> None:
    """Whatever was typed, no unknown name and no empty value comes back."""
    try:
        found = named(text, ("a", "b"), where=WHERE)
    except UsageError:
        return
    assert set(found) <= {"a", "b"}
    assert found
    assert all(found.values())
