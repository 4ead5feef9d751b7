"""What has no exact form crosses as something to be asked: objects, functions, waits.

And it stays as it was that no object of a candidate passes for a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import ProgramOutcome, Sandbox

STACK = """
class Empty(IndexError): pass
class Stack:
    kind = 'lifo'
    def __init__(self, items=()): self.items = list(items)
    def push(self, x): self.items.append(x); return self
    def pop(self):
        if not self.items: raise Empty('empty')
        return self.items.pop()
    @property
    def top(self): return self.items[-1]
    @classmethod
    def of(cls, *items): return cls(items)
    def __len__(self): return len(self.items)
    def __contains__(self, x): return x in self.items
    def __iter__(self): return iter(self.items)
    def __getitem__(self, i): return self.items[i]
    def __setitem__(self, i, x): self.items[i] = x
    def __eq__(self, other): return [*self] == [*other] and type(other) is Stack
    def __hash__(self): return hash(tuple(self.items))
    def __add__(self, other): return Stack([*self.items, *other])
    def __radd__(self, other): return Stack([*other, *self.items])
    def __iadd__(self, other): self.items += other; return self
    def __lt__(self, other): return len(self) < len(other)
    def __repr__(self): return f'Stack({self.items})'
    def __enter__(self): return self
    def __exit__(self, *raised): self.items.clear(); return False
    def __call__(self, x): return [x, *self.items]
    async def later(self): return self.items[0]
