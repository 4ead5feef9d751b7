"""Open tables: entry points of any distribution, hooks of any session, and clashes."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PathDistribution
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.errors import BadExtension, LLMLatError, UnknownName
from pytest_llmlat.values.extensions import OURS, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = "pytest_llmlat.gadgets"


def a_number(name: str, value: object) -> int:
    """Take whole numbers."""
    if type(value) is not int:
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    return value


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of modules and of what is installed."""
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        del sys.modules[name]


def install(place: Path, distribution: str, **points: str) -> None:
    """Install a distribution with entry points of our group."""
    info = place / f"{distribution}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {distribution}\nVersion: 2.0\n", "utf-8")
    lines = [f"[{GROUP}]", *(f"{name} = {at}" for name, at in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")


def a_table(place: Path) -> Table[int]:
    """Return a table of what is installed."""
    (place / "ours.py").write_text("one, two = 1, 2\n", "utf-8")
    if not (place / f"{OURS}-2.0.dist-info").exists():
        install(place, OURS, one="ours:one", two="ours:two")
    infos = place.glob("*.dist-info")
    points = [point for info in infos for point in PathDistribution(info).entry_points]
    return Table(
        "gadgets",
        "gadget",
        a_number,
        declared=lambda group: [point for point in points if point.group == group],
    )


def test_names_are_there_before_anything_is_imported(place: Path) -> None:
    """Whoever lists names, or asks for one, pays for no other."""
    install(place, "other", three="theirs:three", four="absent:four")
    (place / "theirs.py").write_text("three = 3\n", "utf-8")
    table = a_table(place)

    assert list(table) == ["one", "two", "four", "three"]
    assert "three" in table
    assert not {"ours", "theirs"} & {*sys.modules}
    assert table["three"] == 3
    assert "ours" not in sys.modules


def test_an_unknown_name_lists_the_nearest_and_all(place: Path) -> None:
    """A typo is mended at once, and who is lost sees what there is."""
    with pytest.raises(UnknownName) as told:
        a_table(place).find("tow", where="FILE: tasks.x")

    assert str(told.value) == (
        "FILE: tasks.x: unknown gadget 'tow'; did you mean 'two'? known: one, two."
        f" Others come by an entry point of '{GROUP}' or a hook."
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nothing_of_that_name", "cannot be imported: ModuleNotFoundError: No"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("three = 1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("four = 4", "cannot be imported: AttributeError: module 'theirs' has no"),
        ("three = '3'", "three must be a whole number, not '3'"),
    ],
)
def test_a_broken_one_harms_only_who_asks_for_it(
    place: Path, source: str, reason: str
) -> None:
    """It is told whose it is and what is wrong; the rest of the table works."""
    install(place, "other", three="theirs:three")
    (place / "theirs.py").write_text(source, "utf-8")
    table = a_table(place)

    assert table["one"] == 1
    assert table.problems() == ()
    with pytest.raises(BadExtension) as told:
        table.find("three", where="here")
    assert str(told.value).startswith(
        f"gadget 'three' of other 2.0 (entry point 'three' = 'theirs:three' of"
        f" '{GROUP}'): {reason}"
    )
    with pytest.raises(BadExtension, match=re.escape(str(told.value))):
        table.find("three", where="here")
    assert table.working() == {"one": 1, "two": 2}
    assert table.problems() == (str(told.value),)


def test_it_is_told_whose_an_extension_is(place: Path) -> None:
    """That of a session is its hook's, for as long as it lasts."""
    table = a_table(place)
    undo = table.add([("a hook", {"three": 3})])

    assert table.owner("one").startswith(f"{OURS} 2.0 (entry point 'one'")
    assert table.owner("three") == "a hook"
    undo()
    with pytest.raises(KeyError):
        table.owner("three")


def test_nobody_takes_our_names(place: Path) -> None:
    """Ours stays, whatever the other distribution is called, and it is told."""
    install(place, "a-first", one="theirs:one")
    table = a_table(place)

    assert table["one"] == 1
    (told,) = table.problems()
    assert told == (
        f"gadget 'one' is declared by {OURS} 2.0 (entry point 'one' = 'ours:one' of"
        f" '{GROUP}') and by a-first 2.0 (entry point 'one' = 'theirs:one' of"
        f" '{GROUP}'): it stays with the first"
    )


def test_of_two_others_with_one_name_nobody_has_it(place: Path) -> None:
    """Which of them is meant nobody knows: to guess may give a wrong number."""
    install(place, "b", three="ours:one")
    install(place, "a", three="ours:two")
    table = a_table(place)

    with pytest.raises(BadExtension, match=r"by a 2\.0 .* and by b 2\.0 .* nobody"):
        table.find("three", where="here")
    assert table["two"] == 2


def test_metadata_older_than_the_code_is_told(place: Path) -> None:
    """A checkout that was updated and not installed again has empty tables."""
    install(place, OURS)
    table = a_table(place)

    with pytest.raises(LLMLatError, match=f"{GROUP}.*install it again"):
        "one" in table  # noqa: B015 - to ask is enough

    # At the end of a run it is one of the lines, and no scoreboard is lost by it.
    (told,) = table.problems()
    assert "install it again" in told


def test_what_a_session_adds_ends_with_it(place: Path) -> None:
    """A session inside another comes first, and leaves the outer one as it was."""
    table = a_table(place)
    assert "three" not in table

    end_outer = table.add([("conftest", {"three": 3})])
    end_inner = table.add([("conftest of pytester", {"three": 33, "four": 4})])

    assert (table["three"], table["four"], len(table)) == (33, 4, 4)
    assert table.added == {"three", "four"}
    end_inner()
    assert (table["three"], "four" in table) == (3, False)
    end_outer()
    assert list(table) == ["one", "two"]
    with pytest.raises(KeyError):
        table["three"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([{"one": 3}], "gadget 'one' of hook 0: the name is taken by pytest-llmlat 2"),
        ([{"three": 3}, {"three": 3}], "of hook 1: the name is taken by hook 0"),
        ([{"three": "3"}], "of hook 0: three must be a whole number"),
        ([{" x": 3}], "' x' of hook 0: its name"),
        ([{7: 3}], "7 of hook 0: its name"),
    ],
)
def test_a_session_adds_all_or_nothing(
    place: Path, given: list[dict[str, object]], complaint: str
) -> None:
    """A taken name, or a wrong value, is told with who gives it."""
    table = a_table(place)
    givers = [(f"hook {place}", mapping) for place, mapping in enumerate(given)]

    with pytest.raises(BadExtension) as told:
        table.add([("a good hook", {"good": 5}), *givers])

    assert complaint in str(told.value)
    assert "good" not in table
