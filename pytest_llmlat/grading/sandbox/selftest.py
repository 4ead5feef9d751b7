"""Whether a sandbox holds on this machine: a confined child tries to break out of it.

What can be seen from outside is looked at from outside: the file that must not be
there, the listeners that must not hear anything.
"""

from __future__ import annotations

import json
import secrets
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.inside.probe import EXECUTED
from pytest_llmlat.grading.sandbox.program import Program
from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox.split import SplitSandbox

PATIENT = ProgramLimits(time_s=30.0, memory_bytes=1 << 30)
HONEST = Program(
    source="def double(values):\n    values[:] = [2 * v for v in values]\n",
    tests="v = [1, 2.5]\nassert double(v) is None\nassert v == [2, 5.0]\n",
    entry_point="double",
)


def breaches(sandbox: SplitSandbox) -> list[str]:
    """Return what a program can do in ``sandbox`` that it must not; empty is good.

    Raises:
        ZygoteDied: the sandbox does not start; says why.
    """
    sandbox.start()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        found = _attempt(sandbox, folder, opened)
    outcome = sandbox.run(HONEST, PATIENT)
    if outcome.kind != "pass":
        found.append(f"keep an honest program from passing ({outcome.note})")
    return found


def _attempt(sandbox: SplitSandbox, folder: Path, opened: ExitStack) -> list[str]:
    secret = folder / "secret"
    secret.write_text(secrets.token_hex())
    # Everybody may, by the file's mode: the confinement alone has to say no.
    folder.chmod(0o777)
    secret.chmod(0o644)
    listeners = {
        "tcp": _listener(opened, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "udp": _listener(opened, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "unix_stream": _listener(
            opened, socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "stream")
        ),
        "unix_datagram": _listener(
            opened, socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "datagram")
        ),
    }
    targets: dict[str, object] = {
        "write": str(folder / "written"),
        "read": str(secret),
        "memory_bytes": PATIENT.memory_bytes,
        **{name: _address(line) for name, line in listeners.items()},
    }
    report, status = sandbox.probe(targets, PATIENT)
    found = _claims(report, status)
    if (folder / "written").exists():
        found.append("leave a file behind")
    found += [f"reach a {name} socket" for name, it in listeners.items() if _heard(it)]
    return found


def _claims(report: bytes, status: int) -> list[str]:
    try:
        claims = json.loads(report)
    except ValueError:
        return [f"die of the self-test (status {status})"]
    found = [str(claim) for claim in claims]
    if status == EXECUTED:
        found.append("run another program")
    return found


def _listener(
    opened: ExitStack, family: int, kind: int, address: object
) -> socket.socket:
    line = opened.enter_context(socket.socket(family, kind))
    line.bind(address)  # type: ignore[arg-type]  # a pair or a path, by family
    if kind == socket.SOCK_STREAM:
        line.listen()
    line.settimeout(0)
    return line


def _address(line: socket.socket) -> object:
    name = line.getsockname()
    return name if line.family == socket.AF_UNIX else name[1]


def _heard(line: socket.socket) -> bool:
    try:
        if line.type == socket.SOCK_STREAM:
            line.accept()[0].close()
        else:
            line.recv(1)
    except BlockingIOError:
        return False
    return True
