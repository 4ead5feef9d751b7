"""The sandbox as an object: what it survives, and what it leaves behind."""

from __future__ import annotations

import os
import selectors
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits, Sandbox, open_sandbox
from pytest_llmlat.grading.sandbox.split import SplitSandbox
from pytest_llmlat.values.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are counted through /proc"
)

RIGHT = Program(
    source="def f(a, b):\n    return a + b\n",
    tests="assert f(1, 2) == 3\n",
    entry_point="f",
)
ENDLESS = Program(source="while True: pass", tests="f()", entry_point="f")


def test_a_thousand_descriptors_would_not_do_for_a_leak(
    own_sandbox: SplitSandbox, descendants: Callable[[int], set[int]]
) -> None:
    """Descriptors and processes are the same before and after 520 programs.

    A server may open 1024 descriptors and gets two per program, so that a leak over
    there would end it and count as a second start.
    """
    own_sandbox.run(RIGHT, ProgramLimits())
    open_before, before = len(os.listdir("/proc/self/fd")), descendants(os.getpid())  # noqa: PTH208 - a count

    kinds = {own_sandbox.run(RIGHT, ProgramLimits()).kind for _ in range(520)}

    assert kinds == {"pass"}
    assert descendants(os.getpid()) == before
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208 - a count


def test_closing_leaves_no_process(
    own_sandbox: SplitSandbox, descendants: Callable[[int], set[int]]
) -> None:
    """Neither a server nor a child is there afterwards, and closing twice is fine."""
    before = descendants(os.getpid())
    own_sandbox.run(RIGHT, ProgramLimits())
    started = descendants(os.getpid()) - before

    own_sandbox.close()
    own_sandbox.close()

    assert len(started) == 2
    assert not started & descendants(os.getpid())


def test_a_closed_sandbox_says_so(own_sandbox: SplitSandbox) -> None:
    """Running on is a mistake of the caller, told as such."""
    own_sandbox.close()

    with pytest.raises(SandboxUnavailable, match="closed"):
        own_sandbox.run(RIGHT, ProgramLimits())


def test_a_server_that_was_killed_is_started_again(
    own_sandbox: SplitSandbox, descendants: Callable[[int], set[int]]
) -> None:
    """Between two programs both servers die; the second program passes."""
    before = descendants(os.getpid())
    own_sandbox.run(RIGHT, ProgramLimits())
    for server in descendants(os.getpid()) - before:
        os.kill(server, signal.SIGKILL)

    assert own_sandbox.run(RIGHT, ProgramLimits()).kind == "pass"


class Interfering(selectors.DefaultSelector):
    """A selector that does something once both children are there."""

    def __init__(self, act: Callable[[], None]) -> None:
        """Keep what to do."""
        super().__init__()
        self._act = act

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait for a moment only, then act: a program may never give a sign."""
        ready = super().select(min(0.02, timeout or 0))
        self._act()
        return ready


def interfere(
    monkeypatch: pytest.MonkeyPatch, sandbox: SplitSandbox, act: Callable[[], None]
) -> None:
    """Do ``act`` in the middle of each program from now on."""

    def once_both_run() -> None:
        if all(zygote.child for zygote in sandbox._zygotes.values()):
            act()

    monkeypatch.setattr("selectors.DefaultSelector", lambda: Interfering(once_both_run))


def test_ctrl_c_leaves_no_orphan_and_the_sandbox_usable(
    own_sandbox: SplitSandbox,
    descendants: Callable[[int], set[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The interrupt goes on to the caller; all processes of the program have ended."""
    before, seen = descendants(os.getpid()), set()

    def interrupt() -> None:
        seen.update(descendants(os.getpid()) - before)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        interfere(patched, own_sandbox, interrupt)
        with pytest.raises(KeyboardInterrupt):
            own_sandbox.run(ENDLESS, ProgramLimits(time_s=60))

    assert len(seen) == 4
    assert not seen & descendants(1)
    assert own_sandbox.run(RIGHT, ProgramLimits()).kind == "pass"


