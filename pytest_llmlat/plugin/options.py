"""Options: declared, found on the command line or in the ini file, and read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.plugin.given_option import Given
from pytest_llmlat.plugin.option_table import MARKERS, OPTIONS

if TYPE_CHECKING:
    from pytest_llmlat.values.settings import Settings

WORKER_FOLDER = "llmlat_folder"
"""Key by which a pytest-xdist worker is told the folder of the run."""
WORKER_SITTING = "llmlat_sitting"
"""Key by which it is told the number of the sitting."""
WORKER_CELLS = "llmlat_cells"
"""Key by which a worker tells how many cells it was asked for."""


def add(parser: pytest.Parser) -> None:
    """Declare every option on the command line and in the ini file.

    The command line's defaults are ``None``, so that the ini file can speak.
    """
    group = parser.getgroup("llmlat", "language models: speed and quality")
    for name, option in OPTIONS.items():
        how: dict[str, Any] = {"action": "store", "metavar": option.metavar}
        if option.kind != "string":
            how["action"] = "append"
        elif option.alone is not None:
            how |= {"nargs": "?", "const": option.alone}
        elif not option.metavar:
            how = {"action": "store_const", "const": "yes"}
        group.addoption(
            option.flag, dest=f"llmlat_{name}", help=option.help, default=None, **how
        )
        parser.addini(option.ini, option.help, option.kind, option.unset)


def add_markers(config: pytest.Config) -> None:
    """Register our markers, so that strict pytest runs know them.

    What devices others installed, and what each means, takes as long to find as all
    our start-up: it is looked for only where something of ours is asked for. What
    cells then run on is registered when they are collected.
    """
    hooked = bool(config.hook.pytest_llmlat_devices.get_hookimpls())
    if config.option.markers or hooked or given(config):
        from pytest_llmlat.machine.device_table import all_devices  # noqa: PLC0415

        devices = {device.name: device.meaning for device in all_devices()}
    else:
        devices = dict.fromkeys(_own_devices(), "cells that run on this device")
    for signature, meaning in (MARKERS | devices).items():
        config.addinivalue_line("markers", f"{signature}: {meaning}")


def _own_devices() -> list[str]:
    """Return the names of our devices from their part of what we offer.

    Every pytest run asks, and to parse all of it would be a seventh of what we cost.
    """
    from importlib.metadata import distribution  # noqa: PLC0415 - pytest has it by then

    text = distribution("pytest-llmlat").read_text("entry_points.txt") or ""
    ours = text.partition("[pytest_llmlat.devices]\n")[2].partition("[")[0]
    return [line.partition("=")[0].strip() for line in ours.splitlines() if line]


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for a pytest-xdist controller."""
    return hasattr(config, "workerinput")


def gate_typed(config: pytest.Config) -> bool:
    """Whether it was typed that this run is compared or stored."""
    names = ("against", "baseline", "save_baseline")
    return any(_typed(config, name) is not None for name in names)


def given(config: pytest.Config) -> bool:
    """Whether any option was set, on the command line or in the ini file.

    Where none was, their values need not be looked at before a test asks for a
    model, and an unrelated project does not pay for it.
    """
    typed = (_typed(config, name) is not None for name in OPTIONS)
    written = (config.getini(o.ini) != o.unset for o in OPTIONS.values())
    return any(typed) or any(written)


def named_devices(expression: str) -> frozenset[str]:
    """Return the devices that a marker expression names."""
    from pytest_llmlat.machine.device_table import find_device  # noqa: PLC0415

    words = re.findall(r"\w+", expression)
    return frozenset(word for word in words if find_device(word) is not None)


def spelled(setting: str) -> str:
    """Return the option that fills a setting, for what complains of it."""
    return OPTIONS[setting].flag


def read(config: pytest.Config) -> Settings:
    """Return all settings of the session.

    Raises:
        pytest.UsageError: a value that is not what the option takes.
    """
    from pytest_llmlat.values.settings import Settings  # noqa: PLC0415 - not at start-up

    root = config.rootpath
    said = {
        name: option.read(given)
        for name, option in OPTIONS.items()
        if (given := _given(config, name)) is not None
    }
    project = root / "pyproject.toml"
    if project.is_file():
        for name in ("model_files", "task_files"):
            said[name] = (project, *said.get(name, ()))
    if said.get("gate_from"):
        from pytest_llmlat.plugin.base_settings import judged_by_base  # noqa: PLC0415

        said |= judged_by_base(config, said)
    if said.get("spread"):
        _check_alone(config)
    models = ("models", "against", "yardstick", "judges")
    named = {name: OPTIONS[name].flag for name in models}
    if any("://" in str(said.get(name)) for name in named):
        said = _without_secrets(said, named)
    folder, sitting = _folder_and_sitting(config, said)
    return Settings(
        **said,
        root=root,
        folder=folder,
        sitting=sitting,
        joined=is_worker(config),
        names_given=any(
            _typed(config, name) is not None
            for name, option in OPTIONS.items()
            if option.looked_up
        ),
        devices=named_devices(config.getoption("markexpr", "") or ""),
    )


def _check_alone(config: pytest.Config) -> None:
    """Refuse two ways of spreading cells at once.

    Raises:
        pytest.UsageError: pytest-xdist spreads them.
    """
    workers = config.getoption("dist", "no") != "no" or is_worker(config)
    if workers and config.getoption("numprocesses", None) != 0:
        raise pytest.UsageError(
            f"{OPTIONS['spread'].flag}: with -n the workers of pytest-xdist have a card"
            " each; leave one of them out"
        )


def _folder_and_sitting(
    config: pytest.Config, said: dict[str, Any]
) -> tuple[Path, int]:
    """Return the folder of the run, and the number of its sitting."""
    from pytest_llmlat.store.journal import new_folder, runs_of  # noqa: PLC0415 - as above

    root, runs = config.rootpath, said.get("runs")
    told = getattr(config, "workerinput", {})
    if WORKER_FOLDER in told:
        return Path(told[WORKER_FOLDER]), int(told[WORKER_SITTING])
    if not said.get("resume"):
        return new_folder(root, runs), 1
    from pytest_llmlat.store import partial_runs  # noqa: PLC0415 - as above
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - as above

    given = _given(config, "resume")
    try:
        folder = partial_runs.run_to_go_on_with(
            said["resume"],
            runs=runs_of(root, runs),
            path=given.path(said["resume"]) if given else Path(said["resume"]),
            where=OPTIONS["resume"].flag,
        )
        return folder, partial_runs.sitting_after(folder)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _without_secrets(said: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    """Return settings in which no name of a model holds a password or a key."""
    from pytest_llmlat.session.typed_names import with_entries  # noqa: PLC0415 - not at start-up
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - not at start-up

    try:
        return with_entries(said, named)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _typed(config: pytest.Config, name: str) -> str | list[str] | None:
    """Return what the command line says of an option."""
    typed: str | list[str] | None = config.getoption(f"llmlat_{name}")
    return typed


def _given(config: pytest.Config, name: str) -> Given | None:
    """Return what the command line says, else the ini file; ``None`` if neither."""
    option, typed = OPTIONS[name], _typed(config, name)
    written = config.getini(option.ini)
    if typed is None and written == option.unset:
        return None
    value = written if typed is None else typed
    here = start = config.invocation_params.dir
    where = option.flag
    if typed is None:
        where = f"{config.inipath or 'ini file'}: {option.ini}"
        start = here if config.inipath is None else config.inipath.parent
    return Given(
        texts=tuple(map(str, value)) if isinstance(value, list) else (str(value),),
        where=where,
        here=here,
        start=start,
    )
