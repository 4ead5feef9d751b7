"""Which language model, on which device, gives good answers fast enough?

A pytest plugin that measures the speed and the quality of the same generation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.backends.scripted import Scripted
    from pytest_llmlat.clock import Clock, ManualClock, SystemClock
    from pytest_llmlat.errors import LLMLatError
    from pytest_llmlat.meter import Meter
    from pytest_llmlat.protocols import Backend
    from pytest_llmlat.records import Generation, Record, Request, Timing
    from pytest_llmlat.results import Summary
    from pytest_llmlat.specs import Sample, Task

__version__ = "0.1.0"

__all__ = [
    "Backend",
    "Clock",
    "Generation",
    "LLMLatError",
    "ManualClock",
    "Meter",
    "Record",
    "Request",
    "Sample",
    "Scripted",
    "Summary",
    "SystemClock",
    "Task",
    "Timing",
    "__version__",
]

_HOMES = {
    "Backend": "protocols",
    "Clock": "clock",
    "Generation": "records",
    "LLMLatError": "errors",
    "ManualClock": "clock",
    "Meter": "meter",
    "Record": "records",
    "Request": "records",
    "Sample": "specs",
    "Scripted": "backends.scripted",
    "Summary": "results",
    "SystemClock": "clock",
    "Task": "specs",
    "Timing": "records",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, since every pytest run loads us."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
