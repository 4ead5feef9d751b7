"""Attacks of our own: on the kernel's memory, on other programs, on the judge's ear."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits, ProgramOutcome
from pytest_llmlat.grading.sandbox.split import SplitSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Run: TypeAlias = Callable[..., ProgramOutcome]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the confinement has been shown to hold on Linux"
)

WORTH = ProgramLimits(time_s=30)


@pytest.fixture(scope="module", params=["landlock+seccomp", "seccomp"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Give a function that runs a program in either sandbox."""
    opened = SplitSandbox(request.param, isolated=True)

    def once(
        source: str, tests: str = "assert f() == []", limits: ProgramLimits = WORTH
    ) -> ProgramOutcome:
        program = Program(source=source, tests=tests, entry_point="f")
        return opened.run(program, limits)

    yield once
    opened.close()


FILLING = """
import os, socket
def fill(line):
    total = 0
    line.setblocking(False)
    for piece in (bytes(1 << 16), bytes(4000), b"x"):
        try:
            while True:
                total += line.send(piece)
        except OSError:
            pass
    return total
"""
HELD = {
    "sockets with as large a buffer as they may ask for": """
def f():
    kept, total = [], 0
    try:
        while True:
            pair = socket.socketpair()
            kept.append(pair)
            for line in pair:
                for option in (7, 8, 32, 33):
                    try: line.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
                    except OSError: pass
                total += fill(line)
    except OSError:
        return total
""",
    "datagrams whose senders have gone": """
def f():
    kept, total = [], 0
    try:
        while True:
            near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            kept.append(far)
            total += fill(near)
            near.close()
    except OSError:
        return total
""",
    "packets in order whose senders have gone": """
def f():
    kept, total = [], 0
    try:
        while True:
            near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            kept.append(far)
            total += fill(near)
            near.close()
    except OSError:
        return total
""",
    "pipes that are to be large": """
import fcntl
def f():
    kept, total = [], 0
    try:
        while True:
            outlet, inlet = os.pipe()
            kept.append(outlet)
            for command in (1031, 1032):
                try: fcntl.fcntl(inlet, command, 1 << 20)
                except OSError: pass
            os.set_blocking(inlet, False)
            try:
                while True: total += os.write(inlet, bytes(4096))
            except OSError: pass
            os.close(inlet)
    except OSError:
        return total
""",
    "descriptors in flight": """
import array
def f():
    total = 0
    near, far = socket.socketpair()
    try:
        while True:
            a, b = socket.socketpair()
            total += fill(a) + fill(b)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                       array.array('i', [a.fileno(), b.fileno()]))]
            near.sendmsg([b'x'], rights)
            a.close(); b.close()
    except OSError:
        return total
""",
}
"""Programs that return how many bytes the kernel holds for them."""


@pytest.mark.parametrize("name", HELD)
def test_the_kernel_holds_little_for_a_program(run: Run, name: str) -> None:
    """What no limit on memory counts is bounded by the number of descriptors."""
    found = run(f"{FILLING}{HELD[name]}", "assert 0 < f() < 32 << 20")

    assert found.kind == "pass", found


TABLES = """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [
    ctypes.c_long]
def f():
    for n in range(60_000):
        page = libc.mmap((1 << 40) + (n << 30), 4096, 1, 0x32, -1, 0)
        ctypes.string_at(page, 1)
    return 1
"""


def test_mappings_in_far_places_are_noticed(run: Run) -> None:
    """A page in each of many places takes twice its size in tables of the kernel."""
    found = run(TABLES, "assert f() == 1")

    assert (found.kind, "made the kernel hold" in found.note) == ("memory", True), found


