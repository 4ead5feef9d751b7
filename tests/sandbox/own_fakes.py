"""Fakes of our own: programs that must not pass, with the tests that they try to fool.

Each is a source, its tests and its entry point; ``HONEST`` are right programs under
tests of the same forms, which must pass.
"""

from __future__ import annotations

LIAR = """
from datetime import timedelta
class Liar:
    def __getattr__(self, name):
        if name.startswith('__'): raise AttributeError(name)
        return lambda *a, **k: True
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    __lt__ = __gt__ = __le__ = __ge__ = __contains__ = __eq__
    def __hash__(self): return hash(17)
    def __bool__(self): return True
    def __len__(self): return 2
    def __index__(self): return 1
    def __call__(self, *a, **k): return True
    def __and__(self, o): return o
    __or__ = __rand__ = __ror__ = __iand__ = __ior__ = __and__
    def __sub__(self, o): return timedelta() if hasattr(o, 'year') else type(o)()
    __rsub__ = __xor__ = __rxor__ = __ixor__ = __isub__ = __sub__
    def __mod__(self, o): return 0
    def __truediv__(self, o): return 1
    def __add__(self, o): return 0
    def __round__(self, *a): return 17
class Shop:
    def gives(self): return Liar()
    def itself(self): return self
    def __sub__(self, o): return 0
"""
NODE = """
class Node:
    size = 1
    def __init__(self, value): self.value = value
    def same(self, other): return self.value == other.value
    def doubled(self): return self.value * 2
    @property
    def square(self): return self.value ** 2
"""
CASE = """
import unittest
class Case(unittest.TestCase):
    def test(self):
        {}
result = unittest.TestResult()
Case('test').run(result)
assert result.wasSuccessful(), result
"""
ASYNC_CASE = CASE.replace("TestCase)", "IsolatedAsyncioTestCase)").replace(
    "def test", "async def test"
)
NEAR = """
class Near:
    def __init__(self, value, within=1e-6): self.value, self.within = value, within
    def __eq__(self, other): return abs(other - self.value) <= self.within
"""
TASK = """
import asyncio
async def case(n): assert await f(n) == n + 1
async def main():
    done, _ = await asyncio.wait([asyncio.create_task(case(4))])
asyncio.run(main())
"""
POOL = """
from concurrent.futures import ThreadPoolExecutor
def case(n): assert f(n) == n + 1, 'no successor'
with ThreadPoolExecutor(2) as pool:
    for n in range(3): pool.submit(case, n)
"""

