"""Seatbelt, the sandbox of macOS, put on by the process itself.

Untested: written from public descriptions and never run on a Mac by its author. The
self-test decides there, as everywhere: what it does not pass is not used.

Sources: ``sandbox_init`` in ``sandbox.h``, ``proc_pid_rusage`` in ``libproc.h``. The
profile language has no official description.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from pathlib import Path

RUSAGE_INFO_V2 = 2
FOOTPRINT_FIELD = 9
"""``ri_phys_footprint`` among the 64-bit fields of ``rusage_info_v2``: a UUID takes
the place of the first two."""
RUSAGE_FIELDS = 40


class Seatbelt:
    """Reading the standard library is possible; nothing else outside is."""

    def __init__(self) -> None:
        """Load what the children will need, and write the profile."""
        self._library = _system()
        self._profile = profile(Path(os.__file__).parent, Path(sys.base_prefix))

    def enter_server(self) -> None:
        """Leave the server as it is: it must fork."""

    def enter_child(self) -> None:
        """Enter the sandbox; raises ``OSError`` where macOS refuses the profile."""
        os.setsid()
        problem = ctypes.c_char_p()
        if self._library.sandbox_init(
            self._profile.encode(), ctypes.c_uint64(0), ctypes.byref(problem)
        ):
            text = (problem.value or b"").decode(errors="replace")
            raise OSError(f"sandbox_init: {text}")


def profile(library: Path, prefix: Path) -> str:
    """Return the rules: deny all, grant reading the library without site-packages."""
    return f"""(version 1)
(deny default)
(allow sysctl-read)
(allow signal (target self))
(allow file-read-metadata)
(allow file-read* (subpath "{library}") (subpath "/usr/lib") (subpath "/System")
  (regex #"^{prefix}/lib/lib[^/]*\\.dylib$")
  (literal "/dev/null") (literal "/dev/urandom") (subpath "/usr/share/zoneinfo"))
(deny file-read* (subpath "{library}/site-packages"))
"""


def footprint_bytes(pid: int) -> int:
    """Return the physical memory of a process, 0 where it has gone."""
    usage = (ctypes.c_uint64 * RUSAGE_FIELDS)()
    if _system().proc_pid_rusage(pid, RUSAGE_INFO_V2, ctypes.byref(usage)):
        return 0
    return int(usage[FOOTPRINT_FIELD])


@functools.cache
def _system() -> ctypes.CDLL:
    return ctypes.CDLL("/usr/lib/libSystem.B.dylib", use_errno=True)
