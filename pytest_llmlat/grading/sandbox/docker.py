"""A sandbox in a container: one is kept, and a program is a line to it.

Inside runs ``relay``, with the same servers and the same self-test as outside: the
container is a wall around the sandbox, with a real memory limit, and no replacement
for it. Chosen by name only.

Untested: written where there is a client and no engine.
"""

from __future__ import annotations

import json
import secrets
import selectors
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.grading.sandbox.program import ProgramOutcome
from pytest_llmlat.values.errors import SandboxUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox.program import Program
    from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits

IMAGE = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
PACKAGE = Path(__file__).parents[2]
MOUNTED = "/opt/llmlat"
ASK_S = 20.0
START_S = 60.0
GRACE_S = 15.0
MAX_REASON = 200


def open_docker() -> DockerSandbox:
    """Start the container.

    Raises:
        SandboxUnavailable: no client, no engine, no image, or no sandbox inside.
    """
    client = shutil.which("docker")
    if client is None:
        raise SandboxUnavailable(
            "sandbox 'docker': the docker command is not installed"
        )
    _ask(client, "version", "--format", "{{.Server.Version}}", remedy="start it")
    _ask(client, "image", "inspect", IMAGE, remedy=f"run: docker pull {IMAGE}")
    return DockerSandbox(client)


class DockerSandbox:
    """One container and the relay in it."""

    name = "docker"
    isolated = True

    def __init__(self, client: str) -> None:
        """Start the container and wait for its self-test.

        Raises:
            SandboxUnavailable: it does not come up, or nothing holds inside.
        """
        self._client = client
        self._start()

    def run(self, program: Program, limits: ProgramLimits) -> ProgramOutcome:
        """Run one program; a container that does not answer is replaced.

        Raises:
            SandboxUnavailable: the container does not come back.
        """
        line = json.dumps({"program": asdict(program), "limits": asdict(limits)})
        try:
            answer = self._exchange(f"{line}\n", limits.time_s + GRACE_S)
        except BaseException:
            self.close()
            raise
        if answer is None:
            self.close()
            self._start()
            return ProgramOutcome(
                kind="crash", note="the container did not answer", calls=0
            )
        return ProgramOutcome(**answer)

    def close(self) -> None:
        """Kill the container: ending the client alone would leave it running."""
        subprocess.run(  # noqa: S603 - fixed words
            [self._client, "kill", self._container],
            check=False,
            capture_output=True,
            timeout=ASK_S,
        )
        self._process.kill()
        self._process.communicate()

    def _start(self) -> None:
        self._container = f"llmlat-{secrets.token_hex(8)}"
        self._process = subprocess.Popen(  # noqa: S603 - fixed words
            command(self._client, self._container),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        answer = self._exchange("", START_S)
        if answer is None or "failed" in answer:
            self.close()
            reason = "it does not answer" if answer is None else answer["failed"]
            raise SandboxUnavailable(f"sandbox 'docker': {reason}")

    def _exchange(self, line: str, patience_s: float) -> dict[str, Any] | None:
        """Send a line, return the next one, ``None`` where none comes in time."""
        if self._process.stdin is None or self._process.stdout is None:
            return None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(patience_s):
                return None
        answer = self._process.stdout.readline()
        return dict(json.loads(answer)) if answer else None


def command(client: str, container: str) -> list[str]:
    """Return the words that start the container: no network, nothing to write."""
    return [
        *(client, "run", "--rm", "--interactive", "--pull", "never"),
        *("--name", container, "--network", "none", "--read-only"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--user", "65534:65534", "--pids-limit", "64", "--memory", "3g"),
        *("--shm-size", "1m", "--tmpfs", "/tmp:size=16m"),  # noqa: S108 - the container's own
        *("--volume", f"{PACKAGE}:{MOUNTED}/pytest_llmlat:ro"),
        *("--env", f"PYTHONPATH={MOUNTED}", "--env", "PYTHONDONTWRITEBYTECODE=1"),
        *(IMAGE, "python", "-m", "pytest_llmlat.grading.sandbox.relay"),
    ]


def _ask(client: str, *words: str, remedy: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            [client, *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=ASK_S,
        )
    except subprocess.TimeoutExpired:
        reason = "it does not answer"
    else:
        if done.returncode == 0:
            return
        reason = " ".join(done.stderr.split())[:MAX_REASON]
    raise SandboxUnavailable(f"sandbox 'docker': docker {words[0]}: {reason}; {remedy}")