def test_a_server_that_dies_in_a_program_costs_one_more_try(
    own_sandbox: SplitSandbox,
    descendants: Callable[[int], set[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its children end with it, and the program is run once more."""
    killed: list[int] = []

    def kill_once() -> None:
        if not killed:
            zygote = own_sandbox._zygotes["candidate"]
            killed.extend((zygote._process.pid, zygote.child or 0))
            os.kill(killed[0], signal.SIGKILL)

    interfere(monkeypatch, own_sandbox, kill_once)

    assert own_sandbox.run(ENDLESS, ProgramLimits(time_s=0.5)).kind == "timeout"
    assert len(killed) == 2
    assert not set(killed) & descendants(1)


def test_servers_that_keep_dying_are_reported(
    own_sandbox: SplitSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice with one program is no accident: the error says what to look for."""

    def kill() -> None:
        for zygote in own_sandbox._zygotes.values():
            zygote._process.kill()

    interfere(monkeypatch, own_sandbox, kill)

    with pytest.raises(SandboxUnavailable, match="out of memory"):
        own_sandbox.run(ENDLESS, ProgramLimits(time_s=60))


def test_threads_may_share_a_sandbox(sandbox: Sandbox) -> None:
    """One program at a time, whoever asks; the servers were not forked from here."""
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(
            pool.map(lambda _: sandbox.run(RIGHT, ProgramLimits()), range(12))
        )

    assert {outcome.kind for outcome in outcomes} == {"pass"}


def test_a_sandbox_outlives_the_thread_that_opened_it(sandbox: Sandbox) -> None:
    """A server ends with the session, not with the thread that happened to start it."""
    with ThreadPoolExecutor(1) as pool:
        opened = pool.submit(open_sandbox, sandbox.name).result()

    try:
        assert opened.run(RIGHT, ProgramLimits()).kind == "pass"
    finally:
        opened.close()


def test_nothing_of_this_process_reaches_a_program(
    own_sandbox: SplitSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No environment variable is inherited, and no descriptor, however many are open.

    The server's own line must not reach a program: it could forge its end there.
    """
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    busy = [os.open(os.devnull, os.O_RDONLY) for _ in range(400)]
    source = (
        "import os\n"
        "def f():\n"
        "    alive = []\n"
        "    for n in range(1024):\n"
        "        try: alive.append((n, os.fstat(n).st_mode >> 12))\n"
        "        except OSError: pass\n"
        "    return dict(os.environ), alive\n"
    )
    socket, pipe = 0o14, 0o1
    tests = (
        f"env, fds = f()\nassert env == {{}}, env\n"
        f"assert fds == [(0, {pipe}), (1, {pipe}), (2, {pipe}), (3, {socket})], fds"
    )

    found = own_sandbox.run(
        Program(source=source, tests=tests, entry_point="f"), ProgramLimits()
    )
    for descriptor in busy:
        os.close(descriptor)

    assert found.kind == "pass", found


def test_without_confinement_the_leftovers_are_cleared_away(
    descendants: Callable[[int], set[int]],
) -> None:
    """``none`` lets a program fork; a daemon of it is ended with it all the same."""
    source = (
        "import os, time\n"
        "def f():\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0: time.sleep(600)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "    return os.getcwd()\n"
    )
    tests = f"assert f() != {os.getcwd()!r}"  # noqa: PTH109 - text
    before = descendants(1)
    bare = open_sandbox("none")
    try:
        assert (bare.name, bare.isolated) == ("none", False)
        program = Program(source=source, tests=tests, entry_point="f")
        assert bare.run(program, ProgramLimits()).kind == "pass"
        assert len(descendants(os.getpid()) - before) == 2
    finally:
        bare.close()


def test_memory_is_held_to_the_limit(sandbox: Sandbox) -> None:
    """What fits the default does not fit a quarter of it."""
    program = Program(
        source="def f():\n    return len(bytearray(400 << 20)) >> 20\n",
        tests="assert f() == 400\n",
        entry_point="f",
    )

    assert sandbox.run(program, ProgramLimits()).kind == "pass"
    assert sandbox.run(program, ProgramLimits(memory_bytes=1 << 28)).kind == "memory"


def test_the_servers_have_no_privilege_left(
    own_sandbox: SplitSandbox, descendants: Callable[[int], set[int]]
) -> None:
    """Whoever started them: no capability, none to be gained, and a filter."""
    before = descendants(os.getpid())
    own_sandbox.start()

    for server in descendants(os.getpid()) - before:
        status = Path(f"/proc/{server}/status").read_text()
        facts = dict(line.split(":\t", 1) for line in status.splitlines())
        assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == 0
        assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


def test_a_server_starts_without_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clearing it later would leave the keys in memory, where a program can look."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    only_without = ("/bin/sh", "-c", '[ -z "$OPENAI_API_KEY" ] && exec "$@"', "sh")
    bare = SplitSandbox("none", isolated=False, prefix=only_without)
    try:
        assert bare.run(RIGHT, ProgramLimits()).kind == "pass"
    finally:
        bare.close()


def test_without_confinement_a_file_is_held_to_the_limit() -> None:
    """``none`` lets a program write, but not fill the disk with one file."""
    program = Program(
        source=(
            "from pathlib import Path\n"
            "def f(n): return Path('x').write_bytes(b'x' * n)\n"
        ),
        tests="assert f(1000) == 1000\nf(2000)\n",
        entry_point="f",
    )
    bare = open_sandbox("none")
    try:
        outcome = bare.run(program, ProgramLimits(output_bytes=1500))
    finally:
        bare.close()

    assert (outcome.kind, outcome.calls) == ("error", 2)
    assert "File too large" in outcome.note
