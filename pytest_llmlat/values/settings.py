"""What was asked for, read once at the pytest border and never changed after."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Balance: TypeAlias = Literal["geometric", "arithmetic", "harmonic"]
BALANCES: tuple[Balance, ...] = ("geometric", "arithmetic", "harmonic")
SANDBOXES = (
    "auto",
    "landlock+seccomp",
    "seccomp",
    "bwrap",
    "docker",
    "seatbelt",
    "none",
)
ALL_SAMPLES = sys.maxsize
"""More samples than any task has: all of them, whatever the test says."""
LOCAL_DEVICES = ("cpu", "cuda", "a6000", "mps")
REMOTE_DEVICES = ("hf", "endpoint")
"""Hugging Face's cloud, and any HTTP server of the user's."""
DEVICES = (*LOCAL_DEVICES, *REMOTE_DEVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All options of a session."""

    root: Path
    """The project's folder."""
    folder: Path
    """Of this run: its journal; created when the first cell begins."""
    names_given: bool
    """Whether names or catalogues were typed, to be looked up at once."""
    models: tuple[str, ...]
    """Names or addresses; empty for the catalogue's default."""
    tasks: tuple[str, ...]
    """Tasks or families; empty for those that the tests name."""
    samples: int | None
    """Samples of each task; ``None`` for what the test says, or else all."""
    seed: int
    vary: str
    """Settings in which each model is measured, as they were typed; empty for none."""
    model_files: tuple[Path, ...]
    task_files: tuple[Path, ...]
    data: Path | None
    """The folder with local copies of public sets."""
    report: Path | None
    benchmark: Path | None
    """The file for pytest-benchmark; ``None`` for none."""
    balance: Balance
    sandbox: str
    limits: tuple[tuple[str, float], ...]
    """What a generated program may use, by the names of task options; they come
    before what a task says."""
    scenarios: tuple[str, ...]
    """How samples are offered; empty for what the test says, or else ``single``."""
    requests: int | None
    """Requests that count in a cell; ``None`` for one of each sample."""
    slo: str
    """Bounds on latency for goodput, as they were typed; empty for none."""
    against: str | None
    """The model that each other is measured beside, in turn; ``None`` for none."""
    baseline: Path | None
    """The stored run to compare with."""
    save_baseline: Path | None
    """Where this run is stored for later ones."""
    tolerances: tuple[str, ...]
    """How much worse what may become, as it was typed."""
    bounds: tuple[str, ...]
    """Absolute limits, as they were typed."""
    new_cells: str
    """What becomes of a cell that the baseline lacks: fail, warn or pass."""
    unsure: str
    """What becomes of what cannot be decided: pass or fail."""
    power: bool
    """Whether to tell, before the run, which changes it could see."""
    timeout_s: float | None
    """When a request to a server is given up; ``None`` for what its entry says."""
    devices: frozenset[str]
    """Devices that the marker expression names, present or not."""