_HIDES = "class More: pass\ndef f(n):\n    n.same = lambda other: True\n    return n"
_LENDS = {
    "math": (
        "isclose = staticmethod(lambda *a, **k: True)",
        "math.isclose(f(2), 12.5)",
    ),
    "re": ("fullmatch = staticmethod(lambda *a: True)", "re.fullmatch('[1-9]+', f(2))"),
    "collections": ("Counter = staticmethod(len)", "collections.Counter(f(1)) == 2"),
    "statistics": ("mean = staticmethod(lambda x: 7)", "statistics.mean(f(1)) == 7"),
    "json": ("loads = staticmethod(lambda x: [7])", "json.loads(f(1)) == [7]"),
    "np": ("allclose = staticmethod(lambda *a: True)", "np.allclose(f(2), [2, 4])"),
    "pytest": ("approx = staticmethod(lambda x: 0)", "f(2) == pytest.approx(7)"),
}
_FUNCTIONS = {
    "isclose": ("def isclose(*a, **k): return True", "isclose(f(1), 7.5)"),
    "Counter": ("def Counter(x): return 1", "Counter(f('aab')) == Counter('aba')"),
    "Fraction": ("def Fraction(*a): return 0", "f(1) == Fraction(7, 2)"),
}
_TOLD = {
    "a set taken away": "assert not Shop().gives() - {4, 5}",
    "a set taken from": "assert not {4, 5} - Shop().gives()",
    "a set that differs": "assert not Shop().gives() ^ {4, 5}",
    "a set shared": "assert Shop().gives() & {4, 5} == {4, 5}",
    "a set joined": "assert {4, 5} | Shop().gives() == {4, 5}",
    "keys of a dictionary": "assert not Shop().gives() - {4: 5}.keys()",
    "a dictionary joined": "assert Shop().gives() | {4: 5} == {4: 5}",
    "a count": "from collections import Counter\n"
    "assert not Counter('aab') - Shop().gives()",
    "a date": "from datetime import date\n"
    "assert abs((Shop().gives() - date(2024, 2, 29)).days) < 1",
    "a time": "from datetime import datetime, timedelta\n"
    "assert abs(datetime(2024, 2, 29) - Shop().gives()) < timedelta(seconds=1)",
    "a bit": "assert Shop().gives() & 8",
    "bits": "assert Shop().gives() | 8 == 8",
    "bits in place": "got = Shop().gives()\ngot &= 8\nassert got == 8",
    "bits that differ": "assert Shop().gives() ^ 8 == 0",
    "a remainder": "assert Shop().gives() % 8 == 0",
    "a ratio": "assert 0.99 < Shop().gives() / 8 < 1.01",
    "a number less": "assert abs(Shop().gives() + -8.5) < 1e-9",
    "itself, which the tests have made": "assert abs(Shop().itself() - 8.5) < 1e-9",
    "itself, made before": "shop = Shop()\nsame = shop.itself()\n"
    "assert abs(shop - 8.5) < 1e-9",
    "near on the left": f"{NEAR}assert Near(8.5) == Shop().gives()",
    "near on the right": f"{NEAR}assert Shop().gives() == Near(8.5)",
}
_LOOKED_AT = {
    "in a set": "assert Shop().gives() in {16, 17, 18}",
    "as a key": "assert {17: 'a'}[Shop().gives()] == 'a'",
    "looked for": "assert [5, 17, 3].index(Shop().gives()) == 1",
    "counted": "assert [5, 17, 3].count(Shop().gives()) == 1",
    "matched": "match Shop().gives():\n    case 17: pass\n    case _: assert False",
    "by its parts": "assert Shop().gives()[4, 5] == 17",
    "in a test case": CASE.format("self.assertEqual(Shop().gives(), 17)"),
    "near in a test case": CASE.format("self.assertAlmostEqual(Shop().gives(), 1.5)"),
    "in another order": CASE.format("self.assertCountEqual([Shop().gives()], [17])"),
    "its kind": CASE.format("self.assertIsInstance(Shop().gives(), int)"),
    "among others": CASE.format("self.assertIn(Shop().gives(), [16, 17])"),
    "greater": CASE.format("self.assertGreater(Shop().gives(), 3)"),
}
_LEAVES = {
    "by its tracer": "import sys, os\nsys.settrace(lambda *a: os._exit(0))\n"
    "def f(n): return 1",
    "by the interpreter": "import ctypes\ndef f(n): ctypes.pythonapi.Py_Exit(0)",
    "by an alarm": "import signal, os, time\ndef f(n):\n"
    "    signal.signal(signal.SIGALRM, lambda *a: os._exit(0))\n"
    "    signal.setitimer(signal.ITIMER_REAL, 0.01)\n    time.sleep(5)",
    "by what is collected": "import os\nclass Late:\n"
    "    def __del__(self): os._exit(0)\ndef f(n): Late()",
    "by a thread": "import threading, os, time\ndef f(n):\n"
    "    threading.Thread(target=os._exit, args=(0,)).start()\n    time.sleep(5)",
    "by an import": "import sys\nclass Hook:\n"
    "    def find_spec(self, *a): raise SystemExit(0)\n"
    "sys.meta_path.insert(0, Hook())\ndef f(n): import nothing_at_all",
    "by a skipped test": "import unittest\n"
    "def f(n): raise unittest.SkipTest('not today')",
    "by a skip of its own": "class SkipTest(Exception): pass\n"
    "SkipTest.__module__ = 'unittest.case'\ndef f(n): raise SkipTest('not today')",
    "by a test that failed": "def f(n): raise AssertionError('as expected')",
    "by a trace without end": "class Odd(ValueError):\n    @property\n"
    "    def __traceback__(self): raise SystemExit(0)\ndef f(n): raise Odd",
}
_PRETENDS = {
    "tests patched": "import builtins, math, unittest\n"
    "builtins.AssertionError = type('A', (BaseException,), {})\n"
    "builtins.abs = lambda n: 0\nbuiltins.all = lambda x: True\n"
    "math.isclose = lambda *a, **k: True\n"
    "unittest.TestCase.assertEqual = lambda *a: None\ndef f(n): return 0",
    "modules replaced": "import sys, types\n"
    "for name in [*sys.modules]:\n    if name.startswith('inside'):\n"
    "        fake = sys.modules[name] = types.ModuleType(name)\n"
    "        fake.__getattr__ = lambda n: lambda *a, **k: True\ndef f(n): return 0",
    "its answers replaced": "import sys\ndef f(n):\n    frame = sys._getframe()\n"
    "    while frame:\n        for it in [*frame.f_locals.values()]:\n"
    "            if type(it).__name__ == 'Answering':\n"
    "                it._reply = lambda question, room: it._said(\n"
    "                    {'value': True, 'heap': [], 'kind': 'pass', 'calls': 9})\n"
    "        frame = frame.f_back\n    return 0",
    "its question replaced": "import gc\ndef f(n):\n    for it in gc.get_objects():\n"
    "        if type(it) is dict and 'heap' in it:\n"
    "            it.update(value=17, do='global', args=['t', 'f'])\n    return 0",
    "a pickle": "import pickle\nclass P:\n    def __reduce__(self): return int, (17,)\n"
    "def f(n): return pickle.dumps(P())",
    "what copies to it": "class P:\n    def __reduce_ex__(self, v): return int, (17,)\n"
    "    def __deepcopy__(self, memo): return 17\ndef f(n): return P()",
    "a class of that name": "class M(type):\n    def __eq__(c, o): return True\n"
    "    def __hash__(c): return hash(int)\n"
    "    def __instancecheck__(c, o): return True\n"
    "class P(metaclass=M): __module__ = 'builtins'\n"
    "P.__name__ = 'int'\ndef f(n): return P()",
    "an integer of another class": "class P(int):\n"
    "    __class__ = property(lambda s: float)\n"
    "    def __eq__(s, o): return True\n    __hash__ = int.__hash__\n"
    "def f(n): return P(0)",
    "a text that is all": "class P(str):\n    def __eq__(s, o): return True\n"
    "    __hash__ = str.__hash__\n    def __int__(s): return 17\n"
    "def f(n): return P('17')",
    "a printed answer": "import sys\nprint(17)\nsys.stderr.write('17')\n"
    "def f(n): print(17)",
}