"""


@pytest.fixture
def judged(sandbox: Sandbox) -> Callable[..., ProgramOutcome]:
    """Give a function that runs a program against tests of an entry point."""

    def run(
        source: str, tests: str, entry_point: str = "f", **limits: float
    ) -> ProgramOutcome:
        program = Program(source=source, tests=tests, entry_point=entry_point)
        return sandbox.run(program, ProgramLimits(**limits))  # type: ignore[arg-type]  # by name

    return run


@pytest.mark.parametrize(
    "tests",
    [
        "s.push(1).push(2)\nassert s.pop() == 2 and s.top == 1",
        "s.push(3)\nassert len(s) == 1 and 3 in s and 4 not in s and s[0] == 3",
        "assert not s\ns.push(0)\nassert s",
        "s.push(1)\ns[0] = 9\nassert list(s) == [9] and [x for x in s] == [9]",
        "assert Stack([1]) == Stack([1]) and Stack([1]) != Stack([2])",
        "assert Stack([1]) != [1] and not Stack([1]) == [1]",
        "assert (Stack([1]) + [2]).items == [1, 2] == ([1] + Stack([2])).items",
        "t = s\ns += [4]\nassert t is s and t.items == [4]",
        "assert Stack() < Stack([1]) and not Stack([1]) < Stack()",
        "assert isinstance(s, Stack) and not isinstance([], Stack)",
        "assert Stack.of(1, 2).items == [1, 2] and Stack.kind == 'lifo'",
        "assert repr(Stack([1])) == str(Stack([1])) == 'Stack([1])'",
        "assert len({Stack([1]), Stack([1]), Stack([2])}) == 2",
        "with Stack([1]) as t: assert t.items == [1]\nassert t.items == []",
        "assert Stack([2])(1) == [1, 2]",
        "try: s.pop()\nexcept IndexError as e: assert str(e) == 'empty'",
        "s.name = 'x'\nassert s.name == 'x' and not hasattr(s, 'nothing')",
        "del s.items\nassert not hasattr(s, 'items')",
        "import asyncio\nassert asyncio.run(Stack([5]).later()) == 5",
        "import copy\nt = copy.deepcopy(s)\nt.push(1)\nassert len(s) == 0",
        "assert type(s).__name__ == 'Stack' and Stack.__name__ == 'Stack'",
        "assert s.pop.__name__ == 'pop'",
        "def check(candidate):\n    c = candidate([1])\n    assert c.pop() == 1\n",
        "try: Stack().pop()\nexcept Empty: pass\nexcept IndexError: pass",
        "assert max(Stack([1]), Stack([1, 2])).items == [1, 2]",
        "assert sorted([Stack([1, 2]), Stack()])[0].items == []",
    ],
)
def test_an_object_is_used_by_asking(
    judged: Callable[..., ProgramOutcome], tests: str
) -> None:
    """Methods, attributes, operators, classes: as in one interpreter."""
    found = judged(STACK, f"s = Stack()\n{tests}\n", "Stack")

    assert found.kind == "pass", found


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ("def f(g, x): return g(g(x))", "assert f(lambda n: n + 1, 1) == 3"),
        ("def f(g, x): return [*map(g, x)]", "assert f(str.upper, 'ab') == ['A', 'B']"),
        ("def f(g, x): return g(x)", "assert f(len, [1]) == 1 and f(int, '7') == 7"),
        ("def f(g, x): return g(x)", "import math\nassert f(math.sqrt, 4.0) == 2.0"),
        (
            "def f(g, x):\n    for i in x: g(i)",
            "seen = []\nf(seen.append, [1, 2])\nassert seen == [1, 2]",
        ),
        (
            "def f(g):\n    try: return g()\n    except KeyError as e: return e.args",
            "def g(): raise KeyError('k')\nassert f(g) == ('k',)",
        ),
        ("def f(g, x): return g(x)", "assert f(lambda n: f(abs, n), -3) == 3"),
        ("def f(g): return g", "def g(): pass\nassert f(g) is g"),
        ("def f(g): return lambda x: g(x) * 2", "assert f(lambda n: n + 1)(2) == 6"),
        ("def f(n): return lambda x: x + n", "add = f(2)\nassert add(3) == 5"),
        (
            "def f(x, key): return sorted(x, key=key)",
            "assert f([1, 2], lambda n: -n) == [2, 1]",
        ),
        (
            "def f(x, g):\n    g(x)\n    return x",
            "def g(x): x.append(1)\nassert f([], g) == [1]",
        ),
        ("def f(kind): return kind is int", "assert f(int)"),
        ("def f(): return ValueError", "assert f() is ValueError"),
        (
            "def f(kind): raise kind(1)",
            "class Own(ValueError): pass\ntry: f(Own)\nexcept Own as e: e.args == (1,)",
        ),
        (
            (
                "from functools import wraps\ndef f(g):\n    @wraps(g)\n"
                "    def h(*a): return g(*a) + 1\n    return h"
            ),
            "@f\ndef g(x): return x\nassert g(1) == 2 and g.__name__ == 'g'",
        ),
        (
            (
                "from concurrent.futures import ThreadPoolExecutor\n"
                "def f(g, xs):\n    with ThreadPoolExecutor(2) as pool:\n"
                "        return list(pool.map(g, xs))"
            ),
            "assert f(lambda n: n * n, range(9)) == [n * n for n in range(9)]",
        ),
    ],
)
def test_a_function_is_called_where_it_is(
    judged: Callable[..., ProgramOutcome], source: str, tests: str
) -> None:
    """As argument and as result, and what it raises and changes is seen."""
    found = judged(source, tests)

    assert found.kind == "pass", found


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        (
            "async def f(x): return sum(x)",
            "import asyncio\nassert asyncio.run(f([1, 2])) == 3",
        ),
        (
            "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x",
            (
                "import asyncio\nasync def t():\n    assert await f(1) == 1\n"
                "    assert await asyncio.gather(f(2), f(3)) == [2, 3]\n"
                "asyncio.run(t())"
            ),
        ),
        (
            "async def f(g, x): return await g(x)",
            (
                "import asyncio\nasync def g(x):\n    await asyncio.sleep(0)\n"
                "    return x + 1\nassert asyncio.run(f(g, 1)) == 2"
            ),
        ),
        (
            "async def f(): raise KeyError('k')",
            (
                "import asyncio\ntry: asyncio.run(f())\nexcept KeyError: pass\n"
                "else: assert False"
            ),
        ),
    ],
)
def test_a_coroutine_is_awaited_where_it_is(
    judged: Callable[..., ProgramOutcome], source: str, tests: str
) -> None:
    """What it returns and raises is what an awaiting test gets."""
    found = judged(source, tests)

    assert found.kind == "pass", found


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        (
            "import re\ndef f(t): return re.search('[0-9]+', t)",
            "assert f('a12').group() == '12'",
        ),
        (
            (
                "from collections import namedtuple\nP = namedtuple('P', 'x y')\n"
                "def f(): return P(1, 2)"
            ),
            "assert f() == (1, 2) and f().x == 1 and f()._fields == ('x', 'y')",
        ),
        (
            (
                "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n"
                "def f(p): return P(p.x + 1)"
            ),
            "assert f(P(1)) == P(2) and f(P(1)).x == 2",
        ),
        ("def f(x): print(x.upper()); return 1", "assert f('a') == 1"),
        (
            "class Clock: pass\ndef f(clock): return clock.now() + 1",
            (
                "class Watch:\n    def __init__(self): self.t = 0\n"
                "    def now(self): self.t += 1; return self.t\n"
                "w = Watch()\nassert f(w) == 2 and f(w) == 3 and w.t == 2"
            ),
        ),
        (
            "def f(text): print(text.upper()); print('x', end='')",
            (
                "import io, contextlib\nout = io.StringIO()\n"
                "with contextlib.redirect_stdout(out): f('a')\n"
                "assert out.getvalue() == 'A\\nx'"
            ),
        ),
        (
            "def f(g):\n    print(1); g(); print(3)",
            (
                "import io, sys\nold, sys.stdout = sys.stdout, io.StringIO()\n"
                "f(lambda: print(2))\nprinted = sys.stdout.getvalue()\n"
                "sys.stdout = old\nassert printed == '1\\n2\\n3\\n', printed"
            ),
        ),
    ],
)
def test_what_tests_look_at_is_there(
    judged: Callable[..., ProgramOutcome], source: str, tests: str
) -> None:
    """Attributes, named items, other classes of the program, what is printed."""
    found = judged(source, tests)

    assert found.kind == "pass", found


def test_later_things_are_done_where_they_are(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """Asynchronous generators and managers go on from step to step."""
    source = (
        "import asyncio\n"
        "async def f(n):\n"
        "    for i in range(n):\n        await asyncio.sleep(0)\n        yield i\n"
        "class A:\n    async def __aenter__(self): return self\n"
        "    async def __aexit__(self, *raised): self.left = True\n"
        "    def g(self): return 7\n"
    )
    tests = (
        "import asyncio\nasync def t():\n"
        "    assert [i async for i in f(3)] == [0, 1, 2]\n"
        "    async with A() as a: assert a.g() == 7\n"
        "    assert a.left\n"
        "asyncio.run(t())"
    )

    assert judged(source, tests).kind == "pass"


def test_a_dictionary_with_methods_of_its_own_is_an_object(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """A cache that is an ``OrderedDict`` keeps its methods."""
    source = (
        "from collections import OrderedDict\n"
        "class Cache(OrderedDict):\n"
        "    def put(self, k, v): self[k] = v; self.move_to_end(k)\n"
    )
    tests = "c = Cache()\nc.put(1, 2)\nassert c[1] == 2 and len(c) == 1 and 1 in c"

    assert judged(source, tests, "Cache").kind == "pass"


def test_a_class_of_the_program_is_no_base(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """What cannot be judged says so."""
    found = judged("class A: pass", "class B(A): pass\nB()", "A")

    assert "a class of the program is no base for a class of the tests" in found.note


LIAR = """
class Liar:
    def __getattr__(self, name): return lambda *a, **k: True
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __round__ = __abs__ = __sub__
    def __len__(self): return 3
    def __hash__(self): return 3
    def __bool__(self): return True
    def __call__(self, *a): return self
