"""What one program can know of another: nothing, whichever ran before it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox.split import SplitSandbox

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="memory is looked at by Linux's calls"
)

SCAN = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
def f(words):
    outlet, inlet = os.pipe()
    needles = [word.encode() for word in words]
    found, seen = set(), set()
    buffer = ctypes.addressof(ctypes.create_string_buffer(1 << 20))
    for start in (id(object()), libc.sbrk(0) or 0, id(os), id(f), buffer):
        for step in (-4096, 4096):
            page, missed, before = start & ~4095, 0, b""
            while missed < 200:
                page += step
                if page in seen:
                    break
                seen.add(page)
                if libc.write(inlet, page, 4096) != 4096:
                    missed, before = missed + 1, b""
                    continue
                missed, here = 0, os.read(outlet, 4096)
                text = here + before if step < 0 else before + here
                found |= {it for it in needles if it in text[::-1]}
                before = here
    return sorted(needle.decode() for needle in found)
"""
"""Looks for words in all of its memory: a write from a page that is not there fails.

They are given backwards, so that the question does not put there what is looked for.
"""


@pytest.mark.slow
@pytest.mark.parametrize("long", [False, True], ids=["short", "longer than a pipe"])
def test_nothing_of_an_earlier_program_is_in_memory(
    own_sandbox: SplitSandbox, *, long: bool
) -> None:
    """Neither its text nor its tests nor its stub; the program's own text is."""
    words = [f"zq{part}word{part}xj" for part in ("program", "test", "stub")]
    backwards = [word[::-1] for word in (*words, "zqownwordxj")]
    filler = "# and so on, line by line\n" * (5000 if long else 20)
    earlier = Program(
        source=f"def f():\n    return '{words[0]}'\n{filler}",
        tests=f"assert f() != '{words[1]}'\n{filler}",
        stub=f"WORD = '{words[2]}'\n{filler}",
        entry_point="f",
    )
    looking = Program(
        source=f"{SCAN}\nMINE = 'zqownwordxj'\n",
        tests=f"assert f({backwards}) == ['jxdrownwoqz']\n",
        entry_point="f",
    )

    assert own_sandbox.run(earlier, ProgramLimits()).kind == "pass"
    found = own_sandbox.run(looking, ProgramLimits(time_s=20))

    assert found.kind == "pass", found


def test_a_program_leaves_no_word_in_what_it_inherits(
    own_sandbox: SplitSandbox,
) -> None:
    """The flags of an open file outlive a process; no two programs share one."""
    asked = "import fcntl\ndef f():\n    return [fcntl.fcntl(n, 3) for n in range(4)]\n"
    leaving = (
        "import fcntl, os\n"
        "for n in range(3):\n"
        "    fcntl.fcntl(n, 4, fcntl.fcntl(n, 3) | os.O_APPEND | os.O_NONBLOCK)\n"
    )

    def flags() -> str:
        program = Program(source=asked, tests="assert f() == 0", entry_point="f")
        return own_sandbox.run(program, ProgramLimits()).note

    before = flags()
    program = Program(source=leaving + asked, tests="assert f()", entry_point="f")
    assert own_sandbox.run(program, ProgramLimits()).kind == "pass"

    assert "the last answer was [" in before
    assert flags() == before


def test_programs_share_no_memory(
    own_sandbox: SplitSandbox, descendants: Callable[[int], set[int]]
) -> None:
    """A server maps nothing that a child could write for the next child to read."""
    before = descendants(os.getpid())
    own_sandbox.start()
    servers = descendants(os.getpid()) - before

    shared = [
        line
        for server in servers
        for line in Path(f"/proc/{server}/maps").read_text().splitlines()
        if line.split()[1][1::2] == "ws"
    ]

    assert len(servers) == 2
    assert shared == []


def test_a_program_longer_than_a_pipe_arrives_whole(
    own_sandbox: SplitSandbox,
) -> None:
    """Both requests are written while their children read them."""
    filler = "# a line of no use\n" * 40_000
    program = Program(
        source=f"def f():\n    return 1\n{filler}LAST = 7\n",
        tests=f"assert f() == 1\n{filler}assert f() == 1\n",
        entry_point="f",
    )

    outcome = own_sandbox.run(program, ProgramLimits())

    assert (outcome.kind, outcome.calls) == ("pass", 2), outcome


def test_the_request_is_the_standard_input_and_at_its_end(
    own_sandbox: SplitSandbox,
) -> None:
    """What a program reads there is nothing."""
    source = (
        "import sys\ndef f():\n    return sys.stdin.read(), sys.stdin.buffer.read()"
    )
    program = Program(source=source, tests="assert f() == ('', b'')", entry_point="f")

    found = own_sandbox.run(program, ProgramLimits())

    assert found.kind == "pass", found
