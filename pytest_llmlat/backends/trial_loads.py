"""Loading tried where it can die alone, for weights that were not loaded before.

A damaged file can make a library abort: no exception, the process is gone, and with it
all that the session had still to measure. So a fresh process loads such a model first
and writes one token, in no more memory than is free. What went well once is remembered
in the user's cache, by the files' paths, sizes and times of change and by the versions
of the libraries.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from pytest_llmlat.backends.shared_options import LOAD_CHECK
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.machine.process_memory import available_bytes
from pytest_llmlat.machine.quotas import quotas
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.values.errors import OutOfMemory, WeightsUnavailable
from pytest_llmlat.values.process_ends import signal_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import Deployment

_MODULE = "pytest_llmlat.backends.trial_process"
_LEAST_S = 300.0
_PER_S = 10e6
"""Bytes a second: slower than any disk that models are loaded from."""
_LINES, _LETTERS = 4, 300
_GIB = 1 << 30


def try_first(
    deployment: Deployment,
    files: Iterable[Path],
    *,
    libraries: Iterable[str] = (),
    command: Sequence[str] = (sys.executable, "-P", "-m", _MODULE),
    environ: Mapping[str, str] = os.environ,
    limit_s: float | None = None,
) -> bool:
    """Load new weights in a process of their own, and see that it lives.

    What that process refuses in words is left to whoever loads the model next: it is
    refused there in the same words.

    Args:
        deployment: which model, and where.
        files: all that loading it reads.
        libraries: the distributions that load it.
        command: starts the process.
        environ: its environment, and where the user's cache is.
        limit_s: how long it may take; by default so long that no disk is too slow.

    Returns:
        Whether they were new, and therefore tried.

    Raises:
        WeightsUnavailable: the process died, took too long, or broke over the files.
        OutOfMemory: it took more memory than is free.
    """
    known = [path for path in files if path.is_file()]
    model = deployment.model
    # What came with a package is as good as the package, whose programs run anyway.
    if (
        model.option(LOAD_CHECK.name) == "none"
        or model.package is not None
        or not known
    ):
        return False
    mark = _mark(deployment, known, libraries, environ)
    if mark is not None and mark.is_file():
        return False
    if limit_s is None:
        limit_s = _LEAST_S + sum(path.stat().st_size for path in known) / _PER_S
    room = _room(deployment, known)
    found = _tried(deployment, known, command, environ, limit_s, room)
    if "full" in found:
        raise _too_large(deployment, found["full"], room)
    if "failed" in found:
        raise _broken(deployment, known, f"it ended in {found['failed']:.{_LETTERS}}")
    if mark is not None and "refused" not in found:
        # Where nothing can be remembered, it is tried again the next time.
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
    return True


def _mark(
    deployment: Deployment,
    files: Sequence[Path],
    libraries: Iterable[str],
    environ: Mapping[str, str],
) -> Path | None:
    """Return the file that is there once such weights were loaded well."""
    cache = user_cache(environ)
    if cache is None:
        return None
    told = [sys.version, deployment.device, repr(deployment.model)]
    told += [f"{name} {package_version(name)}" for name in libraries]
    for path in sorted(files):
        facts = path.stat()
        told.append(f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns}")
    digest = hashlib.sha256("\n".join(told).encode(errors="replace")).hexdigest()
    return cache / "loaded" / digest


def _room(deployment: Deployment, files: Sequence[Path]) -> int | None:
    """Return how much a process may allocate to load files, ``None`` for no bound.

    What is free, and the files once more: they may be mapped so that they count, and
    yet take none of it. A card's driver sets aside far more than it takes, so that
    only models of the processor are bounded.
    """
    free = available_bytes()
    if sys.platform != "linux" or deployment.device != "cpu" or free is None:
        return None
    most = quotas().memory_bytes
    return min(free, most or free) + sum(path.stat().st_size for path in files)


def _tried(
    deployment: Deployment,
    files: Sequence[Path],
    command: Sequence[str],
    environ: Mapping[str, str],
    limit_s: float,
    room: int | None,
) -> dict[str, str]:
    """Run the process, and return what it told."""
    # A debugger that ggml calls as it aborts would take seconds, and says nothing here.
    own = {**environ, "GGML_NO_BACKTRACE": "1", "PYTHONPATH": _modules()}
    with tempfile.TemporaryFile() as said:
        try:
            ended = subprocess.run(  # noqa: S603 - this interpreter, and our own module
                command,
                input=pickle.dumps((deployment, room)),
                stdout=subprocess.PIPE,
                stderr=said,
                env=own,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _broken(
                deployment, files, f"it was not done after {limit_s:.0f} s"
            ) from error
        with suppress(ValueError):
            told = json.loads(ended.stdout)
            if ended.returncode == 0 and isinstance(told, dict):
                return told
        raise _broken(
            deployment,
            files,
            f"it {_end(ended.returncode)}{_within(room)}; its last words:"
            f" {_last(said)}",
        )


def _within(room: int | None) -> str:
    """Say how much memory a process could take."""
    return "" if room is None else f" (it could take {room / _GIB:.1f} GiB of memory)"


def _too_large(deployment: Deployment, what: str, room: int | None) -> OutOfMemory:
    return OutOfMemory(
        f"model {deployment.model.name!r}: a process of its own tried to load it first,"
        f" and memory gave out{_within(room)}: {what:.{_LETTERS}} - Take a smaller"
        " model or end other programs; or are its files damaged? Option"
        f' {LOAD_CHECK.name} = "none" of the entry loads without such a try, and may'
        " end the whole session"
    )


def _modules() -> str:
    """Return where modules are found here, so that they are found there."""
    return os.pathsep.join(filter(None, sys.path))


def _end(status: int) -> str:
    """Say how a process ended."""
    if status >= 0:
        return f"ended with status {status}"
    name = signal_name(status)
    memory = " (out of memory?)" if name == "SIGKILL" else ""
    return f"was ended by {name}{memory}"


def _last(said: IO[bytes]) -> str:
    """Return the last lines that a process wrote to its standard error."""
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - 4096))
    lines = said.read().decode(errors="replace").split("\n")
    kept = [" ".join(line.split()) for line in lines if line.strip()]
    return f"{' | '.join(kept[-_LINES:]) or 'none':.{_LETTERS}}"


def _broken(
    deployment: Deployment, files: Sequence[Path], what: str
) -> WeightsUnavailable:
    names = ", ".join(str(path) for path in files[:1])
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return WeightsUnavailable(
        f"model {deployment.model.name!r}: {names}{more} cannot be loaded: a process of"
        f" its own tried it first, and {what} - Fetch or copy the files again, and"
        " compare their sizes with those of the source; if others load, the library may"
        f' not know this model. Option {LOAD_CHECK.name} = "none" of the entry loads'
        " without such a try, and may end the whole session"
    )