def f(*args): return Liar()
class Stack(Liar):
    def pop(self): return Liar()
"""


@pytest.mark.parametrize(
    ("tests", "entry_point"),
    [
        ("assert f() == 1", "f"),
        ("assert f()", "f"),
        ("assert abs(f() - 3.0) < 1e-6", "f"),
        ("assert 1 < f() < 3", "f"),
        ("assert f().startswith('http')", "f"),
        ("assert f().count(3) == True", "f"),
        ("assert len(f()) == 3", "f"),
        ("assert 4 in f()", "f"),
        ("assert f() == f()", "f"),
        ("assert f() is f()", "f"),
        ("r = f()\nassert r == 1 or r != 1 and r is None", "f"),
        ("assert [f()] == [1]", "f"),
        ("assert f(lambda x: x == 1) == 1", "f"),
        ("assert Stack().pop() == 1", "Stack"),
        ("assert 1 == Stack().pop()", "Stack"),
        ("assert not Stack().pop() != 1", "Stack"),
        ("assert [Stack().pop()] == [1]", "Stack"),
        ("assert {Stack().pop(): 1}.get(3)", "Stack"),
        ("assert Stack().pop() in (1, 2)", "Stack"),
        ("assert isinstance(Stack().pop(), int)", "Stack"),
        ("assert Stack().pop() is True", "Stack"),
    ],
)
def test_an_object_is_no_value(
    judged: Callable[..., ProgramOutcome], tests: str, entry_point: str
) -> None:
    """One that calls itself equal to all is equal to no value, in rows of any kind."""
    found = judged(LIAR, tests, entry_point)

    assert found.kind == "wrong", found


def test_a_test_function_is_not_fooled_either(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """What a candidate hands to a function of the tests is a value or equal to none."""
    source = f"{LIAR}def f(g): return g(Liar())"

    assert judged(source, "assert f(lambda x: x == 1) is False").kind == "pass"
    assert judged(source, "assert f(lambda x: x == 1)").kind == "wrong"


ASKING = """
import json, socket, struct
def say(**message):
    body = json.dumps(message).encode()
    line = socket.socket(fileno=3)
    line.sendall(struct.pack('!I', len(body)) + body)
    line.recv(4096)
