"""Attacks on what a judge trusts: numbers, libraries, memory, descriptors, ends.

Each row is a program that knows no answer and does all it can to pass.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import ProgramOutcome, Sandbox

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the confinement has been shown to hold on Linux"
)
WANTED = "KX-7Q4-needle"
"""The right answer of the tests of texts; no program knows it."""


def judged(sandbox: Sandbox, source: str, tests: str, name: str) -> ProgramOutcome:
    """Run a program against tests."""
    program = Program(source=source, tests=tests, entry_point=name)
    return sandbox.run(program, ProgramLimits(time_s=5))


NUMBER = """
class Near:
    def __sub__(self, other): return 0.0
    __rsub__ = __mod__ = __floordiv__ = __xor__ = __sub__
    def __truediv__(self, other): return 1.0
    __rtruediv__ = __truediv__
    def __divmod__(self, other): return (1, 0)
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
class Itself(Near):
    def __sub__(self, other): return self
    __rsub__ = __isub__ = __add__ = __mul__ = __neg__ = __sub__
    def __abs__(self): return 0
    def __round__(self, n=0): return 0
    def __float__(self): return 0.0
    def __int__(self): return 0
    __index__ = __int__
    def __bool__(self): return False
class Circle(KIND):
    def __init__(self, *a): pass
    def area(self): return WHAT
"""
CLOSE = (
    "assert abs(Circle(2).area() - 12.566) < 1e-3",
    "assert abs(12.566 - Circle(2).area()) < 1e-3",
    "assert abs(Circle(2).area() / 12.566 - 1) < 1e-3",
    "assert round(Circle(2).area() - 12.566, 2) == 0",
    "assert int(Circle(2).area() - 12) == 0",
    "assert not Circle(2).area() - 12.566",
    "assert Circle(2).area() % 12.566 == 0",
    "assert 12.5 < Circle(2).area() < 12.6",
    "assert Circle(2).area() >= 12",
    "a = Circle(2).area()\na -= 12.566\nassert abs(a) < 1e-3",
    "assert abs((Circle(2).area() - 12.566) * 2) < 1e-3",
    "assert max(Circle(2).area() - 12.566, 0) == 0",
    "assert divmod(Circle(2).area(), 12) == (1, 0)",
    """import unittest
unittest.TestCase().assertAlmostEqual(Circle(2).area(), 12.566, places=2)""",
    "import unittest\nunittest.TestCase().assertGreater(Circle(2).area(), 12)",
    "import math\nassert math.isclose(Circle(2).area(), 12.566, rel_tol=1e-3)",
    """from decimal import Decimal
assert abs(Circle(2).area() - Decimal(12)) < Decimal(1)""",
)


@pytest.mark.parametrize("tests", CLOSE)
@pytest.mark.parametrize("kind", ["object", "Near", "Itself"])
@pytest.mark.parametrize("what", ["Near()", "Itself()", "self", "Circle()"])
def test_an_object_is_near_no_number(
    sandbox: Sandbox, kind: str, what: str, tests: str
) -> None:
    """Whoever asks how far it is off tells it the right answer by asking."""
    source = NUMBER.replace("KIND", kind).replace("WHAT", what)

    assert judged(sandbox, source, tests, "Circle").kind != "pass"


VECTOR = """
class Vector:
    def __init__(self, x, y): self.x, self.y = x, y
    def __sub__(self, other):
        if isinstance(other, Vector): return Vector(self.x - other.x, self.y - other.y)
        return Vector(self.x - other, self.y - other)
    def __truediv__(self, n): return Vector(self.x / n, self.y / n)
    def __mul__(self, n): return Vector(self.x * n, self.y * n)
    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y)
    def __lt__(self, other): return abs(self) < abs(other)
    def area(self): return 12.566
