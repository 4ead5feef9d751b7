"""Every option, each read here and nowhere else."""

from __future__ import annotations

import datetime as dt
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.plugin.declarations import MARKERS, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.settings import Settings

WORKER_FOLDER = "llmlat_folder"
"""Under which name a pytest-xdist worker is told the folder of the run."""
WORKER_CELLS = "llmlat_cells"
"""Under which name it tells how many cells it was asked for."""
_LIMITS = {"time": "time_s", "memory": "memory_bytes", "output": "output_bytes"}
"""Names of limits, and of the task option that each stands before."""


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
    """Register our markers, so that strict pytest runs know them."""
    for signature, meaning in MARKERS.items():
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
    typed = (config.getoption(f"llmlat_{name}") is not None for name in OPTIONS)
    written = (config.getini(o.ini) != o.unset for o in OPTIONS.values())
    return any(typed) or any(written)


def named_devices(expression: str) -> frozenset[str]:
    """Return the devices that a marker expression names."""
    from pytest_llmlat.values.settings import DEVICES  # noqa: PLC0415 - not at start-up

    return frozenset(re.findall(r"\w+", expression)) & frozenset(DEVICES)


def read(config: pytest.Config) -> Settings:
    """Return all settings of the session.

    Raises:
        pytest.UsageError: a value that is not what the option takes.
    """
    from pytest_llmlat.values.settings import BALANCES, SANDBOXES, Settings  # noqa: PLC0415 - not at start-up

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
        vary=_vary(config),
        model_files=own + _files(config, "model_files"),
        task_files=own + _files(config, "task_files"),
        data=_data(config),
        report=_path(config, str(report)) if report else None,
        benchmark=_benchmark(config),
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
                *("models", "task", "model_files", "task_files", "vary"),
                *("against", "baseline", "save_baseline", "power"),
            )
        ),
        devices=named_devices(config.getoption("markexpr", "") or ""),
    )


def _value(config: pytest.Config, name: str) -> Any:  # noqa: ANN401 - as its type in the ini file
    """Return what the command line says, else the ini file, else the default."""
    given = config.getoption(f"llmlat_{name}")
    return config.getini(OPTIONS[name].ini) if given is None else given


def _origin(config: pytest.Config, name: str) -> str:
    """Say where a value came from."""
    if config.getoption(f"llmlat_{name}") is not None:
        return OPTIONS[name].flag
    return f"{config.inipath or 'ini file'}: {OPTIONS[name].ini}"


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
        from pytest_llmlat.values.settings import ALL_SAMPLES  # noqa: PLC0415 - as above

        return ALL_SAMPLES
    return _optional_whole(config, "samples")


def _limits(config: pytest.Config) -> tuple[tuple[str, float], ...]:
    """Return limits of generated programs by the names of task options."""
    from pytest_llmlat.values.units import named, seconds, size  # noqa: PLC0415

    text, where = str(_value(config, "limits")), _origin(config, "limits")
    if not text.strip():
        return ()
    with _usage():
        return tuple(
            (_LIMITS[name], (seconds if name == "time" else size)(value, where=where))
            for name, value in named(text, tuple(_LIMITS), where=where).items()
        )


def _scenarios(config: pytest.Config) -> tuple[str, ...]:
    from pytest_llmlat.values.scenario import parse  # noqa: PLC0415 - not at start-up

    where = _origin(config, "scenario")
    with _usage():
        found = [
            scenario.name
            for text in _value(config, "scenario")
            for scenario in parse(text, where=where)
        ]
    return tuple(dict.fromkeys(found))


def _slo(config: pytest.Config) -> str:
    from pytest_llmlat.analysis.slo import parse  # noqa: PLC0415 - not at start-up

    text = str(_value(config, "slo"))
    with _usage():
        parse(text, where=_origin(config, "slo"))
    return text


def _vary(config: pytest.Config) -> str:
    from pytest_llmlat.session.vary import parse  # noqa: PLC0415 - not at start-up

    text = str(_value(config, "vary"))
    with _usage():
        parse(text, where=_origin(config, "vary"))
    return text


def _timeout(config: pytest.Config) -> float | None:
    from pytest_llmlat.values.units import seconds  # noqa: PLC0415 - not at start-up

    text = str(_value(config, "timeout")).strip()
    with _usage():
        return seconds(text, where=_origin(config, "timeout")) if text else None


def _optional_path(config: pytest.Config, name: str) -> Path | None:
    text = str(_value(config, name)).strip()
    return _file(config, name, text) if text else None


def _benchmark(config: pytest.Config) -> Path | None:
    """Return where the file for pytest-benchmark goes; after a run it is too late."""
    path = _optional_path(config, "benchmark")
    if path is not None and path.is_dir():
        raise pytest.UsageError(
            f"{_origin(config, 'benchmark')}: {path} is a folder; name a file in it"
        )
    return path


def _expressions(config: pytest.Config, name: str) -> tuple[str, ...]:
    """Return tolerances or limits, checked."""
    texts = tuple(str(text) for text in _value(config, name))
    if not texts:
        return ()
    from pytest_llmlat.gate.rules import parse_limits, parse_tolerances  # noqa: PLC0415 - not at start-up

    with _usage():
        parse = parse_tolerances if name == "tolerance" else parse_limits
        parse(texts, where=_origin(config, name))
    return texts


@contextmanager
def _usage() -> Iterator[None]:
    """Tell what cannot be understood in pytest's own way."""
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - not at start-up

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
