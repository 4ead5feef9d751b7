"""The Python API: what ``pytest benchmarks`` does, for notebooks and scripts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.grading import limits_text
from pytest_llmlat.grading.sandbox import choices
from pytest_llmlat.machine.device_table import known_device
from pytest_llmlat.session import cost_budgets
from pytest_llmlat.session.arguments import (
    choice,
    folder_of,
    paths_of,
    prompts_of,
    scenario_names,
    seconds_of,
    some,
    whole,
)
from pytest_llmlat.session.cell_spec import checked_choice
from pytest_llmlat.session.latency_budgets import parse_budgets
from pytest_llmlat.session.listening import Handed, Several, TextProgress
from pytest_llmlat.session.measure_cells import measure_cells
from pytest_llmlat.session.outer_loop import outside_of_loop
from pytest_llmlat.session.result import RunResult
from pytest_llmlat.session.run import Session
from pytest_llmlat.session.selection import Selection
from pytest_llmlat.session.typed_names import concealed
from pytest_llmlat.store.journal import new_folder, runs_of
from pytest_llmlat.store.partial_runs import run_to_go_on_with, sitting_after
from pytest_llmlat.values.balance import parse_balance
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.energy import parse_grid
from pytest_llmlat.values.entities import ModelSpec, Sample, Task
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.sampling import SamplingChoice
from pytest_llmlat.values.settings import (
    ALL_SAMPLES,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike
    from typing import TextIO

    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record

    AnyPath: TypeAlias = str | PathLike[str]

_ARGUMENTS = {
    "bounds": "limits",
    "limits": "code_limits",
    "scenarios": "scenario",
    "timeout_s": "timeout",
    "unsure": "inconclusive",
}
"""Arguments of another name than their setting's."""


