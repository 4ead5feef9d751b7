"""The far end of ``docker``: a program per line in, an outcome per line out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from pytest_llmlat.grading.sandbox.chain import first_that_holds
from pytest_llmlat.grading.sandbox.confinements import BUBBLEWRAP, LANDLOCK, SECCOMP
from pytest_llmlat.grading.sandbox.program import Program
from pytest_llmlat.grading.sandbox.program_limits import ProgramLimits
from pytest_llmlat.values.errors import SandboxUnavailable

INSIDE = {"landlock+seccomp": LANDLOCK, "seccomp": SECCOMP, "bwrap": BUBBLEWRAP}


def main() -> None:
    """Serve until standard input ends."""
    try:
        # The package lies there without the metadata that names what is installed.
        sandbox = first_that_holds(INSIDE)
    except SandboxUnavailable as unavailable:
        _tell({"failed": str(unavailable)})
        return
    _tell({"ready": sandbox.name})
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            program, limits = (
                Program(**asked["program"]),
                ProgramLimits(**asked["limits"]),
            )
            _tell(asdict(sandbox.run(program, limits)))
    finally:
        sandbox.close()


def _tell(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)  # noqa: T201 - the line to the outside


if __name__ == "__main__":
    main()