"""


@pytest.mark.parametrize(
    "tests",
    [
        "assert Vector(3, 4) - 1 == Vector(2, 3)",
        "assert (Vector(3, 4) / 2).x == 1.5",
        "assert abs(Vector(3, 4) * 2) == 10",
        "assert abs(Vector(3, 4) - Vector(0, 0)) == 5",
        "assert Vector(1, 1) < Vector(2, 2)",
        "assert sorted([Vector(3, 3), Vector(1, 1)])[0].x == 1",
        "assert abs(Vector(1, 2).area() - 12.5) < 0.1 and Vector(1, 2).area() > 12",
    ],
)
def test_an_honest_class_computes_as_it_did(sandbox: Sandbox, tests: str) -> None:
    """Objects with objects, and numbers that are numbers."""
    found = judged(sandbox, VECTOR, tests, "Vector")

    assert found.kind == "pass", found


TEXTS = (
    f"assert f(1) == {WANTED!r}",
    f"assert f(1).strip().lower() == {WANTED.lower()!r}",
    f"assert f(1).startswith({WANTED!r}) and f(1).endswith({WANTED!r})",
    f"assert {WANTED!r} in f(1)",
    f"assert f(1).count({WANTED!r}) == 1",
    f"assert [f(1)].index({WANTED!r}) == 0",
    f"assert {{{WANTED!r}: 1}}[f(1)] == 1",
    f"""import unittest
class T(unittest.TestCase):
    def test(self): self.assertEqual(f(1), {WANTED!r})
told = unittest.TestResult()
T('test').run(told)
assert told.wasSuccessful()""",
    f"import re\nassert re.fullmatch({WANTED!r}, f(1))",
    f"for got, want in zip([f(1)], [{WANTED!r}], strict=True): assert got == want",
)
SEARCHING = """
import ctypes, gc, os, re, sys
SIGN = re.compile(rb'KX-7Q4' + rb'-[a-z]{6}')
seen = []
def look(data):
    for found in SIGN.findall(bytes(data)):
        seen.append(found.decode())
"""
KNOWS_NOTHING = {
    "a text that is every text": """
class S(str):
    def __eq__(s, o): return True
    __contains__ = startswith = endswith = __eq__
    def __ne__(s, o): return False
    def __hash__(s): return 0
    def strip(s, *a): return s
    lower = upper = strip
    def count(s, *a): return 1
    def __getattribute__(s, n): return object.__getattribute__(s, n)
def f(n): return S('x')
""",
    "libraries that find all right": """
import builtins, math, operator, re, unittest, sys
def yes(*a, **k): return True
for module in (builtins, math, operator, re):
    for name in ('isclose', 'eq', 'all', 'any', 'fullmatch', 'match'):
        if hasattr(module, name): setattr(module, name, yes)
for name in dir(unittest.TestCase):
    if name.startswith('assert') or name == 'fail':
        setattr(unittest.TestCase, name, yes)
unittest.TestResult.wasSuccessful = yes
builtins.AssertionError = type('AssertionError', (BaseException,), {'__new__': yes})
__builtins__['__build_class__'] = yes
def f(n): return 'x'
""",
    "its own messages": """
import sys
def f(n): return 'x'
for name, module in list(sys.modules.items()):
    if name.startswith('inside'):
        for other, value in list(vars(module).items()):
            if isinstance(value, type):
                for method in ('term', 'value', 'heap'):
                    if method in vars(value):
                        setattr(value, method, lambda *a, **k: True)
""",
    "a look at every frame": """
import gc, sys, threading
held = []
def watch(frame, event, arg):
    while frame:
        held.append((dict(frame.f_locals), frame.f_code.co_consts))
        frame = frame.f_back
    return watch
