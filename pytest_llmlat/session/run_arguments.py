"""The arguments of a run from Python: their names, their types, and what each means."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeAlias, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from os import PathLike
    from typing import TextIO

    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.entities import ModelSpec, Sample, Scalar
    from pytest_llmlat.values.records import Record

    AnyPath: TypeAlias = str | PathLike[str]


Asked = ParamSpec("Asked")
Given = TypeVar("Given")


class RunArguments(TypedDict, total=False):
    """All that can be asked of a run, beside its models and tasks.

    What is left out is as where no option is given. Texts are those of the options of
    the same names (``docs/reference.md``).

    Attributes:
        samples: how many of each task, a seeded and stratified draw; ``None`` or
            ``"all"`` for all; or the samples themselves, for one task.
        scenario: how they are offered: ``single`` (the default), ``offline``,
            ``concurrent:N`` or ``server:RATE``; or several.
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
        seed: of draws, resampling and backends; 0 unless it is given.
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
        sandbox: where generated code runs; ``"auto"`` unless it is given.
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
        answered: share of a cell's requests that are to be answered, ``"90%"``; half of
            them unless it is given.
        new_cells: what becomes of a cell that the baseline lacks: fail, warn (the
            default) or pass.
        inconclusive: what becomes of what cannot be decided: pass (the default) or
            fail.
        look_again: which cells are measured again beside a baseline: suspicious (the
            default) or never.
        root: the project's folder, by default the current one; its ``pyproject.toml``
            may hold models and tasks.
        runs: the folder that the run is written to, in one of its own; ``None`` for
            ``.llmlat/runs`` below ``root``.
        resume: the run to go on with that was cut off: its folder or name, or ``last``.
        spread: where cells are measured side by side: ``"auto"``, ``"ray"``.
        clients: how many processes offer the load of a server together; 1 unless it is
            given.
        shards: how many workers answer an offline set together; 1 unless it is given.
        reuse: runs whose answers are taken for quality, or ``all``.
        report: a folder for ``report.html``, ``report.md`` and ``summary.json``.
        progress: whether to write how far it is, to ``sys.stderr`` or a file.
        on_record: called with each record, outside of every timed region.
        listener: follows the run; what it raises ends it.
    """

    samples: int | Literal["all"] | Sequence[Sample] | None
    scenario: str | Iterable[str]
    requests: int | None
    devices: str | Iterable[str] | None
    repeats: int | None
    temperature: float | None
    top_p: float | None
    shots: int | None
    system: str | None
    chat_template_kwargs: Mapping[str, Scalar] | None
    seed: int
    vary: str
    tune: str
    tune_for: str
    tune_budget: str
    tune_resume: AnyPath | None
    slo: str
    energy: str
    grid: float | None
    judges: str | ModelSpec | Iterable[str | ModelSpec]
    spend: str
    search: str
    timeout: float | str | None
    balance: Balance | str
    latency_budget: str | Iterable[str]
    cost_budget: str | Iterable[str]
    sandbox: str
    code_limits: str
    model_files: AnyPath | Iterable[AnyPath]
    task_files: AnyPath | Iterable[AnyPath]
    data: AnyPath | None
    against: str | ModelSpec | None
    prompts: str
    yardstick: str | None
    until_decided: bool
    baseline: AnyPath | None
    save_baseline: AnyPath | None
    tolerances: str | Iterable[str]
    limits: str | Iterable[str]
    answered: str | Iterable[str]
    new_cells: str
    inconclusive: str
    look_again: str
    root: AnyPath
    runs: AnyPath | None
    resume: AnyPath | None
    reuse: str | None
    spread: str
    clients: int
    shards: int
    report: AnyPath | None
    progress: bool | TextIO
    on_record: Callable[[Record], object] | None
    listener: Listener | None


def shown_with(
    arguments: type,
) -> Callable[[Callable[Asked, Given]], Callable[Asked, Given]]:
    """Return what makes a function show its arguments by name, where it takes any.

    A notebook completes them, and ``help`` tells what each means.

    Args:
        arguments: the types of the arguments that it takes as ``**asked``.
    """

    def shown(function: Callable[Asked, Given]) -> Callable[Asked, Given]:
        own = inspect.signature(function)
        parameters = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        parameters += [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=...,
                annotation=kind.__forward_arg__,
            )
            for name, kind in arguments.__annotations__.items()
        ]
        vars(function)["__signature__"] = own.replace(parameters=parameters)
        told = (inspect.cleandoc(each.__doc__ or "") for each in (function, arguments))
        function.__doc__ = "\n\n".join(told)
        return function

    return shown
