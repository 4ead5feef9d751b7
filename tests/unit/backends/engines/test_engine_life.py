"""The life of an engine, a real process: started, waited for, asked and ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_model
from pytest_llmlat.backends.engines.started_server import StartedServer
from pytest_llmlat.measure.scenarios import ask
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import LLMLatError, ServerUnavailable
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.entities import Scalar

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups"),
]
FAKE = Path(__file__).with_name("fake_engine.py")
QUESTION = Request(prompt="Count.", chat=True, max_new_tokens=8)
GONE_S = 10.0


def a_fake(flags: str = "--name fake", **options: Scalar) -> ModelSpec:
    """Return the entry of an engine that does what its flags say."""
    told: dict[str, Scalar] = {
        "probe": False,
        "start_limit_s": 60.0,
        "stop_limit_s": 1.0,
        **options,
    }
    return ModelSpec(
        name="mine",
        backend="engine",
        devices=("cpu",),
        weights="fake",
        command=f"{{python}} {FAKE} --port {{port}} {flags}",
        options=tuple(told.items()),
    )


def opened(model: ModelSpec) -> StartedServer:
    """Start an engine."""
    found = open_model(Deployment(model=model, device="cpu"), SystemClock()).backend
    assert isinstance(found, StartedServer)
    return found


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    """The file that an engine writes the numbers of its processes to."""
    return tmp_path / "pids"


@pytest.fixture
def server(pids: Path) -> Iterator[StartedServer]:
    """A whole engine."""
    found = opened(a_fake(f"--name fake --pids {pids}"))
    yield found
    found.close()


def told(pids: Path) -> list[int]:
    """Return the processes of an engine."""
    return [int(word) for word in pids.read_text("ascii").split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    with suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path("/proc/self").exists() is False


def gone(processes: list[int]) -> bool:
    """Whether all of them end before long."""
    until = time.monotonic() + GONE_S
    while any(map(alive, processes)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(alive, processes))


def test_it_answers_and_tells_what_it_is(server: StartedServer, pids: Path) -> None:
    """Through the same client as every server; the port is no part of its facts."""
    server.begin_cell()

    answer = ask(QUESTION, server, SystemClock())

    assert answer.generation is not None
    assert answer.generation.text == "One two three."
    assert server.facts["engine"] == "command"
    assert "url" not in server.facts
    assert "--port {port}" in str(server.facts["command"])
    assert server.engine.startup_s > 0
    assert server.engine.starts == 1
    assert all(map(alive, told(pids)))


def test_it_ends_with_its_model(server: StartedServer, pids: Path) -> None:
    """Nothing of it is left, and closing again does no harm."""
    processes = told(pids)

    server.close()
    server.close()

    assert gone(processes)


@pytest.mark.parametrize("apart", ["", "--apart"])
def test_children_that_will_not_end_are_killed(pids: Path, apart: str) -> None:
    """Of its group, and of a session of their own; SIGTERM they do not hear."""
    if apart and sys.platform != "linux":
        pytest.skip("only Linux tells who descends from whom")
    found = opened(a_fake(f"--name fake --children 2 --stubborn {apart} --pids {pids}"))
    processes = told(pids)
    assert len(processes) == 3

    found.close()

    assert gone(processes)


def test_an_engine_that_fails_shows_its_last_lines() -> None:
    """Forty of them, the newest last."""
    with pytest.raises(ServerUnavailable) as error:
        opened(a_fake("--fails"))

    text = str(error.value)
    assert "ended with status 3 before it was ready" in text
    assert text.endswith("  | line 59")
    assert text.count("\n  | line ") == 40


def test_what_it_printed_is_shown_without_its_key() -> None:
    """Engines print their arguments."""
    with pytest.raises(ServerUnavailable) as error:
        opened(a_fake("--deaf --api-key sk-4711-secret", start_limit_s=0.5))

    text = str(error.value)
    assert "was not ready after 0.5 s (option start_limit_s)" in text
    assert "  | starting with key ***" in text
    assert "4711" not in text


def test_an_engine_that_never_answers_is_ended(pids: Path) -> None:
    """When its time is up, with all that it started."""
    with pytest.raises(ServerUnavailable, match="nobody listened there"):
        opened(a_fake(f"--deaf --children 1 --pids {pids}", start_limit_s=1.0))

    assert gone(told(pids))


def test_another_model_is_refused(pids: Path) -> None:
    """The engine is ended: what it would answer is not what was asked for."""
    with pytest.raises(ServerUnavailable, match=r"no model 'fake'.*has: other"):
        opened(a_fake(f"--name other --pids {pids}"))

    assert gone(told(pids))


def test_an_engine_that_is_not_installed_is_told_how_to_get() -> None:
    """Before anything is started."""
    model = ModelSpec(
        name="mine",
        backend="engine",
        devices=("cpu",),
        engine="vllm",
        weights="org/m",
        options=(("program", "/no/such/vllm"),),
    )

    with pytest.raises(
        ServerUnavailable, match=r"no program '/no/such/vllm'; run: pip"
    ):
        opened(model)


def test_a_module_that_is_not_installed_is_told_too() -> None:
    """The interpreter is there, and what it is to run is not."""
    model = a_fake()
    command = "{python} -m no_such_engine.server --port {port}"

    with pytest.raises(ServerUnavailable, match="no module 'no_such_engine'"):
        opened(ModelSpec(name="m", backend="engine", devices=("cpu",), command=command))

    assert model.command != command


def test_a_port_that_is_taken_is_told() -> None:
    """With what to do: a free one is chosen where none is named."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServerUnavailable, match=f"port {port} is taken"):
            opened(a_fake(port=port))


