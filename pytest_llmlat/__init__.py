"""Which language model, on which device, gives good answers fast enough?

A pytest plugin that measures the speed and the quality of the same generation.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.backends.scripted import Scripted
    from pytest_llmlat.session.api import measure_models
    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.session.result import RunResult
    from pytest_llmlat.session.tune_api import tune
    from pytest_llmlat.values.clock import Clock, ManualClock, SystemClock
    from pytest_llmlat.values.entities import ModelSpec, Sample, Task
    from pytest_llmlat.values.errors import LLMLatError
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation, Record, Request
    from pytest_llmlat.values.results import Scoreboard, Summary
    from pytest_llmlat.values.timing import Timing
    from pytest_llmlat.values.token_meter import Meter

__version__ = "0.1.0"

__all__ = [
    "Backend",
    "Clock",
    "Generation",
    "LLMLatError",
    "Listener",
    "ManualClock",
    "Meter",
    "ModelSpec",
    "Record",
    "Request",
    "RunResult",
    "Sample",
    "Scoreboard",
    "Scripted",
    "Summary",
    "SystemClock",
    "Task",
    "Timing",
    "__version__",
    "measure_models",
    "tune",
]

_HOMES = {
    "Backend": "values.protocols",
    "Clock": "values.clock",
    "Generation": "values.records",
    "LLMLatError": "values.errors",
    "Listener": "session.listening",
    "ManualClock": "values.clock",
    "Meter": "values.token_meter",
    "ModelSpec": "values.entities",
    "Record": "values.records",
    "Request": "values.records",
    "RunResult": "session.result",
    "Sample": "values.entities",
    "Scoreboard": "values.results",
    "Scripted": "backends.scripted",
    "Summary": "values.results",
    "SystemClock": "values.clock",
    "Task": "values.entities",
    "Timing": "values.timing",
    "measure_models": "session.api",
    "tune": "session.tune_api",
}


# What is logged is for whoever listens; nobody is shown it unasked.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, since every pytest run loads us."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Name what is public, loaded or not, for whoever explores the package."""
    return sorted(__all__)
