"""The Python API: what ``pytest benchmarks`` does, for notebooks and scripts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from pytest_llmlat.session.argument_table import (
    argument_of,
    check_known,
    settings_said,
)
from pytest_llmlat.session.arguments import some
from pytest_llmlat.session.cell_spec import checked_choice
from pytest_llmlat.session.listening import Handed, Several, TextProgress
from pytest_llmlat.session.measure_cells import measure_cells
from pytest_llmlat.session.outer_loop import outside_of_loop
from pytest_llmlat.session.result import RunResult
from pytest_llmlat.session.run import Session
from pytest_llmlat.session.run_arguments import RunArguments, shown_with
from pytest_llmlat.session.selection import Selection
from pytest_llmlat.session.typed_names import concealed
from pytest_llmlat.store.journal import new_folder, runs_of
from pytest_llmlat.store.partial_runs import run_to_go_on_with, sitting_after
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import ModelSpec, Task
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.sampling import SamplingChoice
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.values.records import Record

NAMING = ("models", "against", "yardstick", "judges")
"""Arguments that name models: what is typed there may hold a key."""
FOLLOWING = ("listener", "on_record", "progress")
"""Arguments that follow the run, and are no settings of it."""


@shown_with(RunArguments)
def measure_models(
    models: str | ModelSpec | Iterable[str | ModelSpec],
    tasks: str | Task | Iterable[str | Task],
    **asked: Unpack[RunArguments],
) -> RunResult:
    """Measure every task on every model, and return the run.

    It is written to ``.llmlat/runs/ID`` below ``root`` while it goes on, as a run of
    pytest's is, so that ``llmlat show last`` and ``llmlat report`` read it.

    Args:
        models: names of the catalogue, addresses such as ``gguf:PATH`` or
            ``http://localhost:8000/v1#NAME``, or entries of your own.
        tasks: names of tasks or families, or tasks of your own.
        asked: what else is asked of the run, by name: see ``RunArguments``.

    Returns:
        The figures and verdicts; a failed verdict is in them and raises nothing.

    Raises:
        UsageError: an argument cannot be what it is; names the argument.
        DeviceAbsent: a device that was named is not here; nothing was measured.
        LLMLatError: a model cannot be loaded or measured. What was measured before is
            in the run's folder, which a note of the error names; so it is after
            Ctrl-C and after an error of ``listener`` or ``on_record``.
    """
    check_known(asked)
    said: dict[str, Any] = {"scenario": SINGLE.name, **asked, "models": models}
    del models, asked  # a traceback shows what is held here
    try:
        named = {who: concealed(said.pop(who, None) or (), where=who) for who in NAMING}
    except UsageError:
        del said
        raise
    entries: list[ModelSpec] = []
    for who, given in named.items():
        specs, said[who] = some(given, ModelSpec, who, least=int(who == "models"))
        entries += specs
    own, said["tasks"] = some(tasks, Task, "tasks")
    following = _following(**{name: said.pop(name, None) for name in FOLLOWING})
    samples = said.get("samples")
    settings = _settings(said)
    selection = Selection(
        settings, spelled=argument_of, models=tuple(entries), tasks=own
    )
    session = Session(settings, following, selection=selection, spelled=argument_of)
    items = None if isinstance(samples, int | str | None) else tuple(samples)
    with outside_of_loop():
        try:
            board = measure_cells(session, items, argument_of)
        finally:
            session.close()
    return RunResult(board=board, folder=settings.folder)


def _settings(said: dict[str, Any]) -> Settings:
    """Return the settings of a run; its folder is a new one, or that to go on with.

    Raises:
        UsageError: an argument cannot be what it is.
    """
    read = settings_said({"root": ".", "model_files": (), "task_files": (), **said})
    drawing = {name: read.get(name) for name in ("temperature", "top_p", "repeats")}
    checked_choice(SamplingChoice(**drawing), where="measure_models")
    root: Path = read["root"]
    project = root / "pyproject.toml"
    for catalogues in ("model_files", "task_files") if project.is_file() else ():
        read[catalogues] = (project, *read[catalogues])
    folder, sitting = _place(read.get("resume"), root, read.get("runs"))
    return Settings(**read, folder=folder, sitting=sitting, names_given=True)


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
    *,
    listener: Listener | None,
    on_record: Callable[[Record], object] | None,
    progress: bool | TextIO | None,
) -> Several:
    """Return one listener that joins all who follow the run."""
    listeners = [] if listener is None else [listener]
    if on_record is not None:
        listeners.append(Handed(on_record))
    if progress is not None and progress is not False:
        stream = sys.stderr if progress is True else progress
        listeners.append(TextProgress(stream, SystemClock().now_ns))
    return Several(*listeners)