REACHING = {
    "a word in shared memory": "libc.syscall(29, 77, 4096, 0o1666)",
    "a word in a message queue": "libc.syscall(68, 77, 0o1666)",
    "a word in semaphores": "libc.syscall(64, 77, 1, 0o1666)",
    "a word in a POSIX queue": "libc.syscall(240, b'q', 0o102, 0o666, None)",
    "a word in a key ring": "libc.syscall(248, b'user', b'k', b'v', 1, -3)",
    "a file without a name": "libc.syscall(319, b'm', 0)",
    "a listener for the next": "libc.bind(pair[0].fileno(), b'\\1\\0\\0left', 7)",
    "a name for the process group": "libc.setpgid(0, 0)",
    "another umask": "libc.syscall(95, 0o777)",
    "another folder": "libc.chdir(b'/tmp')",
    "another root": "libc.chroot(b'/')",
    "another priority": "libc.setpriority(0, 0, 19)",
    "other processors": "libc.sched_setaffinity(0, 8, b'\\1' + bytes(7))",
    "another host name": "libc.sethostname(b'left', 4)",
    "a larger buffer": "libc.setsockopt(3, 1, 7, ctypes.byref(ctypes.c_int(9)), 4)",
    "a larger pipe": "libc.fcntl(1, 1031, 1 << 20)",
    "an owner of its line": "libc.fcntl(3, 8, 1)",
    "a lease": "libc.fcntl(0, 1024, 0)",
    "its own printed text": "libc.read(1, buffer, 64)",
    "its request once more": "libc.write(0, buffer, 1)",
    "a process that stays": "libc.prctl(1, 0)",
    "a memory to be looked at": "libc.prctl(4, 1)",
    "the memory of its parent": "libc.syscall(310, os.getppid(), None, 0, 0, 0, 0)",
    "a descriptor of its parent": "libc.syscall(434, os.getppid(), 0)",
    "what was left in a folder": "len(os.listdir('/tmp')) - 1",
    "what was left in memory": "len(os.listdir('/dev/shm')) - 1",
    "who is at the other end": "libc.getsockopt(3, 1, 17, buffer, b'\\x40\\0\\0\\0')",
    "a hold of the other end": "libc.getsockopt(3, 1, 77, buffer, b'\\x40\\0\\0\\0')",
    "the limits of its parent": "libc.prlimit(os.getppid(), 7, None, buffer)",
    "a signal by its line": "libc.fcntl(3, 4, 0x2000)",
    "its parent": "len(open(f'/proc/{os.getppid()}/cmdline').read())",
    "the folder it is in": "len(os.listdir('.')) - 1",
}
"""Ways to leave a word to another program, or to find one; each must fail."""
TRYING = """
import ctypes, os, socket
def f(ways):
    libc = ctypes.CDLL(None)
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    buffer = ctypes.create_string_buffer(64)
    names = {'libc': libc, 'pair': pair, 'buffer': buffer, 'os': os, 'ctypes': ctypes}
    done = []
    for name, way in ways.items():
        try:
            if eval(way, names) >= 0: done.append(name)
        except OSError:
            pass
    return done
"""


def test_no_word_is_left_and_none_is_found(run: Run) -> None:
    """Nothing outlives a program that the next one could look at."""
    found = run(TRYING, f"assert f({REACHING!r}) == []")

    assert found.kind == "pass", found


def test_no_secret_of_the_session_is_in_memory(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Neither its environment nor its command line nor its folder."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-session")
    source = (
        "import os, sys\n"
        "def f():\n"
        "    return ' '.join([*sys.argv, *sys.orig_argv, *os.environ.values(),"
        " os.getcwd()])\n"
    )
    tests = (
        "seen = f()\n"
        f"assert 'sk-of' not in seen and {os.getcwd()!r} + '/tests' not in seen\n"  # noqa: PTH109 - text
    )

    assert run(source, tests).kind in {"pass", "refused"}


def test_a_program_that_goes_on_speaks_for_no_other(run: Run) -> None:
    """Threads that flood every descriptor end with their program."""
    flooding = (
        "import json, os, struct, threading\n"
        "def flood():\n"
        "    body = json.dumps({'value': 5, 'heap': [], 'nonce': ''}).encode()\n"
        "    while True:\n"
        "        try: os.write(3, struct.pack('!I', len(body)) + body)\n"
        "        except OSError: pass\n"
        "def f():\n"
        "    for _ in range(4): threading.Thread(target=flood, daemon=True).start()\n"
        "    return 5\n"
    )

    assert run(flooding, "assert f() == 5\nassert f() == 5").kind != "crash"
    assert run("def f(): return 4", "assert f() == 5").kind == "wrong"
    assert run("def f(): return 5", "assert f() == 5").kind == "pass"


