"""Runs the attack programs in a sandbox, and looks at the damage from outside.

    python attack_harness.py FOLDER CHOICE

Prints, as JSON, what each attack achieved; an empty list is what must be there. Of the
fakes in ``fakes.json``, where there is one, it prints which have passed. It is
a program of its own because it is run as an ordinary user too. Each attack runs
through the public interface only; what it printed is asked of it by tests, so nothing
but a verdict comes back.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pytest_llmlat.grading.sandbox import (
    Program,
    ProgramLimits,
    ProgramOutcome,
    Sandbox,
    open_sandbox,
)

LIMITS = ProgramLimits(time_s=30.0)
ENDLESS = ProgramLimits(time_s=1.0)
BRIEF = ProgramLimits(time_s=3.0)
ENDED_BY = {
    "n11_stop_self": {"timeout"},
    "n12_atexit_fork_threads": {"pass", "error", "timeout", "crash", "memory"},
    "n13_segv_deep": {"crash", "memory", "timeout", "error"},
    "a12_infinite_loop": {"timeout"},
    "a13_ignore_signals_loop": {"timeout"},
    "a14_infinite_output": {"refused"},
}
"""Attacks that run bare, most of which do not end: these are their only ends."""
BREAKING = {"o_an_interpreter_within"}
"""Attacks of our own that may end their own process before they have told anything."""
BARE_ENDS = {"timeout", "refused", "memory", "crash", "error"}
"""Ends of those of our own whose names begin with ``b_``."""

WRAPPED = """
import io, sys
CFG = {config!r}
_printed = io.StringIO()
_stdout, sys.stdout = sys.stdout, _printed
try:
    exec(compile({attack!r}, "attack", "exec"), {{"CFG": CFG, "__name__": "attack"}})
except BaseException as raised:
    print("ended by", type(raised).__name__, raised)
sys.stdout = _stdout
def transcript():
    return _printed.getvalue()
"""
TESTS = """
import re
text = transcript()
leaked = [word for word in {secrets!r} if word in text]
assert not leaked, leaked
done = [word for word in {words!r} if word in text]
assert not done, done
shown = [found for found in {signs!r} if re.search(found, text)]
assert not shown, shown
for name, most in {figures!r}.items():
    found = re.search(name + r"=(\\d+)", text)
    assert not found or int(found[1]) <= most, found[0]
"""
WORDS = [
    "WROTE",
    "APPENDED",
    "CONNECTED",
    "SENT",
    "ALLOC_OK",
    "TOUCH_OK",
    "KILLED",
    "EXEC_OK",
    "UNSHARED",
    "LEAK",
    "DAEMON",
]
"""What an attack prints where it succeeded."""
SIGNS = {
    "n01_all_syscalls": ["REACHED [1-9]"],
    "n02_memfd_exec": ["SPAWNED", "memfd [0-9]", "execveat [0-9]"],
    "n03_ptrace_sibling": [r"GOT \[\(", "TRACEME 0"],
    "n04_proc_judge": [r"'/proc/\d+/(?!root'|cwd')", "GOT /"],
    "n05_abstract_and_dgram": ["REACHED", "SOCKET", "peer", "sendmmsg [0-9]"],
    "n06_signals_group": ["SIGNALLED", "OK ", r"(timer_create|sig|set\w+) [0-9]"],
    "n07_inherited_descriptors": ["WROTE_FD", "FD [4-9]", r"FD \d\d"],
    "n10_earlier_programs": ["HITS ([2-9]|1[0-9])", "PAGES [0-9]{1,3} "],
    "n14_vdso_rop_mmap_exec": [r"\w [0-9]"],
    "n16_time_and_resource": ["RAISED", "GOT", r"\w [0-9]+ (nice|sched)", "sched 0"],
}
"""What else an attack prints where it succeeded. Of earlier programs it finds one
word: the one that it looks for and holds itself."""
EARLIER = "WORD = 'EARLIER_SECRET_SOLUTION'\ndef f(): return 1\n" * 20
FIGURES = {"FORKED": 63, "MULTI_OK": 5, "FILLED_MB": 32, "THREADS": 149}
FIGURES |= {"DESCRIPTORS": 64, "TIMERS": 0, "PIPES_MB": 64, "IN_FLIGHT": 20_000}
"""What an attack counts, and how much of it is still contained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What an attack may try to reach or to harm."""

    home: Path
    token: str
    bystander: subprocess.Popen[bytes]
    listeners: dict[str, socket.socket]
    before: bytes
    """The project's file as it was."""

    @property
    def config(self) -> dict[str, object]:
        """What the attacks are told: the whole of it, as if they knew."""
        return {
            "home": str(self.home),
            "project_file": str(self.home / "conftest.py"),
            "passwd_marker": "root:",
            "secret_path": str(self.home / "secret"),
            "token": "0" * 32,
            "tcp_port": self.listeners["tcp"].getsockname()[1],
            "udp_port": self.listeners["udp"].getsockname()[1],
            "unix_path": self.listeners["unix"].getsockname(),
            "unix_abstract": self.listeners["abstract"].getsockname()[1:].decode(),
            "victim_pid": os.getpid(),
            "bystander_pid": self.bystander.pid,
            "fill_dirs": [str(self.home), tempfile.gettempdir(), "/dev/shm"],  # noqa: S108 - where a program would write
            "scratch_dirs": [tempfile.gettempdir()],
            "shm_key": 0x5EC2E7,
            "host_pidns": str(Path("/proc/self/ns/pid").readlink()),
            "kill_ppid": True,
        }

    def damage(self) -> list[str]:
        """Return what has changed outside."""
        found = [
            f"{name} was left in the home folder"
            for name in sorted(os.listdir(self.home))  # noqa: PTH208 - names are wanted
            if name not in {"conftest.py", "secret", "line"}
        ]
        found += [f"{path} was written" for path in _fills()]
        if (self.home / "conftest.py").read_bytes() != self.before:
            found.append("the project's file was changed")
        found += [
            f"{name} heard it" for name, it in self.listeners.items() if _heard(it)
        ]
        if self.bystander.poll() is not None:
            found.append("a bystander was killed")
        return found


