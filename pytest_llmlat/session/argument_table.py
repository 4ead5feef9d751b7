"""The table of Python arguments: which setting each fills, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.grading import program_limits_text
from pytest_llmlat.grading.sandbox import choices
from pytest_llmlat.machine.device_table import known_device
from pytest_llmlat.session import cost_budgets, latency_budgets
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
from pytest_llmlat.session.run_arguments import RunArguments
from pytest_llmlat.values.balance import parse_balance
from pytest_llmlat.values.energy import parse_grid
from pytest_llmlat.values.entities import Sample
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.settings import ALL_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.entities import Scalar

    ArgumentReader: TypeAlias = Callable[[Any, str], object]
    """Returns a setting from what was given, and from the argument for a complaint."""

_SETTINGS = {
    "code_limits": "limits",
    "inconclusive": "unsure",
    "limits": "bounds",
    "scenario": "scenarios",
    "timeout": "timeout_s",
}
"""Settings of another name than their argument's."""
_ARGUMENTS = {setting: argument for argument, setting in _SETTINGS.items()}


def argument_of(setting: str) -> str:
    """Return the argument that fills a setting, for complaints."""
    return _ARGUMENTS.get(setting, setting)


def check_known(arguments: Mapping[str, object]) -> None:
    """Refuse arguments that there are not, as any function does.

    Raises:
        TypeError: names the first of them, and the nearest that there is.
    """
    known = RunArguments.__annotations__
    for name in arguments:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"unexpected keyword argument {name!r}{hint}")


def settings_said(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that arguments fill, each read as the table says.

    Raises:
        UsageError: an argument cannot be what it is; names the argument.
    """
    return {
        _SETTINGS.get(name, name): _READERS[name](value, name)
        if name in _READERS
        else value
        for name, value in arguments.items()
    }


def _optional(read: ArgumentReader) -> ArgumentReader:
    """Return a reader to which ``None`` is a value too."""
    return lambda value, where: None if value is None else read(value, where)


def _count(samples: int | str | Sequence[Sample], where: str) -> int:
    """Return the number of samples of each task."""
    if isinstance(samples, int):
        return whole(samples, where, least=1)
    if samples == "all":
        return ALL_SAMPLES
    several = isinstance(samples, Sequence) and bool(samples)
    if not (several and all(isinstance(one, Sample) for one in samples)):
        raise UsageError(
            f"{where}: give a whole number above 0, 'all', or a list of Sample, not"
            f" {samples!r}"
        )
    return ALL_SAMPLES


def _whole(least: int) -> ArgumentReader:
    return lambda value, where: whole(value, where, least=least)


def _one_of(*known: str) -> ArgumentReader:
    return lambda value, where: choice(value, known, where)


def _texts(value: str | Iterable[str], where: str) -> tuple[str, ...]:
    return some(value, str, where, least=0)[1]


def _path(value: Any, where: str) -> Path:  # noqa: ANN401 - whatever was given
    del where
    return Path(value).resolve()


def _folder_of_runs(value: Any, where: str) -> Path:  # noqa: ANN401 - as above
    del where
    return Path(value).expanduser().resolve()


def _switches(
    value: Mapping[str, Scalar] | None, where: str
) -> tuple[tuple[str, Scalar], ...]:
    del where
    return tuple(sorted((value or {}).items()))


def _devices(value: str | Iterable[str] | None, where: str) -> frozenset[str]:
    """Return the devices that were named; empty for those of the models that are here.

    Raises:
        UsageError: one of them is no device.
    """
    if value is None:
        return frozenset()
    named = some(value, str, where)[1]
    return frozenset(known_device(name, where=where) for name in named)


def _latency_budgets(
    value: str | Iterable[str], where: str
) -> tuple[tuple[str, float], ...]:
    return latency_budgets.parse_budgets(_texts(value, where), where=where)


def _cost_budgets(
    value: str | Iterable[str], where: str
) -> tuple[tuple[str, CostBudget], ...]:
    return cost_budgets.parse_budgets(_texts(value, where), where=where)


def _first(names: tuple[str, ...], where: str) -> str | None:
    del where
    return next(iter(names), None)


_READERS: dict[str, ArgumentReader] = {
    "against": _first,
    "answered": _texts,
    "balance": lambda value, where: parse_balance(str(value), where=where),
    "baseline": _optional(_path),
    "chat_template_kwargs": _switches,
    "clients": _whole(1),
    "shards": _whole(1),
    "code_limits": lambda value, where: program_limits_text.parse(value, where=where),
    "cost_budget": _cost_budgets,
    "data": folder_of,
    "devices": _devices,
    "grid": _optional(lambda value, where: parse_grid(str(value), where=where)),
    "inconclusive": _one_of("pass", "fail"),
    "latency_budget": _latency_budgets,
    "limits": _texts,
    "look_again": _one_of("suspicious", "never"),
    "model_files": paths_of,
    "new_cells": _one_of("fail", "warn", "pass"),
    "prompts": prompts_of,
    "report": _optional(_path),
    "requests": _optional(_whole(1)),
    "resume": _optional(lambda value, _: str(value)),
    "root": _path,
    "runs": _optional(_folder_of_runs),
    "samples": _optional(_count),
    "sandbox": lambda value, where: choice(value, choices(), where),
    "save_baseline": _optional(_path),
    "scenario": scenario_names,
    "seed": _whole(0),
    "shots": _optional(_whole(0)),
    "task_files": paths_of,
    "timeout": _optional(seconds_of),
    "tolerances": _texts,
    "tune_resume": _optional(_path),
    "yardstick": _first,
}
"""How each argument becomes its setting; one without an entry is taken as given."""
