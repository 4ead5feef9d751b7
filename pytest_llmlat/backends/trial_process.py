"""A process that loads one model, lets it write one token, and ends.

Run as ``python -m pytest_llmlat.backends.trial_process``: it reads a pickled
deployment, and how much memory it may take, from its standard input, which only
:mod:`.trial_loads` writes, and tells in one line of JSON on its standard output what
came of it.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends import open_backend
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import LLMLatError, OutOfMemory
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Deployment


def try_model(deployment: Deployment, most_bytes: int | None) -> dict[str, str]:
    """Load a model and let it write a token.

    Args:
        deployment: which model, and where.
        most_bytes: how much memory there is; ``None`` where nothing bounds it.

    Returns:
        Under ``failed`` what went wrong that nobody expected, under ``full`` what was
        said when memory gave out, or under ``refused`` what was said of it else; none
        of them where nothing went wrong.
    """
    try:
        backend = open_backend(deployment, SystemClock())
        if not backend.remote:
            request = Request(prompt="1", chat=backend.chat, max_new_tokens=1)
            meter = Meter(SystemClock())
            meter.start()
            backend.generate(request, meter)
    except (OutOfMemory, MemoryError) as error:
        # Without a bound it is told by whoever loads it next, who may have more room.
        kind = "refused" if most_bytes is None else "full"
        return {kind: str(error) or type(error).__name__}
    except LLMLatError as error:
        return {"refused": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a model library raises
        return {"failed": f"{type(error).__name__}: {error}"}
    return {}


def bound_memory(most_bytes: int) -> None:
    """Bound what this process may allocate; where memory gives out, it is ended first.

    Files that are only mapped do not count: ``RLIMIT_DATA`` is of what is private and
    written to. Where nothing can be bounded, nothing is.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not everywhere

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = most_bytes if hard < 0 else min(most_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def main() -> None:
    """Try what standard input says; libraries that print do so to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    deployment, most_bytes = pickle.load(sys.stdin.buffer)  # noqa: S301 - of this package's own
    if most_bytes is not None:
        bound_memory(most_bytes)
    found = try_model(deployment, most_bytes)
    os.write(answer, json.dumps(found).encode())
    sys.stderr.flush()
    # Some libraries die as they are taken down, which says nothing of the model.
    os._exit(0)


if __name__ == "__main__":
    main()