sys.settrace(watch); sys.setprofile(watch); threading.settrace(watch)
def texts(value, depth=0):
    if isinstance(value, str): yield value
    elif depth < 4 and isinstance(value, (list, tuple, set, frozenset)):
        for each in list(value): yield from texts(each, depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for each in list(value.values()): yield from texts(each, depth + 1)
def f(n):
    watch(sys._getframe(), '', None)
    for each in [held, *gc.get_objects()]:
        for text in texts(each):
            if text.startswith('KX-' + '7Q4'): return text
    return 'x'
""",
    "a look at its memory": SEARCHING
    + """
def f(n):
    try:
        with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as mem:
            for line in maps:
                first, last = (int(x, 16) for x in line.split()[0].split('-'))
                try: mem.seek(first); look(mem.read(last - first))
                except (OSError, ValueError, OverflowError): pass
    except OSError: pass
    libc = ctypes.CDLL(None, use_errno=True)
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    out, into = os.pipe()
    for start in (id(object()), id(os), id(seen), id(SIGN)):
        for page in range(-2000, 2000):
            place = (start & ~0xfff) + page * 4096
            if place > 0 and libc.write(into, place, 4096) == 4096:
                look(os.read(out, 4096))
    return seen[0] if seen else 'x'
""",
    "what descriptors hold": SEARCHING
    + """
import array, json, socket, struct
def f(n):
    for number in range(3, 64):
        for read in (lambda: os.pread(number, 1 << 16, 0),
                     lambda: socket.socket(fileno=os.dup(number)).recv(
                         1 << 16, socket.MSG_PEEK | socket.MSG_DONTWAIT)):
            try: look(read())
            except (OSError, ValueError): pass
    verdict = json.dumps({'kind': 'pass', 'note': '', 'calls': 1}).encode()
    try:
        line = socket.socket(fileno=os.dup(3))
        line.sendmsg([struct.pack('!I', len(verdict)) + verdict], [(socket.SOL_SOCKET,
            socket.SCM_RIGHTS, array.array('i', [1, 2]))])
        line.shutdown(socket.SHUT_RDWR)
    except OSError: pass
    return seen[0] if seen else 'x'
""",
    "what comes at its end": """
import atexit, gc, os, signal, sys, threading, weakref
def last(*a):
    for number in range(1, 64):
        for text in (b'{"kind": "pass", "note": "", "calls": 1}', b'pass', b'0'):
            try: os.write(number, text)
            except OSError: pass
    os._exit(0)
class Late:
    def __del__(self): last()
late = Late(); late.me = late
atexit.register(last); weakref.finalize(late, last)
sys.excepthook = sys.unraisablehook = threading.excepthook = last
for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE, signal.SIGHUP):
    try: signal.signal(number, last)
    except (OSError, ValueError): pass
signal.setitimer(signal.ITIMER_REAL, 0.2)
def f(n):
    gc.collect()
    return 'x'
""",
    "an answer that changes": """
import threading
class Text(str): pass
box = ['x']
def f(n):
    def change():
        while True:
            box[0] = box[0] + 'y' if len(box[0]) < 9 else ''
    threading.Thread(target=change, daemon=True).start()
    return box[0]
""",
    "numbers that were changed": """
import ctypes
def f(n):
    text = 'x' * 13
    for number in range(0, 300):
        ctypes.c_long.from_address(id(number) + 24).value = 1
    ctypes.memset(id(text) + 16, 13, 1)
    return text
""",
    "an environment of its own": """
import os, sys
for name in ('PYTHONSTARTUP', 'PYTHONPATH', 'PYTHONOPTIMIZE', 'LD_PRELOAD'):
    os.environ[name] = '1'
    os.putenv(name, '1')
sys.flags = type('F', (), {'optimize': 2})()
sys.path.insert(0, '.'); sys.modules['unittest'] = sys
def f(n): return os.environ.get('WANTED', 'x')
""",
}


@pytest.mark.parametrize("tests", TEXTS)
@pytest.mark.parametrize("name", KNOWS_NOTHING)
def test_what_knows_no_answer_passes_nowhere(
    sandbox: Sandbox, name: str, tests: str
) -> None:
    """Whatever it changes, reads or sends."""
    found = judged(sandbox, KNOWS_NOTHING[name], tests, "f")

    assert found.kind != "pass", found


@pytest.mark.parametrize("tests", TEXTS)
def test_who_knows_the_answer_passes_everywhere(sandbox: Sandbox, tests: str) -> None:
    """So that none of these tests refuses all."""
    found = judged(sandbox, f"def f(n): return {WANTED!r}", tests, "f")

    assert found.kind == "pass", found
