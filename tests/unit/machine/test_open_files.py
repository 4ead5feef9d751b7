"""How many connections fit into the files that a process may have open."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="there is no such limit here")
pytestmark = pytest.mark.slow

PROGRAM = """
import resource, sys
from pytest_llmlat.machine.open_files import make_room
from pytest_llmlat.values.errors import Unsupported
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
try:
    make_room(wanted)
except Unsupported as error:
    print(error)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def limited(soft: int, hard: int, wanted: int) -> list[str]:
    """Ask for room in a process with such limits; return what it says, line by line."""
    asked = [sys.executable, "-c", PROGRAM, *map(str, (soft, hard, wanted))]
    return subprocess.run(  # noqa: S603 - this interpreter, on the program above
        asked, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_the_soft_limit_is_raised() -> None:
    """What the hard limit allows, needs nobody to type ulimit."""
    (raised,) = limited(64, 512, 200)

    assert int(raised) > 200


def test_what_does_not_fit_is_refused_with_what_does() -> None:
    """Sockets that cannot be opened would be no load."""
    said, soft = limited(64, 64, 64)

    assert soft == "64"
    assert "64 more connections at once" in said
    assert "of them fit" in said
    assert 0 < int(said.rpartition(" are: ")[2].split()[0]) < 48


def test_what_fits_changes_nothing() -> None:
    """A limit that is wide enough stays as it is."""
    assert limited(4096, 4096, 64) == ["4096"]
