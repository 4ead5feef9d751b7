"""What tests need of a candidate is read off their text, and never more than that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.sandbox.inside.demands import Demands, demands


class Node:
    """A class as a stub defines one."""

    def __init__(self, value: object) -> None:
        """Hold a value."""
        self.value = value


def read(tests: str, entry_point: str = "f", **space: object) -> Demands:
    """Return what tests need."""
    return demands(tests, entry_point, space)


@pytest.mark.parametrize(
    "tests",
    [
        "assert f(1) == 2",
        "assert abs(f(1) - 2.0) < 1e-9",
        "assert f('a').upper() == 'A' and f('a').count('a') == 1",
        "x = f([3, 1])\nx.sort()\nassert x[0].bit_length() == 1",
        "for item in f(3):\n    assert item.startswith('a')",
        "def check(candidate):\n    r = candidate(1)\n    assert r.strip() == 'a'\n",
        "import math\nassert math.isclose(f(1), math.pi)",
        "class N:\n    def __init__(self): self.to = None\nassert f(N()).to is None",
        "n = f(Node(1))\nassert n.value == 1",
        "import io\nout = io.StringIO()\nout.write(f(1))\nassert out.getvalue() == 'a'",
        "import asyncio\nassert asyncio.run(f(1)) == 1",
        "g = lambda x: x + 1\nassert g(f(1)) == 3",
        "from math import *\nassert sqrt(f(1)) == 1",
        "assert f(1 ==",
        "x = [" * 500,
    ],
)
def test_tests_of_values_see_values(tests: str) -> None:
    """An object would be a way to say yes to every question."""
    assert read(tests, Node=Node) == Demands(objects=False, printed=False, names=())


@pytest.mark.parametrize(
    "tests",
    [
        "s = f()\ns.push(1)",
        "assert f('a1').group() == '1'",
        "assert f(1)(2) == 3",
        "add = f(1)\nassert add(2) == 3",
        "for item in f(3):\n    assert item.name == 'a'",
        "a, b = f(1)\nassert a.left is b.right",
        "with f() as it: pass",
        "@f\ndef g(x): return x\nassert g(1) == 1",
        "assert [each.name for each in f(2)] == ['a', 'b']",
        "def check(candidate):\n    assert candidate(1).head.value == 1",
        "if (it := f(1)): assert it.name",
    ],
)
def test_tests_of_objects_see_objects(tests: str) -> None:
    """An answer is called, or has an attribute that no value has."""
    assert read(tests).objects


@pytest.mark.parametrize(
    ("entry_point", "space", "expected"),
    [
        ("Stack", {}, True),
        ("_Stack", {}, True),
        ("node", {"node": Node}, True),
        ("Strongest", {"Strongest": len}, False),
        ("stack", {}, False),
    ],
)
def test_a_class_is_an_object(
    entry_point: str, space: dict[str, object], *, expected: bool
) -> None:
    """By the stub, which says what it is; else by its capital."""
    found = demands(f"assert {entry_point}(1) == 1", entry_point, space)

    assert found.objects is expected


def test_other_names_of_the_program_are_found() -> None:
    """What the tests use and neither they nor Python nor the stub define."""
    found = read("assert f(Square(2)) == len(helper(Node(1)))", Node=Node)

    assert found == Demands(objects=True, printed=False, names=("Square", "helper"))


@pytest.mark.parametrize(
    ("tests", "names", "modules"),
    [
        ("assert math.isclose(f(1), math.pi)", (), ("math",)),
        ("assert Counter(f(1)) == Counter('a')", (), ("Counter",)),
        ("assert calendar.add(f(1)) == 2", ("calendar",), ()),
        ("assert median(f(1)) == 2", ("median",), ()),
        ("assert np.allclose(f(1), 2)", (), ()),
    ],
)
def test_a_module_that_tests_forgot_is_python_s(
    tests: str, names: tuple[str, ...], modules: tuple[str, ...]
) -> None:
    """If it has what they use of it; one of a library is nobody's to give."""
    found = read(tests)

    assert (found.names, found.modules) == (names, modules)


def test_tests_that_look_at_what_is_printed_say_so() -> None:
    """By the word that they cannot do without."""
    tests = (
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): f(1)"
    )

    assert read(tests) == Demands(objects=False, printed=True, names=())


@given(st.text())
def test_any_text_is_read(tests: str) -> None:
    """What is no Python needs nothing: it will be told when it is run."""
    assert isinstance(read(tests), Demands)
