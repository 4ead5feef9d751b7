"""Extensions from the hooks of a conftest file, for as long as its session lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pluggy import HookImpl

    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.extensions import Table

TABLES = {
    "backends": "backends.backend_kind:BACKENDS",
    "devices": "machine.device_table:DEVICES",
    "energy": "machine.energy_counters:ENERGY_SOURCES",
    "engines": "backends.engines.engine_table:ENGINES",
    "extractors": "grading.extractors:EXTRACTORS",
    "families": "values.families:FAMILIES",
    "generators": "tasks.templates:GENERATORS",
    "metrics": "grading.metrics:METRICS",
    "prompt_counters": "backends.completions.prompt_counters:PROMPT_COUNTERS",
    "sandboxes": "grading.sandbox:SANDBOXES",
    "spreads": "spread.spread_kinds:SPREADS",
}
"""Module of the table of each kind; the hook is ``pytest_llmlat_KIND``."""

_READ: pytest.StashKey[dict[str, list[object]]] = pytest.StashKey()
"""Plugins whose hooks were read, by kind."""


def extend(config: pytest.Config, kinds: Iterable[str] = tuple(TABLES)) -> None:
    """Add the extensions of hooks to their tables until the session ends, each once.

    Where no hook is implemented nothing is imported. Tables belong to the process, and
    one pytest session may run inside another.

    Args:
        config: of the session.
        kinds: of the tables that are needed now.

    Raises:
        pytest.UsageError: a hook fails or gives what its table does not take.
    """
    read = config.stash.setdefault(_READ, {})
    for kind in kinds:
        if kind in read:
            continue
        hook = f"pytest_llmlat_{kind}"
        read[kind] = [one.plugin for one in _implementations(config, hook)]
        if given := _given(config, hook):
            config.add_cleanup(_add(kind, given))


def check_spread(config: pytest.Config) -> None:
    """Refuse extensions that workers of another kind than xdist's would not have.

    Raises:
        pytest.UsageError: says what can be done.
    """
    added = {
        kind: table(kind).added
        for kind in config.stash.get(_READ, {})
        if kind != "spreads"
    }
    names = [f"{kind} {name!r}" for kind, own in added.items() for name in sorted(own)]
    if names:
        raise pytest.UsageError(
            f"--llm-spread: {', '.join(names)} came by a hook, and workers read no"
            " conftest.py; declare it as an entry point, or use pytest -n"
        )


def ungraded(tasks: Iterable[Task]) -> list[str]:
    """Return a line for each task whose answers could not be judged: why not."""
    from pytest_llmlat.grading.grade import check_grading  # noqa: PLC0415 - on use
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - on use

    found = []
    for task in tasks:
        try:
            check_grading(task)
        except UsageError as error:
            found.append(f"{task.name}: {error}")
    return found


def late(config: pytest.Config) -> list[str]:
    """Name the hooks that came when the tables were filled already.

    Those of a ``conftest.py`` below the folders that pytest is started with are read
    only when their folder is collected, if at all.
    """
    return [
        f"{hook} in {one.plugin_name} was read too late and adds nothing: move it into"
        " the conftest.py beside pytest's configuration, or into a plugin (-p)"
        for kind, plugins in config.stash.get(_READ, {}).items()
        for hook in (f"pytest_llmlat_{kind}",)
        for one in _implementations(config, hook)
        if one.plugin not in plugins
    ]


def _add(
    kind: str, given: list[tuple[str, Mapping[str, object]]]
) -> Callable[[], None]:
    """Add to a table; returns what undoes it.

    Raises:
        pytest.UsageError: the table does not take it.
    """
    from pytest_llmlat.values.errors import BadExtension  # noqa: PLC0415 - on use

    try:
        return table(kind).add(given)
    except BadExtension as error:
        raise pytest.UsageError(str(error)) from error


def _implementations(config: pytest.Config, hook: str) -> list[HookImpl]:
    found: list[HookImpl] = getattr(config.hook, hook).get_hookimpls()
    return found


def table(kind: str) -> Table[object]:
    """Return the table of a kind."""
    module, _, name = TABLES[kind].partition(":")
    found: Table[object] = getattr(import_module(f"pytest_llmlat.{module}"), name)
    return found


def problems() -> list[str]:
    """Return what is known to be wrong with what others have installed."""
    return [problem for kind in TABLES for problem in table(kind).problems()]


def _given(config: pytest.Config, hook: str) -> list[tuple[str, Mapping[str, object]]]:
    """Return the extensions of each implementation of a hook, and where it stands."""
    implementations = _implementations(config, hook)
    found = []
    for one in implementations:
        giver = f"{hook} in {one.plugin_name}"
        others = [other.plugin for other in implementations if other is not one]
        caller = config.pluginmanager.subset_hook_caller(hook, others)
        try:
            results = caller(config=config)
        except Exception as error:
            raise pytest.UsageError(
                f"{giver}: {type(error).__name__}: {error}"
            ) from error
        for result in results:
            if not isinstance(result, Mapping):
                raise pytest.UsageError(
                    f"{giver}: must return a mapping of names to values, not"
                    f" {result!r:.80}"
                )
            found.append((giver, result))
    return found