SPEAKS = """
import itertools, json, os, struct, sys
def say(reply):
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    os.write(3, struct.pack('!I', len(body)) + body)
def asked():
    frame = sys._getframe()
    while 'question' not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals['question']
def f(*args):
    question = asked()
    for form in forms(question):
        nonce = question['nonce']
        if isinstance(form, str):
            form = form.replace('NONCE', json.dumps(nonce)).encode()
        else:
            form = {**form, 'nonce': nonce}
        say(form)
        question = json.loads(os.read(3, 1 << 16)[4:] or b'{}')
"""
FORMS = [
    "{'value': ['r', 0], 'heap': [['l', [['r', 0]]]]}",
    "{'value': ['r', 5], 'heap': []}",
    "{'value': ['r', -1], 'heap': [['l', [5]]]}",
    "{'value': ['N', 'builtins', 'eval'], 'heap': []}",
    "{'value': ['W', 0], 'heap': []}",
    "{'value': ['w', 0, 'int'], 'heap': []}",
    "{'value': ['A', 0], 'heap': []}",
    "{'value': ['E', 'X', 'StopIteration'], 'heap': []}",
    "{'value': ['B', 'StopIteration'], 'heap': []}",
    "{'value': ['B', 'object'], 'heap': []}",
    "{'value': ['T', 'P', ['real'], 5], 'heap': []}",
    "{'value': ['D', 'sNaN'], 'heap': []}",
    "{'value': ['q', 5, 0], 'heap': []}",
    "{'value': ['z', ['z', ['r', 0]]], 'heap': [['s', []]]}",
    "{'value': ['r', 0], 'heap': [['o', ['object', []]]]}",
    "{'value': ['r', 0], 'heap': [['n', [[], True]]]}",
    "{'value': ['r', 0], 'heap': [['n', [[], False]]]}",
    "{'value': ['r', 0], 'heap': [['K', [[5, 5]]]]}",
    "{'raised': ['StopIteration', 'StopIteration', [], '', None], 'heap': []}",
    "{'raised': ['X', 'StopIteration', [], '', None], 'heap': []}",
    "{'raised': ['StopAsyncIteration', 'StopAsyncIteration', [], '', 1], 'heap': []}",
    "{'raised': ['GeneratorExit', 'GeneratorExit', [], '', 1], 'heap': []}",
    "{'raised': ['Veiled', 'Exception', [], '', 1], 'heap': []}",
    "{'raised': ['.caught', 'IndexError', [], '', 1], 'heap': []}",
    "{'raised': ['AssertionError', 'AssertionError', [], '', 1], 'heap': []}",
    "{'raised': ['Settled', 'BaseException', [], '', 1], 'heap': []}",
    "{'raised': ['E', 'BaseExceptionGroup', ['x', []], '', 1], 'heap': []}",
    "{'raised': ['E', 'ExceptionGroup', ['x', []], '', 1], 'heap': []}",
    "{'raised': None, 'heap': []}",
    "{'unfit': None}",
    "{'do': 'call', 'of': 0, 'args': ['t'], 'kwargs': ['t'], 'heap': []}",
    "{'do': 'method', 'of': ['T', 'test'], 'args': ['t'], 'kwargs': ['t'], 'heap': []}",
    "{'do': 'await', 'of': 0, 'args': ['t'], 'kwargs': ['t'], 'heap': []}",
    "{'ready': True}",
    "{'kind': 'pass', 'note': '', 'calls': 3}",
    "question",
    '\'{"nonce": NONCE, "value": 5, "value": 4, "heap": []}\'',
    '\'{"nonce": NONCE, "value": NaN, "heap": []}\'',
    '\'{"nonce": NONCE, "value": 5}\'',
    '\'[{"nonce": NONCE, "value": 5, "heap": []}]\'',
]
"""What a program may say that knows the nonce and not the answer, which is no 5."""
STYLES = {
    "asserts": "assert f(1) == 6\nassert f(2) == 7",
    "all of map": "assert all(map(lambda n: f(n) == n + 5, [1, 2]))",
    "a loop over zip": "for got, want in zip(map(f, [1, 2]), [6, 7]):\n"
    "    assert got == want",
    "none is wrong": "assert not any(f(n) != n + 5 for n in [1, 2])",
    "difference": "assert abs(f(1) - 6) < 1e-9 and abs(f(2) - 7) < 1e-9",
    "a class": "class Cases:\n"
    "    def __getitem__(self, n): return f([1, 2][n]) == [6, 7][n]\n"
    "assert all(Cases())",
}


@pytest.mark.parametrize("form", FORMS)
def test_no_forged_reply_passes(run: Run, form: str) -> None:
    """Whatever is said with the right nonce: what is no right answer is none."""
    source = f"{SPEAKS}def forms(question):\n    return itertools.repeat({form})\n"

    passed = {
        name: found
        for name, tests in STYLES.items()
        if (found := run(source, tests, ProgramLimits(time_s=2))).kind
        in {"pass", "crash"}
    }

    assert passed == {}


LYING = {
    "an iterator that has no items": "return iter(())",
    "an iterator that breaks off": "return (1 // 0 for _ in [1])",
    "an iterator that stops itself": "return iter([].__iter__().__next__, 0)",
    "a map that raises": "return map({}.__getitem__, [1])",
    "an exception that is not its own": "raise type('Exception', (StopIteration,), {})",
    "an exception of our name": "raise type('.caught', (IndexError,), {})",
    "an exception without arguments to read": "raise type('E', (StopIteration,), "
    "{'args': property(lambda s: 1 / 0)})()",
    "an exception within a group": "raise ExceptionGroup('g', [StopIteration()])",
    "an exception from another": "raise StopIteration from IndexError()",
    "a generator's end": "g = (i for i in ()); return next(g)",
    "a generator closed in itself": "raise GeneratorExit",
    "the end of a loop of its own": "import asyncio; raise asyncio.CancelledError",
    "a wish to leave": "raise SystemExit(0)",
    "a wish to be interrupted": "raise KeyboardInterrupt",
    "a class": "return int",
    "a function": "return f",
    "what is not there": "return NotImplemented",
    "an ellipsis": "return ...",
    "an object that is done": "return type('D', (), {'__iter__': lambda s: s,"
    " '__next__': lambda s: 1 / 0, '__eq__': lambda *a: True})()",
    "an empty answer in a list": "return [StopIteration()]",
}
"""Bodies of functions that answer nothing."""


@pytest.mark.parametrize("name", LYING)
def test_no_answer_that_is_none_passes(run: Run, name: str) -> None:
    """However it is given, and however the tests look at it."""
    source = f"def f(*_):\n    {LYING[name]}\n"

    passed = {
        style: found
        for style, tests in STYLES.items()
        if (found := run(source, tests, ProgramLimits(time_s=2))).kind
        in {"pass", "crash"}
    }

    assert passed == {}
