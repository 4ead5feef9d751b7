"""Every option, each read here and nowhere else."""

from __future__ import annotations

import datetime as dt
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.settings import Settings

WORKER_FOLDER = "llmlat_folder"
"""Under which name a pytest-xdist worker is told the folder of the run."""
WORKER_CELLS = "llmlat_cells"
"""Under which name it tells how many cells it was asked for."""
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
    "limits": "limits of a generated program: 'time=10s memory=2GiB output=1MB'",
    "scenario": "single, offline, concurrent:N or server:RATE; repeatable",
    "requests": "requests that count in a cell, going round its samples",
    "slo": "bounds for goodput: 'ttft<0.5 tpot<50ms e2e<3s queue<1s'",
    "timeout": "when a request to a server is given up: 120, 90s, 5min",
    "against": "model to measure each other one beside, in turn (A B B A)",
    "baseline": "stored run to compare with; a regression fails the run",
    "save_baseline": "store this run for later ones (default: baseline.json)",
    "tolerance": "how much worse is tolerated: '[TASK@MODEL:] e2e=5%% quality=0.02'",
    "limit": "absolute limits: '[TASK@MODEL:] quality>=0.6 ttft_p95<=0.5s'",
    "new_cells": "cells that the baseline lacks: fail, warn or pass",
    "inconclusive": "what cannot be decided: pass or fail",
    "power": "tell before the run which changes it can see beside the baseline",
}
_FLAGS: Mapping[str, tuple[str, str]] = {
    "models": ("--llm", "NAME"),
    "task": ("--llm-task", "NAME"),
    "samples": ("--llm-samples", "N"),
    "seed": ("--llm-seed", "N"),
    "model_files": ("--llm-models", "FILE"),
    "task_files": ("--llm-tasks", "FILE"),
    "data": ("--llm-data", "DIR"),
    "report": ("--llm-report", "DIR"),
    "balance": ("--llm-balance", "MEAN"),
    "sandbox": ("--llm-sandbox", "NAME"),
    "limits": ("--llm-code-limits", "EXPR"),
    "scenario": ("--llm-scenario", "S"),
    "requests": ("--llm-requests", "N"),
    "slo": ("--llm-slo", "EXPR"),
    "timeout": ("--llm-timeout", "SECONDS"),
    "against": ("--llm-against", "NAME"),
    "baseline": ("--llm-baseline", "FILE"),
    "save_baseline": ("--llm-save-baseline", "FILE"),
    "tolerance": ("--llm-tolerance", "EXPR"),
    "limit": ("--llm-limit", "EXPR"),
    "new_cells": ("--llm-new-cells", "WHAT"),
    "inconclusive": ("--llm-inconclusive", "WHAT"),
    "power": ("--llm-power", ""),
}
"""What a user types for each setting."""
_OPTIONAL = {"save_baseline": "baseline.json"}
"""What an option means without a value."""
_LIMITS = {"time": "time_s", "memory": "memory_bytes", "output": "output_bytes"}
"""Names of limits, and of the task option that each stands before."""
_LISTS: Mapping[str, Literal["args", "linelist", "paths"]] = {
    "llm": "args",
    "llm_task": "args",
    "llm_models": "paths",
    "llm_tasks": "paths",
    "llm_scenario": "args",
    "llm_tolerance": "linelist",
    "llm_limit": "linelist",
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
    "llm_code_limits": "",
    "llm_scenario": [],
    "llm_requests": "",
    "llm_slo": "",
    "llm_timeout": "",
    "llm_against": "",
    "llm_baseline": "",
    "llm_save_baseline": "",
    "llm_tolerance": [],
    "llm_limit": [],
    "llm_new_cells": "warn",
    "llm_inconclusive": "pass",
    "llm_power": "",
}
_MARKERS = {
    "llm(*tasks, samples=None, scenario=None, **limits)": "tasks for each model",
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
    for name, (flag, metavar) in _FLAGS.items():
        how: dict[str, Any] = {"action": "store", "metavar": metavar}
        if _ini(name) in _LISTS:
            how["action"] = "append"
        elif name in _OPTIONAL:
            how |= {"nargs": "?", "const": _OPTIONAL[name]}
        elif not metavar:
            how = {"action": "store_const", "const": "yes"}
        group.addoption(
            flag, dest=f"llmlat_{name}", help=_HELP[name], default=None, **how
        )
    help_of = {_ini(name): text for name, text in _HELP.items()}
    for name, default in _DEFAULTS.items():
        kind = "string" if isinstance(default, str) else _LISTS[name]
        parser.addini(name, help_of[name], kind, default)


def add_markers(config: pytest.Config) -> None:
    """Register our markers, so that strict pytest runs know them."""
    for signature, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{signature}: {meaning}")


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for a pytest-xdist controller."""
    return hasattr(config, "workerinput")


def gate_typed(config: pytest.Config) -> bool:
    """Whether it was typed that this run is compared or stored."""
    names = ("against", "baseline", "save_baseline")
    return any(config.getoption(f"llmlat_{name}") is not None for name in names)


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
        models=tuple(_value(config, "models")),
        tasks=tuple(_value(config, "task")),
        samples=_samples(config),
        seed=_whole(config, "seed", least=0),
        model_files=own + _files(config, "model_files"),
        task_files=own + _files(config, "task_files"),
        data=_data(config),
        report=_path(config, str(report)) if report else None,
        balance=_choice(config, "balance", BALANCES),
        sandbox=_choice(config, "sandbox", SANDBOXES),
        limits=_limits(config),
        scenarios=_scenarios(config),
        requests=_optional_whole(config, "requests"),
        slo=_slo(config),
        timeout_s=_timeout(config),
        against=str(_value(config, "against")).strip() or None,
        baseline=_optional_path(config, "baseline"),
        save_baseline=_optional_path(config, "save_baseline"),
        tolerances=_expressions(config, "tolerance"),
        bounds=_expressions(config, "limit"),
        new_cells=_choice(config, "new_cells", ("fail", "warn", "pass")),
        unsure=_choice(config, "inconclusive", ("pass", "fail")),
        power=str(_value(config, "power")).strip() not in ("", "no", "false"),
        folder=_folder(config),
        names_given=any(
            config.getoption(f"llmlat_{name}") is not None
            for name in (
                *("models", "task", "model_files", "task_files"),
                *("against", "baseline", "save_baseline", "power"),
            )
        ),
        devices=named_devices(config.getoption("markexpr", "") or ""),
    )


def _ini(name: str) -> str:
    """Return the ini option of a setting: what is typed, with underscores."""
    return _FLAGS[name][0].removeprefix("--").replace("-", "_")


def _value(config: pytest.Config, name: str) -> Any:  # noqa: ANN401 - as its type in the ini file
    """Return what the command line says, else the ini file, else the default."""
    given = config.getoption(f"llmlat_{name}")
    return config.getini(_ini(name)) if given is None else given


def _origin(config: pytest.Config, name: str) -> str:
    """Say where a value came from."""
    if config.getoption(f"llmlat_{name}") is not None:
        return _FLAGS[name][0]
    return f"{config.inipath or 'ini file'}: {_ini(name)}"


def _whole(config: pytest.Config, name: str, *, least: int) -> int:
    text = str(_value(config, name)).strip()
    if not re.fullmatch(r"-?\d+", text) or int(text) < least:
        raise pytest.UsageError(
            f"{_origin(config, name)}: must be a whole number of at least {least},"
            f" not {text!r}"
        )
    return int(text)


def _optional_whole(config: pytest.Config, name: str) -> int | None:
    text = str(_value(config, name)).strip()
    return _whole(config, name, least=1) if text else None


def _samples(config: pytest.Config) -> int | None:
    if str(_value(config, "samples")).strip() == "all":
        from pytest_llmlat.settings import ALL_SAMPLES  # noqa: PLC0415 - as above

        return ALL_SAMPLES
    return _optional_whole(config, "samples")


def _limits(config: pytest.Config) -> tuple[tuple[str, float], ...]:
    """Return limits of generated programs by the names of task options."""
    from pytest_llmlat.quantities import named, seconds, size  # noqa: PLC0415

    text, where = str(_value(config, "limits")), _origin(config, "limits")
    if not text.strip():
        return ()
    with _usage():
        return tuple(
            (_LIMITS[name], (seconds if name == "time" else size)(value, where=where))
            for name, value in named(text, tuple(_LIMITS), where=where).items()
        )


def _scenarios(config: pytest.Config) -> tuple[str, ...]:
    from pytest_llmlat.schedule import parse  # noqa: PLC0415 - not at start-up

    where = _origin(config, "scenario")
    with _usage():
        found = [
            scenario.name
            for text in _value(config, "scenario")
            for scenario in parse(text, where=where)
        ]
    return tuple(dict.fromkeys(found))


def _slo(config: pytest.Config) -> str:
    from pytest_llmlat.slo import parse  # noqa: PLC0415 - not at start-up

    text = str(_value(config, "slo"))
    with _usage():
        parse(text, where=_origin(config, "slo"))
    return text


def _timeout(config: pytest.Config) -> float | None:
    from pytest_llmlat.quantities import seconds  # noqa: PLC0415 - not at start-up

    text = str(_value(config, "timeout")).strip()
    with _usage():
        return seconds(text, where=_origin(config, "timeout")) if text else None


def _optional_path(config: pytest.Config, name: str) -> Path | None:
    text = str(_value(config, name)).strip()
    return _file(config, name, text) if text else None


def _expressions(config: pytest.Config, name: str) -> tuple[str, ...]:
    """Return tolerances or limits, checked."""
    texts = tuple(str(text) for text in _value(config, name))
    if not texts:
        return ()
    from pytest_llmlat.gate.rules import (  # noqa: PLC0415 - not at start-up
        parse_limits,
        parse_tolerances,
    )

    with _usage():
        parse = parse_tolerances if name == "tolerance" else parse_limits
        parse(texts, where=_origin(config, name))
    return texts


@contextmanager
def _usage() -> Iterator[None]:
    """Tell what cannot be understood in pytest's own way."""
    from pytest_llmlat.errors import UsageError  # noqa: PLC0415 - not at start-up

    try:
        yield
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


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
    folder = _file(config, "data", text)
    if not folder.is_dir():
        raise pytest.UsageError(
            f"{_origin(config, 'data')}: there is no folder {folder}; name the one"
            " with the local copies of public sets, or leave the option out"
        )
    return folder


def _files(config: pytest.Config, name: str) -> tuple[Path, ...]:
    return tuple(_path(config, str(path)) for path in _value(config, name))


def _file(config: pytest.Config, name: str, text: str) -> Path:
    """Resolve a path that was typed, or one of the ini file, which starts there."""
    typed = config.getoption(f"llmlat_{name}") is not None
    here = config.invocation_params.dir
    start = here if typed or config.inipath is None else config.inipath.parent
    return (start / Path(text).expanduser()).resolve()


def _path(config: pytest.Config, text: str) -> Path:
    """Resolve a path as the user's shell would."""
    return (config.invocation_params.dir / Path(text).expanduser()).resolve()