def measure_models(  # noqa: PLR0913 - all that can be asked of a run, by name
    models: str | ModelSpec | Iterable[str | ModelSpec],
    tasks: str | Task | Iterable[str | Task],
    *,
    samples: int | Literal["all"] | Sequence[Sample] | None = None,
    scenario: str | Iterable[str] = "single",
    requests: int | None = None,
    devices: str | Iterable[str] | None = None,
    repeats: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    shots: int | None = None,
    system: str | None = None,
    chat_template_kwargs: Mapping[str, Scalar] | None = None,
    seed: int = 0,
    vary: str = "",
    tune: str = "",
    tune_for: str = "",
    tune_budget: str = "",
    tune_resume: AnyPath | None = None,
    slo: str = "",
    energy: str = "",
    grid: float | None = None,
    judges: str | ModelSpec | Iterable[str | ModelSpec] = (),
    spend: str = "",
    search: str = "",
    timeout: float | str | None = None,
    balance: Balance | str = "geometric",
    latency_budget: str | Iterable[str] = (),
    cost_budget: str | Iterable[str] = (),
    sandbox: str = "auto",
    code_limits: str = "",
    model_files: AnyPath | Iterable[AnyPath] = (),
    task_files: AnyPath | Iterable[AnyPath] = (),
    data: AnyPath | None = None,
    against: str | ModelSpec | None = None,
    prompts: str = "",
    yardstick: str | None = None,
    until_decided: bool = False,
    baseline: AnyPath | None = None,
    save_baseline: AnyPath | None = None,
    tolerances: str | Iterable[str] = (),
    limits: str | Iterable[str] = (),
    new_cells: str = "warn",
    inconclusive: str = "pass",
    look_again: str = "suspicious",
    root: AnyPath = ".",
    runs: AnyPath | None = None,
    resume: AnyPath | None = None,
    reuse: str | None = None,
    spread: str = "",
    report: AnyPath | None = None,
    progress: bool | TextIO = False,
    on_record: Callable[[Record], object] | None = None,
    listener: Listener | None = None,
) -> RunResult:
    """Measure every task on every model, and return the run.

    It is written to ``.llmlat/runs/ID`` below ``root`` while it goes on, as a run of
    pytest's is, so that ``llmlat show last`` and ``llmlat report`` read it. Texts are
    those of the options of the same names (``docs/reference.md``).

    Args:
        models: names of the catalogue, addresses such as ``gguf:PATH`` or
            ``http://localhost:8000/v1#NAME``, or entries of your own.
        tasks: names of tasks or families, or tasks of your own.
        samples: how many of each task, a seeded and stratified draw; ``None`` or
            ``"all"`` for all; or the samples themselves, for one task.
        scenario: how they are offered: ``single``, ``offline``, ``concurrent:N`` or
            ``server:RATE``; or several.
        requests: how many count in a cell; ``None`` for one of each sample.
        devices: where to run; ``None`` for all that are here and that a model names.
        repeats: how often each sample is asked; ``None`` for what the task says.
        temperature: with which tokens are drawn, 0 for the likeliest; ``None`` for what
            model and task say.
        top_p: share of the probability that they are drawn from.
        shots: how many examples stand before each question of a task that shows some;
            ``None`` for what it says.
        system: system prompt of every chat; ``None`` for what model and task say.
        chat_template_kwargs: switches of the chat template, such as
            ``{"enable_thinking": False}``.
        seed: of draws, resampling and backends.
        vary: each model in a product of settings, ``"threads=1,2 dtype=float32"``.
        tune: a space of settings to find the best of each model in; see :func:`tune`.
        tune_for: what is to be best, ``"fastest quality=0.02"``.
        tune_budget: what it may take, ``"requests=2000 minutes=30"``.
        tune_resume: the folder of a run whose tuning goes on.
        slo: bounds for goodput, ``"ttft<0.5 e2e<3s"``.
        energy: how joules are counted: ``"off"``, ``"idle=20s"``, ``"tdp=65"``.
        judges: models that grade answers of tasks with the metric ``judge`` when all
            is measured.
        spend: what the run may spend, ``"usd=5 minutes=30 joules=1e6"``.
        grid: carbon dioxide of a kilowatt-hour in kilograms, such as 0.35.
        search: when a load that is searched for holds, ``"share=90% to=64"``.
        timeout: when a request to a server is given up; in seconds, or ``"5min"``.
        balance: what is called balanced: a mean, or ``"quality=1 speed=1 cost=1"``.
        latency_budget: budgets in place of the tasks' own, ``"sentiment=500ms"``.
        cost_budget: the same of costs, ``"0.002USD"`` or ``"sentiment=40J"``.
        sandbox: where generated code runs.
        code_limits: what it may use, ``"time=10s memory=2GiB"``.
        model_files: catalogues with more models.
        task_files: catalogues with more tasks.
        data: the folder with local copies of public sets.
        against: a model that the one of ``models`` is measured beside, in turn.
        prompts: two to compare in turn, ``"OLD,NEW"``: files, or a task's by name.
        yardstick: a model asked in turn with each cell: how fast is the machine?
        until_decided: end a cell in turn with another when its result is clear.
        baseline: a stored run to compare with.
        save_baseline: where to store this run, if it passes.
        tolerances: how much worse what may become, ``"e2e=5% quality=0.02"``.
        limits: absolute limits, ``"quality>=0.6 ttft_p95<=0.5s"``.
        new_cells: what becomes of a cell that the baseline lacks: fail, warn or pass.
        inconclusive: what becomes of what cannot be decided: pass or fail.
        look_again: which cells are measured again beside a baseline: suspicious, never.
        root: the project's folder; its ``pyproject.toml`` may hold models and tasks.
        runs: the folder that the run is written to, in one of its own; ``None`` for
            ``.llmlat/runs`` below ``root``.
        resume: the run to go on with that was cut off: its folder or name, or ``last``.
        spread: where cells are measured side by side: ``"auto"``, ``"ray"``.
        reuse: runs whose answers are taken for quality, or ``all``.
        report: a folder for ``report.html``, ``report.md`` and ``summary.json``.
        progress: whether to write how far it is, to ``sys.stderr`` or a file.
        on_record: called with each record, outside of every timed region.
        listener: follows the run; what it raises ends it.

    Returns:
        The figures and verdicts; a failed verdict is in them and raises nothing.

    Raises:
        UsageError: an argument cannot be what it is; names the argument.
        DeviceAbsent: a device that was named is not here; nothing was measured.
        LLMLatError: a model cannot be loaded or measured. What was measured before is
            in the run's folder, which a note of the error names; so it is after
            Ctrl-C and after an error of ``listener`` or ``on_record``.
    """
    try:
        models = concealed(models, where="models")
        beside = concealed(against or (), where="against")
        clock = concealed(yardstick or (), where="yardstick")
        judging = concealed(judges, where="judges")
    except UsageError:
        del models, against, yardstick, judges  # a traceback shows what is held here
        raise
    specs, names = some(models, ModelSpec, "models")
    own, task_names = some(tasks, Task, "tasks")
    rival, against_name = some(beside, ModelSpec, "against", least=0)
    measured, clock_name = some(clock, ModelSpec, "yardstick", least=0)
    panel, judge_names = some(judging, ModelSpec, "judges", least=0)
    drawing = SamplingChoice(temperature=temperature, top_p=top_p, repeats=repeats)
    checked_choice(drawing, where="measure_models")
    here = Path(root).resolve()
    kept = None if runs is None else Path(runs).expanduser().resolve()
    project = here / "pyproject.toml"
    files = (project,) if project.is_file() else ()
    folder, sitting = _place(None if resume is None else str(resume), here, kept)
    settings = Settings(
        root=here,
        folder=folder,
        runs=kept,
        resume=None if resume is None else str(resume),
        sitting=sitting,
        reuse=reuse,
        spread=spread,
        names_given=True,
        models=names,
        tasks=task_names,
        samples=_count(samples),
        repeats=repeats,
        temperature=temperature,
        top_p=top_p,
        shots=None if shots is None else whole(shots, "shots", least=0),
        system=system,
        chat_template_kwargs=tuple(sorted((chat_template_kwargs or {}).items())),
        seed=whole(seed, "seed", least=0),
        vary=vary,
        tune=tune,
        tune_for=tune_for,
        tune_budget=tune_budget,
        tune_resume=None if tune_resume is None else Path(tune_resume).resolve(),
        model_files=files + paths_of(model_files, "model_files"),
        task_files=files + paths_of(task_files, "task_files"),
        data=folder_of(data, "data"),
        report=None if report is None else Path(report).resolve(),
        balance=parse_balance(str(balance), where="balance"),
        latency_budget=parse_budgets(
            some(latency_budget, str, "latency_budget", least=0)[1],
            where="latency_budget",
        ),
        cost_budget=cost_budgets.parse_budgets(
            some(cost_budget, str, "cost_budget", least=0)[1], where="cost_budget"
        ),
        sandbox=choice(sandbox, choices(), "sandbox"),
        limits=limits_text.parse(code_limits, where="code_limits"),
        scenarios=scenario_names(scenario, "scenario"),
        requests=None if requests is None else whole(requests, "requests", least=1),
        slo=slo,
        energy=energy,
        judges=judge_names,
        spend=spend,
        grid=None if grid is None else parse_grid(str(grid), where="grid"),
        search=search,
        against=next(iter(against_name), None),
        prompts=prompts_of(prompts, "prompts"),
        yardstick=next(iter(clock_name), None),
        until_decided=until_decided,
        baseline=None if baseline is None else Path(baseline).resolve(),
        save_baseline=None if save_baseline is None else Path(save_baseline).resolve(),
        tolerances=some(tolerances, str, "tolerances", least=0)[1],
        bounds=some(limits, str, "limits", least=0)[1],
        new_cells=choice(new_cells, ("fail", "warn", "pass"), "new_cells"),
        unsure=choice(inconclusive, ("pass", "fail"), "inconclusive"),
        look_again=choice(look_again, ("suspicious", "never"), "look_again"),
        timeout_s=None if timeout is None else seconds_of(timeout, "timeout"),
        devices=_devices(devices),
    )
    selection = Selection(
        settings,
        spelled=_spelled,
        models=(*specs, *rival, *measured, *panel),
        tasks=own,
    )
    following = _following(listener, on_record, progress)
    session = Session(settings, following, selection=selection, spelled=_spelled)
    items = None if isinstance(samples, int | str | None) else tuple(samples)
    with outside_of_loop():
        try:
            board = measure_cells(session, items, _spelled)
        finally:
            session.close()
    return RunResult(board=board, folder=settings.folder)