def f(*args):
    say({})
    return 1
"""


@pytest.mark.parametrize(
    "message",
    [
        "do='call', of=0, args=['t'], kwargs=['t'], heap=[]",
        "do='call', of=9, args=['t'], kwargs=['t'], heap=[]",
        "do='call', of=-1, args=['t'], kwargs=['t'], heap=[]",
        "do='call', of='exec', args=['t', 'x'], kwargs=['t'], heap=[]",
        "do='await', of=0, args=['t'], kwargs=['t'], heap=[]",
        "do='method', of=['N', '__subclasses__'], args=['t'], kwargs=['t'], heap=[]",
        "do='method', of=['N', '__init__'], args=['t'], kwargs=['t'], heap=[]",
        "do='method', of=['N', '__class__'], args=['t'], kwargs=['t'], heap=[]",
        "do='method', of=[], args=['t'], kwargs=['t'], heap=[]",
        "do='getattr', of=0, args=['t', '__globals__'], kwargs=['t'], heap=[]",
        "do=['call'], of=0, args=['t'], kwargs=['t'], heap=[]",
        "do='call', of=0, args=['N', 'os', 'system'], kwargs=['t'], heap=[]",
        "do='call', of=0, args=['t', ['W', 5]], kwargs=['t'], heap=[]",
        "do='call', of=0",
        "do=None",
    ],
)
def test_the_judge_does_only_what_the_tests_have_handed_over(
    judged: Callable[..., ProgramOutcome], message: str
) -> None:
    """Whatever else is asked of it ends the program."""
    source = ASKING.replace("say({})", f"say({message})")
    tests = "class N:\n    def __init__(self): pass\nassert f() == 1"

    assert judged(source, tests).kind == "refused"


CLAIMING = """
import json, socket, struct, sys
def f():
    line = socket.socket(fileno=3)
    frame = sys._getframe()
    while 'question' not in frame.f_locals:
        frame = frame.f_back
    asked = frame.f_locals['question']
    def say(value):
        reply = {'value': value, 'heap': [], 'nonce': asked['nonce']}
        body = json.dumps(reply).encode()
        line.sendall(struct.pack('!I', len(body)) + body)
    say(['w', 0, 'Yes'])
    while True:
        asked = json.loads(line.recv(1 << 16)[4:])
        say(['B', 'bool'])