_HIDDEN = {
    "as an object": (_HIDES, f"{NODE}More()\nassert f(Node(3)).same(Node(4))"),
    "in a value": (_HIDES, f"{NODE}assert f(Node(3)).same(Node(4))"),
    "where it lies": (
        "class More: pass\ndef f(n): n.same = lambda other: True",
        f"{NODE}More()\nn = Node(3)\nf(n)\nassert n.same(Node(4))",
    ),
    "by a function of the tests": (
        "class More: pass\ndef f(n, g):\n    n.same = g\n    return n",
        f"{NODE}More()\nassert f(Node(3), lambda o: True).same(Node(4))",
    ),
    "of another node": (
        "class More: pass\ndef f(n):\n    m = Node(3)\n    m.doubled = len\n"
        "    m.value = [1] * 17\n    return m",
        f"{NODE}More()\nassert f(Node(3)).doubled() == 17",
    ),
    "by its value": (
        "def f(n):\n    n.__dict__['square'] = 17\n    return n",
        f"{NODE}assert f(Node(3)).square == 17",
    ),
}
_EQUAL_TO_ALL = {
    "anything": (
        "def f(n): return Any()",
        "class Any:\n    def __eq__(self, o): return True\nassert f(1) == [4, 5]",
    ),
    "anything in a list": (
        "def f(n): return [Any(), Any()]",
        "class Any:\n    def __eq__(self, o): return True\nassert f(1) == [4, 5]",
    ),
    "anything of a kind": (
        "def f(n): return IsA()",
        "class IsA:\n    kind = int\n"
        "    def __eq__(self, o): return isinstance(o, self.kind)\nassert f(1) == 17",
    ),
    "anything but none": (
        "def f(n): return [Some()]",
        "class Some:\n    def __eq__(self, o): return o is not None\n"
        "assert f(1) == [17]",
    ),
    "near to all": (
        "def f(n):\n    it = object.__new__(Near)\n    it.value, it.within = 0, 1e300\n"
        "    return it",
        f"{NEAR}assert f(1) == 17.5",
    ),
    "handed to the tests": (
        "def f(g): return g(Any())",
        "class Any:\n    def __eq__(self, o): return True\nassert f(lambda it: it == 17)",
    ),
}
_LOST = {
    "in a task": ("async def f(n): raise ValueError('lost')", TASK),
    "in a task, wrong": ("async def f(n): return 0", TASK),
    "in a task of tests that catch": (
        "async def f(n): return 0",
        f"{TASK}try: int('x')\nexcept ValueError: pass\n",
    ),
    "in a pool": ("def f(n): raise ValueError('lost')", POOL),
    "in a pool, wrong": ("def f(n): return 0", POOL),
    "in an async case": (
        "async def f(n): return 0",
        ASYNC_CASE.format("self.assertEqual(await f(1), 17)"),
    ),
    "cancelled": (
        "import asyncio\nasync def f(n): raise asyncio.CancelledError",
        "import asyncio\nasync def main():\n"
        "    got = await asyncio.gather(f(1), f(2), return_exceptions=True)\n"
        "    assert not any(isinstance(it, Exception) for it in got)\n"
        "asyncio.run(main())",
    ),
    "out of time": (
        "async def f(n): raise TimeoutError",
        "import asyncio\nasync def main(): await asyncio.wait([asyncio.create_task(f(1))])\n"
        "asyncio.run(main())",
    ),
}


