"""Exceptions of a program that an interpreter would take for its own: none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox.inside.veiled_exceptions import (
    Veiled,
    compiled,
    veil_of,
    veiled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import ProgramOutcome

RAISES = "def f(*args):\n    raise {}"
HOLDS = "[lambda: f(1) == 2, lambda: f(3) == 4]"
ITERATING = {
    "all of map": "assert all(map(lambda n: f(n) == n + 1, [1, 3]))",
    "all of starmap": "from itertools import starmap\n"
    "assert all(g == 2 for g in starmap(f, [(1,), (1,)]))",
    "any of map": "assert not any(map(lambda n: f(n) != n + 1, [1, 3]))",
    "a loop over map": "for got, want in zip(map(f, [1, 3]), [2, 4]):\n"
    "    assert got == want",
    "a list of map": "assert sum(list(map(f, [1, 3]))) in (0, 6)",
    "filter": "assert not list(filter(lambda n: f(n) != n + 1, [1, 3]))",
    "takewhile": "from itertools import takewhile\n"
    "assert not list(takewhile(lambda n: f(n) != n + 1, [1, 3]))",
    "groupby": "from itertools import groupby\n"
    "assert all(k == 2 for k, _ in groupby([1, 1], f))",
    "iter with a sentinel": "assert all(it == 2 for it in iter(lambda: f(1), 9) or [])",
    "next with a default": "assert next(map(f, [1]), 2) == 2",
    "a class with __next__": "class Cases:\n"
    "    def __iter__(self): return self\n"
    "    def __next__(self): return f(1) == 2\n"
    "assert all(Cases())",
    "a class with __getitem__": "class Cases:\n"
    "    def __getitem__(self, n): return f([1, 3][n]) == [2, 4][n]\n"
    "assert all(Cases())",
    "a method in between": "class Cases:\n"
    "    def holds(self, n): return f(n) == n + 1\n"
    "    def __getitem__(self, n): return self.holds([1, 3][n])\n"
    "assert all(Cases())",
    "a property with a default": "class Case:\n"
    "    @property\n"
    "    def wrong(self): return f(1) != 2\n"
    "assert not getattr(Case(), 'wrong', False)",
    "hasattr": "class Case:\n"
    "    def __getattr__(self, name): return f(name)\n"
    "assert not hasattr(Case(), 'fault')",
    "a mapping": "from collections.abc import Mapping\n"
    "class Wrong(Mapping):\n"
    "    def __getitem__(self, n): return f(n) != n + 1\n"
    "    def __iter__(self): return iter(())\n"
    "    def __len__(self): return 0\n"
    "assert not Wrong().get(1)",
    "in": "class Answers:\n"
    "    def __getitem__(self, n): return f(n)\n"
    "assert 7 not in Answers()",
    "a thread": "import threading\n"
    "def check(): assert f(1) == 2\n"
    "t = threading.Thread(target=check); t.start(); t.join()",
    "a finalizer": "class Case:\n    def __del__(self): assert f(1) == 2\nCase()",
    "a pool that nobody asks": "from concurrent.futures import ThreadPoolExecutor\n"
    "def check(n): assert f(n) == n + 1\n"
    "with ThreadPoolExecutor(1) as pool: pool.submit(check, 1)",
    "a coroutine that nobody awaits": "import asyncio\n"
    "async def check(n): assert f(n) == n + 1\n"
    "async def main():\n"
    "    task = asyncio.create_task(check(1))\n"
    "    await asyncio.sleep(0.001)\n"
    "asyncio.run(main())",
    "steps up to the end": "answers, got = map(f, [1, 3]), []\n"
    "while True:\n"
    "    try: got.append(next(answers))\n"
    "    except StopIteration: break\n"
    "assert all(g == w for g, w in zip(got, [2, 4]))",
    "a generator that is sent to": "def checking():\n"
    "    while True:\n"
    "        n = yield\n"
    "        assert f(n) == n + 1\n"
    "check = checking()\n"
    "next(check)\n"
    "try: check.send(1)\n"
    "except StopIteration: pass",
    "a generator in a helper": "def checking():\n"
    "    yield f(1) == 2\n"
    "def step(it): return it.__next__()\n"
    "try: assert step(checking())\n"
    "except StopIteration: pass",
    "an async loop": "import asyncio\n"
    "class Cases:\n"
    "    def __aiter__(self): return self\n"
    "    async def __anext__(self): return f(1)\n"
    "async def check():\n"
    "    async for got in Cases(): assert got == 2\n"
    "asyncio.run(check())",
}
"""Tests through which an exception of the program could get lost."""
SIGNALS = (
    *("StopIteration", "StopIteration(True)", "StopAsyncIteration", "GeneratorExit"),
    *("IndexError", "KeyError(1)", "AttributeError('fault')", "TypeError"),
    "type('Own', (StopIteration,), {})()",
    "type('Own', (IndexError,), {})()",
)


@pytest.mark.parametrize("signal", SIGNALS)
def test_no_exception_ends_the_tests_before_they_are_through(
    outcome: Callable[..., ProgramOutcome], signal: str
) -> None:
    """A program that answers nothing passes no form of test."""
    passed = [
        name
        for name, tests in ITERATING.items()
        if outcome(RAISES.format(signal), tests, time_s=2).kind == "pass"
    ]

    assert passed == []


def test_what_was_raised_is_told(outcome: Callable[..., ProgramOutcome]) -> None:
    """The note names the exception, not the veil."""
    found = outcome(RAISES.format("StopIteration"), ITERATING["all of map"])

    assert (found.kind, found.note) == ("error", "raised StopIteration at line 2")


@pytest.mark.parametrize(
    "tests",
    [
        "try:\n    f()\nexcept {kind}:\n    pass\nelse:\n    assert False",
        (
            "try:\n    f()\nexcept (OSError, {kind}) as e:\n"
            "    assert type(e) is {kind} and e.args == (7,) and str(e) == '7'"
        ),
        "try:\n    f()\nexcept Exception as e:\n    assert isinstance(e, {kind})",
        (
            "def raises(kind, call):\n"
            "    try: call()\n"
            "    except kind: return True\n"
            "assert raises({kind}, f)"
        ),
        (
            "import unittest\n"
            "class T(unittest.TestCase):\n"
            "    def test(self):\n"
            "        with self.assertRaises({kind}): f()\n"
            "        self.assertRaises({kind}, f)\n"
            "        with self.assertRaisesRegex({kind}, '7'): f()\n"
            "T('test').debug()"
        ),
        (
            "import contextlib\n"
            "with contextlib.suppress(ValueError, {kind}):\n"
            "    f()\n"
            "    assert False"
        ),
        (
            "class Raises:\n"
            "    def __enter__(self): return self\n"
            "    def __exit__(self, kind, value, trace):\n"
            "        return kind is {kind} and isinstance(value, {kind})\n"
            "with Raises(): f()"
        ),
        (
            "class Raises:\n"
            "    def __enter__(self): return self\n"
            "    def __exit__(self, *told): return issubclass(told[0], {kind})\n"
            "with Raises(): f()"
        ),
        (
            "from contextlib import contextmanager\n"
            "@contextmanager\n"
            "def raises(kind):\n"
            "    try: yield\n"
            "    except kind: return\n"
            "    assert False\n"
            "with raises({kind}): f()"
        ),
        (
            "class Case:\n"
            "    def __getitem__(self, n): return f()\n"
            "try:\n    Case()[0]\nexcept {kind}:\n    pass\nelse:\n    assert False"
        ),
    ],
    ids=range(10),
)
@pytest.mark.parametrize(
    "kind", ["StopIteration", "AttributeError", "IndexError", "KeyError", "ValueError"]
)
def test_what_the_tests_ask_for_they_catch(
    outcome: Callable[..., ProgramOutcome], tests: str, kind: str
) -> None:
    """A program that has to raise is right when it does, however the tests look."""
    found = outcome(RAISES.format(f"{kind}(7)"), tests.replace("{kind}", kind))

    assert found.kind == "pass", found


@pytest.mark.parametrize("asked", ["KeyError", "ValueError", "RuntimeError"])
def test_another_exception_is_not_the_one_that_is_asked_for(
    outcome: Callable[..., ProgramOutcome], asked: str
) -> None:
    """A veil is related to what the real one is related to, and to nothing else."""
    tests = f"try:\n    f()\nexcept {asked}:\n    pass\n"

    assert outcome(RAISES.format("StopIteration"), tests).kind == "error"
    assert outcome(RAISES.format("IndexError"), tests).kind == "error"


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        pytest.param(
            "class f:\n"
            "    def __init__(self): self.left = 3\n"
            "    def __iter__(self): return self\n"
            "    def __next__(self):\n"
            "        if not self.left: raise StopIteration\n"
            "        self.left -= 1\n"
            "        return self.left\n",
            "o = f()\no.left\nassert list(o) == [2, 1, 0]\nassert next(o, 7) == 7",
            id="an iterator of its own ends",
        ),
        pytest.param(
            "class f:\n    here = 1",
            "o = f()\nassert o.here == 1\nassert not hasattr(o, 'gone')\n"
            "assert getattr(o, 'gone', 5) == 5",
            id="an attribute is missing",
        ),
        pytest.param(
            "class f:\n"
            "    n = 0\n"
            "    def __aiter__(self): return self\n"
            "    async def __anext__(self):\n"
            "        self.n += 1\n"
            "        if self.n > 2: raise StopAsyncIteration\n"
            "        return self.n\n",
            "import asyncio\n"
            "async def check(): return [n async for n in f()]\n"
            "assert asyncio.run(check()) == [1, 2]",
            id="an asynchronous iterator of its own ends",
        ),
        pytest.param(
            "def f(calls):\n    return [call() for call in calls]",
            "def stop(): raise StopIteration\n"
            "try:\n    f([stop])\n"
            "except StopIteration as e:\n    assert e.value is None",
            id="an exception of the tests goes through the program",
        ),
        pytest.param(
            "def f(it):\n    return sum(it)",
            "class Count:\n"
            "    n = 0\n"
            "    def __iter__(self): return self\n"
            "    def __next__(self):\n"
            "        self.n += 1\n"
            "        if self.n > 3: raise StopIteration\n"
            "        return self.n\n"
            "assert f(list(Count())) == 6",
            id="an iterator of the tests ends",
        ),
        pytest.param(
            "def f(n):\n    return n + 1",
            "import threading\n"
            "got = []\n"
            "ts = [threading.Thread(target=lambda n=n: got.append(f(n)))"
            " for n in range(20)]\n"
            "[t.start() for t in ts]; [t.join() for t in ts]\n"
            "assert sorted(got) == list(range(1, 21))",
            id="threads of the tests take turns",
        ),
    ],
)
def test_a_protocol_between_the_two_still_works(
    outcome: Callable[..., ProgramOutcome], source: str, tests: str
) -> None:
    """What ends an iteration of the program's own object ends it among the tests."""
    found = outcome(source, tests)

    assert found.kind == "pass", found


def test_a_veil_is_related_as_the_real_one_is() -> None:
    """Its class, its arguments and its notes are those of the real exception."""
    error = UnicodeDecodeError("utf-8", b"x", 0, 1, "why")
    error.add_note("a note")
    found = veiled(error)

    assert isinstance(found, veil_of(ValueError))
    assert isinstance(found, Veiled)
    assert not isinstance(found, ValueError)
    assert (found.args, found.__notes__) == (error.args, ["a note"])
    assert veil_of(Exception) is Exception


def test_tests_that_catch_nothing_are_compiled_as_they_are() -> None:
    """No name of ours is in their code."""
    assert compiled("assert 1", "t").co_names == ()
    assert ".caught" in compiled("try: x\nexcept E: y", "t").co_names