def _place(resume: str | None, root: Path, runs: Path | None) -> tuple[Path, int]:
    """Return the folder of the run, and the number of its sitting."""
    if resume is None:
        return new_folder(root, runs), 1
    folder = run_to_go_on_with(
        resume,
        runs=runs_of(root, runs),
        path=Path(resume).expanduser().resolve(),
        where="resume",
    )
    return folder, sitting_after(folder)


def _following(
    listener: Listener | None,
    on_record: Callable[[Record], object] | None,
    progress: bool | TextIO,  # noqa: FBT001 - whether, or where to
) -> Several:
    """Return one listener that joins all who follow the run."""
    listeners = [] if listener is None else [listener]
    if on_record is not None:
        listeners.append(Handed(on_record))
    if progress is not False:
        stream = sys.stderr if progress is True else progress
        listeners.append(TextProgress(stream, SystemClock().now_ns))
    return Several(*listeners)


def _spelled(setting: str) -> str:
    """Return the argument that fills a setting."""
    return _ARGUMENTS.get(setting, setting)


def _count(samples: int | str | Sequence[Sample] | None) -> int | None:
    """Return the number of samples of each task."""
    if samples is None:
        return None
    if isinstance(samples, int):
        return whole(samples, "samples", least=1)
    if samples == "all":
        return ALL_SAMPLES
    several = isinstance(samples, Sequence) and bool(samples)
    if not (several and all(isinstance(one, Sample) for one in samples)):
        raise UsageError(
            "samples: give a whole number above 0, 'all', or a list of Sample, not"
            f" {samples!r}"
        )
    return ALL_SAMPLES


def _devices(devices: str | Iterable[str] | None) -> frozenset[str]:
    """Return the devices that were named; empty for those of the models that are here.

    Raises:
        UsageError: one of them is no device.
    """
    if devices is None:
        return frozenset()
    return frozenset(
        known_device(name, where="devices") for name in some(devices, str, "devices")[1]
    )
