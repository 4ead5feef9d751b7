"""A process that loads one model, lets it write one token, and ends.

Run as ``python -m pytest_llmlat.backends.trial_process``: it reads a pickled
deployment from its standard input, which only :mod:`.trial_loads` writes, and tells in
one line of JSON on its standard output what came of it.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from typing import TYPE_CHECKING

from pytest_llmlat.backends import open_backend
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Deployment


def try_model(deployment: Deployment) -> dict[str, str]:
    """Load a model and let it write a token.

    Returns:
        Under ``failed`` what went wrong that nobody expected, or under ``refused`` what
        was said of it; neither where nothing did.
    """
    try:
        backend = open_backend(deployment, SystemClock())
        if not backend.remote:
            request = Request(prompt="1", chat=backend.chat, max_new_tokens=1)
            meter = Meter(SystemClock())
            meter.start()
            backend.generate(request, meter)
    except LLMLatError as error:
        return {"refused": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a model library raises
        return {"failed": f"{type(error).__name__}: {error}"}
    return {}


def main() -> None:
    """Try what standard input says; libraries that print do so to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    found = try_model(pickle.load(sys.stdin.buffer))  # noqa: S301 - of this package's own
    os.write(answer, json.dumps(found).encode())
    sys.stderr.flush()
    # Some libraries die as they are taken down, which says nothing of the model.
    os._exit(0)


if __name__ == "__main__":
    main()
