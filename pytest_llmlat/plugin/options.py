"""Every option, each read here and nowhere else."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.settings import Settings

WORKER_FOLDER = "llmlat_folder"
"""Under which name a pytest-xdist worker is told the folder of the run."""
_HELP = {
    "models": "model or address (hf:ORG/NAME, gguf:PATH) to measure; repeatable",
    "task": "task or family to run, of those that the tests name; repeatable",
    "samples": "samples of each task, a seeded and stratified draw; 'all' for all",
    "seed": "seed of draws, resampling and backends",
    "model_files": "catalogue with more models (TOML); repeatable",
    "task_files": "catalogue with more tasks (TOML); repeatable",
    "data": "folder with local copies of public sets (JSONL, CSV or Parquet)",
    "report": "folder to write summary.json and records.jsonl to",
    "balance": "mean that is called balanced: geometric, arithmetic or harmonic",
    "sandbox": "where generated code runs: auto, none (unsafe), or one by name",
}
_INI = {"llm": "models", "llm_models": "model_files", "llm_tasks": "task_files"}
"""Ini options whose value is known by another name than theirs without ``llm_``."""
_LISTS: Mapping[str, Literal["args", "paths"]] = {
    "llm": "args",
    "llm_task": "args",
    "llm_models": "paths",
    "llm_tasks": "paths",
}
_DEFAULTS: Mapping[str, str | list[str]] = {
    "llm": [],
    "llm_task": [],
    "llm_samples": "",
    "llm_seed": "0",
    "llm_models": [],
    "llm_tasks": [],
    "llm_data": "",
    "llm_report": "",
    "llm_balance": "geometric",
    "llm_sandbox": "auto",
}
_MARKERS = {
    "llm(*tasks, samples=None)": "tasks or families to run on each model",
    "cpu": "cells that run on the processor",
    "cuda": "cells that run on an NVIDIA GPU",
    "a6000": "cells that run on an NVIDIA RTX A6000",
    "mps": "cells that run on Apple silicon",
    "hf": "cells that run in Hugging Face's cloud",
    "endpoint": "cells that run on an HTTP server of yours",
}


def add(parser: pytest.Parser) -> None:
    """Declare every option on the command line and in the ini file.

    The command line's defaults are ``None``, so that the ini file can speak.
    """
    group = parser.getgroup("llmlat", "language models: speed and quality")
    option = group.addoption
    repeated = {"action": "append", "default": None}
    option(
        "--llm", dest="llmlat_models", metavar="NAME", help=_HELP["models"], **repeated
    )
    option(
        "--llm-task", dest="llmlat_task", metavar="NAME", help=_HELP["task"], **repeated
    )
    option("--llm-samples", dest="llmlat_samples", metavar="N", help=_HELP["samples"])
    option("--llm-seed", dest="llmlat_seed", metavar="N", help=_HELP["seed"])
    option(
        "--llm-models",
        dest="llmlat_model_files",
        metavar="FILE",
        help=_HELP["model_files"],
        **repeated,
    )
    option(
        "--llm-tasks",
        dest="llmlat_task_files",
        metavar="FILE",
        help=_HELP["task_files"],
        **repeated,
    )
    option("--llm-data", dest="llmlat_data", metavar="DIR", help=_HELP["data"])
    option("--llm-report", dest="llmlat_report", metavar="DIR", help=_HELP["report"])
    option(
        "--llm-balance", dest="llmlat_balance", metavar="MEAN", help=_HELP["balance"]
    )
    option(
        "--llm-sandbox", dest="llmlat_sandbox", metavar="NAME", help=_HELP["sandbox"]
    )
    for name, default in _DEFAULTS.items():
        kind = "string" if isinstance(default, str) else _LISTS[name]
        parser.addini(
            name, _HELP[_INI.get(name, name.removeprefix("llm_"))], kind, default
        )


def add_markers(config: pytest.Config) -> None:
    """Register our markers, so that strict pytest runs know them."""
    for signature, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{signature}: {meaning}")


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for a pytest-xdist controller."""
    return hasattr(config, "workerinput")


def given(config: pytest.Config) -> bool:
    """Whether any option was set, on the command line or in the ini file.

    Where none was, their values need not be looked at before a test asks for a
    model, and an unrelated project does not pay for it.
    """
    typed = (config.getoption(f"llmlat_{name}") is not None for name in _HELP)
    written = (config.getini(name) != default for name, default in _DEFAULTS.items())
    return any(typed) or any(written)


