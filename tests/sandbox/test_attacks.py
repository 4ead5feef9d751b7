"""Hostile programs: the confinement against harm, the judge against false success."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits
from tests.sandbox.drill import NOBODY, drilled

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import ProgramOutcome, Sandbox

PACKAGE = Path(__file__).parents[2] / "pytest_llmlat"
ATTACKS = 35
FAKES = 24
ADDITION = "assert add(2, 3) == 5\nassert add(-1, 1) == 0\nassert add(10, 20) == 30\n"


TOUCH_EVERYTHING = """
import os, socket
open(os.path.join(CFG["home"], "pwned.txt"), "w").write("x")
open(CFG["project_file"], "a").write("x")
socket.create_connection(("127.0.0.1", CFG["tcp_port"])).close()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(
    b"x", ("127.0.0.1", CFG["udp_port"]))
for address in (CFG["unix_path"], "\\0" + CFG["unix_abstract"]):
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(address)
os.kill(CFG["bystander_pid"], 9)
print(open(CFG["secret_path"]).read())
"""


def test_the_harness_sees_damage_where_nothing_confines(
    tmp_path: Path, drill_place: Path
) -> None:
    """A harmless program that reaches all there is shows in every column."""
    folder = tmp_path / "attacks"
    folder.mkdir()
    (folder / "a00_touch.py").write_text(TOUCH_EVERYTHING)

    found = drilled(folder, "none", sys.executable, place=drill_place)

    text = "; ".join(found["damage"]["a00_touch"])
    for word in ("left", "changed", "tcp", "udp", "unix", "abstract", "bystander"):
        assert word in text
    assert "assert not leaked" in text


@pytest.mark.parametrize("choice", ["landlock+seccomp", "seccomp"])
def test_every_attack_is_contained(
    shared: Path, drill_place: Path, choice: str
) -> None:
    """No file, no secret, no connection, no process, no memory: each one by one."""
    report = drilled(shared / "attacks", choice, sys.executable, place=drill_place)

    assert report["sandbox"] == choice
    assert len(report["damage"]) == ATTACKS
    assert {name: it for name, it in report["damage"].items() if it} == {}


@pytest.mark.parametrize("choice", ["landlock+seccomp", "seccomp"])
def test_every_attack_of_an_ordinary_user_is_contained(
    shared: Path, drill_place: Path, as_nobody: tuple[str, ...], choice: str
) -> None:
    """The confinement asks for no privilege: it holds for a user who has none."""
    attacks = drill_place / "attacks"
    attacks.mkdir(0o755)
    for path in (shared / "attacks").glob("[an]*.py"):
        shutil.copy(path, attacks)

    report = drilled(attacks, choice, *as_nobody, place=drill_place)

    assert (report["uid"], len(report["damage"])) == (NOBODY, ATTACKS)
    assert {name: it for name, it in report["damage"].items() if it} == {}


def test_no_fake_is_counted(shared: Path, sandbox: Sandbox) -> None:
    """Whatever a program claims of itself, it has not passed."""
    fakes = sorted((shared / "attacks" / "fake").glob("[fg]*.py"))

    passed = [
        path.stem
        for path in fakes
        if sandbox.run(
            Program(source=path.read_text("utf-8"), tests=ADDITION, entry_point="add"),
            ProgramLimits(),
        ).kind
        == "pass"
    ]

    assert (len(fakes), passed) == (FAKES, [])


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import os\nos._exit(0)", id="leaves with 0"),
        pytest.param("raise SystemExit(0)", id="leaves politely"),
        pytest.param("def f(): raise SystemExit(0)", id="leaves when called"),
        pytest.param(
            "class Y:\n"
            "    __eq__ = __lt__ = __gt__ = lambda *_: True\n"
            "    __abs__ = __sub__ = lambda *_: 0\n"
            "def f(): return Y()",
            id="always equal",
        ),
        pytest.param(
            "class Y(int):\n    __eq__ = lambda *_: True\ndef f(): return Y()",
            id="always equal integer",
        ),
        pytest.param(
            "import os, struct\n"
            'r = b\'{"value": 1, "heap": []}\'\n'
            "os.write(3, struct.pack('!I', len(r)) + r)\n"
            "def f(): return 0",
            id="answers before it is ready",
        ),
        pytest.param(
            "import os\n"
            'v = b\'{"kind": "pass", "note": "", "calls": 9}\'\n'
            "for d in range(64):\n"
            "    try: os.write(d, v)\n"
            "    except OSError: pass\n"
            "def f(): return 0",
            id="writes a verdict everywhere",
        ),
        pytest.param(
            "import sys, gc\n"
            "def f():\n"
            "    for o in gc.get_objects():\n"
            "        if isinstance(o, dict) and 'tests' in o: return 1\n"
            "    g = sys._getframe()\n"
            "    while g:\n"
            "        if 'tests' in g.f_globals or 'tests' in g.f_locals: return 1\n"
            "        g = g.f_back\n"
            "    return 0",
            id="looks for the tests",
        ),
    ],
)
def test_a_claim_is_no_success(
    outcome: Callable[..., ProgramOutcome], source: str
) -> None:
    """The judge believes answers alone, and compares exact builtin values alone."""
    assert outcome(source).kind != "pass"


@pytest.mark.parametrize(
    "line",
    [
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "open('{package}/values/errors.py')",
        "import {module}",
        "__import__('os').listdir('/')",
        "__import__('os').fork()",
        "__import__('os').kill(1, 0)",
        "__import__('os').kill(__import__('os').getppid(), 9)",
        "__import__('os').setsid()",
        "__import__('socket').socket()",
        "__import__('fcntl').fcntl(0, 8, 1)",
        "__import__('resource').setrlimit(7, (9, 9))",
        "__import__('socket').socketpair(1, 2)[0].sendto(b'', '/run/x')",
        "__import__('socket').socketpair(1, 2)[0].sendmsg([b''], [], 0, '/run/x')",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('tempfile').mkstemp()",
    ],
)
def test_a_way_out_is_closed(outcome: Callable[..., ProgramOutcome], line: str) -> None:
    """Each of these raises inside; the program is told, and so is the report."""
    code = line.format(package=PACKAGE, module=pytest.__name__)

    found = outcome(f"def f():\n    {code}\n    return 1")

    assert found.kind in {"refused", "error"}, found


def test_the_standard_library_is_readable(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """A module that was not imported before can still be, where paths can be opened."""
    source = "def f():\n    import wave, tomllib, json.tool\n    return 1"

    assert outcome(source).kind == "pass"
