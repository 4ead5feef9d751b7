"""How many files and connections this process may have open at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pytest_llmlat.values.errors import Unsupported

_SPARE = 16
"""Files that the rest of the process may open beside its connections."""
_MORE = 1024
"""Room beyond what is known to be needed, since an open loop has as many as arrive."""
_MOST_OF_DARWIN = 10_240
"""What macOS gives at most, whatever it says the limit is."""


def make_room(connections: int) -> None:
    """Raise the soft limit of open files where so many more connections need it.

    Where there are too few, requests would wait for each other in this process, and a
    load would be told that was never there.

    Raises:
        Unsupported: even the hard limit is too low; says how many fit.
    """
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = _open_files()
    need = taken + connections + _SPARE
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < need + _MORE:
        bounds = () if hard == unlimited else (hard,)
        for wanted in (min((need + _MORE, *bounds)), min((_MOST_OF_DARWIN, *bounds))):
            if wanted <= soft:
                continue
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                break
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if connections > 1 and soft != unlimited and soft < need:
        fit = max(0, soft - taken - _SPARE)
        raise Unsupported(
            f"{connections} more connections at once: this process may have {soft}"
            f" files open, and {taken} are: {fit} of them fit; have fewer requests in"
            f" flight, or raise the limit before (ulimit -n {need})"
        )


def _open_files() -> int:
    """Return how many files this process has open; at least the standard three."""
    for place in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return sum(1 for _ in Path(place).iterdir())
    return 3