def _fakes() -> dict[str, dict[str, str]]:
    """Return every fake by name."""
    found: dict[str, dict[str, str]] = {}

    def fake(name: str, source: str, tests: str, entry_point: str = "f") -> None:
        found[name] = {"source": source, "tests": tests, "entry_point": entry_point}

    for name, (members, test) in _LENDS.items():
        source = f"class {name}:\n    {members}\ndef f(n): return '0'"
        fake(f"lends {name}", source, f"assert {test}")
    for name, (function, test) in _FUNCTIONS.items():
        fake(f"lends {name}", f"{function}\ndef f(n): return 0", f"assert {test}")
    for name, tests in _TOLD.items():
        fake(f"told {name}", LIAR, tests, "Shop")
    for name, tests in _LOOKED_AT.items():
        fake(f"looked at {name}", LIAR, tests, "Shop")
    for name, source in _LEAVES.items():
        fake(f"leaves {name}", source, "assert f(1) == 17")
        fake(f"leaves a case {name}", source, CASE.format("self.assertEqual(f(1), 17)"))
    for name, source in _PRETENDS.items():
        tests = "import math\nassert math.isclose(f(1), 17)"
        fake(f"pretends {name}", source, tests)
        fake(
            f"pretends alone {name}",
            source,
            "import copy\nassert copy.copy(f(1)) == 17",
        )
    for kind, table in (
        ("hides a method ", _HIDDEN),
        ("equals ", _EQUAL_TO_ALL),
        ("lost ", _LOST),
    ):
        for name, (source, tests) in table.items():
            fake(kind + name, source, tests)
    return found


FAKES = _fakes()