def named_devices(expression: str) -> frozenset[str]:
    """Return the devices that a marker expression names."""
    from pytest_llmlat.settings import DEVICES  # noqa: PLC0415 - not at start-up

    return frozenset(re.findall(r"\w+", expression)) & frozenset(DEVICES)


def read(config: pytest.Config) -> Settings:
    """Return all settings of the session.

    Raises:
        pytest.UsageError: a value that is not what the option takes.
    """
    from pytest_llmlat.settings import (  # noqa: PLC0415 - not at start-up
        BALANCES,
        SANDBOXES,
        Settings,
    )

    root = config.rootpath
    project = root / "pyproject.toml"
    own = (project,) if project.is_file() else ()
    report = _value(config, "report")
    return Settings(
        root=root,
        models=tuple(_value(config, "models", "llm")),
        tasks=tuple(_value(config, "task")),
        samples=_samples(config),
        seed=_whole(config, "seed", least=0),
        model_files=own + _files(config, "model_files", "llm_models"),
        task_files=own + _files(config, "task_files", "llm_tasks"),
        data=_data(config),
        report=_path(config, str(report)) if report else None,
        balance=_choice(config, "balance", BALANCES),
        sandbox=_choice(config, "sandbox", SANDBOXES),
        folder=_folder(config),
        names_given=any(
            config.getoption(f"llmlat_{name}") is not None
            for name in ("models", "task", "model_files", "task_files")
        ),
        devices=named_devices(config.getoption("markexpr", "") or ""),
    )


def _value(config: pytest.Config, name: str, ini: str | None = None) -> Any:  # noqa: ANN401 - as its type in the ini file
    """Return what the command line says, else the ini file, else the default."""
    given = config.getoption(f"llmlat_{name}")
    return config.getini(ini or f"llm_{name}") if given is None else given


def _origin(config: pytest.Config, name: str) -> str:
    """Say where a value came from."""
    if config.getoption(f"llmlat_{name}") is not None:
        return f"--llm-{name}"
    return f"{config.inipath or 'ini file'}: llm_{name}"


def _whole(config: pytest.Config, name: str, *, least: int) -> int:
    text = str(_value(config, name)).strip()
    if not re.fullmatch(r"-?\d+", text) or int(text) < least:
        raise pytest.UsageError(
            f"{_origin(config, name)}: must be a whole number of at least {least},"
            f" not {text!r}"
        )
    return int(text)


def _samples(config: pytest.Config) -> int | None:
    text = str(_value(config, "samples")).strip()
    if not text:
        return None
    if text == "all":
        from pytest_llmlat.settings import ALL_SAMPLES  # noqa: PLC0415 - as above

        return ALL_SAMPLES
    return _whole(config, "samples", least=1)


def _choice(config: pytest.Config, name: str, choices: tuple[Any, ...]) -> Any:  # noqa: ANN401 - one of the choices
    value = _value(config, name)
    if value not in choices:
        raise pytest.UsageError(
            f"{_origin(config, name)}: must be one of {', '.join(choices)},"
            f" not {value!r}"
        )
    return value


def _folder(config: pytest.Config) -> Path:
    """Return the folder of this run: a new one, or the controller's."""
    told = getattr(config, "workerinput", {}).get(WORKER_FOLDER)
    if told is not None:
        return Path(told)
    started = dt.datetime.now(dt.UTC)
    name = f"{started:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"
    return config.rootpath / ".llmlat" / "runs" / name


def _data(config: pytest.Config) -> Path | None:
    """Return the folder of local copies; in the ini file it is relative to that."""
    text = str(_value(config, "data"))
    if not text:
        return None
    typed = config.getoption("llmlat_data") is not None
    here = config.invocation_params.dir
    start = here if typed or config.inipath is None else config.inipath.parent
    folder = (start / Path(text).expanduser()).resolve()
    if not folder.is_dir():
        raise pytest.UsageError(
            f"{_origin(config, 'data')}: there is no folder {folder}; name the one"
            " with the local copies of public sets, or leave the option out"
        )
    return folder


def _files(config: pytest.Config, name: str, ini: str) -> tuple[Path, ...]:
    return tuple(_path(config, str(path)) for path in _value(config, name, ini))


def _path(config: pytest.Config, text: str) -> Path:
    """Resolve a path as the user's shell would."""
    return (config.invocation_params.dir / Path(text).expanduser()).resolve()