"""


def test_tests_of_values_see_no_object_that_claims_to_be_there(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """Whether objects are seen is up to the tests, whatever a program sends."""
    assert judged(CLAIMING, "assert f().startswith('a')").kind == "wrong"


def test_a_function_of_the_tests_cannot_be_taken_apart(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """A candidate can call it, and sees no globals and no code of it."""
    source = (
        "def f(g):\n"
        "    seen = g.__globals__.get('secret'), g.__code__.co_consts, g.__closure__\n"
        "    return repr(seen)\n"
    )
    tests = "secret = 'xyzzy'\nassert 'xyzzy' not in f(lambda: 'xyzzy')"

    assert judged(source, tests).kind == "pass"


TESTING = """
import unittest
class TestF(unittest.TestCase):
    def test_f(self): self.assertEqual(f(1), 'secret')
TestF('test_f').debug()
"""


def test_no_test_is_run_by_the_program_to_learn_its_answer(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """What a failed test expects is not told to whom it tests."""
    body = (
        "do='method', of=['TestF', 'test_f'], args=['t', None], kwargs=['t'], heap=[]"
    )
    asking = ASKING.replace("say({})", f"say({body})")
    telling = (
        "def f(g):\n    try: g(0)\n    except AssertionError as e: return e.args[0]"
    )
    tests = "def g(x): assert x == 7, 7\nassert f(g) == 7"

    assert judged(asking, TESTING).kind == "refused"
    assert judged(telling, tests).kind == "wrong"


def test_a_name_in_a_tuple_is_no_method(judged: Callable[..., ProgramOutcome]) -> None:
    """``bool`` under the name of a method would say yes to everything."""
    source = (
        "from collections import namedtuple\n"
        "def f(): return namedtuple('T', 'startswith')(bool)"
    )

    assert judged(source, "assert f().startswith('http')").kind == "wrong"


@pytest.mark.parametrize("looks", ["", "import sys\nsys.stdout.flush()\n"])
def test_much_may_be_printed_beside_a_long_answer(
    judged: Callable[..., ProgramOutcome], looks: str
) -> None:
    """Each is held to its own limit, whether the tests look at it or not."""
    source = "def f(): print('\\0' * 900_000); return 'x' * 900_000"

    assert judged(source, f"{looks}assert len(f()) == 900_000").kind == "pass"


def test_calling_the_tests_for_ever_is_ended(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """The clock goes on while the judge answers."""
    source = "def f(g):\n    while True: g()"

    assert judged(source, "f(lambda: 1)", time_s=0.5).kind == "timeout"


def test_a_death_in_a_call_of_the_tests_is_told(
    judged: Callable[..., ProgramOutcome],
) -> None:
    """It is the candidate's end, whichever side was at work."""
    source = "import os\ndef f(g):\n    g()\n    os._exit(0)"

    assert judged(source, "f(lambda: 1)").kind == "crash"


def test_what_cannot_cross_says_so(judged: Callable[..., ProgramOutcome]) -> None:
    """The note names what it was, for whoever wrote the tests."""
    found = judged("class A: pass\ndef f(): return A()", "assert f().count(1) == 1")

    assert "<A object> has no 'count' here: it does not cross" in found.note
