"""Settings of a session, read once at the border and never changed after."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.entities import ModelSpec, Scalar

ALL_SAMPLES = sys.maxsize
"""Number that stands for all samples, since no task has as many, whatever the test
says."""

Spelled: TypeAlias = "Callable[[str], str]"
"""Returns the user's spelling of a setting, by the name of its field: an option, or an
argument of a function. Complaints name what can be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingSettings:
    """Settings of the gate by which a change is judged, each as it was typed."""

    tolerances: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    new_cells: str = "warn"
    unsure: str = "pass"
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a session, with their defaults."""

    root: Path
    """The project's folder."""
    folder: Path
    """Folder of this run: its journal; created when the first cell begins."""
    runs: Path | None = None
    """The folder that has runs in it; ``None`` for ``.llmlat/runs`` of the project."""
    resume: str | None = None
    """The run to go on with, as it was typed; ``None`` where one begins."""
    reuse: str | None = None
    """Runs whose answers are taken for quality, as they were typed; ``None``: none."""
    sitting: int = 1
    """Number of this sitting of the run: one more than there were, where it goes on."""
    joined: bool = False
    """Whether another process of this sitting has taken the run already."""
    spread: str = ""
    """Where cells run, as it was typed; empty for this process."""
    clients: int = 1
    """Processes that offer the load of a server together."""
    shards: int = 1
    """Workers that answer an offline set together."""
    names_given: bool = False
    """Whether names or catalogues were typed, to be looked up at once."""
    models: tuple[str, ...] = ()
    """Names or addresses; empty for the catalogue's default."""
    addressed: tuple[ModelSpec, ...] = ()
    """The models at addresses that hold a user or a key: among ``models`` and the like
    they go by names that may be shown."""
    tasks: tuple[str, ...] = ()
    """Tasks or families; empty for those that the tests name."""
    samples: int | None = None
    """Samples of each task; ``None`` for what the test says, or else all."""
    repeats: int | None = None
    """Number of times that each sample is asked; ``None`` for that of the test or the
    task."""
    temperature: float | None = None
    """Temperature of sampling; ``None`` for that of test, model or task."""
    top_p: float | None = None
    shots: int | None = None
    """Examples before each question; ``None`` for what the task says."""
    system: str | None = None
    """System prompt of every chat; ``None`` for that of model and task."""
    chat_template_kwargs: tuple[tuple[str, Scalar], ...] = ()
    """Switches of the chat template; they come before those of model and task."""
    seed: int = 0
    vary: str = ""
    """Settings in which each model is measured, as they were typed; empty for none."""
    tune: str = ""
    """Space of settings to find the best in: a file or as typed; empty for none."""
    tune_for: str = ""
    """Goal of that, as it was typed; empty for the best balance."""
    tune_budget: str = ""
    """Budget of that, as it was typed; empty for the usual one."""
    tune_resume: Path | None = None
    """Folder of a run whose race goes on; ``None`` to begin one."""
    model_files: tuple[Path, ...] = ()
    task_files: tuple[Path, ...] = ()
    data: Path | None = None
    """The folder with local copies of public sets."""
    report: Path | None = None
    benchmark: Path | None = None
    """The file for pytest-benchmark; ``None`` for none."""
    balance: Balance = "geometric"
    sandbox: str = "auto"
    limits: tuple[tuple[str, float], ...] = ()
    """Limits of generated programs, by the names of task options; they come before
    those of a task."""
    scenarios: tuple[str, ...] = ()
    """Scenarios; empty for that of the test, or else ``single``."""
    requests: int | None = None
    """Requests that count in a cell; ``None`` for one of each sample."""
    latency_budget: tuple[tuple[str, float], ...] = ()
    """Latency budgets that come before those of tasks, in seconds: of a task, of a
    family, or of all where the name is empty."""
    cost_budget: tuple[tuple[str, CostBudget], ...] = ()
    """Cost budgets that come before those of tasks, by the same names."""
    energy: str = ""
    """What was asked of the measurement of energy, as it was typed; empty for the
    defaults."""
    judges: tuple[str, ...] = ()
    """Models that grade answers by a rubric when all is measured; empty for those of
    each task."""
    spend: str = ""
    """What the run may spend at most, as it was typed; empty for no bound."""
    grid: float | None = None
    """Kilograms of carbon dioxide for each kilowatt-hour; ``None`` if nobody says."""
    slo: str = ""
    """Bounds on latency for goodput, as they were typed; empty for none."""
    search: str = ""
    """When a load holds that is searched for, as it was typed; empty for as usual."""
    against: str | None = None
    """The model that each other is measured beside, in turn; ``None`` for none."""
    prompts: str = ""
    """Two prompts to compare, the reference first, as they were typed: files, or names
    of a task's own; empty for none."""
    until_decided: bool = False
    """Whether a cell beside another model ends as soon as its result is clear."""
    baseline: Path | None = None
    """The stored run to compare with."""
    save_baseline: Path | None = None
    """File in which this run is stored for later ones."""
    yardstick: str | None = None
    """Model that tells how fast the machine is, in turn with each cell; ``None`` for
    none."""
    tolerances: tuple[str, ...] = ()
    """Tolerances, as they were typed."""
    bounds: tuple[str, ...] = ()
    """Absolute limits, as they were typed."""
    new_cells: str = "warn"
    """Treatment of a cell that the baseline lacks: fail, warn or pass."""
    unsure: str = "pass"
    """Treatment of what cannot be decided: pass or fail."""
    answered: tuple[str, ...] = ()
    """Shares of requests that are to be answered, as they were typed."""
    gate_from: str | None = None
    """Base branch whose five settings above count, as it was typed. ``None`` where they
    are the project's own."""
    base: Path | None = None
    """Folder of the project on the base branch."""
    proposed: JudgingSettings | None = None
    """The change's own five settings, which are shown and not followed."""
    changed: bool = False
    """Whether to leave out cells of which nothing has changed since the base."""
    look_again: str = "suspicious"
    """Cells that are measured again beside stored runs: suspicious ones, or none."""
    power: bool = False
    """Whether to tell, before the run, which changes it could see."""
    timeout_s: float | None = None
    """Time limit of a request to a server; ``None`` for that of its entry."""
    devices: frozenset[str] = frozenset()
    """Devices that were named, present or not; empty where none was."""