def test_a_crash_is_told_and_the_next_cell_starts_it_anew(pids: Path) -> None:
    """With what it printed last; the second start is counted."""
    found = opened(a_fake(f"--name fake --dies-after 1 --pids {pids}"))
    try:
        found.begin_cell()
        assert ask(QUESTION, found, SystemClock()).generation is not None
        found.check()

        broken = ask(QUESTION, found, SystemClock())

        assert broken.generation is None
        with pytest.raises(LLMLatError, match=r"was killed by SIGKILL(.|\n)*of memory"):
            found.check()
        first = told(pids)
        found.begin_cell()
        assert ask(QUESTION, found, SystemClock()).generation is not None
        assert found.engine.starts == 2
        assert told(pids) != first
    finally:
        found.close()


def test_an_engine_that_rests_is_ended_and_goes_on_where_it_was(
    server: StartedServer, pids: Path
) -> None:
    """No process is left while it rests; what it counted and took is kept."""
    server.begin_cell()
    assert server.wake() is False
    assert ask(QUESTION, server, SystemClock()).generation is not None
    taken = server.engine.memory_bytes
    first = told(pids)

    server.rest()
    server.rest()

    assert gone(first)
    assert taken is None or (server.engine.memory_bytes or 0) >= taken
    assert server.wake() is True
    assert ask(QUESTION, server, SystemClock()).generation is not None
    assert told(pids) != first
    assert server.engine.starts == 2
    server.begin_cell()
    assert server.engine.starts == 2


def test_an_engine_that_rests_is_ready_for_the_next_cell(server: StartedServer) -> None:
    """It is started without a word: nothing had gone wrong."""
    server.rest()

    server.begin_cell()

    assert ask(QUESTION, server, SystemClock()).generation is not None


def test_a_watchdog_that_is_killed_takes_the_engine_with_it(pids: Path) -> None:
    """It is noticed, and the whole group is ended."""
    found = opened(a_fake(f"--name fake --children 1 --pids {pids}"))
    processes = told(pids)
    try:
        os.kill(found._engine.process._dog.pid, signal.SIGKILL)
        found._engine.process._dog.wait()

        with pytest.raises(ServerUnavailable, match="lost its watchdog"):
            found.check()
        assert gone(processes)
    finally:
        found.close()


OPENS = """
import sys
sys.path.insert(0, {here!r})
from test_engine_life import a_fake, opened
server = opened(a_fake("--name fake --children 2 --apart --pids " + sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


def test_an_engine_does_not_outlive_us(pids: Path) -> None:
    """Even where we are killed by SIGKILL and can do nothing."""
    code = OPENS.format(here=str(Path(__file__).parent))
    ours = subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", code, str(pids)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with ours:
        assert ours.stdout is not None
        assert re.fullmatch("ready\n", ours.stdout.readline())
        processes = told(pids)
        assert len(processes) == 3
        assert all(map(alive, processes))

        ours.kill()

    assert gone(processes)