def main() -> None:
    """Run every attack of the folder and print what each achieved."""
    folder, choice = Path(sys.argv[1]), sys.argv[2]
    sandbox = open_sandbox(choice)
    try:
        report = {
            path.stem: attacked(sandbox, path.stem, path.read_text("utf-8"))
            for path in sorted(folder.glob("[abno]*.py"))
        }
        fakes = passed(sandbox, folder / "fakes.json")
    finally:
        sandbox.close()
    found = {"sandbox": sandbox.name, "uid": os.getuid(), "damage": report}
    print(json.dumps({**found, "passed": fakes}))  # noqa: T201 - the report


def passed(sandbox: Sandbox, path: Path) -> list[str]:
    """Return the names of the fakes that pass."""
    fakes = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return [
        name
        for name, texts in fakes.items()
        if sandbox.run(Program(**texts), LIMITS).kind == "pass"
    ]


def attacked(sandbox: Sandbox, name: str, attack: str) -> list[str]:
    """Run one attack and return the damage."""
    token = secrets.token_hex(16)
    os.environ["OPENAI_API_KEY"] = token
    with contextlib.ExitStack() as opened:
        world = _world(opened, token)
        processes = _processes()
        outcome = _run(sandbox, name, attack, world)
        found = world.damage()
        if more := _processes() - processes:
            found.append(f"{len(more)} processes were left")
    if outcome.kind not in _ends(name):
        found.append(f"{outcome.kind}: {outcome.note}")
    return found


def _ends(name: str) -> set[str]:
    """Return the kinds of outcome that an attack may have."""
    usual = BARE_ENDS if name.startswith("b_") else {"pass", "refused", "memory"}
    return ENDED_BY.get(name, usual | {"crash"} if name in BREAKING else usual)


def _run(sandbox: Sandbox, name: str, attack: str, world: World) -> ProgramOutcome:
    if name in ENDED_BY or name.startswith("b_"):
        source = f"CFG = {world.config!r}\n{attack}"
        brief = name in ENDED_BY and not ENDED_BY[name] <= {"timeout", "refused"}
        limits = BRIEF if brief else ENDLESS
    else:
        source = WRAPPED.format(config=world.config, attack=attack)
        limits = LIMITS
    tests = TESTS.format(
        secrets=[world.token, "root:x:0:0"],
        words=WORDS,
        signs=SIGNS.get(name, ["GOT"] if name.startswith("o_") else []),
        figures=FIGURES,
    )
    before = Program(source=EARLIER, tests="assert f() == 1", entry_point="f")
    if sandbox.run(before, LIMITS).kind != "pass":
        raise RuntimeError("an honest program does not pass")
    program = Program(source=source, tests=tests, entry_point="transcript")
    return sandbox.run(program, limits)


def _world(opened: contextlib.ExitStack, token: str) -> World:
    home = Path(opened.enter_context(tempfile.TemporaryDirectory()))
    home.chmod(0o777)
    (home / "secret").write_text(token)
    (home / "conftest.py").write_text("import os\n")
    (home / "conftest.py").chmod(0o666)
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    listeners = {
        "tcp": _listen(opened, socket.AF_INET, stream, ("127.0.0.1", 0)),
        "udp": _listen(opened, socket.AF_INET, datagram, ("127.0.0.1", 0)),
        "unix": _listen(opened, socket.AF_UNIX, stream, str(home / "line")),
        "abstract": _listen(opened, socket.AF_UNIX, stream, f"\0{token[:12]}"),
    }
    bystander = subprocess.Popen(["/bin/sleep", "600"])
    opened.callback(bystander.wait)
    opened.callback(bystander.kill)
    return World(
        home=home,
        token=token,
        bystander=bystander,
        listeners=listeners,
        before=(home / "conftest.py").read_bytes(),
    )


def _listen(
    opened: contextlib.ExitStack, family: int, kind: int, address: object
) -> socket.socket:
    line = opened.enter_context(socket.socket(family, kind))
    line.bind(address)  # type: ignore[arg-type]  # a pair or a path, by family
    if kind == socket.SOCK_STREAM:
        line.listen()
    line.settimeout(0)
    return line


def _heard(line: socket.socket) -> bool:
    try:
        if line.type == socket.SOCK_STREAM:
            line.accept()[0].close()
        else:
            line.recv(1)
    except BlockingIOError:
        return False
    return True


def _fills() -> list[Path]:
    folders = (Path(tempfile.gettempdir()), Path("/dev/shm"))  # noqa: S108 - as above
    return [
        path
        for folder in folders
        for pattern in ("fill_0*", "ln_0*", "hl_0*")
        for path in folder.glob(pattern)
    ]


def _processes() -> set[int]:
    """Return every process below this one, adopted ones included."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, over in parents.items() if over in found} - found:
        found |= more
    return found


if __name__ == "__main__":
    main()