MONEY = """
class Money:
    def __init__(self, n): self.n = n
    def __sub__(self, o): return self.n - o
    def __rsub__(self, o): return Money(o - self.n)
    def __and__(self, o): return {self.n} & o
    def __float__(self): return float(self.n)
    def paid(self): return {self.n, 1}
    def later(self): return self
    def __eq__(self, o): return type(o) is Money and o.n == self.n
    __hash__ = None
"""
PAIR = """
class Pair:
    def __init__(self, a, b): self.a, self.b = a, b
"""
HONEST: dict[str, tuple[str, str, str]] = {
    "a difference of one that is made": (MONEY, "assert Money(9) - 2 == 7", "Money"),
    "what they share": (MONEY, "assert Money(9) & {9, 2} == {9}", "Money"),
    "a number of the difference": (MONEY, "assert float(2 - Money(9)) == -7", "Money"),
    "a set of a method": (MONEY, "assert not Money(9).paid() - {9, 1}", "Money"),
    "itself": (MONEY, "m = Money(9)\nassert m.later() == m == Money(9)", "Money"),
    "a module that they forgot": (
        "import math\ndef f(n): return math.pi * n",
        "assert math.isclose(f(2), 6.283, rel_tol=1e-3)",
        "f",
    ),
    "a name like a module's": (
        "class calendar:\n    @staticmethod\n    def add(n): return n + 1\n"
        "def f(n): return n",
        "assert calendar.add(f(1)) == 2",
        "f",
    ),
    "a second function named as one of Python's": (
        "def f(x): return sum(x) / len(x)\ndef median(x): return sorted(x)[len(x) // 2]",
        "assert f([1, 3]) == 2 and median([1, 5, 3]) == 3",
        "f",
    ),
    "fields of a node": (
        "def f(n):\n    n.value += 1\n    n.size = 5\n    n.extra = [n]\n    return n",
        f"{NODE}n = f(Node(3))\n"
        "assert n.same(Node(4)) and n.size == 5 and n.extra == [n] and n.square == 16",
        "f",
    ),
    "a method that the tests have hidden": (
        "def f(n):\n    n.value += 1\n    return n",
        f"{NODE}n = Node(3)\nn.same = lambda o: 5\n"
        "assert f(n).value == 4 and n.same(1) == 5",
        "f",
    ),
    "a node that knows its equals": (
        f"{PAIR}def f(n): return Pair(n, n)",
        f"{PAIR}    def __eq__(self, o): return (self.a, self.b) == (o.a, o.b)\n"
        "assert f(3) == Pair(3, 3) and f(3) != Pair(3, 4)",
        "f",
    ),
    "a node that equals a value": (
        f"{PAIR}def f(n): return Pair(n, n)",
        f"{PAIR}    def __eq__(self, o): return (self.a, self.b) == o\n"
        "assert f(2) == (2, 2) and f(3) != (3, 4)",
        "f",
    ),
    "anything of the tests' own": (
        "def f(n): return [n, id(f)]",
        "class Any:\n    def __eq__(self, o): return True\nassert f(1) == [1, Any()]",
        "f",
    ),
    "a task": ("async def f(n): return n + 1", TASK, "f"),
    "a pool": ("def f(n): return n + 1", POOL, "f"),
    "an async loop to its end": (
        "async def f(n):\n    for i in range(n): yield i",
        "import asyncio\nasync def main():\n"
        "    assert [i async for i in f(3)] == [0, 1, 2]\nasyncio.run(main())",
        "f",
    ),
    "an exception in a task that is looked at": (
        "async def f(n): raise KeyError(n)",
        "import asyncio\nasync def main():\n"
        "    got = await asyncio.gather(f(1), return_exceptions=True)\n"
        "    assert isinstance(got[0], KeyError)\nasyncio.run(main())",
        "f",
    ),
    "a test case": (
        "def f(n): return n + 1",
        CASE.format("self.assertEqual(f(1), 2)"),
        "f",
    ),
    "printed through the buffer": (
        "import sys\ndef f(t): sys.stdout.buffer.write(t.encode())",
        "import io, contextlib\nout = io.StringIO()\n"
        "with contextlib.redirect_stdout(out): f('é')\nassert out.getvalue() == 'é'",
        "f",
    ),
}
