"""What the tests see of a candidate, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import ProgramOutcome

RETURNS = "def f(*args, **kwargs):\n    return {}"


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        pytest.param("def f(): return 1", "assert f() == 1", id="a value"),
        pytest.param(
            "def f(x): x.sort()",
            "v = [3, 1]; assert f(v) is None; assert v == [1, 3]",
            id="an argument sorted in place",
        ),
        pytest.param(
            "def f(x): x['a'].append(x)",
            "v = {'a': []}; f(v); assert v['a'][0] is v",
            id="an argument that comes to hold itself",
        ),
        pytest.param(
            "def f(x): x[0] = float(x[0])",
            "v = [1]; f(v); assert type(v[0]) is float",
            id="an argument that changes its type alone",
        ),
        pytest.param("def f(x): return x", "v = []; assert f(v) is v", id="identity"),
        pytest.param(
            "def f(n):\n    for i in range(n): yield i",
            "assert list(f(3)) == [0, 1, 2]; assert next(f(1)) == 0",
            id="a generator",
        ),
        pytest.param(
            "def f(x): return {(1, 2): {3}, None: b'x', 1.5: 2**200}",
            "assert f(0) == {(1, 2): {3}, None: b'x', 1.5: 2**200}",
            id="a mixed value",
        ),
        pytest.param(
            "def f(*, key): return key",
            "assert f(key='k') == 'k'",
            id="named arguments",
        ),
        pytest.param(
            "def f(x): raise KeyError('x', 1)",
            "try:\n    f(1)\nexcept KeyError as e:\n    assert e.args == ('x', 1)\n"
            "else:\n    assert False",
            id="an exception that is asked for",
        ),
        pytest.param(
            "class E(ValueError): pass\ndef f(): raise E('no')",
            "try:\n    f()\nexcept ValueError as e:\n    assert str(e) == 'no'",
            id="an exception of its own, as its base",
        ),
        pytest.param(
            "def f(n): return n + 1",
            "def check(candidate):\n    assert candidate(1) == 2\n",
            id="a check that nobody calls",
        ),
        pytest.param(
            "def f(n): return n + 1",
            "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)",
            id="a check that is called",
        ),
        pytest.param(
            "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int = 1\n"
            "def f(): return P().x",
            "assert f() == 1",
            id="a dataclass in its module",
        ),
        pytest.param(
            "def f(): return __name__",
            "assert f() != '__main__'",
            id="no main guard runs",
        ),
        pytest.param(
            "import random\ndef f(): return random.random()",
            "import random; random.seed(0); assert f() == random.random()",
            id="a known seed",
        ),
    ],
)
def test_a_right_program_passes(
    outcome: Callable[..., ProgramOutcome], source: str, tests: str
) -> None:
    """What the tests would see in one interpreter, they see across two."""
    found = outcome(source, tests)

    assert found.kind == "pass", found
    assert found.calls >= 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("[1]", "(1,)"),
        ("(1,)", "[1]"),
        ("{'1': 1}", "{1: 1}"),
        ("'1'", "1"),
        ("b'a'", "'a'"),
        ("(x for x in [1])", "[1]"),
        ("float('nan')", "float('nan')"),
        ("1", "True and None"),
        ("None", "1"),
        ("f", "f"),
        ("object()", "1"),
        ("print", "1"),
    ],
)
def test_a_wrong_value_is_wrong(
    outcome: Callable[..., ProgramOutcome], answer: str, expected: str
) -> None:
    """Kinds of value are told apart, and what does not cross equals nothing."""
    found = outcome(RETURNS.format(answer), f"assert f() == ({expected})")

    assert (found.kind, found.calls) == ("wrong", 1)


def test_a_wrong_answer_is_shown_with_its_test(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """The note names the line of the tests and the answer."""
    note = outcome("def f(): return [0] * 9", "x = 1\nassert f() == [x]\n").note

    assert note == (
        "line 2 of the tests: assert f() == [x];"
        " the last answer was [0, 0, 0, 0, 0, 0, 0, 0, 0]"
    )


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("def f(:", "error", "does not compile: SyntaxError"),
        ("x = '\\0'\n\0", "error", "does not compile"),
        ("x = '\ud800'", "error", "does not compile: UnicodeEncodeError"),
        ("def g(): pass", "error", "defines no function f"),
        ("f = 1", "error", "defines no function f"),
        ("1 / 0", "error", "module raised ZeroDivisionError: division by zero at"),
        ("def f(): return {}[1]", "error", "raised KeyError: 1 at line 1"),
        ("def f(): return f()", "error", "RecursionError"),
        ("def f(): raise AssertionError", "error", "raised AssertionError"),
        ("def f(): raise SystemExit(0)", "error", "raised SystemExit: 0"),
        ("def f(): raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("def f(): return input()", "error", "EOFError"),
        ("import nowhere\ndef f(): return 1", "error", "ModuleNotFoundError"),
        ("class E(Exception): pass\ndef f(): raise E('m')", "error", "raised E: m"),
        ("x = bytearray(1 << 40)", "memory", "MemoryError"),
        ("def f(): return [0] * (1 << 34)", "memory", "MemoryError"),
        ("import os\ndef f(): os._exit(0)", "crash", "status 0"),
        ("import os\ndef f(): os.abort()", "crash", "SIGABRT"),
        ("import ctypes\ndef f(): ctypes.string_at(0)", "crash", "SIGSEGV"),
        ("def f(): open('/etc/passwd')", "refused", "Permission"),
        ("import os\ndef f(): os.fork()", "refused", "Operation not permitted"),
        ("def f(): return 'x' * (1 << 21)", "refused", "the limit is 1048"),
        ("def f(): return [0] * (1 << 21)", "refused", "longer than the limit"),
        ("while True: print('x' * 9999)", "refused", "printed more than 1048576"),
        ("import os\ndef f(): os.write(3, b'\\0' * 9)", "refused", "no answer"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_bad_program_is_told_by_kind_and_note(
    outcome: Callable[..., ProgramOutcome], source: str, kind: str, words: str
) -> None:
    """Each way to fail has its kind, and a line that a person understands."""
    found = outcome(source)

    assert (found.kind, words in found.note) == (kind, True), found


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("while True: pass", id="in its module"),
        pytest.param("def f():\n    while True: pass", id="in a call"),
        pytest.param("import time\ntime.sleep(600)", id="asleep"),
        pytest.param(
            "import itertools\ndef f(): return (x for x in itertools.repeat(1) if 0)",
            id="in an iterator that gives nothing",
        ),
        pytest.param(
            "import signal\n"
            "for n in (2, 14, 15, 24): signal.signal(n, signal.SIG_IGN)\n"
            "while True: pass",
            id="deaf to signals",
        ),
    ],
)
def test_a_program_that_does_not_end_is_ended(
    outcome: Callable[..., ProgramOutcome], source: str
) -> None:
    """The clock is on the outside: nothing that a program does can stop it."""
    found = outcome(source, time_s=0.3)

    assert found.kind == "timeout"
    assert found.note == "still running after 0.3 s"


def test_tests_that_an_answer_makes_endless_are_ended(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """A ring instead of a list makes the tests loop: the candidate has failed."""
    source = "def f(n):\n    n.next = n\n    return n"
    tests = (
        "class N: next = None\n"
        "n = f(N())\n"
        "while n: n = n.next\n"
    )  # fmt: skip

    assert outcome(source, tests, time_s=0.3).kind == "timeout"


def test_a_thread_left_running_does_no_harm(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """The program has answered; what it left behind ends with its process."""
    source = (
        "import threading\n"
        "def loop():\n"
        "    while True: pass\n"
        "threading.Thread(target=loop).start()\n"
        "def f(): return 1"
    )

    assert outcome(source).kind == "pass"


def test_nodes_of_the_tests_reach_the_candidate_and_come_back(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """A list is reversed in place, and the nodes are the very same ones."""
    source = (
        "def f(node):\n"
        "    before = None\n"
        "    while node:\n"
        "        node.next, before, node = before, node, node.next\n"
        "    return before"
    )
    tests = (
        "class Node:\n"
        "    def __init__(self, value, next=None):\n"
        "        self.value, self.next = value, next\n"
        "c = Node(3); b = Node(2, c); a = Node(1, b)\n"
        "assert f(a) is c and c.next is b and b.next is a and a.next is None\n"
    )

    assert outcome(source, tests).kind == "pass"


def test_a_class_of_the_stub_crosses_from_the_candidate(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """Both sides have run the prompt; a node made over there is one here."""
    stub = (
        "class Node:\n"
        "    def __init__(self, value): self.value = value\n"
        "    def __eq__(self, other): return self.value == other.value\n"
        "def f(value):\n"
        "    '''Return a node.'''\n"
    )

    found = outcome(f"{stub}    return Node(value)\n", "assert f(4) == Node(4)", stub)
    assert found.kind == "pass", found


def test_the_stub_gives_the_tests_its_helpers(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """HumanEval's tests call functions of the prompt, which may lack its last body."""
    stub = "import math\ndef helper(x): return math.floor(x) + 1\ndef f(x):"

    found = outcome("def f(x): return x * 2", "assert f(helper(1.5)) == 4", stub)

    assert found.kind == "pass", found


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("x = 1", "make no call of f"),
        ("assert nothing() == f()", "the tests are broken: NameError"),
        ("assert f( == 1", "the tests are broken: SyntaxError"),
        ("f(object())", "the tests cannot be judged: a value of type object"),
        ("f(); missing", "the tests are broken: NameError"),
    ],
)
def test_broken_tests_are_an_error_and_say_so(
    outcome: Callable[..., ProgramOutcome], tests: str, words: str
) -> None:
    """A fault of the task is not taken for one of the candidate's answers."""
    found = outcome("def f(*args): return 1", tests)

    assert (found.kind, words in found.note) == ("error", True), found


def test_tests_that_swallow_everything_do_not_hide_a_death(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """Once the candidate is gone, no bare ``except`` turns that into a pass."""
    tests = "try:\n    f()\nexcept:\n    pass\n"

    assert outcome("import os\ndef f(): os._exit(0)", tests).kind == "crash"


def test_an_answer_that_the_tests_cannot_use_is_wrong(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """``None`` where a number is expected fails as an answer, not as a broken test."""
    found = outcome("def f(): pass", "assert abs(f() - 1) < 0.1")

    assert found.kind == "wrong"
    assert "the answer None gave TypeError" in found.note
