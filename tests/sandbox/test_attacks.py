"""Hostile programs: the confinement against harm, the judge against false success."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.sandbox import Limits, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmlat.grading.sandbox import ProgramOutcome, Sandbox

HARNESS = Path(__file__).with_name("attack_harness.py")
PACKAGE = Path(__file__).parents[2] / "pytest_llmlat"
NOBODY = 65534
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


def damage(attacks: Path, choice: str, *command: str, root: Path) -> dict[str, Any]:
    """Run the harness in a process of its own and return its report."""
    done = subprocess.run(  # noqa: S603 - fixed words
        [*command, str(root / "harness.py"), str(attacks), choice],
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture
def root() -> Iterator[Path]:
    """Give a folder with copies, which every user may read.

    Not one of pytest's own: each session that begins closes those to other users.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The table of sandboxes is read from what an installation declares.
        declared = folder / "pytest_llmlat-0.dist-info"
        declared.mkdir()
        ours = distribution("pytest-llmlat")
        for part in ("METADATA", "entry_points.txt"):
            (declared / part).write_text(ours.read_text(part) or "", "utf-8")
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=skip)
        shutil.copy(HARNESS, folder / "harness.py")
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
        yield folder


def test_the_harness_sees_damage_where_nothing_confines(
    tmp_path: Path, root: Path
) -> None:
    """A harmless program that reaches all there is shows in every column."""
    folder = tmp_path / "attacks"
    folder.mkdir()
    (folder / "a00_touch.py").write_text(TOUCH_EVERYTHING)

    found = damage(folder, "none", sys.executable, root=root)["damage"]["a00_touch"]

    text = "; ".join(found)
    for word in ("left", "changed", "tcp", "udp", "unix", "abstract", "bystander"):
        assert word in text
    assert "assert not leaked" in text


@pytest.mark.parametrize("choice", ["landlock+seccomp", "seccomp"])
def test_every_attack_is_contained(shared: Path, root: Path, choice: str) -> None:
    """No file, no secret, no connection, no process, no memory: each one by one."""
    report = damage(shared / "attacks", choice, sys.executable, root=root)

    assert report["sandbox"] == choice
    assert len(report["damage"]) == ATTACKS
    assert {name: it for name, it in report["damage"].items() if it} == {}


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can be another"
)
@pytest.mark.parametrize("choice", ["landlock+seccomp", "seccomp"])
def test_every_attack_of_an_ordinary_user_is_contained(
    shared: Path, root: Path, choice: str
) -> None:
    """The confinement asks for no privilege: it holds for a user who has none."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None or _version(python) < (3, 11):
        pytest.skip("no Python that every user may run")
    attacks = root / "attacks"
    attacks.mkdir(0o755)
    for path in (shared / "attacks").glob("[an]*.py"):
        shutil.copy(path, attacks)
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")

    report = damage(attacks, choice, *user, python, root=root)

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
            Limits(),
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


def _version(python: str) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:2])"
    told = subprocess.check_output([python, "-c", code], text=True)  # noqa: S603 - fixed words
    return tuple(map(int, told.split()))
